#!/usr/bin/python
# Copyright: (c) 2026, mailforest.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Brings a whole tree of OUs, groups, users and memberships into a directory"""

from __future__ import annotations

DOCUMENTATION = r"""
module: directory_objects
short_description: Bring thousands of users, groups and OUs into Active Directory
version_added: 1.0.0
description:
  - Takes a whole wanted tree of OUs, groups, users and memberships, as lists or with the people in a CSV file, and
    writes what differs, in short transactions.
  - All rows are examined before anything is changed. Those that are wrong are told all at once, with file, line,
    column and reason, and nothing is written.
  - What a transaction wrote stays. A run that was interrupted at any point is completed by the next one.
  - Memory does not grow with the number of people in a file. Lists in a task are held whole.
  - Objects that are not listed stay, unless O(purge) is given. What a row does not say stays as it is.
  - Of many new users with passwords, Samba derives the keys of the first. The rest are derived with OpenSSL, on all
    cores, if they come out the same for that first one; see O(key_derivation).
  - C(user), C(group) and their like have more options. This module is for numbers.
extends_documentation_fragment:
  - mailforest.stack._directory
  - mailforest.stack._directory.changes
notes:
  - Run it on the RID master. Another controller is given RIDs by the hundred, and the module waits for them.
  - In the journal the progress is told every few seconds (C(journalctl -f -t ansible-directory_objects)), and
    O(progress_file) has it as JSON.
options:
  ous:
    description:
      - Organizational units, each after the one that it is in.
    type: list
    elements: dict
    suboptions:
      name:
        description: Name.
        type: str
        required: true
      path:
        description: DN of what it is in, or the part of the DN below the domain. By default the domain.
        type: str
      description:
        description: Description; V("") clears it.
        type: str
  groups:
    description:
      - Groups. One of O(groups[].name), O(groups[].sam_account_name) and O(groups[].identity) is required.
    type: list
    elements: dict
    suboptions:
      name: &name
        description:
          - Name (CN). By default the account name of a new object, and what it is of an existing one. A differing
            one renames.
        type: str
      sam_account_name: &sam_account_name
        description:
          - Account name, by which an existing object is found. By default the name.
        type: str
      identity: &identity
        description:
          - The objectGUID or the DN of an existing object, instead of the account name. This is how an account name
            is changed.
        type: str
      path: &path
        description:
          - DN of the container, or the part of the DN below the domain. An object elsewhere is moved. By default an
            existing object stays, and a new one goes to C(CN=Users).
        type: str
      display_name: &text
        description:
          - Attribute of the same meaning; V("") clears it.
        type: str
      email: *text
      description: *text
      scope:
        description:
          - Scope of a new group, by default V(global). One that exists and differs is refused. Change it with
            M(mailforest.stack.group).
        type: str
        choices: [global, domainlocal, universal]
      category:
        description: Category. A new group is by default V(security).
        type: str
        choices: [security, distribution]
      members:
        description:
          - Account names or DNs of groups and other objects that are to be in it; others stay. Which group may hold
            which is checked, with the rule named.
        type: list
        elements: str
      attributes: &attributes
        description:
          - Other attributes by LDAP name, each with exactly this value or list of values; V("") clears it.
        type: dict
  users:
    description:
      - Users. One of O(users[].name), O(users[].sam_account_name) and O(users[].identity) is required.
    type: list
    elements: dict
    suboptions:
      name: *name
      sam_account_name: *sam_account_name
      identity: *identity
      path: *path
      upn:
        description: User principal name, C(name@domain).
        type: str
      firstname: *text
      surname: *text
      display_name: *text
      email: *text
      description: *text
      company: *text
      street: *text
      postal_code: *text
      city: *text
      state_province: *text
      country: *text
      enabled:
        description:
          - Whether the account can log on. A new one is by default enabled when it has a password. A new enabled one
            without is refused.
        type: bool
      password_never_expires:
        description: Whether the password never expires.
        type: bool
      password:
        description: Password of a new user; of an existing one see O(update_password). It appears nowhere.
        type: str
      groups:
        description:
          - Groups that the user is to be in, by account name or DN; see O(memberships).
        type: list
        elements: str
      mail_home:
        description:
          - The mail server that keeps the mailbox. It is written to O(home_attribute) where that is empty. A home
            that is set stays, with a warning, for the mail would not follow. M(mailforest.stack.user) changes it.
        type: str
      attributes: *attributes
  people:
    description:
      - A CSV file of users, in UTF-8, on the controller or with O(remote_src) on the host. An encrypted one (vault)
        is decrypted for the time of the run.
      - The first line names the columns, by the options of O(users); C(attribute:NAME) is an attribute by its LDAP
        name. The separator is a comma, or a semicolon if the first line has more of these.
      - C(|) separates several values in one cell. An empty cell says nothing; the attribute stays as it is.
    type: path
  people_delimiter:
    description:
      - The separator of O(people), where the first line does not tell it.
    type: str
  remote_src:
    description:
      - Whether O(people) is on the host already.
    type: bool
    default: false
  user_path:
    description:
      - As O(users[].path), for all users that do not say otherwise.
    type: str
  group_path:
    description:
      - As O(groups[].path), for all groups that do not say otherwise.
    type: str
  initial_password:
    description:
      - Password of all new users without one of their own. It appears nowhere.
    type: str
  update_password:
    description:
      - V(on_create) sets passwords of new users only.
      - V(when_changed) also sets one that differs from what an existing user has. It is for lists that own the
        passwords. It never applies to O(initial_password).
    type: str
    choices: [on_create, when_changed]
    default: on_create
  memberships:
    description:
      - V(add) adds users to the groups that they name. Other memberships stay.
      - V(set) makes them members of exactly these; users that name none at all stay in what they are in. The primary
        group does not count.
    type: str
    choices: [add, set]
    default: add
  guid_attribute:
    description:
      - Name of a string attribute of users that is to carry the objectGUID as text, for programs that cannot read
        the binary one, such as a mail server.
    type: str
  home_attribute:
    description:
      - Name of the attribute that carries O(users[].mail_home). One that users cannot write themselves.
    type: str
  purge:
    description:
      - Deletes what is below certain containers and not in this task; users if O(users) or O(people) is given, groups
        if O(groups) is.
    type: dict
    suboptions:
      under:
        description: The containers, as O(users[].path). The domain itself is refused.
        type: list
        elements: str
        required: true
      max_deletions:
        description: If more than this would be deleted, nothing is changed at all.
        type: int
        required: true
  key_derivation:
    description:
      - V(auto) derives the keys of new passwords outside of Samba if that gives the same for the first user, and
        leaves it to Samba where it does not, where names are not plain, or where a C(check password script) is set.
      - V(samba) leaves all of it to Samba.
    type: str
    choices: [auto, samba]
    default: auto
  chunk:
    description:
      - How many objects one transaction holds at most. While it lasts nobody else writes to the directory. On a
        controller that is not the RID master 200 at most, and fewer where the directory is large, since Samba keeps in
        memory what grows with both (26 where there are 100,000 objects).
    type: int
    default: 500
  progress_file:
    description:
      - File on the host that tells how far the run is, as JSON. V("") writes none.
    type: path
    default: /run/mailforest/directory_objects.json
author:
  - mailforest.stack contributors (@mailforest)
seealso:
  - module: mailforest.stack.user
  - module: mailforest.stack.group
"""

