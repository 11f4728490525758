# Copyright: (c) 2026, mailforest.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tables of lists with limited senders."""

from __future__ import annotations

DOCUMENTATION = r"""
name: postfix_limited_lists
author: mailforest.stack contributors
version_added: 1.0.0
short_description: The tables of lists with limited senders
description:
  - Used by role P(mailforest.stack.postfix#role). Of C(postfix_lists) it takes those that have senders.
options:
  _input:
    description: The value of C(postfix_lists).
    type: list
    elements: dict
    required: true
"""

EXAMPLES = r"""
limited: "{{ postfix_lists | mailforest.stack.postfix_limited_lists }}"
"""

RETURN = r"""
_value:
  description: >-
    For each list C(name), which is its restriction class, C(group_dn), C(senders_dn), C(table) and C(senders_table).
  type: list
  elements: dict
"""

from collections.abc import Callable
from typing import Any

from ansible_collections.mailforest.stack.plugins.module_utils._mail.ways import limited_lists


class FilterModule:
    """The filter `postfix_limited_lists`."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Its name and its function."""
        return {"postfix_limited_lists": limited_lists}
