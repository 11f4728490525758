# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who may try a password, as the program decides that Dovecot asks; and its HTTP, with a real connection."""

from __future__ import annotations

import http.client
import json
import os
import pwd
import socket
import threading
from collections.abc import Iterator
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.mailforest.stack.plugins.module_utils._mail import login_guard as program
from ansible_collections.mailforest.stack.plugins.module_utils._mail.login_guard import (
    FAMILIAR_SECONDS,
    REFUSED,
    TURN_SECONDS,
    Attempt,
    Guard,
    Limits,
    Memory,
)

EXEMPT = (ip_network("10.1.0.0/16"), ip_network("2001:db8::/48"))
LIMITS = Limits(per_address=4, per_account=6, seconds=600, exempt=EXEMPT)
HOME, AWAY, ATTACKER = "192.0.2.1", "192.0.2.2", "203.0.113.1"


def _attempt(place: str, account: str = "ann", secret: str = "right", **more: Any) -> Attempt:
    return Attempt(account=account, place=place, secret=secret, **more)


def _guess(guard: Guard, place: str, count: int, *, account: str = "ann", now: float = 0, tag: str = "") -> str:
    """That many different wrong passwords; what the journal is told of the last."""
    said = ""
    for number in range(count):
        said = guard.report(_attempt(place, account, f"{tag}{place}-{number}"), now)
    return said


def _log_in(guard: Guard, place: str, account: str = "ann", now: float = 0) -> None:
    guard.report(_attempt(place, account, success=True), now)


def test_an_address_is_refused_after_its_wrong_passwords_whoevers_they_were() -> None:
    guard = Guard(LIMITS)
    assert _guess(guard, ATTACKER, 2) == ""
    assert _guess(guard, ATTACKER, 1, account="ben") == ""
    assert guard.allow(_attempt(ATTACKER), 1) == 0
    assert _guess(guard, ATTACKER, 1, account="eve").startswith(f"{ATTACKER} gave 4 wrong passwords")
    assert guard.allow(_attempt(ATTACKER, "zoe"), 1) == REFUSED
    assert guard.allow(_attempt(AWAY, "zoe"), 1) == 0


def test_it_ends_by_itself_and_what_is_refused_does_not_prolong_it() -> None:
    guard = Guard(LIMITS)
    _guess(guard, ATTACKER, 4)
    assert guard.report(_attempt(ATTACKER, secret="x", guessed=False), 500) == ""
    assert guard.allow(_attempt(ATTACKER), 599) == REFUSED
    assert guard.allow(_attempt(ATTACKER), 600) == 0


def test_the_same_wrong_password_counts_once() -> None:
    guard = Guard(LIMITS)
    for now in range(100):
        guard.report(_attempt(HOME, secret="of last year"), now)
    assert guard.allow(_attempt(HOME), 100) == 0


def test_the_right_password_is_no_guess_while_the_directory_does_not_answer() -> None:
    """Dovecot 2.3 does not say why a login failed; 2.4 does."""
    guard = Guard(LIMITS)
    for account in ("ann", "ben", "eve", "zoe", "joe"):
        _log_in(guard, AWAY, account)
        guard.report(_attempt(HOME, account), 1)
    assert guard.allow(_attempt(HOME, "new"), 2) == 0
    _guess(guard, HOME, 4)
    assert guard.allow(_attempt(HOME, "new"), 2) == REFUSED


@pytest.mark.parametrize(
    ("told", "guessed"),
    [
        ({"policy_reject": True}, False),
        ({"policy_reject": False, "fail_type": "policy"}, False),
        ({"policy_reject": False, "fail_type": "internal"}, False),
        ({"policy_reject": False, "fail_type": "credentials"}, True),
        ({"policy_reject": False}, True),
    ],
)
def test_what_dovecot_reports_is_a_guess_or_none(told: dict[str, Any], guessed: bool) -> None:
    assert Attempt.of({"login": "Ann", "remote": HOME, "pwhash": "0f3", "success": False, **told}) == Attempt(
        account="ann", place=HOME, secret="0f3", success=False, guessed=guessed
    )


@pytest.mark.parametrize("place", ["10.1.2.3", "2001:db8::", ""])
def test_exempt_networks_are_never_refused(place: str) -> None:
    guard = Guard(LIMITS)
    _guess(guard, place, 50)
    assert guard.allow(_attempt(place), 1) == 0
    assert guard.allow(_attempt(ATTACKER), 1) == 0, "what comes from there says nothing of the account"


@pytest.mark.parametrize(
    ("address", "place"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ("fe80::1%eth0", "fe80::"),
        ("", ""),
        ("unix", ""),
    ],
)
def test_a_place_is_an_address_or_a_customers_network(address: str, place: str) -> None:
    assert program.place_of(address) == place


def test_an_account_that_many_guess_takes_one_attempt_at_a_time() -> None:
    guard = Guard(LIMITS)
    said = [_guess(guard, f"203.0.113.{number}", 1) for number in range(6)]
    assert [bool(text) for text in said] == [False] * 5 + [True]
    assert [guard.allow(_attempt(f"198.51.100.{n}"), 10) for n in range(4)] == [0, TURN_SECONDS, REFUSED, REFUSED]
    assert guard.allow(_attempt("198.51.100.9"), 10 + 2 * TURN_SECONDS) == 0
    assert guard.allow(_attempt(AWAY, "ben"), 10) == 0, "another account"


