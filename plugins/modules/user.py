#!/usr/bin/python
# Copyright: (c) 2026, mailforest.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes, changes, renames, moves, disables and deletes users"""

from __future__ import annotations

DOCUMENTATION = r"""
module: user
short_description: Manage users in Active Directory, one or many in one plan
version_added: 1.0.0
description:
  - Makes, changes, renames, moves, disables and deletes users.
  - A user is followed by the objectGUID. A rename or move keeps the account, its SID and its memberships.
  - Option names are those of C(microsoft.ad.user).
  - All that is wrong is told at once and before any change. The changes are one transaction (per 1,000 steps).
extends_documentation_fragment:
  - mailforest.stack._directory
  - mailforest.stack._directory.changes
options:
  users:
    description:
      - Many users at once, each with the options below. O(path), O(update_password), O(guid_attribute),
        O(home_attribute) and O(update_home) beside this list hold for all entries that do not say otherwise.
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
      upn:
        description:
          - User principal name, C(name@domain). Without one, the directory still knows the account as
            C(account@domain).
        type: str
      firstname:
        description: [Given name.]
        type: str
      surname:
        description: [Surname.]
        type: str
      company:
        description: [Company.]
        type: str
      street:
        description: [Street and number.]
        type: str
      postal_code:
        description: [Postal code.]
        type: str
      city:
        description: [City.]
        type: str
      state_province:
        description: [State or province.]
        type: str
      country:
        description: [Country, two letters (ISO 3166).]
        type: str
      enabled:
        description:
          - Whether the account can log on. A new one is by default enabled when it has a password. A new enabled one
            without is refused.
        type: bool
      password_never_expires:
        description:
          - Whether the password never expires.
        type: bool
      password:
        description:
          - Password. It appears in no result, difference or log.
        type: str
      update_password:
        description:
          - V(on_create) sets the password of a new account only. This is the default.
          - V(always) sets it in every run, which is then a change every time.
          - V(when_changed) compares with the stored NT hash and sets it when it differs. Where the directory stores
            no NT hash, as V(always).
        type: str
        choices: [always, on_create, when_changed]
      password_expired:
        description:
          - Whether the user has to choose a new password at the next logon. V(false) lets the present one count from
            now.
          - Not V(true) together with O(password_never_expires=true).
        type: bool
      user_cannot_change_password:
        description:
          - Whether the user cannot change the password; an administrator can.
        type: bool
      account_locked:
        description:
          - V(false) unlocks an account that failed logons have locked. Nobody can lock one; use O(enabled).
        type: bool
        choices: [false]
      account_expires:
        description:
          - Until when the account can log on. A day such as V(2027-01-31), which is over in UTC, a moment such as
            V(2027-01-31T18:00:00+01:00), or V(never).
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
      protect_from_deletion:
        description:
          - Whether nobody may delete the object, alone or with what is in it. It denies this right to everybody, there
            and in the container.
          - A protected object is not deleted by this module either, unless V(false) is given together with
            O(state=absent).
        type: bool
      guid_attribute:
        description:
          - Name of a string attribute that is to carry the objectGUID as text, for programs that cannot read the
            binary one.
        type: str
      mail_home:
        description:
          - The mail server that keeps the user's mailbox, by its fully qualified name; V("") clears it. It is written
            to O(home_attribute), where the mail servers read it.
        type: str
      home_attribute:
        description:
          - Name of a string attribute that carries O(mail_home). One that users cannot write themselves, such as
            C(adminDisplayName), or they can send their mail and their logins elsewhere.
        type: str
      update_home:
        description:
          - V(on_create) leaves a home that is set as it is, with a warning. This is the default, for the mail does not
            follow the attribute. It would stay on the old server, where nobody sees it.
          - V(always) writes O(mail_home). Move the mail first.
        type: str
        choices: [always, on_create]
      groups:
        description:
          - Groups that the user is in, by any form that O(identity) takes. The primary group is not among them.
        type: dict
        suboptions:
          add:
            description: Groups that the user is to be in; others stay. Not together with O(groups.set).
            type: list
            elements: str
          remove:
            description: Groups that the user is not to be in.
            type: list
            elements: str
          set:
            description: Exactly these groups.
            type: list
            elements: str
  <<: *object # one object can be given by the same options, without a list
author:
  - mailforest.stack contributors (@mailforest)
seealso:
  - module: mailforest.stack.group
"""

EXAMPLES = r"""
- name: Make a user with a mailbox
  mailforest.stack.user:
    name: alice
    firstname: Alice
    surname: Example
    email: alice@example.test
    password: "{{ vault_alice_password }}"
    groups: {add: [mail-users]}
    guid_attribute: adminDescription
    mail_home: mx1.corp.example.test
    home_attribute: adminDisplayName
    attributes:
      set: {proxyAddresses: ["SMTP:alice@example.test", "smtp:office@example.test"]}

- name: Give her another name; it stays the same account
  mailforest.stack.user:
    identity: alice
    name: alice.jones
    sam_account_name: alice.jones

- name: Bring many users into shape in one task
  mailforest.stack.user:
    path: OU=Staff,DC=corp,DC=example,DC=test
    users:
      - {name: bob, password: "{{ vault_bob_password }}", groups: {set: [mail-users]}}
      - {name: carol, enabled: false}
      - {name: dave, state: absent}
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
from ansible_collections.mailforest.stack.plugins.module_utils._directory._kinds import USER, entries, module_arguments
from ansible_collections.mailforest.stack.plugins.module_utils._directory._objects import DirectoryObjects
from ansible_collections.mailforest.stack.plugins.module_utils._directory._samdb import SamStore
from ansible_collections.mailforest.stack.plugins.module_utils._engine import run


def main() -> None:
    """Run the module."""
    module = AnsibleModule(**module_arguments(USER))
    wanted = entries(USER, module.params)
    single = module.params["users"] is None
    run(
        module,
        lambda: DirectoryObjects(SamStore(module.params["configuration_file"]), USER, wanted, single=single),
    )


if __name__ == "__main__":
    main()
