# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who guesses passwords is shut out, by address and by account, and nobody else is. The other solo host guesses."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence

import pytest
from ansible_collections.mailforest.stack.tests.system.support.hosts import at, root_shell, solo
from ansible_collections.mailforest.stack.tests.system.support.playbook import ROOT, eventually
from testinfra.host import Host

testinfra_hosts = ["ansible://solo"]
PORTS = (587, 465, 993, 995)
NETWORK = "198.18.4.224/27"
"""No network of the lab: the engine drops what comes for those from elsewhere (RFC 2544: for tests)."""
STRANGERS, OFFICE = "198.18.4.{}", "198.18.4.247"
OWNER, ATTACKER, CONTROL = STRANGERS.format(224), STRANGERS.format(225), STRANGERS.format(226)
SETTINGS, UNIT = "/etc/mailforest/login-guard.json", "mailforest-login-guard"
Row = tuple[str, int, str, str]


def _right() -> str:
    return (ROOT / ".build/molecule/password").read_text(encoding="utf-8").strip()


def _address(host: Host, name: str) -> str:
    return f"{name}@{solo(host).name}.example.test"


def _other(host: Host) -> Host:
    return at({"solo12": "solo13", "solo13": "solo12"}[solo(host).name])


@pytest.fixture(autouse=True)
def network(host: Host) -> Iterator[None]:
    """A network of strangers and one of an office behind the other host, and a guard that has seen nothing yet."""
    other = _other(host)
    link = str(other.ansible.get_variables()["ansible_host"])
    addresses = [STRANGERS.format(number) for number in range(224, 247)] + [OFFICE]
    root_shell(other, "".join(f"ip address add {address}/32 dev lo; " for address in addresses))
    root_shell(host, f"ip route replace {NETWORK} via {link}")
    _begin_anew(host)
    yield
    _begin_anew(host)
    root_shell(host, f"ip route delete {NETWORK}")
    root_shell(other, "".join(f"ip address delete {address}/32 dev lo; " for address in addresses))


def _begin_anew(host: Host, *, minutes: float = 10) -> None:
    """A guard that has seen nobody, and for which a wrong password counts so long."""
    change = rf's/"minutes": .*,/"minutes": {minutes},/'
    forget = "rm -f /var/lib/mailforest-login-guard/familiar.json"
    root_shell(host, f"systemctl stop {UNIT} && {forget} && sed -i '{change}' {SETTINGS} && systemctl start {UNIT}")


def _try(host: Host, rows: Sequence[Row], *, after: Sequence[Row] = ()) -> list[str]:
    """Log in from each address at each port, 24 at a time, at once after others; `in`, `no` or what else was said."""
    given = json.dumps({"server": solo(host).address, "rows": rows, "before": after})
    done = _other(host).run("python3 -c %s %s", _LOGINS, given)
    assert done.rc == 0, done.stderr
    found: list[str] = json.loads(done.stdout)
    return found


def _guesses(user: str, source: str, count: int) -> list[Row]:
    return [(source, PORTS[number % 4], user, f"guess {number} {time.monotonic()}") for number in range(count)]


_LOGINS = """
import concurrent.futures, imaplib, json, poplib, smtplib, ssl, sys
given = json.loads(sys.argv[1])
context = ssl._create_unverified_context()
def login(row):
    source, port, user, password = row
    where = (given["server"], port)
    if port in (587, 465):
        kind = smtplib.SMTP if port == 587 else smtplib.SMTP_SSL
        more = {} if port == 587 else {"context": context}
        with kind(*where, "client.example.test", timeout=60, source_address=(source, 0), **more) as session:
            if port == 587:
                session.starttls(context=context)
            session.login(user, password)
    elif port == 993:
        class Bound(imaplib.IMAP4_SSL):
            def _create_socket(self, timeout):
                import socket
                plain = socket.create_connection(where, timeout, source_address=(source, 0))
                return context.wrap_socket(plain)
        Bound(given["server"], port, ssl_context=context, timeout=60).login(user, password)
    else:
        class Bound(poplib.POP3_SSL):
            def _create_socket(self, timeout):
                import socket
                plain = socket.create_connection(where, timeout, source_address=(source, 0))
                return context.wrap_socket(plain)
        session = Bound(given["server"], port, context=context, timeout=60)
        session.user(user)
        session.pass_(password)
def attempt(row):
    try:
        login(row)
    except smtplib.SMTPAuthenticationError as exc:
        return "no" if exc.smtp_code == 535 else str(exc)
    except (imaplib.IMAP4.error, poplib.error_proto) as exc:
        return "no" if "AUTH" in str(exc) else str(exc)
    except OSError as exc:
        return repr(exc)
    return "in"
with concurrent.futures.ThreadPoolExecutor(24) as pool:
    list(pool.map(attempt, given["before"]))
    print(json.dumps(list(pool.map(attempt, given["rows"]))))
"""