def test_its_owner_at_a_usual_place_notices_nothing() -> None:
    guard = Guard(LIMITS)
    _log_in(guard, HOME)
    for number in range(6):
        _guess(guard, f"203.0.113.{number}", 1)
    assert [guard.allow(_attempt(HOME), 10) for _turn in range(9)] == [0] * 9
    assert guard.allow(_attempt(AWAY), 10) == 0
    assert guard.allow(_attempt(AWAY), 10) > 0, "the control: elsewhere it is slowed"
    month_later = 10 + FAMILIAR_SECONDS
    for number in range(6):
        _guess(guard, f"203.0.113.{number}", 1, now=month_later)
    guard.allow(_attempt(AWAY), month_later)
    assert guard.allow(_attempt(HOME), month_later) > 0, "it was usual a month ago"


def test_who_has_logged_in_from_an_address_is_not_refused_for_its_others() -> None:
    """An office behind one address; whoever guesses that user's password there has a count of its own."""
    guard = Guard(LIMITS)
    _log_in(guard, HOME)
    _guess(guard, HOME, 4, account="ben")
    assert guard.allow(_attempt(HOME, "ben"), 1) == REFUSED
    assert guard.allow(_attempt(HOME), 1) == 0
    _guess(guard, HOME, 4)
    assert guard.allow(_attempt(HOME), 1) == REFUSED


def test_limits_of_0_are_none() -> None:
    guard = Guard(Limits(per_address=0, per_account=0, seconds=600))
    _guess(guard, ATTACKER, 100)
    assert guard.allow(_attempt(ATTACKER), 1) == 0


def test_the_memory_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(program, "KEPT", 10)
    guard = Guard(LIMITS)
    for number in range(30):
        _guess(guard, f"203.0.113.{number}", 4, account=f"user{number}")
    allowed = [guard.allow(_attempt(f"203.0.113.{number}", "x"), 1) for number in range(30)]
    assert allowed == [0] * 20 + [REFUSED] * 10
    for number in range(program.FAMILIAR_PLACES + 5):
        _log_in(guard, f"192.0.2.{number}")
    assert list(guard.familiar["ann"]) == [f"192.0.2.{number}" for number in range(5, program.FAMILIAR_PLACES + 5)]


def test_usual_places_survive_a_restart(tmp_path: Path) -> None:
    memory = Memory(tmp_path / "familiar.json", 0)
    memory.write({"ann": {HOME: 5.0}}, 30)
    assert memory.read(30) == {}, "not written each time"
    memory.write({"ann": {HOME: 5.0}, "ben": {AWAY: 5.0 - FAMILIAR_SECONDS}}, 30, at_once=True)
    assert memory.read(31) == {"ann": {HOME: 5.0}}
    assert [path.name for path in tmp_path.iterdir()] == ["familiar.json"]


@pytest.mark.parametrize("text", ["", "[1]", '{"ann": 3}', '{"ann": {"x": "y"}}'])
def test_a_memory_that_cannot_be_read_is_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "familiar.json").write_text(text)
    assert Memory(tmp_path / "familiar.json", 0).read(0) == {}


SETTINGS = {"port": 0, "clients": [], "per_address": 3, "per_account": 0, "minutes": 10, "exempt": []}


@pytest.fixture(name="server")
def running(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[program.Server]:
    """The program on a free port; the host itself is not exempt here, as everybody comes from there."""
    monkeypatch.setattr(program, "_OWN_ADDRESSES", ())
    user = pwd.getpwuid(os.getuid()).pw_name
    with program.Server({**SETTINGS, "clients": [user]}, tmp_path / "familiar.json") as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def _ask(link: http.client.HTTPConnection, command: str, **told: Any) -> int:
    body = json.dumps({"login": "ann", "remote": ATTACKER, "pwhash": "000", **told})
    link.request("POST", f"/?command={command}", body, {"Content-Type": "application/json"})
    reply = link.getresponse()
    found = json.loads(reply.read())
    assert (reply.status, found["msg"]) == (200, "")
    status: int = found["status"]
    return status


def test_dovecot_is_answered_on_one_connection(server: program.Server, capsys: pytest.CaptureFixture[str]) -> None:
    link = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=5)
    assert _ask(link, "allow") == 0
    for number in range(3):
        assert _ask(link, "report", success=False, policy_reject=False, pwhash=str(number)) == 0
    assert _ask(link, "allow") == REFUSED
    assert _ask(link, "allow", remote=AWAY) == 0
    assert _ask(link, "report", remote=AWAY, success=True, policy_reject=False) == 0
    server.finish()
    assert list(json.loads((Path(server.state)).read_text())["ann"]) == [AWAY]
    assert ATTACKER in capsys.readouterr().out


def test_nobody_else_is_answered(server: program.Server, monkeypatch: pytest.MonkeyPatch) -> None:
    link = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=5)
    assert _ask(link, "allow") == 0
    monkeypatch.setattr(program, "socket_owner", lambda *_words: 12345)
    link.request("POST", "/?command=allow", "{}")
    assert link.getresponse().status == 403


def test_nonsense_is_refused(server: program.Server) -> None:
    for body in ("no json", "[]"):
        link = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=5)
        link.request("POST", "/?command=report", body)
        assert link.getresponse().status == 400


def test_systemd_is_told_when_the_port_is_open(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    program.tell_systemd("READY=1")  # started by hand: there is nobody to tell
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(tmp_path / "notify"))
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        program.tell_systemd("READY=1")
        assert systemd.recv(100) == b"READY=1"


def test_the_other_end_of_a_connection_has_an_owner() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)) as client:
            mine = client.getsockname()[1]
            with Path("/proc/net/tcp").open(encoding="ascii") as table:
                assert program.socket_owner(table, mine, port) == os.getuid()
    assert program.socket_owner(["  sl  local_address rem_address", "nonsense"], mine, port) == -1
