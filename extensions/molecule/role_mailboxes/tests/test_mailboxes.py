# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Postfix and Dovecot do together for the mailboxes of a list of users, on both releases."""

from __future__ import annotations

import imaplib
import os
import smtplib
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest
from ansible_collections.mailforest.stack.tests.system.support.hosts import client_context, root_shell, solo
from ansible_collections.mailforest.stack.tests.system.support.playbook import ROOT, Run, eventually, play
from ansible_collections.mailforest.stack.tests.system.support.sieve_client import Refused, SieveClient
from testinfra.host import Host

testinfra_hosts = ["ansible://solo"]
LIMIT = 1024 * 1024
STRANGER = "stranger@elsewhere.example"


def _password() -> str:
    return (ROOT / ".build/molecule/password").read_text(encoding="utf-8").strip()


def _address(host: Host, name: str) -> str:
    return f"{name}@{solo(host).name}.example.test"


@contextmanager
def _imap(host: Host, name: str) -> Iterator[imaplib.IMAP4]:
    with imaplib.IMAP4_SSL(solo(host).address, 993, ssl_context=client_context(host), timeout=20) as session:
        session.login(_address(host, name), _password())
        yield session


@contextmanager
def _smtp(host: Host) -> Iterator[smtplib.SMTP]:
    with smtplib.SMTP(solo(host).address, 25, "client.example.test", timeout=20) as session:
        session.starttls(context=client_context(host))
        session.ehlo("client.example.test")
        yield session


def _send(host: Host, name: str, text: str) -> None:
    with _smtp(host) as session:
        assert session.sendmail(STRANGER, [_address(host, name)], text) == {}


@contextmanager
def _sieve(host: Host, name: str) -> Iterator[SieveClient]:
    with SieveClient(solo(host).address) as session:
        session.starttls(client_context(host), solo(host).fqdn)
        session.login(_address(host, name), _password())
        yield session


def _answer(host: Host, name: str) -> tuple[int, bytes]:
    with _smtp(host) as session:
        session.mail(STRANGER)
        return session.rcpt(_address(host, name))


def _found(host: Host, name: str, folder: str, subject: str) -> int:
    with _imap(host, name) as session:
        if session.select(f'"{folder}"', readonly=True)[0] != "OK":
            return 0
        return len(session.search(None, "HEADER", "Subject", f'"{subject}"')[1][0].split())


def _arrived(host: Host, name: str, folder: str, subject: str, count: int = 1) -> bool:
    return _found(host, name, folder, subject) == count


@pytest.fixture(autouse=True)
def empty(host: Host) -> Iterator[None]:
    """Both mailboxes are empty before and after."""
    clear = f"rm -rf /var/vmail/*@{solo(host).name}.example.test"
    root_shell(host, clear)
    yield
    root_shell(host, clear)


