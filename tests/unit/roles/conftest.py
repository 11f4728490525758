# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Evaluates the variables of a role, and its rules (`__<role>_rules`), as Ansible does, without a host."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol

import pytest
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar

ROLES = Path(__file__).resolve().parents[3] / "roles"


class Broken(Protocol):
    """Tells the messages of the rules that are broken."""

    def __call__(self, role: str, **values: Any) -> list[str]: ...


class Evaluate(Protocol):
    """Tells the value of a variable of a role, given `values` over the role's defaults."""

    def __call__(self, role: str, name: str, **values: Any) -> Any: ...


def _load(role: str, part: str) -> dict[str, Any]:
    loaded: dict[str, Any] = DataLoader().load_from_file(
        str(ROLES / role / part / "main.yml"), trusted_as_template=True
    )
    return loaded


def _evaluate(role: str, name: str, **values: Any) -> Any:
    host = {
        "inventory_hostname": "host1",
        "inventory_hostname_short": "host1",
        "groups": {"all": ["host1", "ca1"]},
        "hostvars": {},
        "ansible_check_mode": False,
    }
    variables = host | _load(role, "defaults") | _load(role, "vars") | values
    return Templar(loader=DataLoader(), variables=variables).template(variables[name])


def _broken(role: str, **values: Any) -> list[str]:
    return [str(rule["message"]).strip() for rule in _evaluate(role, f"__{role}_rules", **values) if rule["broken"]]


@pytest.fixture
def evaluate() -> Evaluate:
    """See Evaluate."""
    return _evaluate


@pytest.fixture
def broken() -> Broken:
    """See Broken."""
    return _broken
