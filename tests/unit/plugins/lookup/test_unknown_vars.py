# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The guard against misspelt options."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible.errors import AnsibleLookupError
from ansible_collections.mailforest.stack.plugins.lookup.unknown_vars import LookupModule

SPEC = """
argument_specs:
  main:
    options:
      mail_domain: {type: str}
      mail_relay: {type: str}
  other:
    options:
      mail_extra: {type: str}
  empty: {}
"""


@pytest.fixture
def role(tmp_path: Path) -> Path:
    role = tmp_path / "roles" / "mail"
    (role / "meta").mkdir(parents=True)
    (role / "meta" / "argument_specs.yml").write_text(SPEC)
    (role.parent / "mail_backup" / "tasks").mkdir(parents=True)
    return role


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        pytest.param([], [], id="nothing given"),
        pytest.param(["mail_domain", "mail_extra"], [], id="options of every entry point"),
        pytest.param(["mail_domian", "mail_a"], ["mail_a", "mail_domian"], id="misspelt, sorted"),
        pytest.param(["__mail_result", "mailbox_size", "mail", "other_x"], [], id="not the role's prefix"),
        pytest.param(["mail_backup_target"], [], id="belongs to a longer role beside it"),
        pytest.param(["mail_backups"], ["mail_backups"], id="begins like the longer role, but is not its own"),
    ],
)
def test_unknown_names(role: Path, names: list[str], expected: list[str]) -> None:
    variables = {"role_path": str(role), "role_name": "mailforest.stack.mail", **dict.fromkeys(names, 1)}
    assert LookupModule().run([], variables) == expected


def test_outside_a_role() -> None:
    with pytest.raises(AnsibleLookupError, match="outside a role"):
        LookupModule().run([], {"mail_x": 1})


def test_role_without_specification(tmp_path: Path) -> None:
    with pytest.raises(AnsibleLookupError, match=r"has no meta/argument_specs\.yml"):
        LookupModule().run([], {"role_path": str(tmp_path)})
