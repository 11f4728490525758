# Copyright: (c) 2026, mailforest.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which FSMO roles move, and where to."""

from __future__ import annotations

DOCUMENTATION = r"""
name: fsmo_moves
author: mailforest.stack contributors
version_added: 1.0.0
short_description: Which FSMO roles move, and where to
description:
  - The map that M(mailforest.stack.fsmo) takes, for moving some roles or all of them to one domain controller.
  - A name that is no domain controller's, or no role's, ends the run before anything is changed.
options:
  _input:
    description: The owner of each role, as M(mailforest.stack.fsmo_info) returns it.
    type: dict
    required: true
  controllers:
    description: Names of all domain controllers.
    type: list
    elements: str
    required: true
  to:
    description: The new owner.
    type: str
    required: true
  source:
    description: Only the roles that this one has.
    type: str
    default: ""
  roles:
    description: Only these roles, as a list or with commas between them. Without them and without O(source) all seven.
    type: raw
    default: []
seealso:
  - plugin: mailforest.stack.fsmo_relief
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Have dc3 take what dc1 has
  mailforest.stack.fsmo:
    roles: "{{ found.owners | mailforest.stack.fsmo_moves(controllers=['dc1', 'dc3'], to='dc3', source='dc1') }}"
"""

RETURN = r"""
_value:
  description: Role to owner, the roles that stay left out.
  type: dict
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible_collections.mailforest.stack.plugins.module_utils._directory._moves import moved
from ansible_collections.mailforest.stack.plugins.module_utils._engine import ResourceError


def fsmo_moves(
    owners: Mapping[str, str | None],
    controllers: Sequence[str],
    to: str,
    source: str = "",
    roles: Iterable[str] | str = (),
) -> dict[str, str]:
    """The map, or Ansible's error."""
    try:
        return moved(owners, controllers=controllers, to=to, source=source, roles=roles)
    except ResourceError as error:
        raise AnsibleFilterError(str(error)) from error


class FilterModule:
    """The filter `fsmo_moves`."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Its name and its function."""
        return {"fsmo_moves": fsmo_moves}
