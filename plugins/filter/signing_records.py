# Copyright: (c) 2026, mailforest.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Records of signing keys for the directory's DNS."""

from __future__ import annotations

DOCUMENTATION = r"""
name: signing_records
author: mailforest.stack contributors
version_added: 1.0.0
short_description: Records of signing keys for the directory's DNS
description:
  - Turns the keys of mail servers into records of those zones that the directory's DNS serves. Keys of others are
    left out.
positional: signing
options:
  _input:
    description: C(records) of M(mailforest.stack.dkim_key).
    type: list
    elements: dict
    required: true
  signing:
    description: C(mail.signing) of the compiled topology.
    type: list
    elements: dict
    required: true
"""

EXAMPLES = r"""
records: "{{ keys.records | mailforest.stack.signing_records(plan.mail.signing) }}"
"""

RETURN = r"""
_value:
  description: Entries for the option C(records) of M(mailforest.stack.dns_record).
  type: list
  elements: dict
"""

from collections.abc import Callable
from typing import Any

from ansible_collections.mailforest.stack.plugins.module_utils._topology.records import signing_records


class FilterModule:
    """The filter `signing_records`."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Its name and its function."""
        return {"signing_records": signing_records}
