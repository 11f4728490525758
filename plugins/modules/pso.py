#!/usr/bin/python
# Copyright: (c) 2026, mailforest.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes, changes, renames and deletes password policies for some users and groups"""

from __future__ import annotations

DOCUMENTATION = r"""
module: pso
short_description: Manage password policies for some users and groups (PSO) in Active Directory
version_added: 1.0.0
description:
  - Makes, changes, renames and deletes fine-grained password policies (password settings objects).
  - What a new policy does not say is as in the domain's own policy at that time.
  - Option names are those of C(microsoft.ad.pso), with the settings that it lacks; times are days and minutes.
  - All that is wrong is told at once and before any change. The changes are one transaction (per 1,000 steps).
extends_documentation_fragment:
  - mailforest.stack._directory
  - mailforest.stack._directory.changes
options:
  psos:
    description:
      - Many policies at once, each with the options below.
    type: list
    elements: dict
    suboptions: &object
      name:
        description:
          - Name of the policy. With O(identity) beside it, an existing policy is renamed.
        type: str
      identity:
        description:
          - What finds an existing policy whatever its name will be. The objectGUID, the DN or its present name.
        type: str
      state:
        description:
          - Whether the policy is there.
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
      precedence:
        description:
          - Of two policies for the same account the one with the lower number holds; one for the user goes before those
            for groups. Needed for a new policy.
        type: int
      min_password_length:
        description:
          - Shortest password, up to 255 characters.
        type: int
      complexity_enabled:
        description:
          - Whether a password needs three of upper case, lower case, digits, signs and other characters.
        type: bool
      reversible_encryption_enabled:
        description:
          - Whether passwords are stored so that they can be read. Leave it V(false).
        type: bool
      password_history_count:
        description:
          - How many former passwords cannot be used again, up to 1024.
        type: int
      min_password_age:
        description:
          - Days before a password can be changed again. Less than O(max_password_age).
        type: int
      max_password_age:
        description:
          - Days after which a password expires; V(0) for never.
        type: int
      lockout_threshold:
        description:
          - Failed logons that lock the account; V(0) for no lock.
        type: int
      lockout_duration:
        description:
          - Minutes for which it is locked, not less than O(lockout_observation_window); V(0) until it is unlocked.
        type: int
      lockout_observation_window:
        description:
          - Minutes after which failed logons are forgotten.
        type: int
      subjects:
        description:
          - Exactly the users and global security groups that the policy holds for, by account name, DN, objectGUID, SID
            or UPN. Windows applies policies to no others, so that others are refused here; Samba itself takes them.
        type: list
        elements: str
  <<: *object # one object can be given by the same options, without a list
author:
  - mailforest.stack contributors (@mailforest)
seealso:
  - module: mailforest.stack.group
"""

EXAMPLES = r"""
- name: Ask more of administrators
  mailforest.stack.pso:
    name: administrators
    precedence: 10
    min_password_length: 16
    max_password_age: 180
    lockout_threshold: 5
    lockout_duration: 30
    lockout_observation_window: 30
    subjects: [Domain Admins]
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
from ansible_collections.mailforest.stack.plugins.module_utils._directory._kinds import PSO, entries, module_arguments
from ansible_collections.mailforest.stack.plugins.module_utils._directory._objects import DirectoryObjects
from ansible_collections.mailforest.stack.plugins.module_utils._directory._samdb import SamStore
from ansible_collections.mailforest.stack.plugins.module_utils._engine import run


def main() -> None:
    """Run the module."""
    module = AnsibleModule(**module_arguments(PSO))
    wanted = entries(PSO, module.params)
    single = module.params["psos"] is None
    run(
        module,
        lambda: DirectoryObjects(SamStore(module.params["configuration_file"]), PSO, wanted, single=single),
    )


if __name__ == "__main__":
    main()
