#!/usr/bin/python
# Copyright: (c) 2026, mailforest.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tell how old a mail server's tables of recipients are."""

from __future__ import annotations

DOCUMENTATION = r"""
module: mail_tables_info
short_description: Tell how old a mail server's tables of recipients are
version_added: 1.0.0
description:
  - Reads what the service of role P(mailforest.stack.mail_tables#role) tells of its tables. They are as old as the last
    answer of a domain controller, whether something had changed or not.
options:
  path:
    description: The directory with the tables.
    type: path
    default: /var/lib/mailforest-mail-tables
  max_age:
    description: Seconds that the tables may be old.
    type: int
    default: 60
extends_documentation_fragment:
  - mailforest.stack._reader
author:
  - mailforest.stack contributors (@mailforest)
"""

EXAMPLES = r"""
- name: Read how old the tables are
  mailforest.stack.mail_tables_info:
  register: tables

- name: Prove that a disabled user is in them no more
  ansible.builtin.assert:
    that: tables.problems | length == 0
"""

RETURN = r"""
age:
  description: Seconds since a domain controller last answered; null when none ever did.
  returned: success
  type: int
checked:
  description: When that was.
  returned: when there are tables
  type: str
  sample: "2026-11-23T22:30:00+00:00"
compiled:
  description: When the directory was last read, which is done when something has changed.
  returned: when there are tables
  type: str
source:
  description: The domain controller that was read.
  returned: when there are tables
  type: str
entries:
  description: The number of entries by table.
  returned: when there are tables
  type: dict
fault:
  description: Why no domain controller could be asked the last time; empty when one was.
  returned: when there are tables
  type: str
problems:
  description: What is wrong with the tables; empty when they are no older than O(max_age).
  returned: success
  type: list
  elements: str
"""

from datetime import UTC, datetime
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.mailforest.stack.plugins.module_utils._mail.tables_info import tables_info


def main() -> None:
    """Run the module."""
    spec = {
        "path": {"type": "path", "default": "/var/lib/mailforest-mail-tables"},
        "max_age": {"type": "int", "default": 60},
    }
    module = AnsibleModule(argument_spec=spec, supports_check_mode=True)
    found = tables_info(Path(module.params["path"]), module.params["max_age"], datetime.now(UTC))
    module.exit_json(changed=False, **found)


if __name__ == "__main__":
    main()
