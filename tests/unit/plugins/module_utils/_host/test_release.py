# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The next release in place of this one: sources, reasons to refuse, the way back, the way on after an interruption."""

from __future__ import annotations

import fcntl
import shutil
import threading
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from ansible_collections.mailforest.stack.plugins.module_utils._engine import ResourceError, _run
from ansible_collections.mailforest.stack.plugins.module_utils._host import release

LIST = """# bookworm
deb http://mirror.example/debian bookworm main contrib # bookworm
deb-src [signed-by=/etc/k] http://mirror.example/debian bookworm-updates main
deb http://mirror.example/security bookworm-security main
"""
SOURCES = "Types: deb\nURIs: http://mirror.example/bookworm\nSuites: bookworm bookworm-updates\nComponents: main\n"
UNITS = ["postfix.service", "dovecot.service"]


def test_suites_are_switched_and_nothing_else() -> None:
    once = release.switched(LIST, "bookworm", "trixie")
    assert once == LIST.replace(" bookworm main c", " trixie main c").replace(" bookworm-", " trixie-")
    assert release.switched(SOURCES, "bookworm", "trixie") == SOURCES.replace(
        "Suites: bookworm bookworm-updates", "Suites: trixie trixie-updates"
    )
    assert release.switched(once, "bookworm", "trixie") == once


def test_suites_are_read_from_both_forms() -> None:
    assert release.suites(LIST) == ["bookworm", "bookworm-updates", "bookworm-security"]
    assert release.suites(SOURCES) == ["bookworm", "bookworm-updates"]


@pytest.mark.parametrize(
    ("found", "strange"),
    [
        (["bookworm", "bookworm-security", "trixie"], []),
        (["stable"], ["stable"]),
        (["bookwormish", "sid"], ["bookwormish", "sid"]),
    ],
)
def test_suites_of_no_release_are_named(found: list[str], strange: list[str]) -> None:
    assert release.strangers(found, "bookworm", "trixie") == strange


class Answer(NamedTuple):
    code: int = 0
    output: str = ""
    error: str = ""


class Machine:
    """A host of which only what the upgrade reads is there; commands are written down, and answered as told."""

    def __init__(self, root: Path) -> None:
        self.root, self.commands, self.answers = root, list[str](), dict[str, Answer]()
        self.busy: list[Answer] = []
        for path, text in {
            "etc/os-release": 'ID=debian\nVERSION_ID="12"\nPRETTY_NAME="Debian 12"\n',
            "etc/apt/sources.list": LIST,
            "etc/apt/sources.list.d/more.sources": SOURCES,
            "var/lib/apt/lists/mirror_InRelease": "Origin: Debian\nSuite: oldstable\n",
        }.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(text, encoding="utf-8")

    def run(self, words: list[str]) -> Answer:
        command = " ".join(words)
        self.commands.append(command)
        if words[0] == "systemd-run" and "systemd-run" not in self.answers:
            self.become("13")
        if command == f"systemctl is-active {release.UNIT}":
            return self.busy.pop(0) if self.busy else Answer(3, "inactive")
        if command.startswith("systemctl is-active"):
            return Answer(3)
        return next((answer for begin, answer in self.answers.items() if command.startswith(begin)), Answer())

    def become(self, number: str) -> None:
        (self.root / "etc/os-release").write_text(f'ID=debian\nVERSION_ID="{number}"\n', encoding="utf-8")

    def upgrade(self, *, check: bool = False) -> dict[str, Any]:
        resource = release.ReleaseUpgrade("13", UNITS, ["postfix"], self.run, root=self.root, pause=0)
        return _run(resource, check_mode=check)

    def text(self, path: str) -> str:
        return (self.root / path).read_text(encoding="utf-8")


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    monkeypatch.setattr(release, "FREE_MEGABYTES", 0)
    return Machine(tmp_path)


def test_it_becomes_the_next_release_once(machine: Machine) -> None:
    done = machine.upgrade()
    verbs = [step["verb"] for step in done["operations"]]
    assert verbs == ["switch", "switch", "look", "hold", "hold", "upgrade", "release", "release"]
    assert (done["changed"], done["began_with"], done["reboot"]) == (True, "12", True)
    assert machine.text("etc/apt/sources.list") == release.switched(LIST, "bookworm", "trixie")
    masked, begun, free = (machine.commands.index(word) for word in _order(machine))
    assert masked < begun < free
    assert not (machine.root / "var/lib/mailforest/release-upgrade").exists()
    again = machine.upgrade()
    assert (again["changed"], again["operations"], again["reboot"]) == (False, [], False)


