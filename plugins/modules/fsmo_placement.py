#!/usr/bin/python
# Copyright: (c) 2026, mailforest.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Decide where roles go that nobody has placed, and keep those that are placed."""

from __future__ import annotations

DOCUMENTATION = r"""
module: fsmo_placement
short_description: Decide where roles go that nobody has placed, and keep those that are placed
version_added: 1.0.0
description:
  - Lays a proposal over what the directory has, and returns the map for M(mailforest.stack.fsmo), with a reason for
    each role. It moves no role itself.
  - A forest whose roles are all on one controller is as its making left it. There the proposal is taken as it is.
  - In every other forest, and once O(placed) has been noted in the directory, a role stays where it is, whoever moved
    it there, and goes to the proposed owner only when its present one is unfit or is no more.
  - The note is the object C(CN=FSMO roles,CN=mailforest.stack,CN=Program Data) of the domain. Without it the proposal
    is taken anew when all roles are on one controller.
extends_documentation_fragment:
  - mailforest.stack._directory
  - mailforest.stack._directory.changes
options:
  roles:
    description:
      - The proposal for each role. A role that is left out is not decided.
    type: dict
    required: true
    suboptions:
      schema: &role
        description: The proposal for this role.
        type: dict
        suboptions:
          owner:
            description: Short name of the proposed owner.
            type: str
            required: true
          reason:
            description: Why it is proposed, in a sentence that is shown.
            type: str
            default: ""
          unfit:
            description: Hosts that must not keep the role, each with what is wrong with it, such as V(is a gateway).
            type: dict
            default: {}
      naming: *role
      rid: *role
      pdc: *role
      infrastructure: *role
      domaindns: *role
      forestdns: *role
  placed:
    description:
      - Whether to note in the directory that the roles are placed. Say so when they are.
    type: bool
    default: false
author:
  - mailforest.stack contributors (@mailforest)
seealso:
  - module: mailforest.stack.fsmo
  - module: mailforest.stack.topology
"""

EXAMPLES = r"""
- name: Decide where the PDC emulator is to be
  mailforest.stack.fsmo_placement:
    roles:
      pdc: {owner: dc2, reason: dc2 has most memory., unfit: {gw1: is a gateway}}
  register: placement

- name: Place it
  mailforest.stack.fsmo:
    roles: "{{ placement.roles }}"
"""

RETURN = r"""
roles:
  description: The owner that each role is to have, as M(mailforest.stack.fsmo) takes it.
  returned: success
  type: dict
  sample: {pdc: dc2}
placements:
  description: Each role with its present and its wanted owner, and why.
  returned: success
  type: list
  elements: dict
  contains:
    role:
      description: The role.
      type: str
    owner:
      description: Its owner now; null when it is no controller any more.
      type: str
    wanted:
      description: The owner that it is to have.
      type: str
    reason:
      description: Why.
      type: str
told:
  description: The same as one sentence for each role.
  returned: success
  type: list
  elements: str
first:
  description: Whether the proposal is taken as it is, because nobody has placed the roles yet.
  returned: success
  type: bool
operations:
  description: The note that was written or, in check mode, is to be written.
  returned: success
  type: list
  elements: dict
done:
  description: The steps that were done before an error.
  returned: failure while changing
  type: list
  elements: dict
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.mailforest.stack.plugins.module_utils._directory._fsmodb import DirectoryRoles
from ansible_collections.mailforest.stack.plugins.module_utils._directory._placement import (
    PLACEMENT_ARGUMENTS,
    PlacementResource,
)
from ansible_collections.mailforest.stack.plugins.module_utils._directory._samdb import SamStore
from ansible_collections.mailforest.stack.plugins.module_utils._engine import run


def main() -> None:
    """Run the module."""
    module = AnsibleModule(argument_spec=PLACEMENT_ARGUMENTS, supports_check_mode=True)
    options = module.params
    file = options["configuration_file"]
    run(
        module,
        lambda: PlacementResource(SamStore(file), DirectoryRoles(file), options["roles"], placed=options["placed"]),
    )


if __name__ == "__main__":
    main()
