# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The benchmarks' own arithmetic: a wrong comparison would look like any other."""

from __future__ import annotations

import asyncio
import ipaddress
import json
import sys
import time
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))  # the benchmarks are scripts of the checkout

from benchmarks import logins, mail_throughput, scale, verify
from benchmarks.common.deployment import Task, pings, read_tally
from benchmarks.common.harness import BenchmarkError, Comparison, alternate, run
from benchmarks.firewall import bare_set, blocked
from benchmarks.fsmo import ROLES, Mover, credentials, ours, theirs
from benchmarks.on_host import mail_throughput as on_host
from benchmarks.reachable import Layout
from benchmarks.sweep import Program, Range


@pytest.mark.parametrize(
    ("ours", "theirs", "goal", "line"),
    [
        ([1.0], [4.0], None, "x: ours 1.00 s, theirs 4.00 s, ratio 0.25, no goal"),
        ([1.0], [4.0], 0.25, "x: ours 1.00 s, theirs 4.00 s, ratio 0.25, goal at most 0.25, met"),
        ([1.0], [4.0], 0.2, "x: ours 1.00 s, theirs 4.00 s, ratio 0.25, goal at most 0.2, NOT met"),
        (
            [3.0, 1.0, 2.0],
            [4.0, 4.0, 9.0],
            None,
            "x: ours 2.00 s [1.00 to 3.00, n=3], theirs 4.00 s [4.00 to 9.00, n=3], ratio 0.5, no goal",
        ),
    ],
)
def test_line(ours: list[float], theirs: list[float], goal: float | None, line: str) -> None:
    comparison = Comparison(name="x", ours=ours, theirs=theirs, goal=goal)
    assert comparison.line() == line
    assert comparison.met is ("NOT" not in line)


@pytest.mark.parametrize(("most", "met"), [(2.0, True), (1.9, False)])
def test_a_goal_in_seconds_is_for_ours_alone(most: float, met: bool) -> None:
    comparison = Comparison(name="x", ours=[2.0], theirs=[1.0], most=most)
    assert comparison.met is met
    assert comparison.line().endswith(f"goal at most {most:g} s, {'met' if met else 'NOT met'}")
    assert Comparison(name="x", ours=[2.0], theirs=[1.0], goal=1.0, most=3.0).met is False


def test_each_host_is_pinged_as_often_as_it_was_asked() -> None:
    (play,) = json.loads(verify.pings({"dc1": 3, "mx1": 1}))
    assert (play["hosts"], play["strategy"]) == ("dc1,mx1", "free")
    assert [task["when"] for task in play["tasks"]] == [
        f"{{'dc1': 3, 'mx1': 1}}[inventory_hostname] > {index}" for index in range(3)
    ]


def test_alternate_changes_who_begins() -> None:
    order: list[str] = []

    def measure(side: str, seconds: float) -> float:
        order.append(side)
        return seconds

    samples = alternate(lambda: measure("ours", 1.0), lambda: measure("theirs", 2.0), repeat=3)
    assert order == ["ours", "theirs", "theirs", "ours", "ours", "theirs"]
    assert (samples.ours, samples.theirs) == ([1.0] * 3, [2.0] * 3)


def test_a_command_that_fails_is_no_measurement(tmp_path: Path) -> None:
    with pytest.raises(BenchmarkError, match=r"ended with 3[\s\S]*why"):
        run(["sh", "-c", "echo why; exit 3"], log=tmp_path / "log")
    assert run(["true"], log=tmp_path / "log") > 0


def task(*hosts: str) -> dict[str, Any]:
    """Return a task as the callback writes it."""
    return {"name": "t", "action": "a", "hosts": list(hosts), "changed": [], "seconds": 1.5}


def test_one_ping_wherever_a_task_ran(tmp_path: Path) -> None:
    tally = tmp_path / "tally.json"
    tally.write_text(json.dumps([task("b", "a"), task("a", "b"), task(), task("a"), task("a", "b")]))
    tasks = read_tally(tally)
    assert tasks[0] == Task(name="t", action="a", hosts=("b", "a"), changed=(), seconds=1.5)
    plays = json.loads(pings(tasks))
    assert [(play["hosts"], len(play["tasks"])) for play in plays] == [("a,b", 2), ("a", 1), ("a,b", 1)]


def test_layout_of_ports() -> None:
    layout = Layout(hosts=2, open=2, refused=1, filtered=1, timeout=1.0)
    assert list(layout.ports().values()) == ["open", "open", "refused", "filtered"]
    assert len(layout.checks()) == 8
    assert {check["host"] for check in layout.checks()} == {"127.0.20.1", "127.0.20.2"}
    assert [check["expect"] for check in layout.checks()[:4]] == ["open", "open", "closed", "closed"]


def test_range_of_a_sweep() -> None:
    layout = Range(addresses=251, open=2, refused=1)
    assert layout.hosts()[0] == "127.0.10.1"
    assert layout.hosts()[-2:] == ["127.0.10.250", "127.0.11.1"]
    checks = layout.checks()
    assert len(checks) == 251 * 3
    assert [check["expect"] for check in checks[:3]] == ["open", "open", "closed"]
    assert layout.name == "sweep, 251 addresses x 3 ports"