def _order(machine: Machine) -> list[str]:
    upgrade = next(command for command in machine.commands if command.startswith("systemd-run"))
    return ["systemctl mask dovecot.service", upgrade, "systemctl unmask dovecot.service"]


def test_check_mode_only_tells(machine: Machine) -> None:
    assert machine.upgrade(check=True)["changed"] is True
    assert machine.text("etc/apt/sources.list") == LIST
    assert not [
        command for command in machine.commands if command.startswith(("apt-get", "systemd-run", "systemctl stop"))
    ]


@pytest.mark.parametrize(
    ("path", "text", "reason"),
    [
        ("var/lib/samba/private/sam.ldb", "", "is a domain controller"),
        ("var/lib/apt/lists/docker_InRelease", "Origin: Docker\n", "docker_InRelease"),
        ("etc/apt/sources.list.d/a.list", "deb http://x stable main\n", "stable"),
        ("etc/os-release", 'ID=debian\nVERSION_ID="11"\nPRETTY_NAME="Debian 11"\n', "Debian 11"),
    ],
)
def test_surprises_are_refused_before_anything_changes(machine: Machine, path: str, text: str, reason: str) -> None:
    (machine.root / path).parent.mkdir(parents=True, exist_ok=True)
    (machine.root / path).write_text(text, encoding="utf-8")
    with pytest.raises(ResourceError, match=reason) as refused:
        machine.upgrade()
    assert "othing was changed" in str(refused.value)
    assert machine.text("etc/apt/sources.list") == LIST


@pytest.mark.parametrize(
    ("command", "answer", "reason"),
    [
        ("apt-mark showhold", Answer(output="postfix\n"), "held back: postfix"),
        ("dpkg --audit", Answer(output="half-installed: x"), "half-installed: x"),
    ],
)
def test_a_host_with_unfinished_business_is_refused(
    machine: Machine, command: str, answer: Answer, reason: str
) -> None:
    machine.answers[command] = answer
    with pytest.raises(ResourceError, match=reason):
        machine.upgrade()
    machine.answers.clear()
    assert machine.upgrade()["changed"] is True


@pytest.mark.parametrize(
    ("command", "answer", "reason"),
    [
        ("apt-get update --option", Answer(100, "", "E: 404"), "E: 404"),
        ("apt-get --simulate", Answer(output="Remv postfix [3.7]\nInst bsd-mailx (1 Debian)\n"), "remove postfix"),
    ],
)
def test_the_sources_are_put_back(machine: Machine, command: str, answer: Answer, reason: str) -> None:
    machine.answers[command] = answer
    with pytest.raises(ResourceError, match=reason):
        machine.upgrade()
    assert machine.text("etc/apt/sources.list") == LIST
    assert machine.text("etc/apt/sources.list.d/more.sources") == SOURCES
    assert not [command for command in machine.commands if command.startswith("systemctl stop")]


def test_one_that_stopped_half_way_is_completed(machine: Machine) -> None:
    machine.answers["systemd-run"] = Answer()
    with pytest.raises(ResourceError, match="half-way"):
        machine.upgrade()
    assert "systemctl unmask dovecot.service" not in machine.commands
    del machine.answers["systemd-run"]
    machine.answers["dpkg --audit"] = Answer(output="unpacked: dovecot-core")
    with pytest.raises(ResourceError, match="unpacked: dovecot-core"):
        machine.upgrade()
    machine.answers.clear()
    done = machine.upgrade()
    assert [step["verb"] for step in done["operations"]] == ["look", "hold", "hold", "upgrade", "release", "release"]
    assert machine.upgrade()["changed"] is False


def test_one_that_is_under_way_is_waited_for(machine: Machine) -> None:
    machine.busy = [Answer(0, "active"), Answer(1, "", "no answer from the bus"), Answer(3, "inactive")]
    assert machine.upgrade()["changed"] is True
    assert [command.startswith("systemctl is-active") for command in machine.commands[:4]] == [True, True, True, False]


def test_a_run_that_lost_its_connection_ends_first(machine: Machine) -> None:
    """It goes on by itself on the host, and would take away what the next one needs."""
    (machine.root / "run").mkdir()
    with (machine.root / "run/mailforest-release-upgrade.lock").open("w", encoding="utf-8") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        thread = threading.Thread(target=machine.upgrade, daemon=True)
        thread.start()
        thread.join(timeout=0.3)
        assert (thread.is_alive(), machine.commands) == (True, [])
    thread.join(timeout=30)
    assert machine.text("etc/apt/sources.list") != LIST


def test_room_is_measured(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    free = shutil.disk_usage(machine.root).free // 1_000_000
    monkeypatch.setattr(release, "FREE_MEGABYTES", free * 2 + 1)
    with pytest.raises(ResourceError, match="make room"):
        machine.upgrade()