EXAMPLES = r"""
- name: Bring a school into the directory
  mailforest.stack.directory_objects:
    ous:
      - {name: School}
      - {name: Pupils, path: OU=School}
      - {name: Classes, path: OU=School}
    group_path: OU=Classes,OU=School
    groups:
      - {name: class-1a}
      - {name: pupils, members: [class-1a]}
    user_path: OU=Pupils,OU=School
    people: pupils.csv
    guid_attribute: adminDescription

# pupils.csv:
# sam_account_name,firstname,surname,email,groups,attribute:employeeID
# a.jones,Alice,Jones,a.jones@example.test,class-1a|choir,4711

- name: The same at the end of the year; who is not in the list any more goes, but not more than 250
  mailforest.stack.directory_objects:
    user_path: OU=Pupils,OU=School
    people: /srv/export/pupils.csv
    remote_src: true
    memberships: set
    purge:
      under:
        - OU=Pupils,OU=School
      max_deletions: 250
"""

RETURN = r"""
ous:
  description: How many OUs the task lists, and how many of them are created and changed; in check mode, would be.
  returned: success
  type: dict
  sample: {total: 3, created: 3, changed: 0, deleted: 0}
groups:
  description: The same of groups.
  returned: success
  type: dict
users:
  description: The same of users.
  returned: success
  type: dict
memberships:
  description: How many memberships are added and removed.
  returned: success
  type: dict
  sample: {added: 1200, removed: 0}
seconds:
  description: How long it took.
  returned: success
  type: float
key_derivation:
  description:
    - Who derived the keys of new passwords, C(openssl), C(samba) or C(none), and why it was not OpenSSL.
  returned: success
  type: dict
operations:
  description: The transactions, done or, in check mode, to be done; what each writes and how much.
  returned: success
  type: list
  elements: dict
done:
  description: The transactions that were done before an error; the others were taken back.
  returned: failure while changing
  type: list
  elements: dict
faults:
  description: What is wrong in the rows, at most 100 of them.
  returned: failure by wrong rows
  type: list
  elements: dict
  contains:
    file:
      description: The file, or the option with the list.
      type: str
    line:
      description: The line, or the number of the entry, from 1.
      type: int
    column:
      description: The column or option.
      type: str
    reason:
      description: What is wrong with it.
      type: str
fault_count:
  description: How many there are.
  returned: failure by wrong rows
  type: int
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.mailforest.stack.plugins.module_utils._directory._bulk_kinds import module_arguments
from ansible_collections.mailforest.stack.plugins.module_utils._directory._bulk_run import run_bulk


def main() -> None:
    """Run the module."""
    run_bulk(AnsibleModule(**module_arguments()))


if __name__ == "__main__":
    main()
