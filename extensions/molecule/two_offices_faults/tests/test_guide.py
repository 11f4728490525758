# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The guide to the first forest, typed word by word in an empty directory, for three blank hosts.

Two words are not the guide's. No Galaxy can be reached here, so the collection comes from this checkout's tarball; and
GitHub's repository is this one, as git is told. The Russian guide types the same (tests/unit/test_first_forest.py).
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import ssl
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from ansible_collections.mailforest.stack.tests.system.support import office as offices
from ansible_collections.mailforest.stack.tests.system.support.lab import LAB, renew
from ansible_collections.mailforest.stack.tests.system.support.office import Office
from ansible_collections.mailforest.stack.tests.system.support.playbook import ROOT, site, verified
from ansible_collections.mailforest.stack.tests.system.support.terminal import Typed, typed

GUIDE = (ROOT / "docs/first-forest.md").read_text(encoding="utf-8")
STEPS = re.compile(r"^```(sh|yaml)\n(.*?)^```", re.MULTILINE | re.DOTALL)
PROOF = re.compile(r"^`(ansible-playbook verify\.yml [^`]*)`", re.MULTILINE)
GALAXY = "ansible-galaxy collection install -r requirements.yml -p collections"
REPOSITORY = "https://github.com/mailforest/stack"
HOSTS = ("gw-hq", "dc1", "mx1")
"""With the addresses of the example, which an administrator would replace."""
SERVER, NAME = "mx1", "mx1.corp.example.test"
SECONDS = 900
SETTLED_SECONDS = 600
EDITOR = """#!{python}
# Somebody who fills in the passwords, and takes the line of a user out who is not in the guide.
import pathlib, runpy, sys
target = pathlib.Path(sys.argv[1])
target.write_text("".join(line for line in target.read_text().splitlines(True) if "carol" not in line))
filled = target.with_name(".filled.yml")
runpy.run_path("{root}/tools/make-secrets")["main"](target, filled)
filled.replace(target)
"""


class Administrator:
    """Somebody at a terminal, in a directory that was empty, with ssh keys that the hosts know."""

    def __init__(self, home: Path) -> None:
        self.home = self.place = home
        self.environment = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("ANSIBLE_", "MOLECULE_", "MAILFOREST_", "PYTHON"))
        }
        lab = yaml.safe_load((ROOT / f".build/lab/{LAB}/inventory.yml").read_text(encoding="utf-8"))["all"]["vars"]
        self.environment |= {
            "ANSIBLE_REMOTE_USER": lab["ansible_user"],
            "ANSIBLE_PRIVATE_KEY_FILE": lab["ansible_ssh_private_key_file"],
            "ANSIBLE_SSH_COMMON_ARGS": lab["ansible_ssh_common_args"],
            "ANSIBLE_NOCOLOR": "1",
            "PAGER": "cat",
            "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": f"url.{ROOT}.insteadOf",
            "GIT_CONFIG_VALUE_0": REPOSITORY,
            "PATH": f"{home}/bin:{Path(sys.executable).parent}:{os.environ['PATH']}",
        }
        (home / "bin").mkdir()
        (home / "bin/editor").write_text(EDITOR.format(python=sys.executable, root=ROOT), encoding="utf-8")
        (home / "bin/editor").chmod(0o755)

    def types(self, line: str) -> Typed:
        """One line, where the one before has led to; it must succeed."""
        line = line.replace(GALAXY, f'{ROOT}/tools/install-collection "$PWD/collections"')
        left = self.home / "left"
        done = typed(
            f'{line}\ncode=$?; pwd > "{left}"; exit $code',
            place=self.place,
            environment=self.environment,
            password="of the vault",
            seconds=SECONDS,
        )
        assert done.code == 0, f"{line}\n{done.output}"
        self.place = Path(left.read_text(encoding="utf-8").rstrip("\n"))
        return done


@pytest.fixture(scope="module")
def office() -> Iterator[Office]:
    """The two offices, three of whose hosts are blank; afterwards they are the two offices again."""
    office = offices.current()
    renew(*HOSTS)
    yield office
    renew(*office.hosts)
    site()
    verified(seconds=SETTLED_SECONDS)


@pytest.fixture(scope="module")
def administrator(office: Office, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Administrator]:
    """Whoever has read no more than the guide."""
    home = tmp_path_factory.mktemp("administrator")
    yield Administrator(home)
    shutil.rmtree(home)


def _play_through(administrator: Administrator) -> dict[str, Typed]:
    """Every block of the guide in its order; what the lines said."""
    said: dict[str, Typed] = {}
    for kind, text in STEPS.findall(GUIDE):
        if kind == "yaml":
            variables = administrator.place / "inventory/group_vars/all/mailforest.yml"
            variables.write_text(f"---\n{text}", encoding="utf-8")
        else:
            said |= {line: administrator.types(line) for line in text.splitlines()}
    return said


def _last(said: dict[str, Typed], beginning: str) -> str:
    return [done.output for line, done in said.items() if line.startswith(beginning)][-1]


def _logs_in(office: Office, ca_file: Path, password: str) -> bool:
    """As alice, by the name that the guide gives, with the certificate that it hands to clients."""
    context = ssl.create_default_context(cafile=str(ca_file))
    with (
        socket.create_connection((office.addresses[SERVER], 993), timeout=20) as plain,
        context.wrap_socket(plain, server_hostname=NAME) as session,
    ):
        lines = session.makefile("rb")
        assert lines.readline().startswith(b"* OK")
        session.sendall(f'a LOGIN alice "{password}"\r\n'.encode())
        return lines.readline().startswith(b"a OK")


def _passwords(administrator: Administrator) -> dict[str, str]:
    """What the editor wrote, from the vault."""
    shown = administrator.types("ansible-vault view --ask-vault-pass inventory/group_vars/all/secrets.yml").output
    secrets = yaml.safe_load(shown[shown.index("# Random") :])
    return dict(secrets["mailforest_user_passwords"])


def test_the_guide_leads_to_a_forest(office: Office, administrator: Administrator) -> None:
    said = _play_through(administrator)
    assert GALAXY in said
    assert _last(said, "ansible all").count('"pong"') == len(HOSTS) + 1
    assert "no findings" in _last(said, "ansible-playbook site.yml")
    for name in ("ca.crt", "public-dns.zone"):
        assert (administrator.place / "output" / name).stat().st_size > 0
    passwords = _passwords(administrator)
    assert set(passwords) == {"alice", "boris"}
    assert _logs_in(office, administrator.place / "output/ca.crt", passwords["alice"])
    assert not _logs_in(office, administrator.place / "output/ca.crt", "another password")


def test_it_may_be_run_as_often_as_one_likes(administrator: Administrator) -> None:
    run = administrator.types("ansible-playbook site.yml --ask-vault-pass").output
    assert set(re.findall(r"changed=(\d+)", run)) == {"0"}, run
    (proof,) = PROOF.findall(GUIDE)
    assert "no findings" in administrator.types(proof).output
