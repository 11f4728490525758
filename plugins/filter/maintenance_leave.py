# Copyright: (c) 2026, mailforest.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a host may be taken out of service."""

from __future__ import annotations

DOCUMENTATION = r"""
name: maintenance_leave
author: mailforest.stack contributors
version_added: 1.0.0
short_description: Whether a host may be taken out of service
description:
  - Judges whether the others can do without a host, before anything is changed.
options:
  _input:
    description: >-
      The C(host); the C(controllers), each with its site, and the C(gateways) of the inventory; the C(owners) of the
      FSMO roles, where the host is a controller; the hosts that are C(out) of service; whether what its office has no
      other of may go (C(alone)), and others may take its roles (C(hand_over)).
    type: dict
    required: true
"""

EXAMPLES = r"""
- name: Refuse what others need
  ansible.builtin.assert:
    that: (asked | mailforest.stack.maintenance_leave).refusals | length == 0
"""

RETURN = r"""
_value:
  description: >-
    C(refusals), a sentence or two each with the remedy; the other controllers in service (C(others)); the host's
    C(roles).
  type: dict
"""

from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.mailforest.stack.plugins.module_utils._host.maintenance import Leave


def maintenance_leave(asked: Mapping[str, Any]) -> dict[str, Any]:
    """The verdict."""
    leave = Leave(**asked)
    return {"refusals": leave.refusals, "others": leave.others, "roles": leave.roles}


class FilterModule:
    """The filter `maintenance_leave`."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Its name and its function."""
        return {"maintenance_leave": maintenance_leave}
