# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong with a host is told with its requirement, and nothing where all is well."""

from __future__ import annotations

import hashlib
import json
import os
import ssl
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.mailforest.stack.plugins.module_utils._config_tree.state import Layout, Written
from ansible_collections.mailforest.stack.plugins.module_utils._health import (
    backup,
    clock,
    files,
    names,
    ports,
    queue,
    run,
    served,
    space,
    units,
)
from ansible_collections.mailforest.stack.plugins.module_utils._health.problem import Problem

NOW = 1_800_000_000.0
GIB = 2**30


def told(problems: Iterable[Problem]) -> list[tuple[str, str, str]]:
    """Requirement, subject and what was found; each says what to do, too."""
    found = list(problems)
    assert all(problem.expected and problem.remedy for problem in found)
    return [(problem.requirement, problem.subject, problem.found) for problem in found]


POSTFIX = units.Unit(name="postfix.service", requirement="MAIL-1")


def shown(name: str, **changes: str) -> str:
    state = {"LoadState": "loaded", "ActiveState": "active", "SubState": "running", "UnitFileState": "enabled"}
    rows = {"Id": name, **state, "Result": "success", **changes}
    return "".join(f"{key}={value}\n" for key, value in rows.items())


@pytest.mark.parametrize(
    ("states", "failed", "expected"),
    [
        ([shown("postfix.service")], [], []),
        (
            [shown("postfix.service", ActiveState="inactive", SubState="dead")],
            [],
            [("MAIL-1", "unit postfix.service", "inactive (dead)")],
        ),
        (
            [shown("postfix.service", ActiveState="failed", SubState="failed", Result="oom-kill")],
            ["postfix.service"],
            [("MAIL-1", "unit postfix.service", "failed (failed)")],
        ),
        (
            [shown("postfix.service", LoadState="masked", ActiveState="inactive")],
            [],
            [("MAIL-1", "unit postfix.service", "masked")],
        ),
        (
            [shown("postfix.service", LoadState="not-found", ActiveState="inactive")],
            [],
            [("MAIL-1", "unit postfix.service", "there is no such unit")],
        ),
        (
            [shown("postfix.service", UnitFileState="disabled")],
            [],
            [("MAIL-1", "unit postfix.service", "disabled")],
        ),
        (
            [shown("postfix.service", SubState="exited"), shown("postfix@-.service", ActiveState="inactive")],
            [],
            [("MAIL-1", "unit postfix.service", "inactive (running)")],
        ),
        ([shown("postfix.service", SubState="exited"), shown("postfix@-.service")], [], []),
        ([shown("postfix.service")], ["other.service"], [("AD-13", "unit other.service", "failed")]),
    ],
    ids=["well", "stopped", "failed", "masked", "gone", "disabled", "instance stopped", "instance runs", "another"],
)
def test_units(states: list[str], failed: list[str], expected: list[tuple[str, str, str]]) -> None:
    assert units.asked([POSTFIX]) == ["postfix.service", "postfix@-.service"]
    assert told(units.judge([POSTFIX], units.read("\n".join(states)), failed)) == expected


@pytest.mark.parametrize(("where_installed", "count"), [(True, 0), (False, 1)])
def test_a_unit_that_its_role_may_do_without(where_installed: bool, count: int) -> None:
    guard = units.Unit(name="guard.service", requirement="MAIL-19", where_installed=where_installed)
    shown = units.read("Id=guard.service\nLoadState=not-found\nActiveState=inactive\nSubState=dead")
    assert len(list(units.judge([guard], shown, []))) == count


@pytest.mark.parametrize(
    ("free", "inodes", "expected"),
    [
        (50 * GIB, 100, []),
        (30 * GIB, 100, []),
        (9 * GIB, 100, ["warning"]),
        (3 * GIB, 100, ["error"]),
        (50 * GIB, 2, ["error"]),
        (3 * GIB, 9, ["error", "warning"]),
    ],
    ids=["well", "a large disk", "little room", "no room", "no inodes", "both"],
)
def test_space(free: int, inodes: int, expected: list[str]) -> None:
    found = space.Space(mount="/var", size=100 * GIB, free=free, inodes=100, inodes_free=inodes)
    problems = list(space.judge([found], space.Limits()))
    assert [problem.severity for problem in problems] == expected
    assert {problem.requirement for problem in problems} <= {"MAIL-13"}


def test_file_systems_that_are_written_to(tmp_path: Path) -> None:
    place = str(tmp_path).replace(" ", "\\040")
    table = f"overlay / overlay rw,x 0 0\nproc /proc proc rw 0 0\ntmpfs /dev/shm tmpfs rw 0 0\nx {place} ext4 ro 0 0\n"
    assert space.mounts(table) == ["/"]
    assert next(space.look(["/"])).size > 0