def test_a_program_must_find_what_there_is() -> None:
    once = Program(command=["echo", "/open/ /open/"], pattern="/open/", wanted=2)
    assert once.run() > 0
    assert once.peak > 0
    assert Program(command=["echo", '{"open": 28}'], pattern=r'"open": (\d+)', wanted=28).run() > 0
    with pytest.raises(BenchmarkError, match="found 2 of 3 open ports"):
        Program(command=["echo", "/open/ /open/"], pattern="/open/", wanted=3).run()


def test_roles_go_to_and_fro() -> None:
    played: list[str] = []

    def play(text: str) -> float:
        played.append(text)
        return float(len(played))

    mover = Mover(["dc1", "dc3"], play)
    assert mover.move(theirs) == 1.0
    assert mover.move(ours) == 3.0
    assert played == [theirs("dc3"), ours("dc3"), ours("dc1"), ours("dc1")]


def test_both_sides_move_all_roles() -> None:
    (ours_play,), (theirs_play,) = json.loads(ours("dc3")), json.loads(theirs("dc3"))
    assert [task["mailforest.stack.fsmo"]["roles"] for task in ours_play["tasks"]] == [dict.fromkeys(ROLES, "dc3")] * 2
    assert theirs_play["hosts"] == "dc3"
    assert "--role=all" in theirs_play["tasks"][0]["ansible.builtin.command"]["argv"]
    bring, take = (json.loads(credentials(["dc1", "dc3"], there=there))[0] for there in (True, False))
    assert bring["hosts"] == take["hosts"] == "dc1,dc3"
    assert bring["tasks"][0]["no_log"] is True


def test_each_side_of_the_mail_benchmark_begins_in_turn() -> None:
    orders = mail_throughput.rounds(5)
    assert [order[0] for order in orders] == ["plain", "debian", "static", "asking", "ours"]
    assert all(sorted(order) == ["asking", "debian", "ours", "plain", "static"] for order in orders)


def test_the_instances_of_the_mail_benchmark_serve_one_port(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(on_host.Side, "settings", tmp_path)
    given = "smtp      inet  n  -  y  -  -  smtpd\n#smtp inet x\nsubmission inet n - y - - smtpd\n  -o a=b\n"
    (tmp_path / "master.cf").write_text(given + "pickup unix n - y 60 1 pickup\nsmtp unix - - y - - smtp\n  -o c=d\n")
    on_host._only_port(on_host.DEBIAN, "smtp")
    assert (tmp_path / "master.cf").read_text().splitlines() == [
        "127.0.0.1:2626      inet  n  -  y  -  -  smtpd",
        "pickup unix n - y 60 1 pickup",
        "smtp unix - - y - - smtp",
        "  -o c=d",
    ]


class _Imap:
    """An IMAP server on loopback that counts, and knows one password."""

    def __init__(self) -> None:
        self.logins = 0

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"* OK ready\r\n")
        while words := (await reader.readline()).decode().split():
            good = words[1] != "LOGIN" or words[3] == '"right"'
            self.logins += good and words[1] == "LOGIN"
            writer.write(f"* an untagged line\r\n{words[0]} {'OK' if good else 'NO'} done\r\n".encode())
        writer.close()


@pytest.mark.parametrize(("password", "fails"), [("right", False), ("wrong", True)])
def test_logins_are_counted_and_a_refused_one_is_no_measurement(password: str, fails: bool) -> None:
    async def measure() -> tuple[float, int, float]:
        counted = _Imap()
        serving = await asyncio.start_server(counted, "127.0.0.1", 0)
        async with serving:
            port = serving.sockets[0].getsockname()[1]
            server = logins.Server(
                address="127.0.0.1",
                port=port,
                name="",
                context=None,
                users=(("alice", password), ("boris", password)),
            )
            begun = time.monotonic()
            found = await logins.rate(server, 3, 0.2)
            seconds = time.monotonic() - begun
        return found, counted.logins, seconds

    if fails:
        with pytest.raises(BenchmarkError, match="LOGIN was answered a NO"):
            asyncio.run(measure())
    else:
        found, counted, seconds = asyncio.run(measure())
        assert 0 < counted / seconds <= found <= counted / 0.2  # on a busy machine it takes longer than it should


def test_the_line_of_logins() -> None:
    assert logins.line(10, [21.2, 19.0, 30.4]) == "logins, IMAP, 10 at once: 21 per second [19 to 30, n=3], no goal"


def test_the_large_topology_is_without_a_fault_and_as_large_as_it_says() -> None:
    topology = scale.raw(3, 6)
    assert len(topology.hosts) == 18
    assert {host for rows in scale.inventory(3, 6).values() for host in rows.get("hosts", {})} == set(topology.hosts)
    assert scale.compiled(topology) > 0


def test_blocked_addresses_are_not_merged() -> None:
    addresses = blocked(70000)
    assert len(set(addresses)) == 70000
    assert len(list(ipaddress.collapse_addresses(map(ipaddress.IPv4Network, addresses)))) == 70000
    assert bare_set(addresses[:2]).count("elements = { 100.64.0.0, 100.64.0.2 }") == 1
