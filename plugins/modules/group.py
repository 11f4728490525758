#!/usr/bin/python
# Copyright: (c) 2026, mailforest.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes, changes, renames, moves and deletes groups and their memberships"""

from __future__ import annotations

DOCUMENTATION = r"""
module: group
short_description: Manage groups in Active Directory, one or many in one plan
version_added: 1.0.0
description:
  - Makes, changes, renames, moves and deletes groups and their memberships.
  - A group is followed by the objectGUID. A rename or move keeps its SID and its members.
  - Option names are those of C(microsoft.ad.group).
  - All that is wrong is told at once and before any change. The changes are one transaction (per 1,000 steps).
extends_documentation_fragment:
  - mailforest.stack._directory
  - mailforest.stack._directory.changes
options:
  groups:
    description:
      - Many groups at once, each with the options below. O(path) beside this list hold for all entries that do not
        say otherwise.
    type: list
    elements: dict
    suboptions: &object
      name:
        description:
          - Name (CN) of the object. An object with another name that O(identity) or O(sam_account_name) finds is
            renamed.
          - An existing object is looked for by O(identity), then O(sam_account_name), then O(name) as account name
            and as CN.
        type: str
      identity:
        description:
          - What finds an existing object whatever its name will be. The objectGUID, the DN, the SID, the UPN, the
            account name or the name.
        type: str
      sam_account_name:
        description:
          - Account name (C(sAMAccountName)). Of a new object by default O(name).
        type: str
      path:
        description:
          - DN of the container or OU. An object elsewhere is moved. By default a new object goes to C(CN=Users), and
            an existing one stays.
        type: str
      state:
        description:
          - Whether the object is there. Deleting one that the domain needs is refused.
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
      email:
        description:
          - Mail address (C(mail)); V("") clears it.
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
      homepage:
        description: [Web page; an empty string clears it.]
        type: str
      scope:
        description:
          - Scope. A new group is by default V(global). A change between V(global) and V(domainlocal) goes through
            V(universal).
          - Which group may hold which is checked first, with the rule named, for Samba itself checks nothing of it.
        type: str
        choices: [global, domainlocal, universal]
      category:
        description:
          - Category. A new group is by default V(security).
        type: str
        choices: [security, distribution]
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
      members:
        description:
          - Members, by any form that O(identity) takes; users, groups, computers and contacts.
          - An account of a trusted domain is given by its SID, and can be in a domain-local group only.
          - Accounts whose primary group this is are in it anyway and are neither added nor removed.
        type: dict
        suboptions:
          add:
            description: Objects that are to be members; others stay. Not together with O(members.set).
            type: list
            elements: str
          remove:
            description: Objects that are not to be members.
            type: list
            elements: str
          set:
            description: Exactly these members.
            type: list
            elements: str
  <<: *object # one object can be given by the same options, without a list
author:
  - mailforest.stack contributors (@mailforest)
seealso:
  - module: mailforest.stack.user
  - name: Active Directory security groups
    description: Which group scope may hold which.
    link: https://learn.microsoft.com/en-us/windows-server/identity/ad-ds/manage/understand-security-groups
"""

EXAMPLES = r"""
- name: Make the group of those who have mail
  mailforest.stack.group:
    name: mail-users
    scope: global
    members: {add: [alice, bob]}

- name: Make nested groups in one task
  mailforest.stack.group:
    groups:
      - {name: sales, scope: global, members: {set: [alice]}}
      - {name: sales-share-read, scope: domainlocal, members: {set: [sales]}}
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
    sam_account_name:
      description: The account name; not of an absent object.
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
  description: The steps of the plan, done or, in check mode, to be done. Passwords are hidden.
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
from ansible_collections.mailforest.stack.plugins.module_utils._directory._kinds import GROUP, entries, module_arguments
from ansible_collections.mailforest.stack.plugins.module_utils._directory._objects import DirectoryObjects
from ansible_collections.mailforest.stack.plugins.module_utils._directory._samdb import SamStore
from ansible_collections.mailforest.stack.plugins.module_utils._engine import run


def main() -> None:
    """Run the module."""
    module = AnsibleModule(**module_arguments(GROUP))
    wanted = entries(GROUP, module.params)
    single = module.params["groups"] is None
    run(
        module,
        lambda: DirectoryObjects(SamStore(module.params["configuration_file"]), GROUP, wanted, single=single),
    )


if __name__ == "__main__":
    main()
