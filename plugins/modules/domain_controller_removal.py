#!/usr/bin/python
# Copyright: (c) 2026, mailforest.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Remove a dead domain controller from the directory."""

from __future__ import annotations

DOCUMENTATION = r"""
module: domain_controller_removal
short_description: Remove a dead domain controller from the directory
version_added: 1.0.0
description:
  - Takes a controller that is gone for good out of the directory - its NTDS Settings and server object, its account and
    RID set, its replication links, its DNS records. Run it on one controller that stays; the others learn of it by
    replication.
  - Refused while the controller answers at one of its addresses, and while it holds a role. A controller that works is
    demoted instead (O(mailforest.stack.domain_controller#module:state=absent)), and the roles of a dead one are seized
    first (playbook C(mailforest.stack.fsmo_seize)).
  - A removed controller must not start again. Wipe it; it may then join anew under its name.
extends_documentation_fragment:
  - mailforest.stack._directory
  - mailforest.stack._directory.changes
options:
  name:
    description:
      - Short name of the dead controller.
    type: str
    required: true
  addresses:
    description:
      - Addresses at which it might answer, besides those that DNS has of it.
    type: list
    elements: str
    default: []
author:
  - mailforest.stack contributors (@mailforest)
seealso:
  - module: mailforest.stack.domain_controller
  - module: mailforest.stack.fsmo
"""

EXAMPLES = r"""
- name: Forget the controller that burnt
  mailforest.stack.domain_controller_removal:
    name: dc3
"""

RETURN = r"""
removed:
  description: What was removed, in Samba's words.
  returned: success
  type: list
  elements: str
operations:
  description: The steps of the plan, done or, in check mode, to be done.
  returned: success
  type: list
  elements: dict
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.mailforest.stack.plugins.module_utils._directory._departure import (
    REMOVAL_ARGUMENTS,
    RemovalResource,
)
from ansible_collections.mailforest.stack.plugins.module_utils._directory._departuredb import DirectoryOfSurvivor
from ansible_collections.mailforest.stack.plugins.module_utils._engine import run


def main() -> None:
    """Run the module."""
    module = AnsibleModule(argument_spec=REMOVAL_ARGUMENTS, supports_check_mode=True)
    options = module.params
    run(
        module,
        lambda: RemovalResource(
            DirectoryOfSurvivor(options["configuration_file"]), options["name"], options["addresses"]
        ),
    )


if __name__ == "__main__":
    main()
