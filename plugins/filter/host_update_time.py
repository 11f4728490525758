# Copyright: (c) 2026, mailforest.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The time of day at which a host installs its updates."""

from __future__ import annotations

DOCUMENTATION = r"""
name: host_update_time
author: mailforest.stack contributors (@mailforest)
version_added: 1.0.0
short_description: The time of day at which a host installs its updates
description:
  - Follows from the host's name alone, so it never changes, and differs from host to host; between 02:00 and 06:00.
options:
  _input:
    description: The host's name.
    type: str
    required: true
"""

EXAMPLES = r"""
time: "{{ inventory_hostname | mailforest.stack.host_update_time }}"
"""

RETURN = r"""
_value:
  description: The time as V(HH:MM).
  type: str
"""

from collections.abc import Callable
from typing import Any

from ansible_collections.mailforest.stack.plugins.module_utils._host.settings import host_update_time


class FilterModule:
    """The filter `host_update_time`."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Its name and its function."""
        return {"host_update_time": host_update_time}
