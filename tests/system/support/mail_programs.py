# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Mail programs of others, as their users set them up: msmtp, mbsync, fetchmail, and `openssl s_client` by hand.

Each checks the certificate against the target's CA and the server's name, and connects to its address. Passwords go to
them in files of mode 0600 or by their standard input.
"""

from __future__ import annotations

import base64
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .mail_client import SECONDS, Client
from .mail_target import READING, SUBMISSION, User

_STARTTLS = {25: "smtp", 587: "smtp", 2525: "smtp", 143: "imap", 110: "pop3"}
"""Where TLS begins by a command, and in which protocol."""

Done = subprocess.CompletedProcess[str]


def _run(argv: list[str], *, given: str = "") -> Done:
    return subprocess.run(argv, input=given, capture_output=True, text=True, check=False, timeout=SECONDS)


def _secret(path: Path, text: str) -> Path:
    path.touch(mode=0o600)
    path.write_text(text, encoding="utf-8")
    return path


def letter(sender: str, recipient: str, subject: str) -> str:
    """A message (RFC 5322)."""
    return f"From: {sender}\nTo: {recipient}\nSubject: {subject}\n\nSent by a test, and removed by it.\n"


def msmtp(
    client: Client, port: int, sender: User | str, recipient: str, subject: str, *, folder: Path, name: str = ""
) -> Done:
    """Send by msmtp; a sender without a password does not log in."""
    address = sender if isinstance(sender, str) else sender.address
    login = ["auth off"]
    if isinstance(sender, User):
        login = ["auth plain", f"user {sender.login}", f'password "{sender.password}"']
    settings = [
        f"host {client.server.address}",
        f"port {port}",
        "tls on",
        f"tls_starttls {'off' if SUBMISSION.get(port) == 'implicit' else 'on'}",
        f"tls_trust_file {client.target.ca_file}",
        f"tls_host_override {name or client.server.fqdn}",
        f"from {address}",
        "domain client.example.test",
        *login,
    ]
    rc = _secret(folder / "msmtprc", "\n".join(settings) + "\n")
    return _run(["msmtp", f"--file={rc}", "--", recipient], given=letter(address, recipient, subject))


def mbsync(client: Client, port: int, user: User, *, folder: Path, name: str = "") -> Done:
    """Fetch the inbox into a maildir below `folder` by mbsync."""
    wire = f"exec 3<>/dev/tcp/{client.server.address}/{port}; cat <&3 & cat >&3; kill $!"
    settings = f"""\
IMAPAccount server
Host {name or client.server.fqdn}
Tunnel "exec bash -c '{wire}'"
User {user.login}
Pass "{user.password}"
SSLType {"IMAPS" if READING[port] == "imaps" else "STARTTLS"}
SystemCertificates no
CertificateFile {client.target.ca_file}
Timeout {SECONDS:.0f}

IMAPStore server
Account server

MaildirStore here
Inbox {folder}/inbox
Path {folder}/

Channel inbox
Far :server:
Near :here:
Sync Pull
SyncState {folder}/
"""
    return _run(["mbsync", "--config", str(_secret(folder / "mbsyncrc", settings)), "inbox"])


def fetchmail(client: Client, port: int, user: User, *, folder: Path, name: str = "") -> Done:
    """Fetch what is in the inbox into a file below `folder` by fetchmail, and leave it on the server."""
    implicit = READING[port].endswith("s")
    settings = f"""\
set no bouncemail
poll "{client.server.address}" protocol {READING[port].rstrip("s")} service {port} timeout {SECONDS:.0f}
  user "{user.login}" password "{user.password}"
  {"ssl" if implicit else ""} sslproto "TLS1.2+" sslcertck sslcertfile "{client.target.ca_file}"
  sslcommonname "{name or client.server.fqdn}"
  keep fetchall mda "cat >> {folder}/fetched"
"""
    argv = ["env", f"FETCHMAILHOME={folder}", "fetchmail", "--nodetach", "--nosyslog", "--fetchmailrc"]
    return _run([*argv, str(_secret(folder / "fetchmailrc", settings))])


class Typist:
    """Somebody who types a protocol into `openssl s_client`."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def say(self, line: str) -> None:
        """Type a line."""
        assert self._process.stdin is not None
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()

    def hear(self, pattern: str) -> str:
        """Read until a line matches; return all that was read."""
        assert self._process.stdout is not None
        seen = ""
        for line in self._process.stdout:
            seen += line
            if re.match(pattern, line):
                return seen
        raise AssertionError(f"no line matched {pattern!r} in: {seen}")

    def ask(self, line: str, pattern: str) -> str:
        """Type a line, and read until a line matches."""
        self.say(line)
        return self.hear(pattern)


@contextmanager
def s_client(client: Client, port: int, *, name: str = "") -> Iterator[Typist]:
    """A session under TLS by `openssl s_client`."""
    argv = ["openssl", "s_client", "-quiet", "-crlf", "-connect", f"{client.server.address}:{port}"]
    argv += ["-servername", client.server.fqdn, "-verify_hostname", name or client.server.fqdn, "-verify_return_error"]
    argv += ["-no-CApath", "-no-CAstore", "-CAfile", str(client.target.ca_file)]
    argv += ["-starttls", _STARTTLS[port]] if port in _STARTTLS else []
    pipe, merged = subprocess.PIPE, subprocess.STDOUT
    timed = ["timeout", f"{SECONDS:.0f}", *argv]
    with subprocess.Popen(timed, stdin=pipe, stdout=pipe, stderr=merged, text=True) as process:
        try:
            yield Typist(process)
        finally:
            process.terminate()


def typed_submission(client: Client, port: int, sender: User, recipient: str, subject: str, *, name: str = "") -> None:
    """Send a message, every line typed into `openssl s_client`."""
    secret = base64.b64encode(f"\0{sender.login}\0{sender.password}".encode()).decode()
    with s_client(client, port, name=name) as typist:
        typist.ask("EHLO client.example.test", r"250[ -]AUTH .*PLAIN")
        typist.ask(f"AUTH PLAIN {secret}", r"235 ")
        typist.ask(f"MAIL FROM:<{sender.address}>", r"250 2\.1\.0")
        typist.ask(f"RCPT TO:<{recipient}>", r"250 2\.1\.5")
        typist.ask("DATA", r"354 ")
        typist.ask(letter(sender.address, recipient, subject) + ".", r"250 2\.0\.0 .*queued")
        typist.say("QUIT")


def typed_reading(client: Client, port: int, user: User, subject: str, *, name: str = "") -> bool:
    """Look for a subject in the inbox, every line typed into `openssl s_client`."""
    with s_client(client, port, name=name) as typist:
        if READING[port].startswith("imap"):
            typist.ask(f'a LOGIN {user.login} "{user.password}"', r"a OK")
            typist.ask("b SELECT INBOX", r"b OK")
            seen = typist.ask(f'c SEARCH HEADER Subject "{subject}"', r"c OK")
            typist.say("d LOGOUT")
            return re.search(r"^\* SEARCH \d", seen, re.MULTILINE) is not None
        typist.ask(f"USER {user.login}", r".*\+OK\s*$")
        typist.ask(f"PASS {user.password}", r"\+OK Logged in")
        count = int(typist.ask("STAT", r"\+OK \d").split()[-2])
        seen = "".join(typist.ask(f"TOP {number} 0", r"\.\s*$") for number in range(count, max(count - 30, 0), -1))
        typist.say("QUIT")
        return f"Subject: {subject}" in seen
