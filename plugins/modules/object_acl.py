#!/usr/bin/python
# Copyright: (c) 2026, mailforest.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Gives rights on an object in Active Directory, and takes them"""

from __future__ import annotations

DOCUMENTATION = r"""
module: object_acl
short_description: Delegate rights on objects in Active Directory
version_added: 1.0.0
description:
  - Adds entries to the access list of an object, for instance a unit, and removes them. Others stay.
  - What is there is compared first, right by right, so that a second run changes nothing.
  - Entries that deny are put before those that allow. What an object inherits is not touched.
extends_documentation_fragment:
  - mailforest.stack._directory
  - mailforest.stack._directory.changes
options:
  identity:
    description:
      - The object, by objectGUID, DN, SID, UPN, account name or name.
    type: str
    required: true
  entries:
    description:
      - The entries, each with O(entries[].principal) and O(entries[].rights), or with O(entries[].sddl).
    type: list
    elements: dict
    required: true
    suboptions:
      principal:
        description:
          - Who has the rights. An account or group, by what O(identity) takes, or any SID such as V(S-1-5-11).
        type: str
      access:
        description:
          - Whether the rights are given or denied.
        type: str
        choices: [allow, deny]
        default: allow
      rights:
        description:
          - The rights. V(extended_right) and O(entries[].object_type) together are one such as resetting passwords.
        type: list
        elements: str
        choices:
          - create_child
          - delete_child
          - list_children
          - self_write
          - read_property
          - write_property
          - delete_tree
          - list_object
          - extended_right
          - delete
          - read_control
          - write_dacl
          - write_owner
          - full_control
          - generic_read
          - generic_write
      object_type:
        description:
          - What the rights are about, by name or GUID. The attribute or set of attributes that is read or written, the
            class that is made or deleted, or the extended right. By default all.
        type: str
      inherited_object_type:
        description:
          - The class of objects that inherit the entry, by name or GUID. By default all classes.
        type: str
      inheritance:
        description:
          - Whether the entry holds for the object alone (V(none)), for it and all below (V(all)), for all below alone
            (V(descendants)), or for what is directly in it (V(children)).
          - By default V(descendants) with O(entries[].inherited_object_type), otherwise V(none).
        type: str
        choices: [none, all, descendants, children]
      sddl:
        description:
          - The entry in SDDL, for instance V((A;;RP;;;AU)).
        type: str
  state:
    description:
      - Whether the entries are there.
    type: str
    choices: [present, absent]
    default: present
author:
  - mailforest.stack contributors (@mailforest)
seealso:
  - module: mailforest.stack.ou
"""

EXAMPLES = r"""
- name: Let the help desk reset passwords and unlock accounts in a unit
  mailforest.stack.object_acl:
    identity: OU=Staff,DC=corp,DC=example,DC=test
    entries:
      - principal: helpdesk
        rights: [extended_right]
        object_type: User-Force-Change-Password
        inherited_object_type: user
      - principal: helpdesk
        rights: [read_property, write_property]
        object_type: lockoutTime
        inherited_object_type: user

- name: Let a group make and delete computers in a unit
  mailforest.stack.object_acl:
    identity: OU=Desks,DC=corp,DC=example,DC=test
    entries:
      - {principal: installers, rights: [create_child, delete_child], object_type: computer, inheritance: all}
"""

RETURN = r"""
distinguished_name:
  description: The DN of the object.
  returned: success
  type: str
entries:
  description: The entries that the object has of its own, in SDDL; in check mode those that it would have.
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
from ansible_collections.mailforest.stack.plugins.module_utils._directory._delegation import ARGUMENTS, ObjectRights
from ansible_collections.mailforest.stack.plugins.module_utils._directory._samdb import SamStore
from ansible_collections.mailforest.stack.plugins.module_utils._engine import run


def main() -> None:
    """Run the module."""
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    run(module, lambda: ObjectRights(SamStore(module.params["configuration_file"]), module.params))


if __name__ == "__main__":
    main()