def test_the_offset_of_a_clock() -> None:
    request = bytes(40) + b"12345678"
    stamps = (int((seconds + 2208988800) * 2**32).to_bytes(8, "big") for seconds in (NOW + 31, NOW + 31))
    reply = b"\x24" + bytes(23) + b"12345678" + b"".join(stamps)
    offset = clock.understand(request, reply, sent=NOW, received=NOW + 2)
    assert offset == pytest.approx(30, abs=0.01)
    assert clock.understand(request, reply[:40], sent=NOW, received=NOW) is None
    assert clock.understand(request[:-1] + b"9", reply, sent=NOW, received=NOW) is None


@pytest.mark.parametrize(
    ("offsets", "subjects"),
    [
        ([], []),
        ([0.2, -0.3], []),
        ([0.2, None], []),
        ([None, None], ["time"]),
        ([500.0, 0.1], ["clock of dc0"]),
        ([500.0, 501.0], ["clock of this host", "clock of this host"]),
    ],
    ids=["nobody to ask", "well", "one is silent", "all are silent", "one is off", "this one is off"],
)
def test_clocks(offsets: list[float | None], subjects: list[str]) -> None:
    answers = dict(zip((f"dc{number}" for number in range(9)), offsets, strict=False))
    found = told(clock.judge(clock.look(answers, answers.__getitem__), 10))
    assert [subject for _requirement, subject, _found in found] == subjects
    assert {requirement for requirement, _subject, _found in found} <= {"AD-14"}


def waiting(age: float, name: str = "deferred") -> str:
    row = {"queue_name": name, "arrival_time": NOW - age, "recipients": [{"delay_reason": "lost connection"}]}
    return json.dumps(row)


@pytest.mark.parametrize(
    ("rows", "found", "severity"),
    [
        ([], [], None),
        ([waiting(60)], [], None),
        ([waiting(60), waiting(3000)], ["2 messages, the oldest 50 minutes old"], "warning"),
        ([waiting(90000)], ["1 messages, the oldest 1500 minutes old"], "error"),
        ([waiting(1)] * 501, ["501 messages, the oldest 0 minutes old"], "warning"),
        ([waiting(1, "hold")], ["1 on hold"], "warning"),
    ],
    ids=["none", "one", "an old one", "one of yesterday", "many", "held"],
)
def test_the_mail_queue(rows: list[str], found: list[str], severity: str | None) -> None:
    problems = list(queue.judge(queue.read("\n".join(rows)), queue.Limits(), NOW))
    assert [row[2] for row in told(problems)] == found
    assert {problem.severity for problem in problems} == ({severity} if severity else set())
    if "oldest" in "".join(found):
        assert problems[0].cause == "Most often: lost connection"


def written(root: Path, tree: str, loaded: str = "x", **content: str) -> Layout:
    """A tree that was written, as its memory says."""
    layout = Layout(state=root / "state", run=root / "run")
    layout.state.mkdir(exist_ok=True)
    rows: dict[str, Any] = {}
    for name, text in content.items():
        (root / name).write_text(text, encoding="utf-8")
        (root / name).chmod(0o640)
        rows[str(root / name)] = {"sha256": hashlib.sha256(text.encode()).hexdigest(), "mode": 0o640}
    memory = {"version": 1, "files": {}, "directories": [], "loaded": "x"}
    layout.state_file(tree).write_text(json.dumps(memory), encoding="utf-8")
    layout.written_file(tree).write_text(json.dumps({"loaded": loaded, "files": rows}), encoding="utf-8")
    return layout


def test_files_that_were_changed_by_hand(tmp_path: Path) -> None:
    layout = written(tmp_path, "samba_dc-chrony", one="1", two="2", three="3", four="4")
    assert list(files.drifts(layout)) == []
    (tmp_path / "one").write_text("another", encoding="utf-8")
    (tmp_path / "two").unlink()
    (tmp_path / "three").chmod(0o644)
    assert told(files.judge(files.drifts(layout))) == [
        ("AD-13", f"file {tmp_path}/one", "its content is another"),
        ("AD-13", f"file {tmp_path}/three", "its mode is 0644, not 0640"),
        ("AD-13", f"file {tmp_path}/two", "it is not there"),
    ]


@pytest.mark.parametrize("loaded", ["x", "of an older version"])
def test_what_an_older_version_wrote_is_not_compared(tmp_path: Path, loaded: str) -> None:
    layout = written(tmp_path, "postfix", loaded, one="1")
    (tmp_path / "one").write_text("another", encoding="utf-8")
    assert [drift.path for drift in files.drifts(layout)] == ([f"{tmp_path}/one"] if loaded == "x" else [])


