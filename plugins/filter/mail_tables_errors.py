# Copyright: (c) 2026, mailforest.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What cannot work in the values of the role mail_tables."""

from __future__ import annotations

DOCUMENTATION = r"""
name: mail_tables_errors
author: mailforest.stack contributors
version_added: 1.0.0
short_description: What cannot work in the values of the role mail_tables
description:
  - Used by the role before it changes anything. Each text names the variable, the value, what is wrong, and the remedy.
options:
  _input:
    description: The role's values by their names without the prefix.
    type: dict
    required: true
"""

EXAMPLES = r"""
errors: "{{ __mail_tables_values | mailforest.stack.mail_tables_errors }}"
"""

RETURN = r"""
_value:
  description: One text per error; empty when the values can work.
  type: list
  elements: str
"""

from collections.abc import Callable
from typing import Any

from ansible_collections.mailforest.stack.plugins.module_utils._mail.tables_info import mail_tables_errors


class FilterModule:
    """The filter `mail_tables_errors`."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Its name and its function."""
        return {"mail_tables_errors": mail_tables_errors}
