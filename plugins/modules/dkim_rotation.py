#!/usr/bin/python
# Copyright: (c) 2026, mailforest.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Change the keys that a mail server signs with."""

from __future__ import annotations

DOCUMENTATION = r"""
module: dkim_rotation
short_description: Change the keys that mail is signed with, one stage after the other
version_added: 1.0.0
description:
  - Keeps, beside the keys of M(mailforest.stack.dkim_key), which selector signs, which one will, and which one did.
  - The playbook C(rotate_dkim) does the stages in their order, and looks in between whether others see the records.
  - A stage that is done is not done again, and what was interrupted is completed by the same stage.
  - The private key never leaves the host. It is in no result, difference or command line.
options:
  stage:
    description:
      - V(begin) makes keys under a next selector; a next one that is there already is kept.
      - V(switch) makes the next selector the present one. The daemon signs with it once it was told, as the role
        rspamd does.
      - V(settle) notes that the daemon was told, so that from now on nothing is signed with the former keys.
      - V(end) removes the former keys. Remove their records first.
    type: str
    choices: [begin, switch, settle, end]
    required: true
  next_selector:
    description:
      - The next selector. It must never have been used, as others remember what DNS said of it.
      - Left out, O(selector) with the day, such as V(mx1-20261129).
    type: str
  domains:
    description:
      - The mail domains, in small letters.
    type: list
    elements: str
    required: true
  selector:
    description:
      - The selector of the first keys, as given to M(mailforest.stack.dkim_key).
    type: str
    required: true
  directory:
    description:
      - Where the keys are.
    type: path
    default: /etc/ssl/mailforest-dkim
  bits:
    description:
      - Length of new keys.
    type: int
    choices: [2048, 4096]
    default: 2048
  owner:
    description:
      - The user that the keys belong to; their mode is 0640.
    type: str
    default: _rspamd
  group:
    description:
      - The group that may read the keys.
    type: str
    default: _rspamd
attributes:
  check_mode:
    description: Reports what would be done and changes nothing.
    support: full
  diff_mode:
    description: Returns selectors, paths, lengths, owners and modes before and after, nothing of the keys.
    support: full
  idempotent:
    description: When run twice, the second run changes nothing.
    support: full
requirements:
  - python3-cryptography on the target
author:
  - mailforest.stack contributors (@mailforest)
seealso:
  - module: mailforest.stack.dkim_key
  - module: mailforest.stack.dns_published
"""

EXAMPLES = r"""
- name: Make the keys that sign next
  mailforest.stack.dkim_rotation:
    stage: begin
    domains: [example.com]
    selector: mx1
  register: keys

- name: Sign with them, once everybody sees their records
  mailforest.stack.dkim_rotation:
    stage: switch
    domains: [example.com]
    selector: mx1
"""

RETURN = r"""
selector:
  description: The selector of the keys that are signed with.
  returned: success
  type: str
rotation:
  description: Where the change stands, as M(mailforest.stack.dkim_key) returns it.
  returned: success
  type: dict
records:
  description: What DNS must say of all keys, as M(mailforest.stack.dkim_key) returns it.
  returned: success
  type: list
  elements: dict
operations:
  description: The steps of the plan, done or, in check mode, to be done.
  returned: success
  type: list
  elements: dict
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.mailforest.stack.plugins.module_utils._engine import run
from ansible_collections.mailforest.stack.plugins.module_utils._mail.dkim_rotation import ARGUMENTS, RotationResource


def main() -> None:
    """Run the module."""
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    run(module, lambda: RotationResource(module.params))


if __name__ == "__main__":
    main()