def test_a_full_mailbox_refuses_mail_in_the_session(host: Host) -> None:
    """MAIL-27: the owner reads, deletes by way of the wastebasket, and gets mail again; others never suffer."""
    text = "Subject: piece\r\n\r\n" + ("x" * 70 + "\r\n") * (LIMIT // 2 // 72)
    for taken in range(1, 4):
        _send(host, "ann", text)
        eventually(partial(_arrived, host, "ann", "INBOX", "piece", taken), seconds=20)
        if (answer := _answer(host, "ann"))[0] != 250:
            break
    assert (answer[0], answer[1][:5]) == (452, b"4.2.2"), answer
    assert _answer(host, "ben")[0] == 250
    with _imap(host, "ann") as session:
        session.select("INBOX")
        assert session.append("INBOX", "", "", text.encode())[1][0].startswith(b"[OVERQUOTA]")
        assert session.fetch("1", "(BODY[])")[0] == "OK"
        assert session.copy("1", "Trash")[0] == "OK"
        session.store("1:*", "+FLAGS", "\\Deleted")
        session.expunge()
        session.select("Trash")
        session.store("1:*", "+FLAGS", "\\Deleted")
        session.expunge()
    assert _answer(host, "ann")[0] == 250


SCRIPT = """
require ["fileinto", "mailbox", "vacation"];
if header :contains "Subject" "invoice" { fileinto :create "Bills"; stop; }
if header :contains "Subject" "hello" { vacation :days 1 :subject "Away until Monday" "I am not here."; }
"""


def test_mail_that_was_marked_as_spam_goes_into_junk(host: Host) -> None:
    """Before the user's own rules, which would answer it; the mark of another value is no mark."""
    with _sieve(host, "ben") as session:
        session.activate("rules", SCRIPT)
    _send(host, "ben", "Subject: invoice one\r\nX-Spam: Yes\r\n\r\nBuy.\r\n")
    _send(host, "ben", "Subject: invoice two\r\nX-Spam: No\r\n\r\nDue.\r\n")
    eventually(partial(_arrived, host, "ben", "Bills", "invoice two"), seconds=20)
    eventually(partial(_arrived, host, "ben", "Junk", "invoice one"), seconds=20)
    assert _found(host, "ben", "INBOX", "invoice") == 0
    assert _found(host, "ben", "Bills", "invoice one") == 0


def test_nobody_but_root_changes_the_rule_for_all(host: Host) -> None:
    for path in ("/var/lib/dovecot/sieve", "/var/lib/dovecot/sieve/junk.sieve", "/var/lib/dovecot/sieve/junk.svbin"):
        assert root_shell(host, f"stat -c '%U %G' {path}; stat -c %a {path}").split()[:2] == ["root", "root"]
        root_shell(host, f"runuser -u vmail -- test -r {path}")
        root_shell(host, f"! runuser -u vmail -- test -w {path}")


def test_a_vacation_answers_once(host: Host) -> None:
    """And what is asked for at submission is delivered as any other mail."""
    with _sieve(host, "ben") as session:
        session.activate("rules", SCRIPT)
    for number in (1, 2):
        with smtplib.SMTP_SSL(solo(host).address, 465, context=client_context(host), timeout=20) as session:
            session.login(_address(host, "ann"), _password())
            text = (
                f"From: {_address(host, 'ann')}\r\nTo: {_address(host, 'ben')}\r\nSubject: hello {number}\r\n\r\n.\r\n"
            )
            session.sendmail(_address(host, "ann"), [_address(host, "ben")], text)
        eventually(partial(_arrived, host, "ben", "INBOX", f"hello {number}"), seconds=20)
    eventually(partial(_arrived, host, "ann", "INBOX", "Away until Monday"), seconds=20)


def test_scripts_are_managed_over_tls_only(host: Host) -> None:
    with SieveClient(solo(host).address) as session:
        assert not any(b"PLAIN" in line for line in session.capabilities if line.upper().startswith(b'"SASL"'))
        with pytest.raises(Refused):
            session.login(_address(host, "ben"), _password())
    with _sieve(host, "ben") as session:
        with pytest.raises(Refused):
            session.store("broken", "fileinto")
        with pytest.raises(Refused):
            session.store("program", 'require "vnd.dovecot.execute"; execute "id";')
        session.store("right", "keep;")
        assert b'"right"' in b"".join(session.command("LISTSCRIPTS"))


def test_a_folder_is_shared_with_whom_its_owner_names(host: Host) -> None:
    """Read but not written, and taken back."""
    folder = f"shared/{_address(host, 'ann')}/Team"
    with _imap(host, "ann") as session:
        session.create("Team")
        session.append("Team", "", "", b"Subject: plan\r\n\r\nOurs.\r\n")
    assert _found(host, "ben", folder, "plan") == 0
    with _imap(host, "ann") as session:
        assert session.setacl("Team", _address(host, "ben"), "lr")[0] == "OK"
    assert _found(host, "ben", folder, "plan") == 1
    with _imap(host, "ben") as session:
        assert session.append(f'"{folder}"', "", "", b"Subject: mine\r\n\r\n.\r\n")[0] == "NO"
        assert any(b"Team" in line for line in session.list("shared/", "*")[1] if isinstance(line, bytes))
    with _imap(host, "ann") as session:
        assert session.deleteacl("Team", _address(host, "ben"))[0] == "OK"
    assert _found(host, "ben", folder, "plan") == 0


def test_words_in_the_text_are_found(host: Host) -> None:
    """By the index where there is one, in any language, and by reading all where there is none."""
    word, other = "Überweisungsträger", "накладная"
    with _imap(host, "ann") as session:
        session._encoding = "utf-8"  # type: ignore[attr-defined]  # the library sends ASCII alone by itself
        text = f"Subject: words\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{word} {other}.\r\n"
        session.append("INBOX", "", "", text.encode())
        session.select("INBOX", readonly=True)
        for wanted, count in ((word.lower(), 1), (other, 1), ("anything else", 0)):
            found = session.search("UTF-8", "BODY", f'"{wanted}"')[1][0].split()
            assert len(found) == count, wanted
    if host.file("/etc/debian_version").content_string.startswith("13"):
        stats = root_shell(host, f"doveadm fts flatcurve stats -u {_address(host, 'ann')} INBOX")
        assert "messages=1" in stats, stats


BACKUPS = "/var/backups/mailforest/mail"


def test_a_mailbox_is_backed_up_and_brought_back(host: Host) -> None:
    """MAIL-27: the drill. What was deleted since is back, in a folder of its own; nothing else changes."""
    root_shell(host, f"rm -rf {BACKUPS}/*")
    with _imap(host, "ann") as session:
        session.create("Work")
        session.append("Work", "(\\Seen)", "", b"Subject: contract\r\n\r\nSigned.\r\n")
        session.append("INBOX", "", "", b"Subject: letter\r\n\r\nDear.\r\n")
        session.create("B&APw-ro")
        session.append("B&APw-ro", "", "", b"Subject: desk\r\n\r\nMine.\r\n")
    root_shell(host, f"mkdir -p {BACKUPS}/restore-killed/Maildir")  # as of a run that was killed
    root_shell(host, "systemctl start mailforest-mailbox-backup.service")
    assert root_shell(host, f"ls {BACKUPS}").split() == ["copies", "snapshots"]
    first = root_shell(host, f"ls {BACKUPS}/snapshots").split()
    with _imap(host, "ann") as session:
        session.delete("Work")
        session.append("INBOX", "", "", b"Subject: later\r\n\r\nNew.\r\n")
    for _turn in range(2):  # two are kept: the first goes
        time.sleep(1.1)
        root_shell(host, "systemctl start mailforest-mailbox-backup.service")
        kept = root_shell(host, f"ls {BACKUPS}/snapshots").split()
        if len(kept) == 2 and first[0] in kept:
            _restore(host, first[0])
    assert first[0] not in kept
    assert len(kept) == 2
    assert _found(host, "ann", "Restored/Work", "contract") == 1
    assert _found(host, "ann", "Restored/INBOX", "letter") == 1
    assert _found(host, "ann", "Restored/INBOX", "later") == 0
    assert _found(host, "ann", "INBOX", "letter") == 1
    again = _play(host, restore_user=_address(host, "ann"))
    assert again.code != 0
    assert "has a folder Restored already" in again.output
    root_shell(host, f"! runuser -u vmail -- ls {BACKUPS}/snapshots")


def _play(host: Host, **extra: str) -> Run:
    arguments = ["--limit", solo(host).name]
    return play(
        ROOT / "playbooks/restore_mailbox.yml", extra_vars=extra, arguments=arguments, inventories=_inventories()
    )


def _restore(host: Host, snapshot: str) -> None:
    """The counts are those of the snapshot's own files; a folder with a name beyond ASCII is among them."""
    root_shell(host, f"mkdir -p {BACKUPS}/restore-killed/Maildir")
    run = _play(host, restore_user=_address(host, "ann"), restore_snapshot=snapshot)
    assert run.code == 0, run.explain()
    assert root_shell(host, f"ls {BACKUPS}").split() == ["copies", "snapshots"]
    told = " ".join(result.message for result in run.results if result.task == "Tell how many each folder has")
    assert "Work: 1" in told and "Büro: 1" in told, told


def _inventories() -> list[Path]:
    """The scenario's, in which the hosts are mail servers for the playbook."""
    return [
        *(Path(name) for name in os.environ["ANSIBLE_INVENTORY"].split(",")),
        Path(__file__).parent / "mail_servers.yml",
    ]
