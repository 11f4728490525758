# Copyright: (c) 2026, mailforest.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write a value in quotes for dovecot.conf."""

from __future__ import annotations

DOCUMENTATION = r"""
name: dovecot_quoted
author: mailforest.stack contributors
version_added: 1.0.0
short_description: Write a value in quotes for dovecot.conf
description:
  - Puts the value into double quotes, with those and backslashes in it escaped.
options:
  _input:
    description: The value.
    type: str
    required: true
"""

EXAMPLES = r"""
line: "ldap_auth_dn_password = {{ secret | mailforest.stack.dovecot_quoted }}"
"""

RETURN = r"""
_value:
  description: The value in quotes.
  type: str
"""

from collections.abc import Callable
from typing import Any

from ansible_collections.mailforest.stack.plugins.module_utils._mail.settings import dovecot_quoted


class FilterModule:
    """The filter `dovecot_quoted`."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Its name and its function."""
        return {"dovecot_quoted": dovecot_quoted}
