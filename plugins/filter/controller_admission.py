# Copyright: (c) 2026, mailforest.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a host may join as a domain controller."""

from __future__ import annotations

DOCUMENTATION = r"""
name: controller_admission
author: mailforest.stack contributors
version_added: 1.0.0
short_description: Whether a host may join as a domain controller
description:
  - Judges what a host, the forest and its DNS have said of the host's name and address, before anything is changed.
options:
  _input:
    description: >-
      C(name), C(fqdn), C(address) and C(site) of the host; whether it C(holds_directory); the controllers that are
      C(known), the C(sites) of the directory and the C(owners) of the roles; the computer C(accounts) of the name, its
      C(addresses) and the names of the address (C(pointers)) in DNS; whether a former controller of the name may be
      removed (C(again)).
    type: dict
    required: true
seealso:
  - module: mailforest.stack.domain_controller
"""

EXAMPLES = r"""
- name: Refuse a host whose name is taken
  ansible.builtin.assert:
    that: (asked | mailforest.stack.controller_admission).refusals | length == 0
"""

RETURN = r"""
_value:
  description: C(refusals), a sentence or two each with the remedy, and C(told), what is to be done otherwise.
  type: dict
"""

from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.mailforest.stack.plugins.module_utils._directory._admission import Candidate, admission


def controller_admission(asked: Mapping[str, Any]) -> dict[str, Any]:
    """The verdict."""
    refusals, told = admission(Candidate(**asked))
    return {"refusals": refusals, "told": told}


class FilterModule:
    """The filter `controller_admission`."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Its name and its function."""
        return {"controller_admission": controller_admission}
