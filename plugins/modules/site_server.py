#!/usr/bin/python
# Copyright: (c) 2026, mailforest.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Say which site a domain controller is in."""

from __future__ import annotations

DOCUMENTATION = r"""
module: site_server
short_description: Say which site a domain controller is in
version_added: 1.0.0
description:
  - Moves the server objects of domain controllers that have joined between sites.
  - A controller that was moved has to write its SRV records anew (C(samba_dnsupdate)); by itself it does so every ten
    minutes. The role P(mailforest.stack.directory_sites#role) has it done.
extends_documentation_fragment:
  - mailforest.stack._directory
  - mailforest.stack._directory.changes
options:
  servers:
    description:
      - Many controllers at once.
    type: list
    elements: dict
    suboptions:
      name:
        description: Name of the controller, short or with the domain.
        type: str
        required: true
      site:
        description: Name of the site.
        type: str
        required: true
  name:
    description:
      - Name of one controller, short or with the domain.
    type: str
  site:
    description:
      - Name of its site.
    type: str
  ignore_missing:
    description:
      - Whether controllers that the directory does not know, such as those yet to join, are passed over.
    type: bool
    default: false
author:
  - mailforest.stack contributors (@mailforest)
seealso:
  - module: mailforest.stack.site
"""

EXAMPLES = r"""
- name: Put a controller where it stands
  mailforest.stack.site_server:
    name: dc3
    site: branch
"""

RETURN = r"""
domain:
  description: DNS name of the domain.
  returned: success
  type: str
servers:
  description: The site of each controller after this.
  returned: success
  type: dict
  sample: {dc1: hq, dc3: branch}
moved:
  description: Short names of the controllers that were moved or, in check mode, would be.
  returned: success
  type: list
  elements: str
missing:
  description: Short names of the controllers that the directory does not know.
  returned: success
  type: list
  elements: str
operations:
  description: The steps of the plan, done or, in check mode, to be done.
  returned: success
  type: list
  elements: dict
done:
  description: The steps that were done before an error; the others were taken back.
  returned: failure while changing
  type: list
  elements: dict
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.mailforest.stack.plugins.module_utils._directory._sites import (
    SERVER_ARGUMENTS,
    Servers,
    wishes,
)
from ansible_collections.mailforest.stack.plugins.module_utils._directory._sitesdb import DirectorySites
from ansible_collections.mailforest.stack.plugins.module_utils._engine import run


def main() -> None:
    """Run the module."""
    module = AnsibleModule(**SERVER_ARGUMENTS)
    options = module.params
    wanted = wishes(options, "servers")
    run(
        module,
        lambda: Servers(
            DirectorySites(options["configuration_file"]),
            wanted,
            single=options["servers"] is None,
            ignore_missing=options["ignore_missing"],
        ),
    )


if __name__ == "__main__":
    main()
