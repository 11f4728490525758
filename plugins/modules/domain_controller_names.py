#!/usr/bin/python
# Copyright: (c) 2026, mailforest.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bring a domain controller's names into every controller's DNS."""

from __future__ import annotations

DOCUMENTATION = r"""
module: domain_controller_names
short_description: Bring a domain controller's names into every controller's DNS
version_added: 1.0.0
description:
  - Asks the DNS server of every domain controller for the names by which clients find this one - addresses, SRV
    records, the alias by its GUID, as Samba's C(dns_update_list) has them - and has C(samba_dnsupdate) write what is
    missing.
  - Removes this controller's SRV records from sites that have controllers of their own. Samba has a controller serve
    sites without one, and takes the records back up to ten minutes after the site has got one.
  - Samba does both by itself, every ten minutes. Controllers that join at about the same time write the same names, of
    which replication keeps one controller's version; run this on all of them afterwards.
extends_documentation_fragment:
  - mailforest.stack._directory
  - mailforest.stack._directory.changes
options:
  wait:
    description:
      - Seconds after which the module fails and names the controllers whose DNS is not right.
    type: int
    default: 120
notes:
  - Controllers that do not answer are named in the result and waited for by nobody - they get the names by replication.
  - For a read-only controller only its own DNS is asked.
author:
  - mailforest.stack contributors (@mailforest)
seealso:
  - module: mailforest.stack.domain_controller
  - module: mailforest.stack.dc_info
  - name: "[MS-ADTS] 6.3.2, DNS record registrations"
    description: The names of a domain controller.
    link: https://learn.microsoft.com/openspecs/windows_protocols/ms-adts/
"""

EXAMPLES = r"""
- name: Have clients find every controller, in its own site
  hosts: domain_controllers
  tasks:
    - name: Bring the controller's names into DNS
      mailforest.stack.domain_controller_names:
"""

RETURN = r"""
controllers:
  description: Short names of the controllers whose DNS was asked.
  returned: success
  type: list
  elements: str
silent:
  description: Short names of the controllers that did not answer, each with the reason.
  returned: success
  type: dict
operations:
  description: Per controller the names that were, or in check mode would be, written or removed.
  returned: success
  type: list
  elements: dict
faults:
  description: What was not right in the end.
  returned: failure
  type: list
  elements: str
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.mailforest.stack.plugins.module_utils._directory._dcnames import ARGUMENTS, NamesResource
from ansible_collections.mailforest.stack.plugins.module_utils._directory._dcnamesdb import DirectoryNames
from ansible_collections.mailforest.stack.plugins.module_utils._engine import run


def main() -> None:
    """Run the module."""
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    options = module.params
    run(module, lambda: NamesResource(lambda: DirectoryNames(options["configuration_file"]), wait=options["wait"]))


if __name__ == "__main__":
    main()
