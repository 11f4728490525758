# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

SCRIPT = Path(__file__).resolve().parents[3] / "tools/make-secrets"
EXAMPLE = "---\nadministrator: # the first\nusers:\n  alice:\n  boris:\nkept: given\n"


def run(directory: Path, example: str = EXAMPLE) -> tuple[dict[str, Any], str]:
    (directory / "example.yml").write_text(example, encoding="utf-8")
    command = [sys.executable, str(SCRIPT), str(directory / "example.yml"), str(directory / "secrets.yml")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return yaml.safe_load((directory / "secrets.yml").read_text(encoding="utf-8")), done.stdout + done.stderr


def test_every_gap_gets_a_password_of_its_own(tmp_path: Path) -> None:
    made, printed = run(tmp_path)
    passwords = [made["administrator"], *made["users"].values()]
    assert set(made["users"]) == {"alice", "boris"}
    assert len(set(passwords)) == 3
    assert made["kept"] == "given"
    assert printed == ""


@pytest.mark.parametrize("attempt", range(5))
def test_a_password_satisfies_the_directorys_policy(tmp_path: Path, attempt: int) -> None:
    password = run(tmp_path)[0]["administrator"]
    assert len(password) >= 12
    assert any(letter.islower() for letter in password)
    assert any(letter.isupper() for letter in password)
    assert any(letter.isdigit() for letter in password)


def test_the_file_is_its_owners_alone(tmp_path: Path) -> None:
    run(tmp_path)
    assert (tmp_path / "secrets.yml").stat().st_mode & 0o777 == 0o600


def test_what_was_made_is_kept_and_what_is_new_is_added(tmp_path: Path) -> None:
    first, _ = run(tmp_path)
    second, _ = run(tmp_path, EXAMPLE.replace("  boris:\n", "  boris:\n  carol:\n") + "passphrase:\n")
    assert second["passphrase"]
    assert second["users"].pop("carol")
    del second["passphrase"]
    assert second == first