@pytest.mark.parametrize("tree", sorted(files.AREAS))
def test_every_tree_has_its_requirement(tree: str) -> None:
    drift = [files.Drift(tree=f"{tree}-part", path="/x", found="it is not there")]
    assert told(files.judge(drift))[0][0] == files.AREAS[tree]


def test_trees_are_those_of_the_roles() -> None:
    root = Path(__file__).parents[5]
    writers = {
        path.parents[1].name for path in (root / "roles").glob("*/tasks/*.yml") if "config_tree" in path.read_text()
    }
    assert {name for name in writers if not any(name.startswith(area) for area in files.AREAS)} == set()


@pytest.mark.parametrize(("mode", "count"), [(0o600, 0), (0o640, 0), (0o644, 1), (0o660, 1)])
def test_keys_that_others_can_read(tmp_path: Path, mode: int, count: int) -> None:
    for name in ("host.key", "host.crt"):
        (tmp_path / name).write_text("x", encoding="utf-8")
        (tmp_path / name).chmod(mode)
    assert (
        told(files.exposed([str(tmp_path), str(tmp_path / "nothing")]))
        == [("AD-12", f"key {tmp_path}/host.key", f"mode {mode:04o}")] * count
    )
    assert os.geteuid() or Written(sha256="", mode=0)  # root reads all: the mode is what counts


def test_listeners_that_nothing_declares() -> None:
    listeners = [ports.Listener(port=port, program="1") for port in (22, 50003, 8080, 8080)]
    assert told(ports.judge(listeners, ["22", "50000-50020"])) == [
        ("AD-10", "port 8080/tcp of the host", "an unknown program waits")
    ]


@pytest.mark.parametrize(
    ("asked", "answer", "found"),
    [
        (["198.51.100.70", "192.0.2.53"], "", []),
        (["192.0.2.53"], "", ["192.0.2.53"]),
        (["192.0.2.53", "198.51.100.70"], "NXDOMAIN", ["192.0.2.53, 198.51.100.70", "NXDOMAIN"]),
        ([], "there is no name server", ["none", "there is no name server"]),
    ],
    ids=["well", "others", "order", "none"],
)
def test_name_servers(asked: list[str], answer: str, found: list[str]) -> None:
    rows = told(names.judge(asked, ["198.51.100.70"], answer, "corp.example.test"))
    assert [row[2] for row in rows] == found
    assert {row[0] for row in rows} <= {"AD-52"}


@pytest.mark.parametrize(("hours", "found"), [(None, "none"), (3, ""), (50, "the newest is 50 hours old")])
def test_backups(tmp_path: Path, hours: float | None, found: str) -> None:
    if hours is not None:
        made = {"created": "2027-01-15T08:00:00Z", "file": "a.age"}
        (tmp_path / "a.json").write_text(json.dumps(made), encoding="utf-8")
        (tmp_path / "b.json").write_text("no manifest", encoding="utf-8")
        (tmp_path / "a.age").write_text("x", encoding="utf-8")
    now = (backup.newest(tmp_path) or NOW) + 3600 * (hours or 0)
    rows = told(backup.judge(tmp_path, backup.newest(tmp_path), hours=30, now=now))
    assert [row[2] for row in rows] == ([found] if found else [])


def test_a_manifest_without_its_archive_is_no_backup(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(json.dumps({"created": "2027-01-15T08:00:00Z", "file": "a"}), encoding="utf-8")
    assert backup.newest(tmp_path) is None


def certificate(marker: bytes) -> bytes:
    """Something that differs; what cannot be read has a fingerprint all the same."""
    return b"\x30\x03" + marker


def test_certificates_that_are_served(tmp_path: Path) -> None:
    path = tmp_path / "host.crt"

    def look(shown: dict[int, bytes | None]) -> list[tuple[str, str, str]]:
        got = served.judge(
            path, "198.51.100.80", shown, days=14, requirement="MAIL-6", show=lambda _host, port: shown[port]
        )
        return [(row[0], row[1], row[2].partition(" (")[0]) for row in told(got)]

    assert look({}) == [("MAIL-6", f"certificate {path}", "there is none")]
    path.write_text(ssl.DER_cert_to_PEM_cert(certificate(b"one")) + "the issuer's follows", encoding="utf-8")
    assert look({465: certificate(b"one"), 993: None}) == []
    assert look({465: certificate(b"one"), 993: certificate(b"two")}) == [
        ("MAIL-6", "certificate at port 993", "another one")
    ]


def test_what_cannot_be_looked_at_is_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(_options: Any) -> Any:
        raise FileNotFoundError("systemctl")

    looks = {"units": ("AD-13", gone), "space": ("MAIL-13", lambda _options: iter(()))}
    monkeypatch.setattr(run, "LOOKS", looks)
    (problem,) = run.look({})
    assert (problem.requirement, problem.subject) == ("AD-13", "units of the host")
    assert "systemctl" in problem.found
