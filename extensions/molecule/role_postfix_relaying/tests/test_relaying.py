# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is for others goes to the smart host, by the first of its ports that works, and nobody else gets in by that way.

Each of the two hosts is the other's smart host, a real Postfix with a login that Dovecot checks.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from ansible_collections.mailforest.stack.tests.system.support.hosts import at, root_shell, solo
from ansible_collections.mailforest.stack.tests.system.support.playbook import ROOT, eventually, play
from testinfra.host import Host

testinfra_hosts = ["ansible://solo"]
LOGIN = "relay"
LOG = "journalctl --output=cat --since=-10min SYSLOG_FACILITY=2"
PASSWORD = "/etc/postfix/relay_password.texthash"


@pytest.fixture
def peer(host: Host) -> Host:
    """The smart host."""
    return at("solo13" if solo(host).name == "solo12" else "solo12")


def _send(host: Host, recipient: str, *, sender: str) -> None:
    root_shell(host, f"printf 'Subject: test\\n\\nHello.\\n' | sendmail -f {sender} {recipient}")


def _logged(host: Host, recipient: str, *, seconds: float = 60) -> str:
    """The line that says that the message was sent; a long wait is the queue's."""
    found: list[str] = []

    def sent() -> bool:
        lines = host.run(f"{LOG} | grep -F 'to=<{recipient}>'").stdout.splitlines()
        found[:] = [line for line in lines if "status=sent" in line]
        return bool(found)

    eventually(sent, seconds=seconds)
    return found[0]


@contextmanager
def _unanswered(host: Host, peer: Host, ports: list[int], *, silent: bool = False) -> Iterator[None]:
    """The smart host's ports refuse; or they say nothing at all."""
    where, what, end, kind = (peer, "from", "sport", "blackhole") if silent else (host, "to", "dport", "prohibit")
    rules = [f"{what} {solo(peer).address} ipproto tcp {end} {port} {kind}" for port in ports]
    for rule in rules:
        root_shell(where, f"ip rule add {rule}")
    try:
        yield
    finally:
        for rule in rules:
            root_shell(where, f"ip rule del {rule}")


@pytest.mark.parametrize(
    ("closed", "way"), [([], "]:587,"), ([587], "relay=127.0.0.1[127.0.0.1]:1005,"), ([587, 465], "]:2525,")]
)
def test_the_first_port_that_works_is_used(host: Host, peer: Host, closed: list[int], way: str) -> None:
    recipient = f"{LOGIN}+{secrets.token_hex(6)}@{solo(peer).fqdn}"
    with _unanswered(host, peer, closed):
        _send(host, recipient, sender=f"{LOGIN}@{solo(peer).fqdn}")
        line = _logged(host, recipient)
    assert way in line, line
    message = root_shell(peer, f"grep -rlF 'for <{recipient}>' /home/{LOGIN}/Maildir/new | xargs cat")
    assert "with ESMTPSA id" in message
    assert f"from {solo(host).fqdn} (" in message, "MAIL-35: it greets with its full name"


def test_what_is_refused_after_it_was_taken_comes_back_to_its_sender(host: Host, peer: Host) -> None:
    """MAIL-34: a bounce in the form of RFC 3464 to who sent it; a success is told who asks for it (RFC 3461)."""
    sender, token = f"{LOGIN}@{solo(peer).fqdn}", secrets.token_hex(6)
    _send(host, f"nobody-{token}@{solo(peer).fqdn}", sender=sender)
    _send(host, f"-N success,failure {LOGIN}+{token}@{solo(peer).fqdn}", sender=sender)
    eventually(lambda: _reported(peer, token, f"nobody-{token}", "failed"), seconds=40)
    eventually(lambda: _reported(peer, token, f"{LOGIN}+{token}", "(relayed|delivered)"), seconds=40)


def _reported(host: Host, token: str, recipient: str, action: str) -> bool:
    """Whether a report in the user's mailbox says so."""
    wanted = f"Final-Recipient: rfc822; {re.escape(recipient)}@.*(\\n.*)*?\\nAction: {action}\\n"
    found = host.run(f"grep -lF {token} /home/{LOGIN}/Maildir/new/* | xargs -r grep -hA12 -F Final-Recipient").stdout
    return re.search(wanted, str(found)) is not None


