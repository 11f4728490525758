#!/usr/bin/python
# Copyright: (c) 2026, mailforest.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Find the domain controller that a client on this host is sent to."""

from __future__ import annotations

DOCUMENTATION = r"""
module: dc_locator
short_description: Find the domain controller that a client on this host is sent to
version_added: 1.0.0
description:
  - Looks for a domain controller as a Windows client that does not know its site yet does. It takes the SRV records of
    all controllers, asks these by CLDAP in the order of priority, and learns from the answer which site this host's
    subnet belongs to. Is the controller of another one, it asks those of its own site, and stays with the first if none
    of them answers.
  - Needs no domain membership, no account and no other software than Python on the host.
extends_documentation_fragment:
  - mailforest.stack._reader
options:
  domain:
    description:
      - DNS name of the domain.
    type: str
    required: true
  site:
    description:
      - Name of the site whose controller is expected. Left out, any will do.
    type: str
  servers:
    description:
      - Addresses of the name servers to ask. By default those of C(/etc/resolv.conf), in their order.
    type: list
    elements: str
  timeout:
    description:
      - Seconds to wait for each name server, and for the last controller's answer.
    type: float
    default: 2
  fail:
    description:
      - Whether the module fails when there are problems. Otherwise they are returned.
    type: bool
    default: true
author:
  - mailforest.stack contributors (@mailforest)
seealso:
  - module: mailforest.stack.dns_lookup
  - module: mailforest.stack.reachable
  - name: Active Directory technical specification, 6.3 Publishing and locating a domain controller
    description: How a client finds a controller.
    link: https://learn.microsoft.com/en-us/openspecs/windows_protocols/ms-adts/
"""

EXAMPLES = r"""
- name: Prove that hosts of the branch log on at the branch
  mailforest.stack.dc_locator:
    domain: corp.example.test
    site: branch
"""

RETURN = r"""
controller:
  description: Name of the controller that was found; empty when there was none.
  returned: always
  type: str
  sample: dc3.corp.example.test
address:
  description: Its address.
  returned: always
  type: str
controller_site:
  description: The site that it is in.
  returned: always
  type: str
client_site:
  description: The site that the directory takes this host for.
  returned: always
  type: str
seconds:
  description: How long the search took.
  returned: always
  type: float
tried:
  description: The controllers that were asked, in order.
  returned: always
  type: list
  elements: dict
  contains:
    controller:
      description: Its name.
      type: str
    address:
      description: Its address.
      type: str
    answered:
      description: Whether this answer counted.
      type: bool
problems:
  description: One sentence per problem; empty when all is well.
  returned: always
  type: list
  elements: str
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.mailforest.stack.plugins.module_utils._probe.locator import locate
from ansible_collections.mailforest.stack.plugins.module_utils._probe.lookup import system_servers


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "domain": {"type": "str", "required": True},
            "site": {"type": "str"},
            "servers": {"type": "list", "elements": "str"},
            "timeout": {"type": "float", "default": 2},
            "fail": {"type": "bool", "default": True},
        },
        supports_check_mode=True,
    )
    options = module.params
    outcome = locate(
        domain=options["domain"],
        site=options["site"],
        servers=options["servers"] or system_servers(),
        timeout=options["timeout"],
    )
    if options["fail"] and outcome["problems"]:
        module.fail_json(msg=" ".join(outcome["problems"]), **outcome)
    module.exit_json(changed=False, **outcome)


if __name__ == "__main__":
    main()
