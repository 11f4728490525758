# Copyright: (c) 2026, mailforest.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What cannot work in the services of the role tls_tunnel."""

from __future__ import annotations

DOCUMENTATION = r"""
name: tls_tunnel_errors
author: mailforest.stack contributors (@mailforest)
version_added: 1.0.0
short_description: What cannot work in the services of the role tls_tunnel
description:
  - Used by the role before it changes anything. Each text names the variable, the value, what is wrong, and the remedy.
options:
  _input:
    description: The value of C(tls_tunnel_services).
    type: list
    elements: dict
    required: true
"""

EXAMPLES = r"""
errors: "{{ tls_tunnel_services | mailforest.stack.tls_tunnel_errors }}"
"""

RETURN = r"""
_value:
  description: One text per error; empty when the values can work.
  type: list
  elements: str
"""

from collections.abc import Callable
from typing import Any

from ansible_collections.mailforest.stack.plugins.module_utils._tunnel.tls_settings import tls_tunnel_errors


class FilterModule:
    """The filter `tls_tunnel_errors`."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Its name and its function."""
        return {"tls_tunnel_errors": tls_tunnel_errors}
