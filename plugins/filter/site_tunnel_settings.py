# Copyright: (c) 2026, mailforest.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tunnels of the role site_tunnel as its template needs them."""

from __future__ import annotations

DOCUMENTATION = r"""
name: site_tunnel_settings
author: mailforest.stack contributors (@mailforest)
version_added: 1.0.0
short_description: The tunnels of the role site_tunnel as its template needs them
description:
  - Used by the role once C(site_tunnel_errors) has found nothing.
  - Fills in defaults, gives each route its netmask, and decides whether a dead tunnel keeps its device.
options:
  _input:
    description: The value of C(site_tunnel_links).
    type: list
    elements: dict
    required: true
"""

EXAMPLES = r"""
settings: "{{ site_tunnel_links | mailforest.stack.site_tunnel_settings }}"
"""

RETURN = r"""
_value:
  description: The tunnels, each route with its netmask, and whether a dead tunnel keeps its device.
  type: list
  elements: dict
"""

from collections.abc import Callable
from typing import Any

from ansible_collections.mailforest.stack.plugins.module_utils._tunnel.settings import site_tunnel_settings


class FilterModule:
    """The filter `site_tunnel_settings`."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Its name and its function."""
        return {"site_tunnel_settings": site_tunnel_settings}
