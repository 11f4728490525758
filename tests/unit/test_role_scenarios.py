# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every role is run alone, with two sets of variables, by `make test-roles`; CI runs some with the first."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
SCENARIOS = ROOT / "extensions" / "molecule"
ROLES = sorted(path.name for path in (ROOT / "roles").iterdir() if path.is_dir())
IN_OFFICES = {"mail_tables", "samba_member", "sysvol_sync"}
"""Each needs a domain with hosts in it, so these run in the offices and not alone."""


def _variables(role: str, name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((SCENARIOS / f"role_{role}" / f"{name}.yml").read_text(encoding="utf-8"))
    return loaded or {}


def _options(role: str) -> dict[str, Any]:
    specs = yaml.safe_load((ROOT / "roles" / role / "meta" / "argument_specs.yml").read_text(encoding="utf-8"))
    return dict(specs["argument_specs"]["main"]["options"])


@pytest.mark.parametrize("role", [role for role in ROLES if role not in IN_OFFICES])
def test_a_role_has_alternative_variables_of_its_own(role: str) -> None:
    """At least two of its options have another value than in the first set."""
    first, second, options = _variables(role, "vars"), _variables(role, "alternative"), _options(role)
    assert set(second) <= set(options)
    different = [name for name, value in second.items() if first.get(name, options[name].get("default")) != value]
    assert len(different) >= 2, different


def test_roles_that_run_in_offices_have_no_scenario() -> None:
    assert {role for role in ROLES if not (SCENARIOS / f"role_{role}").is_dir()} == IN_OFFICES


def test_the_roles_that_ci_runs_alone_have_scenarios() -> None:
    """A name that is none would fail after half an hour only."""
    named = re.search(r"^ROLES=\((.*)\)$", (ROOT / "tools" / "test").read_text(encoding="utf-8"), re.MULTILINE)
    assert named
    assert [name for name in named[1].split() if not (SCENARIOS / f"role_{name}").is_dir()] == []
