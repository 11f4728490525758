#!/usr/bin/python
# Copyright: (c) 2026, mailforest.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Set the domain's password and lockout policy."""

from __future__ import annotations

DOCUMENTATION = r"""
module: password_policy
short_description: Set the domain's password and lockout policy
version_added: 1.0.0
description:
  - Sets the policy that holds for every account for which no password settings object (PSO) says otherwise. What is
    left out stays as it is.
  - The options are named as the parameters of C(Set-ADDefaultDomainPasswordPolicy) in Windows; C(microsoft.ad) has no
    module for this.
  - A policy holds from the next change of a password on; passwords that are there stay valid.
extends_documentation_fragment:
  - mailforest.stack._directory
  - mailforest.stack._directory.changes
options:
  min_password_length:
    description:
      - Characters that a password has at least, 0 to 14.
    type: int
  password_history_count:
    description:
      - How many former passwords are not taken again, 0 to 24.
    type: int
  min_password_age:
    description:
      - Days after which a user may change the password again, 0 to 998.
    type: int
  max_password_age:
    description:
      - Days after which a password has to be changed, to 999; V(0) means never.
    type: int
  lockout_threshold:
    description:
      - Wrong passwords after which an account is locked, to 999; V(0) means never.
      - Whoever can reach a login, from the Internet through the mail servers too, can lock an account out so.
    type: int
  lockout_duration:
    description:
      - Minutes that it stays locked, to 99999; V(0) means until an administrator unlocks it.
    type: int
  lockout_observation_window:
    description:
      - Minutes after which wrong passwords are forgotten, to 99999; not more than O(lockout_duration).
    type: int
  complexity_enabled:
    description:
      - Whether a password has three of upper case, lower case, digit, other, and is free of the user's name.
    type: bool
  reversible_encryption_enabled:
    description:
      - Whether passwords are kept so that they can be read again. Only digest authentication needs that; leave it off.
    type: bool
author:
  - mailforest.stack contributors (@mailforest)
seealso:
  - module: mailforest.stack.user
"""

EXAMPLES = r"""
- name: Long passwords that last, and a pause after ten wrong ones
  mailforest.stack.password_policy:
    min_password_length: 12
    max_password_age: 0
    lockout_threshold: 10
    lockout_duration: 15
    lockout_observation_window: 15
"""

RETURN = r"""
policy:
  description: The policy as it stands now, named as the options.
  returned: success
  type: dict
  sample:
    min_password_length: 12
    password_history_count: 24
    min_password_age: 1
    max_password_age: 0
    lockout_threshold: 10
    lockout_duration: 15
    lockout_observation_window: 15
    complexity_enabled: true
    reversible_encryption_enabled: false
operations:
  description: The steps of the plan, done or, in check mode, to be done.
  returned: success
  type: list
  elements: dict
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.mailforest.stack.plugins.module_utils._directory._policy import ARGUMENTS, PolicyResource
from ansible_collections.mailforest.stack.plugins.module_utils._directory._samdb import SamStore
from ansible_collections.mailforest.stack.plugins.module_utils._engine import run


def main() -> None:
    """Run the module."""
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    options = module.params
    run(module, lambda: PolicyResource(lambda: SamStore(options["configuration_file"]), options))


if __name__ == "__main__":
    main()
