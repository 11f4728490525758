#!/usr/bin/python
# Copyright: (c) 2026, mailforest.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes, changes, renames, moves and deletes organizational units"""

from __future__ import annotations

DOCUMENTATION = r"""
module: ou
short_description: Manage organizational units in Active Directory, one or many in one plan
version_added: 1.0.0
description:
  - Makes, changes, renames, moves and deletes organizational units.
  - A unit is followed by the objectGUID. A rename or move keeps it, with all that is in it.
  - Option names are those of C(microsoft.ad.ou). A new unit is protected from deletion only if asked.
  - All that is wrong is told at once and before any change. The changes are one transaction (per 1,000 steps).
extends_documentation_fragment:
  - mailforest.stack._directory
  - mailforest.stack._directory.changes
options:
  ous:
    description:
      - Many units at once, each with the options below. A unit of the list may be the container of another.
    type: list
    elements: dict
    suboptions: &object
      name:
        description:
          - Name of the unit. With O(identity) beside it, an existing unit is renamed.
          - Without O(identity) the unit is looked for by this name in O(path), as units elsewhere may have the same
            one.
        type: str
      identity:
        description:
          - What finds an existing unit whatever its name will be. The objectGUID, the DN, or its present name in
            O(path).
        type: str
      path:
        description:
          - DN of the container or unit. A unit elsewhere that O(identity) finds is moved, with all that is in it. By
            default a new unit goes to the top of the domain, and an existing one stays.
        type: str
      state:
        description:
          - Whether the unit is there. Deleting one that is not empty is refused, with the names of what is in it.
        type: str
        choices: [present, absent]
        default: present
      description:
        description:
          - Description; V("") clears it.
        type: str
      display_name:
        description:
          - Display name; V("") clears it.
        type: str
      attributes:
        description:
          - Other attributes, by LDAP name. A value is a string, a number, a boolean, or a list of these.
        type: dict
        suboptions:
          set:
            description: Attributes that get exactly these values; V("") or an empty list clears them.
            type: dict
          add:
            description: Values to add.
            type: dict
          remove:
            description: Values to remove.
            type: dict
      protect_from_deletion:
        description:
          - Whether nobody may delete the object, alone or with what is in it. It denies this right to everybody, there
            and in the container.
          - A protected object is not deleted by this module either, unless V(false) is given together with
            O(state=absent).
        type: bool
      managed_by:
        description:
          - Who manages the object, by any form that O(identity) takes; V("") clears it.
        type: str
      street:
        description:
          - Street and number.
        type: str
      postal_code:
        description:
          - Postal code.
        type: str
      city:
        description:
          - City.
        type: str
      state_province:
        description:
          - State or province.
        type: str
      country:
        description:
          - Country, two letters (ISO 3166).
        type: str
  <<: *object # one object can be given by the same options, without a list
author:
  - mailforest.stack contributors (@mailforest)
seealso:
  - module: mailforest.stack.object_info
"""

EXAMPLES = r"""
- name: Make the units of an office
  mailforest.stack.ou:
    ous:
      - {name: Staff, protect_from_deletion: true}
      - {name: Sales, path: "OU=Staff,DC=corp,DC=example,DC=test", managed_by: alice}

- name: Give one another name; all that is in it stays
  mailforest.stack.ou:
    identity: OU=Sales,OU=Staff,DC=corp,DC=example,DC=test
    name: Trade
"""

RETURN = r"""
objects:
  description: One entry per object, in the order given.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: The name or identity given.
      type: str
    state:
      description: The state asked for.
      type: str
    object_guid:
      description: The objectGUID; null for a new object in check mode.
      type: str
    distinguished_name:
      description: The DN; null when the object is absent.
      type: str
object_guid:
  description: The objectGUID.
  returned: success, with a single object
  type: str
distinguished_name:
  description: The DN.
  returned: success, with a single object
  type: str
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
from ansible_collections.mailforest.stack.plugins.module_utils._directory._kinds import OU, entries, module_arguments
from ansible_collections.mailforest.stack.plugins.module_utils._directory._objects import DirectoryObjects
from ansible_collections.mailforest.stack.plugins.module_utils._directory._samdb import SamStore
from ansible_collections.mailforest.stack.plugins.module_utils._engine import run


def main() -> None:
    """Run the module."""
    module = AnsibleModule(**module_arguments(OU))
    wanted = entries(OU, module.params)
    single = module.params["ous"] is None
    run(
        module,
        lambda: DirectoryObjects(SamStore(module.params["configuration_file"]), OU, wanted, single=single),
    )


if __name__ == "__main__":
    main()
