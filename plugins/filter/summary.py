# Copyright: (c) 2026, mailforest.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: summary
short_description: Say what the administrator has after a run
version_added: 1.0.0
description:
  - Turns the compiled topology and what was probed into lines of text - addresses, ports, role owners, the mail that
    went through, where the CA's certificate lies, and what belongs into the public DNS.
positional: _input
options:
  _input:
    description: The compiled topology, as M(mailforest.stack.topology) returns it.
    type: dict
    required: true
  owners:
    description: Domain controller to role to owner, as M(mailforest.stack.fsmo_info) returned it on each.
    type: dict
    required: true
  flows:
    description: The results of a loop of M(mailforest.stack.mail_flow) over the compiled topology's flows.
    type: list
    elements: dict
    required: true
  ca_file:
    description: Where the CA's certificate lies on the controller; empty where it was not copied.
    type: str
    default: ""
author:
  - mailforest.stack contributors (@mailforest)
"""

EXAMPLES = r"""
- name: Show what stands
  ansible.builtin.debug:
    msg: "{{ ansible_facts.mailforest_compiled | mailforest.stack.summary(owners={}, flows=[]) }}"
"""

RETURN = r"""
_value:
  description: Lines of text.
  type: list
  elements: str
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ansible_collections.mailforest.stack.plugins.plugin_utils._summary import summary


def _summary(
    plan: Mapping[str, Any],
    *,
    owners: Mapping[str, Mapping[str, str]],
    flows: Sequence[Mapping[str, Any]],
    ca_file: str = "",
) -> list[str]:
    return summary(plan, owners=owners, flows=flows, ca_file=ca_file)


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Name them for Ansible."""
        return {"summary": _summary}
