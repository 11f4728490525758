#!/usr/bin/python
# Copyright: (c) 2026, mailforest.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A local account of a file server."""

from __future__ import annotations

DOCUMENTATION = r"""
module: smb_account
short_description: Let a local account of a file server use shares
version_added: 1.0.0
description:
  - Adds a Unix account of this host to Samba's own database of accounts, with a password of its own, so that it can log
    on to shares without being an account of the domain. Such as a scanner that knows no domain.
  - A client names it C(<host>\\<account>).
options:
  configuration_file:
    description: Path of C(smb.conf). It is read, never written.
    type: path
    default: /etc/samba/smb.conf
  name:
    description: Name of the Unix account, which must exist.
    type: str
    required: true
  password:
    description: Its password for Samba. Needed when the account is added.
    type: str
  update_password:
    description: Whether the password of an account that is there is set to O(password), when it is another one.
    type: str
    choices: [always, on_create]
    default: always
  state:
    description: Whether Samba knows the account. The Unix account is not touched.
    type: str
    choices: [present, absent]
    default: present
attributes:
  check_mode:
    description: Reports what would be done and changes nothing.
    support: full
  diff_mode:
    description: Returns the state before and after, without the password.
    support: full
  idempotent:
    description: When run twice, the second run changes nothing.
    support: full
requirements:
  - python3-samba (Samba 4.17 or newer) on the target
author:
  - mailforest.stack contributors (@mailforest)
seealso:
  - module: mailforest.stack.share_access
"""

EXAMPLES = r"""
- name: Let the scanner in
  mailforest.stack.smb_account:
    name: scanner
    password: "{{ vault_scanner_password }}"
"""

RETURN = r"""
sid:
  description: SID of the account; null when there is none.
  returned: success
  type: str
operations:
  description: The steps of the plan, done or, in check mode, to be done.
  returned: success
  type: list
  elements: dict
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.mailforest.stack.plugins.module_utils._directory._member_accounts import (
    ARGUMENTS,
    AccountResource,
)
from ansible_collections.mailforest.stack.plugins.module_utils._directory._member_sharesdb import Passwords
from ansible_collections.mailforest.stack.plugins.module_utils._engine import run


def main() -> None:
    """Run the module."""
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    options = module.params
    run(module, lambda: AccountResource(lambda: Passwords(options["configuration_file"]), options))


if __name__ == "__main__":
    main()
