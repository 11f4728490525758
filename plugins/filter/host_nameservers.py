# Copyright: (c) 2026, mailforest.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The name servers that a host is to use."""

from __future__ import annotations

DOCUMENTATION = r"""
name: host_nameservers
author: mailforest.stack contributors (@mailforest)
version_added: 1.0.0
short_description: The name servers that a host is to use
description:
  - At most three. Resolvers come first; the last place is kept for an upstream, so that packages can be had while no
    resolver answers. Given no upstreams, those that the host uses stay, but for itself and the resolvers.
positional: upstreams, present
options:
  _input:
    description: Addresses of the resolvers, the best first.
    type: list
    elements: str
    required: true
  upstreams:
    description: Addresses of name servers beyond them.
    type: list
    elements: str
    required: true
  present:
    description: Addresses of the name servers that the host uses now.
    type: list
    elements: str
    required: true
"""

EXAMPLES = r"""
servers: "{{ ['198.51.100.66'] | mailforest.stack.host_nameservers([], ansible_facts['dns']['nameservers']) }}"
"""

RETURN = r"""
_value:
  description: Addresses, in order.
  type: list
  elements: str
"""

from collections.abc import Callable
from typing import Any

from ansible_collections.mailforest.stack.plugins.module_utils._host.settings import host_nameservers


class FilterModule:
    """The filter `host_nameservers`."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Its name and its function."""
        return {"host_nameservers": host_nameservers}
