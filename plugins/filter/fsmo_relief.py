# Copyright: (c) 2026, mailforest.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who takes the roles of a domain controller for a while."""

from __future__ import annotations

DOCUMENTATION = r"""
name: fsmo_relief
author: mailforest.stack contributors
version_added: 1.0.0
short_description: Who takes the roles of a domain controller for a while
description:
  - Another domain controller of its site; without one, the first other domain controller.
options:
  _input:
    description: The domain controller that is to be without roles.
    type: str
    required: true
  controllers:
    description: Names of all domain controllers, in the order of preference.
    type: list
    elements: str
    required: true
  sites:
    description: The site of each.
    type: dict
    required: true
seealso:
  - plugin: mailforest.stack.fsmo_moves
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Name the one that takes dc1's roles
  ansible.builtin.debug:
    msg: "{{ 'dc1' | mailforest.stack.fsmo_relief(controllers=['dc1', 'dc3'], sites={'dc1': 'hq', 'dc3': 'branch'}) }}"
"""

RETURN = r"""
_value:
  description: Its name; empty when there is no other.
  type: str
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ansible_collections.mailforest.stack.plugins.module_utils._directory._moves import relieved


def fsmo_relief(leaving: str, controllers: Sequence[str], sites: Mapping[str, str]) -> str:
    """Its name."""
    return relieved(leaving, controllers=controllers, sites=sites)


class FilterModule:
    """The filter `fsmo_relief`."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Its name and its function."""
        return {"fsmo_relief": fsmo_relief}
