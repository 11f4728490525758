#!/usr/bin/python
# Copyright: (c) 2026, mailforest.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Finds objects in Active Directory and returns their attributes"""

from __future__ import annotations

DOCUMENTATION = r"""
module: object_info
short_description: Find objects in Active Directory and read their attributes
version_added: 1.0.0
description:
  - Finds objects by identity or by an LDAP filter, and returns the attributes asked for in the types of the schema.
  - Option names are those of C(microsoft.ad.object_info). Its C(filter), which is in the language of PowerShell, is
    not taken; use O(ldap_filter).
  - Passwords and keys are never returned, though the local database would tell them.
extends_documentation_fragment:
  - mailforest.stack._directory
  - mailforest.stack._directory.info
options:
  identity:
    description:
      - The objectGUID, DN, SID, UPN, account name or name of one object. Without O(identity) and O(ldap_filter) all
        objects are returned.
    type: str
  ldap_filter:
    description:
      - LDAP filter that the objects have to meet.
    type: str
  search_base:
    description:
      - DN at which the search begins. By default the domain.
    type: str
  search_scope:
    description:
      - Whether V(base) itself, what is directly in it (V(one_level)), or all below it (V(subtree)).
    type: str
    choices: [base, one_level, subtree]
    default: subtree
  properties:
    description:
      - LDAP names of attributes to return; V(*) for all that an object has.
    type: list
    elements: str
  include_deleted:
    description:
      - Whether objects that were deleted, and are still kept, are found too.
    type: bool
    default: false
author:
  - mailforest.stack contributors (@mailforest)
seealso:
  - module: mailforest.stack.object
"""

EXAMPLES = r"""
- name: Read who is in a unit, and their addresses
  mailforest.stack.object_info:
    ldap_filter: (&(objectClass=user)(mail=*))
    search_base: OU=Staff,DC=corp,DC=example,DC=test
    properties: [sAMAccountName, mail, memberOf]
  register: people

- name: Look at one object
  mailforest.stack.object_info:
    identity: alice
    properties: ["*"]
  register: alice
"""

RETURN = r"""
objects:
  description: The objects found, in the order of their DNs.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: The name.
      type: str
    distinguished_name:
      description: The DN.
      type: str
    object_guid:
      description: The objectGUID.
      type: str
    object_class:
      description: The most special class.
      type: str
    properties:
      description:
        - The attributes asked for. One that has a single value by the schema is that value or null, any other is a
          list. Numbers and booleans are such; SIDs and GUIDs are text; binary values are in base64.
      type: dict
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.mailforest.stack.plugins.module_utils._directory._lookup import lookup
from ansible_collections.mailforest.stack.plugins.module_utils._directory._samdb import SamStore
from ansible_collections.mailforest.stack.plugins.module_utils._engine import tell


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "configuration_file": {"type": "path", "default": "/etc/samba/smb.conf"},
            "identity": {"type": "str"},
            "ldap_filter": {"type": "str"},
            "search_base": {"type": "str"},
            "search_scope": {"type": "str", "choices": ["base", "one_level", "subtree"], "default": "subtree"},
            "properties": {"type": "list", "elements": "str"},
            "include_deleted": {"type": "bool", "default": False},
        },
        mutually_exclusive=[
            ("identity", "ldap_filter"),
            ("identity", "search_base"),
        ],
        supports_check_mode=True,
    )
    tell(module, lambda: lookup(SamStore(module.params["configuration_file"]), module.params))


if __name__ == "__main__":
    main()
