#!/usr/bin/python
# Copyright: (c) 2026, mailforest.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Have a profile of pam-auth-update in use."""

from __future__ import annotations

DOCUMENTATION = r"""
module: pam_profile
short_description: Have a profile of Debian's pam-auth-update in use
version_added: 1.0.0
description:
  - Writes a profile into C(/usr/share/pam-configs) and lets C(pam-auth-update) put it into C(/etc/pam.d/common-*),
    which nobody else writes. Packages do the same, so both live side by side.
  - Whether it is in use is read from what C(pam-auth-update) remembers, line by line.
  - Where C(/etc/pam.d/common-*) was changed by hand, C(pam-auth-update) refuses to write it, and the module fails.
options:
  name:
    description: Name of the profile's file. Small letters, digits and hyphens.
    type: str
    required: true
  content:
    description: The whole profile. Needed unless O(state=absent).
    type: str
  state:
    description: Whether the profile is in use, or taken out and deleted.
    type: str
    choices: [present, absent]
    default: present
attributes:
  check_mode:
    description: Reports what would be done and changes nothing.
    support: full
  diff_mode:
    description: Returns the profile before and after.
    support: full
  idempotent:
    description: When run twice, the second run changes nothing.
    support: full
author:
  - mailforest.stack contributors (@mailforest)
"""

EXAMPLES = r"""
- name: Make home directories when users log in
  mailforest.stack.pam_profile:
    name: home-directories
    content: |
      Name: Home directories
      Default: yes
      Priority: 0
      Session-Type: Additional
      Session:
        optional pam_mkhomedir.so umask=0077
"""

RETURN = r"""
operations:
  description: The steps of the plan, done or, in check mode, to be done.
  returned: success
  type: list
  elements: dict
"""

from collections.abc import Sequence

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.mailforest.stack.plugins.module_utils._directory._member_pam import (
    ARGUMENTS,
    DebianPam,
    ProfileResource,
)
from ansible_collections.mailforest.stack.plugins.module_utils._engine import run


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec=ARGUMENTS, required_if=[("state", "present", ["content"])], supports_check_mode=True
    )

    def command(words: Sequence[str]) -> tuple[int, str]:
        code, out, err = module.run_command(
            list(words), environ_update={"DEBIAN_FRONTEND": "noninteractive"}, handle_exceptions=False
        )
        return code, f"{out}{err}"

    run(module, lambda: ProfileResource(DebianPam(command), module.params))


if __name__ == "__main__":
    main()
