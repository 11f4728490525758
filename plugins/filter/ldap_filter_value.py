# Copyright: (c) 2026, mailforest.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write a value as a literal in an LDAP filter."""

from __future__ import annotations

DOCUMENTATION = r"""
name: ldap_filter_value
author: mailforest.stack contributors
version_added: 1.0.0
short_description: Write a value as a literal in an LDAP filter
description:
  - Escapes what RFC 4515 reserves, and what Postfix and Dovecot would expand or cut off in their files.
options:
  _input:
    description: The value, such as a distinguished name.
    type: str
    required: true
"""

EXAMPLES = r"""
filter: "(memberOf={{ 'CN=Sales (EMEA),DC=corp,DC=example,DC=test' | mailforest.stack.ldap_filter_value }})"
"""

RETURN = r"""
_value:
  description: The value with its reserved characters escaped.
  type: str
"""

from collections.abc import Callable
from typing import Any

from ansible_collections.mailforest.stack.plugins.module_utils._mail.settings import ldap_filter_value


class FilterModule:
    """The filter `ldap_filter_value`."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Its name and its function."""
        return {"ldap_filter_value": ldap_filter_value}
