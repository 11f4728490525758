# Copyright: (c) 2026, mailforest.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Look up the compiled plan, for plays that begin behind the task that compiled it."""

from __future__ import annotations

DOCUMENTATION = r"""
name: plan
author: mailforest.stack contributors (@mailforest)
version_added: 1.0.0
short_description: The plan that follows from the topology
description:
  - Validates the topology and compiles it to the plan that the action M(mailforest.stack.topology) returns as a fact.
  - It serves runs that begin in the middle (C(--start-at-task), C(--tags)), in which the action has not run.
  - It fails with one text that lists every error, when the topology has any.
options:
  _terms:
    description: Takes no terms.
    type: list
    elements: str
    required: false
seealso:
  - module: mailforest.stack.topology
"""

EXAMPLES = r"""
- name: Use the fact, or compile anew when there is none
  ansible.builtin.debug:
    var: __plan.fsmo
  vars:
    __plan: >-
      {{ ansible_facts.mailforest_compiled if ansible_facts.mailforest_compiled is defined
         else lookup('mailforest.stack.plan') }}
"""

RETURN = r"""
_raw:
  description: One item, the plan; its keys are described with M(mailforest.stack.topology).
  type: list
  elements: dict
"""

from typing import Any

from ansible.errors import AnsibleLookupError
from ansible.plugins.lookup import LookupBase
from ansible_collections.mailforest.stack.plugins.module_utils._topology.findings import render
from ansible_collections.mailforest.stack.plugins.plugin_utils._topology_input import compile_input


class LookupModule(LookupBase):
    """The lookup `mailforest.stack.plan`."""

    def run(self, terms: list[Any], variables: dict[str, Any] | None = None, **kwargs: Any) -> list[Any]:
        """The plan as the only item."""
        if terms or kwargs:
            raise AnsibleLookupError("mailforest.stack.plan takes no terms and no options.")
        outcome = compile_input(variables or {}, self._templar.template)
        if outcome.errors:
            raise AnsibleLookupError(render(outcome.errors))
        return [outcome.plan]
