# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a role says of its options is true: argument_specs.yml against defaults/, for every role."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
ROLES = sorted(path.name for path in (ROOT / "roles").iterdir() if path.is_dir())
TYPES: Mapping[str, tuple[type, ...]] = {
    "str": (str,),
    "path": (str,),
    "raw": (object,),
    "int": (int,),
    "float": (int, float),
    "bool": (bool,),
    "list": (list,),
    "dict": (dict,),
}


def _load(role: str, path: str) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((ROOT / "roles" / role / path).read_text(encoding="utf-8")) or {}
    return loaded


def _specs(role: str) -> dict[str, dict[str, Any]]:
    return dict(_load(role, "meta/argument_specs.yml")["argument_specs"])


def _options(role: str) -> dict[str, dict[str, Any]]:
    return {name: option for spec in _specs(role).values() for name, option in spec.get("options", {}).items()}


def _nested(options: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    for name, option in options.items():
        yield f"{path}{name}", option
        yield from _nested(option.get("options", {}), f"{path}{name}.")


def _is_template(value: object) -> bool:
    return isinstance(value, str) and "{{" in value


def _wrong_type(value: object, option: Mapping[str, Any]) -> bool:
    """Whether a default is of another type than declared; of what a template gives, only a run can tell."""
    if _is_template(value):
        return False
    kind = option["type"]
    if isinstance(value, bool) and kind in ("int", "float"):
        return True
    if not isinstance(value, TYPES[kind]):
        return True
    elements = {"type": option["elements"]} if kind == "list" else None
    return elements is not None and any(_wrong_type(item, elements) for item in value)  # type: ignore[attr-defined]


def _worked_out(role: str) -> dict[str, str]:
    """Truth values whose default is a template, which no specification may hold, with their descriptions."""
    found = _load(role, "defaults/main.yml") or {}
    return {
        name: str(option["description"])
        for name, option in _options(role).items()
        if option["type"] == "bool" and _is_template(found.get(name))
    }


def test_there_are_roles() -> None:
    assert ROLES


@pytest.mark.parametrize("role", ROLES)
def test_defaults_are_those_of_the_specification(role: str) -> None:
    declared = {name: option["default"] for name, option in _options(role).items() if "default" in option}
    found = _load(role, "defaults/main.yml")
    assert {name: value for name, value in found.items() if name not in _worked_out(role)} == declared


@pytest.mark.parametrize("role", ROLES)
def test_an_option_has_a_default_or_is_required(role: str) -> None:
    given = {name for name, option in _options(role).items() if "default" in option} | set(_worked_out(role))
    assert [name for name, option in _options(role).items() if (name in given) == bool(option.get("required"))] == []


@pytest.mark.parametrize("role", ROLES)
def test_a_truth_value_that_is_worked_out_says_how(role: str) -> None:
    assert [name for name, text in _worked_out(role).items() if "By default V(true)" not in text] == []


@pytest.mark.parametrize("role", ROLES)
def test_every_option_is_typed_and_described(role: str) -> None:
    wrong = [
        name
        for name, option in _nested(_options(role))
        if option.get("type") not in TYPES
        or not option.get("description")
        or (option["type"] == "list" and option.get("elements") not in TYPES)
    ]
    assert wrong == []


@pytest.mark.parametrize("role", ROLES)
def test_defaults_are_of_the_declared_type(role: str) -> None:
    wrong = [
        f"{name}: {option['default']!r} is no {option['type']}"
        for name, option in _nested(_options(role))
        if "default" in option and _wrong_type(option["default"], option)
    ]
    assert wrong == []


@pytest.mark.parametrize("role", ROLES)
def test_defaults_are_among_the_choices(role: str) -> None:
    wrong = []
    for name, option in _nested(_options(role)):
        value = option.get("default")
        if "choices" in option and value is not None and not _is_template(value):
            values = value if isinstance(value, list) else [value]
            wrong += [f"{name}: {item!r}" for item in values if item not in option["choices"]]
    assert wrong == []


@pytest.mark.parametrize("role", ROLES)
def test_secrets_are_marked(role: str) -> None:
    secrets = ("password", "passwords", "passphrase", "secret")
    found = [
        (name, option)
        for name, option in _nested(_options(role))
        if name.endswith(secrets) and not name.endswith("update_password")
    ]
    assert [name for name, option in found if option.get("no_log") is not True] == []


@pytest.mark.parametrize("role", ROLES)
def test_names_carry_the_role(role: str) -> None:
    assert [name for name in _options(role) if not name.startswith(f"{role}_")] == []
    variables = _load(role, "vars/main.yml") if (ROOT / "roles" / role / "vars/main.yml").is_file() else {}
    assert [name for name in variables if not name.startswith(f"__{role}_")] == []


@pytest.mark.parametrize("role", ROLES)
def test_a_role_is_described(role: str) -> None:
    assert all(spec.get("short_description") and spec.get("description") for spec in _specs(role).values())
    readme = (ROOT / "roles" / role / "README.md").read_text(encoding="utf-8")
    assert len(readme.splitlines()) <= 30
    assert f"mailforest.stack.{role}" in readme


@pytest.mark.parametrize("role", ROLES)
def test_no_option_is_named_like_those_of_a_longer_role(role: str) -> None:
    """Names that begin with `directory_sites_` are that role's, so `directory` can have none of them."""
    longer = tuple(f"{other}_" for other in ROLES if other.startswith(f"{role}_"))
    assert [name for name in _options(role) if name.startswith(longer)] == []
