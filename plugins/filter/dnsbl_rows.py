# Copyright: (c) 2026, mailforest.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Block lists as rspamd is to ask them."""

from __future__ import annotations

DOCUMENTATION = r"""
name: dnsbl_rows
author: mailforest.stack contributors
version_added: 1.0.0
short_description: Block lists as rspamd is to ask them
description:
  - Used by the role rspamd. Only the answers that are named get a score; refusals get a symbol that counts for nothing.
options:
  _input:
    description: The role's C(rspamd_dnsbl_lists).
    type: list
    elements: dict
    required: true
"""

EXAMPLES = r"""
rows: "{{ rspamd_dnsbl_lists | mailforest.stack.dnsbl_rows }}"
"""

RETURN = r"""
_value:
  description: >-
    For each list its C(zone), C(symbol), whether it lists C(domains), and C(answers), each with C(symbol), C(codes) and
    C(score).
  type: list
  elements: dict
"""

from collections.abc import Callable
from typing import Any

from ansible_collections.mailforest.stack.plugins.module_utils._mail.antispam import dnsbl_rows


class FilterModule:
    """The filter `dnsbl_rows`."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Its name and its function."""
        return {"dnsbl_rows": dnsbl_rows}