def test_an_address_that_guesses_is_shut_out(host: Host) -> None:
    """At all ports together, with the right password too; the user comes in from elsewhere, and others do."""
    ann, right = _address(host, "ann"), _right()
    assert _try(host, _guesses(ann, ATTACKER, 40)) == ["no"] * 40
    assert _try(host, [(ATTACKER, port, ann, right) for port in PORTS]) == ["no"] * 4
    assert _try(host, [(OWNER, port, ann, right) for port in PORTS]) == ["in"] * 4


def test_it_ends_by_itself(host: Host) -> None:
    """Here after half a minute, in place of ten; what is refused does not prolong it."""
    _begin_anew(host, minutes=0.5)
    ann, right = _address(host, "ann"), [(ATTACKER, 993, _address(host, "ann"), _right())]
    assert _try(host, right, after=_guesses(ann, ATTACKER, 12)) == ["no"]
    eventually(lambda: _try(host, right) == ["in"], seconds=40)


def test_administrators_and_the_office_are_never_shut_out(host: Host) -> None:
    ann, right = _address(host, "ann"), _right()
    assert set(_try(host, _guesses(ann, OFFICE, 12) + _guesses(ann, CONTROL, 12))) == {"no"}
    assert _try(host, [(OFFICE, port, ann, right) for port in PORTS]) == ["in"] * 4
    assert _try(host, [(CONTROL, 993, _address(host, "ben"), right)]) == ["no"]


def test_an_account_that_many_guess_is_slowed_and_its_owner_is_not(host: Host) -> None:
    ann, right = _address(host, "ann"), _right()
    assert _try(host, [(OWNER, 993, ann, right)]) == ["in"]
    root_shell(host, f"systemctl restart {UNIT}")  # where an owner logs in is remembered
    many = [STRANGERS.format(number) for number in range(227, 244)]
    assert set(_try(host, [row for source in many for row in _guesses(ann, source, 1)])) == {"no"}
    assert _try(host, [(OWNER, port, ann, right) for port in PORTS]) == ["in"] * 4  # taking turns, two would be
    new = [STRANGERS.format(number) for number in range(227, 247)]
    begun = time.monotonic()
    entered = _try(host, [(source, 993, ann, right) for source in new]).count("in")
    assert 1 <= entered <= 2 + (time.monotonic() - begun) / 5, "one every five seconds"
    assert entered < len(new)
    assert _try(host, [(source, 465, _address(host, "ben"), right) for source in new[:4]]) == ["in"] * 4


def test_dovecot_alone_may_ask_and_report(host: Host) -> None:
    """Whoever could report wrong passwords could have others refused."""
    request = "urllib.request.urlopen('http://127.0.0.1:1006/?command=report', b'{}', 5)"
    said = root_shell(host, f'! runuser -u nobody -- python3 -c "import urllib.request; {request}" 2>&1')
    assert "403" in said
    root_shell(host, f'python3 -c "import urllib.request; {request}"')


def test_logins_go_on_without_the_guard(host: Host) -> None:
    root_shell(host, f"systemctl stop {UNIT}")
    try:
        assert _try(host, [(OWNER, port, _address(host, "ann"), _right()) for port in PORTS]) == ["in"] * 4
    finally:
        root_shell(host, f"systemctl start {UNIT}")


def test_dovecot_does_not_wait_for_its_own_delays(host: Host) -> None:
    """Their socket, which a start before left, would be asked in vain for five seconds."""
    old = "/run/dovecot/anvil-auth-penalty"
    root_shell(host, f"python3 -c \"import socket; socket.socket(socket.AF_UNIX).bind('{old}')\"")
    root_shell(host, f"systemctl restart dovecot; ! test -e {old}")
    assert _try(host, [(OWNER, 993, _address(host, "ann"), _right())]) == ["in"]
    journal = root_shell(host, "journalctl --unit=dovecot --since=-1min --output=cat")
    assert "starting up" in journal
    assert "anvil-auth-penalty" not in journal
