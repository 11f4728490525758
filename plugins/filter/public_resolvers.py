# Copyright: (c) 2026, mailforest.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which of some resolvers everybody uses."""

from __future__ import annotations

DOCUMENTATION = r"""
name: public_resolvers
author: mailforest.stack contributors
version_added: 1.0.0
short_description: Which of some resolvers everybody uses
description:
  - Block lists refuse the public resolvers, so a server behind one must not ask them.
options:
  _input:
    description: Addresses of name servers.
    type: list
    elements: str
    required: true
"""

EXAMPLES = r"""
asked: "{{ ansible_facts['dns']['nameservers'] | mailforest.stack.public_resolvers | length == 0 }}"
"""

RETURN = r"""
_value:
  description: Those that are known to be public.
  type: list
  elements: str
"""

from collections.abc import Callable
from typing import Any

from ansible_collections.mailforest.stack.plugins.module_utils._mail.antispam import public_resolvers


class FilterModule:
    """The filter `public_resolvers`."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Its name and its function."""
        return {"public_resolvers": public_resolvers}
