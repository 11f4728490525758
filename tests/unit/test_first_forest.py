# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The guide to the first forest, played through as far as it goes without hosts, in both languages."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from ansible_collections.mailforest.stack.tests.unit.tools.programs import program

ROOT = Path(__file__).resolve().parents[2]
GUIDES = [ROOT / "docs/first-forest.md", ROOT / "docs/ru/first-forest.md"]
SHELL = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)
FILE = re.compile(r"^```yaml\n(.*?)^```", re.MULTILINE | re.DOTALL)
PLAN = "msg={{ lookup('mailforest.stack.plan').mail.domains }}"


def _commands(guide: Path) -> list[str]:
    """What is typed, without the comments, which are in two languages."""
    lines = "".join(SHELL.findall(guide.read_text(encoding="utf-8"))).splitlines()
    return [line.split(" #")[0].rstrip() for line in lines]


def _run(office: Path, program: str, *arguments: str, password: Path | None = None) -> subprocess.CompletedProcess[str]:
    """One of Ansible's programs in the office, as its own ansible.cfg has it."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")}
    environment |= {"ANSIBLE_COLLECTIONS_PATH": f"{ROOT}/.build/dev:{ROOT}/.build/collections", "ANSIBLE_NOCOLOR": "1"}
    if password:
        environment["ANSIBLE_VAULT_PASSWORD_FILE"] = str(password)
    command = [str(Path(sys.executable).with_name(program)), *arguments]
    return subprocess.run(command, cwd=office, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture(params=GUIDES, ids=lambda path: str(path.relative_to(ROOT)))
def office(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Steps 1 and 2: the example, the guide's own variables, passwords in a vault that opens with tmp_path/password."""
    place = tmp_path / "office"
    shutil.copytree(
        ROOT / "examples/one-office",
        place,
        ignore=shutil.ignore_patterns("collections", "secrets.yml", "lab.yml", "output"),
    )
    variables = place / "inventory/group_vars/all"
    written = FILE.findall(request.param.read_text(encoding="utf-8"))
    assert len(written) == 1
    (variables / "mailforest.yml").write_text(f"---\n{written[0]}", encoding="utf-8")
    program("make-secrets")["main"](variables / "secrets.yml.example", variables / "secrets.yml")
    (tmp_path / "password").write_text("of the vault\n", encoding="utf-8")
    done = _run(place, "ansible-vault", "encrypt", str(variables / "secrets.yml"), password=tmp_path / "password")
    assert done.returncode == 0, done.stderr
    return place


def test_the_topology_of_the_guide_is_without_a_fault(office: Path, tmp_path: Path) -> None:
    done = _run(
        office, "ansible", "localhost", "-m", "ansible.builtin.debug", "-a", PLAN, password=tmp_path / "password"
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "example.test" in done.stdout


def test_without_the_vaults_password_no_command_works(office: Path) -> None:
    """Why the guide gives it to `ansible`, too."""
    done = _run(office, "ansible", "dc1", "--connection", "local", "-m", "ansible.builtin.ping")
    assert done.returncode != 0
    assert "vault" in done.stderr


@pytest.mark.parametrize("guide", GUIDES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_command_after_the_encryption_has_the_vaults_password(guide: Path) -> None:
    commands = _commands(guide)
    encrypted = next(number for number, command in enumerate(commands) if "ansible-vault encrypt" in command)
    later = [command for command in commands[encrypted + 1 :] if command.startswith("ansible")]
    assert len(later) > 2
    assert [command for command in later if "--ask-vault-pass" not in command] == []


def test_both_languages_type_the_same() -> None:
    assert _commands(GUIDES[0]) == _commands(GUIDES[1])
