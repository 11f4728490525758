# Copyright: (c) 2026, mailforest.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Find variables that look like options of the running role but are none."""

from __future__ import annotations

DOCUMENTATION = r"""
name: unknown_vars
author: mailforest.stack contributors (@mailforest)
version_added: 1.0.0
short_description: Names of variables that look like options of the running role but are none
description:
  - Ansible checks the values of a role's options, but lets a misspelt name pass. This lookup returns every variable
    whose name begins with the role's name and an underscore and that no entry point in the role's
    C(meta/argument_specs.yml) lists.
  - It sees variables from every source (inventory, play, role, extra variables). It reads names only, never values.
  - Names that begin with the name of a longer role next to this one (C(directory_sites_) for the role C(directory))
    belong to that role and are left to it.
  - It must be called from a task of the role itself.
options:
  _terms:
    description: Takes no terms.
    type: list
    elements: str
    required: false
"""

EXAMPLES = r"""
- name: Refuse unknown variables
  ansible.builtin.assert:
    that: query('mailforest.stack.unknown_vars') | length == 0
    fail_msg: >-
      Not options of this role: {{ query('mailforest.stack.unknown_vars') | join(', ') }}.
      Remove or correct them; the options are in meta/argument_specs.yml.
    quiet: true
"""

RETURN = r"""
_list:
  description: The names, sorted; empty when every name is an option of the role.
  type: list
  elements: str
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml
from ansible.errors import AnsibleLookupError
from ansible.plugins.lookup import LookupBase

_SPEC_FILES = ("argument_specs.yml", "argument_specs.yaml")


def known_options(role: Path) -> frozenset[str]:
    """The option names of all entry points of the role in directory `role`."""
    for name in _SPEC_FILES:
        file = role / "meta" / name
        if file.is_file():
            spec = yaml.safe_load(file.read_text(encoding="utf-8")) or {}
            entries = (spec.get("argument_specs") or {}).values()
            return frozenset(option for entry in entries for option in (entry.get("options") or {}))
    raise AnsibleLookupError(
        f"The role in {role} has no meta/{_SPEC_FILES[0]}, so misspelt options cannot be found. "
        "Add the file, or do not call unknown_vars there."
    )


def sibling_prefixes(role: Path) -> tuple[str, ...]:
    """Prefixes of variables that belong to roles beside `role` whose names merely begin like its own."""
    return tuple(f"{other.name}_" for other in role.parent.glob(f"{role.name}_*") if (other / "tasks").is_dir())


def unknown_names(*, role: Path, names: Iterable[str]) -> list[str]:
    """Those of `names` that have the role's prefix and are no option of it."""
    prefix, foreign, known = f"{role.name}_", sibling_prefixes(role), known_options(role)
    return sorted(n for n in names if n.startswith(prefix) and n not in known and not n.startswith(foreign))


class LookupModule(LookupBase):
    """The lookup `unknown_vars`."""

    def run(self, terms: list[Any], variables: Mapping[str, Any] | None = None, **kwargs: Any) -> list[str]:
        """Return the unknown names; see DOCUMENTATION."""
        self.set_options(var_options=variables, direct=kwargs)
        if not variables or not variables.get("role_path"):
            raise AnsibleLookupError(
                "unknown_vars was called outside a role, so there are no options to compare with. "
                "Call it from a role's task."
            )
        return unknown_names(role=Path(str(variables["role_path"])), names=variables)
