#!/usr/bin/python
# Copyright: (c) 2026, mailforest.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes, changes, renames, moves, disables and deletes accounts of computers"""

from __future__ import annotations

DOCUMENTATION = r"""
module: computer
short_description: Manage accounts of computers in Active Directory, one or many in one plan
version_added: 1.0.0
description:
  - Makes, changes, renames, moves, disables and deletes accounts of computers, for instance before they join.
  - An account is followed by the objectGUID. A rename or move keeps the account, its SID and its memberships.
  - Option names are those of C(microsoft.ad.computer).
  - All that is wrong is told at once and before any change. The changes are one transaction (per 1,000 steps).
extends_documentation_fragment:
  - mailforest.stack._directory
  - mailforest.stack._directory.changes
options:
  computers:
    description:
      - Many computers at once, each with the options below. O(path) beside this list holds
        for all entries that do not say otherwise.
    type: list
    elements: dict
    suboptions: &object
      name:
        description:
          - Name (CN) of the object. An object with another name that O(identity) or O(sam_account_name) finds is
            renamed.
          - An existing object is looked for by O(identity), then O(sam_account_name), then O(name) as account name and
            as CN.
        type: str
      identity:
        description:
          - What finds an existing object whatever its name will be. The objectGUID, the DN, the SID, the UPN, the
            account name or the name.
        type: str
      sam_account_name:
        description:
          - Account name (C(sAMAccountName)), at most 15 characters; the dollar at its end is added. Of a new object by
            default O(name).
        type: str
      path:
        description:
          - DN of the container or OU. An object elsewhere is moved. By default a new object goes to C(CN=Computers),
            and an existing one stays.
        type: str
      state:
        description:
          - Whether the object is there. A domain controller is not deleted; demote it.
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
      upn:
        description:
          - User principal name, C(name@domain).
        type: str
      dns_hostname:
        description:
          - Fully qualified domain name; V("") clears it.
        type: str
      location:
        description:
          - Location; V("") clears it.
        type: str
      managed_by:
        description:
          - Who manages the object, by any form that O(identity) takes; V("") clears it.
        type: str
      spn:
        description:
          - Service principal names, C(service/host). One that another account has is refused.
        type: dict
        suboptions:
          add:
            description: Names to add; others stay. Not together with O(spn.set).
            type: list
            elements: str
          remove:
            description: Names to take away.
            type: list
            elements: str
          set:
            description: Exactly these names.
            type: list
            elements: str
      enabled:
        description:
          - Whether the account can log on. A new one is enabled by default; it has no password until the computer
            joins.
        type: bool
      trusted_for_delegation:
        description:
          - Whether the computer may act for any user who logs on to it (unconstrained delegation).
        type: bool
      kerberos_encryption_types:
        description:
          - Kerberos encryption types that the computer supports (C(msDS-SupportedEncryptionTypes)).
        type: dict
        suboptions:
          add:
            description: Types to add; others stay. Not together with O(kerberos_encryption_types.set).
            type: list
            elements: str
            choices: [aes128, aes256, des, rc4]
          remove:
            description: Types to take away.
            type: list
            elements: str
            choices: [aes128, aes256, des, rc4]
          set:
            description: Exactly these types.
            type: list
            elements: str
            choices: [aes128, aes256, des, rc4]
  <<: *object # one object can be given by the same options, without a list
author:
  - mailforest.stack contributors (@mailforest)
seealso:
  - module: mailforest.stack.user
"""

EXAMPLES = r"""
- name: Make an account in the right unit before the computer joins
  mailforest.stack.computer:
    name: files1
    path: OU=Servers,DC=corp,DC=example,DC=test
    location: hq, second floor
    managed_by: alice

- name: Disable two
  mailforest.stack.computer:
    computers:
      - {identity: desk7, enabled: false}
      - {identity: desk8, enabled: false}
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
from ansible_collections.mailforest.stack.plugins.module_utils._directory._kinds import (
    COMPUTER,
    entries,
    module_arguments,
)
from ansible_collections.mailforest.stack.plugins.module_utils._directory._objects import DirectoryObjects
from ansible_collections.mailforest.stack.plugins.module_utils._directory._samdb import SamStore
from ansible_collections.mailforest.stack.plugins.module_utils._engine import run


def main() -> None:
    """Run the module."""
    module = AnsibleModule(**module_arguments(COMPUTER))
    wanted = entries(COMPUTER, module.params)
    single = module.params["computers"] is None
    run(
        module,
        lambda: DirectoryObjects(SamStore(module.params["configuration_file"]), COMPUTER, wanted, single=single),
    )


if __name__ == "__main__":
    main()
