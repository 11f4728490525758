# Copyright: (c) 2026, mailforest.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is next on a domain controller's way to Debian's next release."""

from __future__ import annotations

DOCUMENTATION = r"""
name: controller_release
author: mailforest.stack contributors
version_added: 1.0.0
short_description: What is next on a domain controller's way to Debian's next release
description:
  - A domain controller leaves the directory, is installed anew, and joins again under its name. Which of these is next
    is read from what the host is and from what the other controllers know, before anything is changed.
options:
  _input:
    description: >-
      C(host), C(address) and C(functions) of the host; the C(sites) of all controllers of the inventory, in its order;
      the host's C(system) and C(release); whether it C(holds_directory), and whether Samba C(serves) there; what the
      C(others) know, as M(mailforest.stack.fsmo_info) returns it; where the roles are C(placed) by the inventory; the
      C(survivor) that was asked for.
    type: dict
    required: true
seealso:
  - plugin: mailforest.stack.controller_admission
    plugin_type: filter
  - module: mailforest.stack.fsmo_info
"""

EXAMPLES = r"""
- name: Refuse what would not end well
  ansible.builtin.assert:
    that: (asked | mailforest.stack.controller_release).refusals | length == 0
"""

RETURN = r"""
_value:
  description: >-
    C(step), which is V(leave), V(install), V(join), V(nothing) or V(refused); C(refusals), a sentence or two each with
    the remedy; what is C(told) of the step, and what the host's owner does C(after) it; the controller that C(stays);
    those that must be C(well) before; whether the host C(gives) its roles away itself.
  type: dict
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

from ansible_collections.mailforest.stack.plugins.module_utils._directory._controller_release import (
    Controller,
    Other,
    stage,
)


def controller_release(asked: Mapping[str, Any]) -> dict[str, Any]:
    """The step, and what is said of it."""
    others = {
        name: Other(controllers=known["controllers"], owners=known["owners"]) for name, known in asked["others"].items()
    }
    return asdict(stage(Controller(**{**asked, "others": others})))


class FilterModule:
    """The filter `controller_release`."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Its name and its function."""
        return {"controller_release": controller_release}
