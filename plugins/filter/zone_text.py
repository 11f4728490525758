# Copyright: (c) 2026, mailforest.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A file for the public DNS of the mail domains."""

from __future__ import annotations

DOCUMENTATION = r"""
name: zone_text
author: mailforest.stack contributors
version_added: 1.0.0
short_description: A file for the public DNS of the mail domains
description:
  - What the public DNS must say of the mail domains, as zone-file text to copy there.
positional: keys
options:
  _input:
    description: C(outside_dns) of the compiled topology.
    type: list
    elements: dict
    required: true
  keys:
    description: C(records) of M(mailforest.stack.dkim_key), of all mail servers.
    type: list
    elements: dict
    required: true
"""

EXAMPLES = r"""
text: "{{ plan.outside_dns | mailforest.stack.zone_text(keys.records) }}"
"""

RETURN = r"""
_value:
  description: The file.
  type: str
"""

from collections.abc import Callable
from typing import Any

from ansible_collections.mailforest.stack.plugins.module_utils._topology.records import zone_text


class FilterModule:
    """The filter `zone_text`."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Its name and its function."""
        return {"zone_text": zone_text}
