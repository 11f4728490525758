#!/usr/bin/python
# Copyright: (c) 2026, mailforest.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes, changes, renames, moves and deletes objects of any class"""

from __future__ import annotations

DOCUMENTATION = r"""
module: object
short_description: Manage objects of any class in Active Directory, and attributes of many at once
version_added: 1.0.0
description:
  - Makes, changes, renames, moves and deletes objects of any class; for users, groups, computers, units and password
    policies the modules of these names know and check more.
  - Changes attributes of several objects at once, named by O(identities) or found by O(ldap_filter).
  - An object is followed by the objectGUID.
  - Option names are those of C(microsoft.ad.object).
  - All that is wrong is told at once and before any change. The changes are one transaction (per 1,000 steps).
extends_documentation_fragment:
  - mailforest.stack._directory
  - mailforest.stack._directory.changes
options:
  objects:
    description:
      - Many objects at once, each with the options below. O(path) beside this list holds
        for all entries that do not say otherwise.
    type: list
    elements: dict
    suboptions: &object
      name:
        description:
          - Name of the object. With O(identity) beside it, an existing object is renamed.
          - Without O(identity) the object is looked for by this name in O(path).
        type: str
      identity:
        description:
          - What finds an existing object whatever its name will be. The objectGUID, the DN, the SID, its present name
            in O(path), or the account name.
        type: str
      path:
        description:
          - DN of the container. An object elsewhere that O(identity) finds is moved. By default a new object goes to
            the top of the domain, and an existing one stays.
        type: str
      type:
        description:
          - Class (C(objectClass)) of a new object, for instance V(contact) or V(container). An object that is there
            keeps its own.
        type: str
      state:
        description:
          - Whether the object is there. Deleting one that is not empty, or that the domain needs, is refused.
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
  <<: *object # one object can be given by the same options, without a list
  identities:
    description:
      - Several existing objects that all get the other options given, by what O(identity) takes.
    type: list
    elements: str
  ldap_filter:
    description:
      - All objects that this LDAP filter finds get the other options given. Not together with O(state=absent).
    type: str
  search_base:
    description:
      - DN below which O(ldap_filter) searches. By default the domain.
    type: str
author:
  - mailforest.stack contributors (@mailforest)
seealso:
  - module: mailforest.stack.object_info
"""

EXAMPLES = r"""
- name: Give everybody in an office the same address
  mailforest.stack.object:
    ldap_filter: (&(objectClass=user)(department=Sales))
    search_base: OU=Staff,DC=corp,DC=example,DC=test
    attributes:
      set: {l: Riga, streetAddress: Brivibas 1}

- name: Make a contact
  mailforest.stack.object:
    name: Printer service
    type: contact
    path: OU=Staff,DC=corp,DC=example,DC=test
    attributes:
      set: {mail: service@example.net}
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
from ansible_collections.mailforest.stack.plugins.module_utils._directory._kinds import OBJECT, module_arguments
from ansible_collections.mailforest.stack.plugins.module_utils._directory._samdb import SamStore
from ansible_collections.mailforest.stack.plugins.module_utils._directory._selected import selected
from ansible_collections.mailforest.stack.plugins.module_utils._engine import run


def main() -> None:
    """Run the module."""
    module = AnsibleModule(**module_arguments(OBJECT))
    run(module, lambda: selected(SamStore(module.params["configuration_file"]), module.params))


if __name__ == "__main__":
    main()