def test_a_port_that_says_nothing_costs_seconds(host: Host, peer: Host) -> None:
    recipient = f"{LOGIN}+{secrets.token_hex(6)}@{solo(peer).fqdn}"
    with _unanswered(host, peer, [587], silent=True):
        _send(host, recipient, sender=f"{LOGIN}@{solo(peer).fqdn}")
        assert ":1005," in _logged(host, recipient, seconds=30)


@pytest.mark.parametrize(("known", "why"), [(True, "Server certificate not verified"), (False, "unable to look up")])
def test_mail_waits_for_the_right_smart_host(host: Host, peer: Host, known: bool, why: str) -> None:
    """Another name for it is not in its certificate; or is not known to anybody. With the right name mail goes."""
    recipient = f"{LOGIN}+{secrets.token_hex(6)}@{solo(peer).fqdn}"
    files = "/etc/postfix/main.cf /etc/postfix/relay_password.texthash /etc/postfix/relay_tls.conf"
    root_shell(host, f"mkdir -m 0700 /root/relaying && cp -p /etc/hosts {files} /root/relaying/")
    try:
        if known:
            root_shell(host, f"echo {solo(peer).address} impostor.example.test >> /etc/hosts")
        root_shell(host, f"sed -i 's/{solo(peer).fqdn}/impostor.example.test/g' {files}; systemctl restart postfix")
        _send(host, recipient, sender=f"{LOGIN}@{solo(peer).fqdn}")
        deferred = f"{LOG} | grep -F 'to=<{recipient}>' | grep status=deferred"
        eventually(lambda: host.run(deferred).rc == 0, seconds=60)
        assert why in root_shell(host, deferred)
    finally:
        root_shell(
            host, "cp /root/relaying/hosts /etc/hosts; rm /root/relaying/hosts; cp -p /root/relaying/* /etc/postfix/"
        )
        root_shell(host, "rm -r /root/relaying; systemctl restart postfix")
    root_shell(host, "postqueue -f")
    assert ":587," in _logged(host, recipient)


def test_only_root_reads_the_password(host: Host) -> None:
    """In no other file and not in the journal of the run that wrote it; the scenarios before had the password, too."""
    file = host.file(PASSWORD)
    assert (file.user, file.group, file.mode) == ("root", "root", 0o600)
    found = root_shell(
        host,
        f"tail -1 {PASSWORD} | cut -d: -f3- > /run/relaying; "
        "grep -rlF --exclude-dir=journal -f /run/relaying /var/log /etc; "
        f"journalctl --since=@$(($(stat -c %Y {PASSWORD}) - 60)) | grep -cF -f /run/relaying; "
        "wc -c < /run/relaying; rm /run/relaying",
    )
    assert found.split()[:2] == [PASSWORD, "0"]
    assert int(found.split()[2]) > 12


def test_the_pipe_to_the_smart_host_lets_nobody_relay(host: Host, peer: Host) -> None:
    """A user of the host who connects to it is a stranger to the smart host, and is refused."""
    script = f"""import smtplib
session = smtplib.SMTP('127.0.0.1', 1005, timeout=20)
session.ehlo('client.example.test')
session.mail('stranger@elsewhere.example')
print(session.noop()[0], session.rcpt('{LOGIN}@{solo(peer).fqdn}')[0], session.rcpt('other@elsewhere.example')[0])
"""
    seen = root_shell(host, f"runuser -u nobody -- python3 - <<'SCRIPT'\n{script}SCRIPT").split()
    assert seen[0] == "250"
    assert all(code in ("530", "553", "554") for code in seen[1:]), seen
    assert root_shell(host, "ss -ltnH 'sport = :1005'").split()[3] == "127.0.0.1:1005"


def test_a_run_says_which_port_is_blocked(host: Host, peer: Host) -> None:
    """MAIL-36: with one way left it succeeds and changes nothing; with none it fails, and names each port."""
    shared, only = ROOT / "extensions/molecule/shared/converge.yml", [f"--limit={solo(host).name}"]
    with _unanswered(host, peer, [587, 465]):
        run = play(shared, arguments=only)
        assert (run.code, run.changes) == (0, []), run.explain()
    with _unanswered(host, peer, [587, 465, 2525]):
        run = play(shared, arguments=only)
    assert run.code != 0
    (failure,) = run.failures
    assert failure.task.endswith("Prove a way to the smart host"), run.explain()
    assert all(f"smart host at {port}" in failure.message for port in (587, 465, 2525)), failure.message
