# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What benchmarks/mail_throughput.py has a mail server do: `prepare`, `run SIDE MESSAGES SESSIONS ADDRESS...`, `clean`.

Beside the server as it is there are Postfix instances of their own, with queues of their own, at loopback: `debian` has
what Debian's package sets up, with local users and mailboxes in /var/mail; the others are the server as it is, but for
the spam filter, which Debian's has not. `plain` reads its tables of the directory's users, `asking` asks the directory
for each message, `static` has its recipients in a table that was written by hand.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

_SPOOL = Path("/var/spool/postfix")
_USER = "mfbench"
_SUBJECT = "mailforest-benchmark"
_SIZE = 2048
_PATIENCE = 300
_PAUSE = 0.02
_COUNTS = 5


@dataclass(frozen=True)
class Side:
    """A Postfix instance."""

    name: str
    port: int

    @property
    def settings(self) -> Path:
        """Its configuration."""
        return Path("/etc/postfix" if self.name == "ours" else f"/etc/postfix-bench-{self.name}")

    @property
    def queue(self) -> Path:
        """Its queue."""
        return _SPOOL if self.name == "ours" else Path(f"/var/spool/postfix-bench-{self.name}")

    @property
    def data(self) -> Path:
        """What its daemons keep."""
        return Path(f"/var/lib/postfix-bench-{self.name}")

    def set(self, **values: str) -> None:
        """Write settings into its main.cf."""
        _run("postconf", "-c", str(self.settings), "-e", *(f"{name}={value}" for name, value in values.items()))

    def waiting(self) -> bool:
        """Whether there is a message in its queue; one that was put off is an error."""
        if any(_files(self.queue / "deferred")):
            raise RuntimeError(f"{self.name} has put messages off; see its log")
        return any(path for part in ("maildrop", "incoming", "active") for path in _files(self.queue / part))


OURS, DEBIAN, PLAIN, ASKING, STATIC = (
    Side(name, port)
    for name, port in (("ours", 25), ("debian", 2626), ("plain", 2627), ("asking", 2628), ("static", 2629))
)
SIDES = {side.name: side for side in (OURS, DEBIAN, PLAIN, ASKING, STATIC)}
_COPIES = (PLAIN, ASKING, STATIC)


def _run(*argv: str) -> str:
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(argv)} ended with {done.returncode}: {done.stderr.strip()}")
    return done.stdout


def _files(folder: Path) -> Iterator[str]:
    for _folder, _folders, names in os.walk(folder):
        yield from names


def _locals(count: int) -> list[str]:
    return [f"{_USER}{number}" for number in range(count)]


def prepare(addresses: Sequence[str]) -> None:
    """Make the instances and as many local users as there are recipients."""
    clean()
    for name in _locals(len(addresses)):
        _run("useradd", "--no-create-home", "--shell", "/usr/sbin/nologin", name)
    _debian()
    for side in _COPIES:
        _copy(side)
    _ask(ASKING)
    _write(STATIC, addresses)
    for side in (DEBIAN, *_COPIES):
        _start(side)


def _debian() -> None:
    """Debian's own files, with what the package's installation adds for an Internet site."""
    DEBIAN.settings.mkdir()
    shutil.copy("/usr/share/postfix/main.cf.debian", DEBIAN.settings / "main.cf")
    shutil.copy("/usr/share/postfix/master.cf.dist", DEBIAN.settings / "master.cf")
    shutil.copy("/etc/postfix/dynamicmaps.cf", DEBIAN.settings / "dynamicmaps.cf")
    (DEBIAN.settings / "aliases").write_text("postmaster: root\n")
    host = os.uname().nodename
    DEBIAN.set(
        myhostname=host,
        myorigin=host,
        mydestination=f"$myhostname, {host}, localhost",
        alias_maps=f"hash:{DEBIAN.settings}/aliases",
        alias_database=f"hash:{DEBIAN.settings}/aliases",
        mynetworks="127.0.0.0/8",
        relayhost="",
        mailbox_size_limit="0",
        recipient_delimiter="+",
        inet_interfaces="127.0.0.1",
        smtpd_relay_restrictions="permit_mynetworks permit_sasl_authenticated defer_unauth_destination",
    )
    _place(DEBIAN)
    _run("postalias", "-c", str(DEBIAN.settings), f"hash:{DEBIAN.settings}/aliases")
    _only_port(DEBIAN, "smtp")


def _copy(side: Side) -> None:
    """The server's own files, without its spam filter; delivery to the same Dovecot."""
    shutil.copytree("/etc/postfix", side.settings)
    main = side.settings / "main.cf"
    main.write_text(main.read_text().replace("unix:private/", f"unix:{_SPOOL}/private/"))
    _place(side)
    side.set(smtpd_milters="", non_smtpd_milters="")
    for service in ("lmtp/unix", "25/inet"):
        _run("postconf", "-c", str(side.settings), "-F", f"{service}/chroot=n")
    _only_port(side, "25")


def _ask(side: Side) -> None:
    """Look everything up in the directory: the files without the tables."""
    main = side.settings / "main.cf"
    text = re.sub(r"(check_recipient_access )?lmdb:/var/lib/mailforest-mail-tables/\w+, ", "", main.read_text())
    main.write_text(text)


def _write(side: Side, addresses: Sequence[str]) -> None:
    """Recipients and aliases by hand."""
    (side.settings / "mailboxes").write_text("".join(f"{address} there\n" for address in addresses))
    (side.settings / "aliases").write_text("".join(f"{address} {address}\n" for address in addresses))
    side.set(
        virtual_mailbox_maps=f"lmdb:{side.settings}/mailboxes",
        virtual_alias_maps=f"lmdb:{side.settings}/aliases",
        smtpd_recipient_restrictions="reject_non_fqdn_recipient, reject_unlisted_recipient",
        transport_maps="",
    )
    for name in ("mailboxes", "aliases"):
        _run("postmap", "-c", str(side.settings), f"lmdb:{side.settings}/{name}")


def _place(side: Side) -> None:
    """A queue of its own, with what its daemons need in their chroot."""
    side.set(queue_directory=str(side.queue), data_directory=str(side.data), syslog_name=f"postfix-bench-{side.name}")
    side.queue.mkdir()
    for part in ("etc", "lib", "usr"):
        if (_SPOOL / part).exists():
            shutil.copytree(_SPOOL / part, side.queue / part, symlinks=True)
    side.data.mkdir()
    shutil.chown(side.data, "postfix", "postfix")


def _only_port(side: Side, own: str) -> None:
    """Serve at the side's port alone; `own` is how the files call port 25."""
    master = side.settings / "master.cf"
    text = master.read_text()
    kept, skip = [], False
    for line in text.splitlines():
        if not line.startswith((" ", "\t")):
            words = line.split()
            skip = len(words) > 1 and words[1] == "inet" and words[0] != own
            if len(words) > 1 and words[1] == "inet" and words[0] == own:
                line = line.replace(own, f"127.0.0.1:{side.port}", 1)
        if not skip:
            kept.append(line)
    master.write_text("\n".join(kept) + "\n")


def _start(side: Side) -> None:
    _run("postfix", "-c", str(side.settings), "start")


def clean() -> None:
    """Take away all that `prepare` made."""
    for side in (DEBIAN, *_COPIES):
        with contextlib.suppress(RuntimeError):
            _run("postfix", "-c", str(side.settings), "stop")
        for folder in (side.settings, side.queue, side.data):
            shutil.rmtree(folder, ignore_errors=True)
    for line in Path("/etc/passwd").read_text().splitlines():
        if (name := line.partition(":")[0]).startswith(_USER):
            _run("userdel", name)
            Path("/var/mail", name).unlink(missing_ok=True)


def run(side: Side, messages: int, sessions: int, addresses: Sequence[str]) -> dict[str, float]:
    """Hand the messages in, a share for each recipient at once; wait until all are in the mailboxes; remove them."""
    if side.waiting():
        raise RuntimeError(f"{side.name} has messages in its queue already")
    users = _locals(len(addresses))
    recipients = [f"{user}@localhost" for user in users] if side is DEBIAN else list(addresses)
    share, each = messages // len(recipients), max(1, sessions // len(recipients))
    start = time.monotonic()
    senders = [subprocess.Popen(_source(side, recipient, share, each)) for recipient in recipients]
    codes = [sender.wait() for sender in senders]
    accepted = time.monotonic() - start
    if any(codes):
        raise RuntimeError(f"{side.name} refused messages: smtp-source ended with {codes}")
    while side.waiting():
        if time.monotonic() - start > _PATIENCE:
            raise RuntimeError(f"{side.name} has not delivered all after {_PATIENCE} s")
        time.sleep(_PAUSE)
    delivered = time.monotonic() - start
    found = _local_copies(users) if side is DEBIAN else _mailbox_copies(addresses, share)
    if found != share * len(recipients):
        raise RuntimeError(f"{side.name} has {found} messages in the mailboxes, not {share * len(recipients)}")
    return {"messages": found, "accepted": accepted, "delivered": delivered}


def _source(side: Side, recipient: str, count: int, sessions: int) -> list[str]:
    argv = ["smtp-source", "-s", str(sessions), "-m", str(count), "-l", str(_SIZE), "-S", _SUBJECT]
    return [*argv, "-f", f"bench@{os.uname().nodename}.invalid", "-t", recipient, f"inet:127.0.0.1:{side.port}"]


def _local_copies(users: Sequence[str]) -> int:
    """Count them, and empty the mailboxes."""
    found = 0
    for user in users:
        box = Path("/var/mail", user)
        found += box.read_text(errors="replace").count(f"\nSubject: {_SUBJECT}\n")
        box.unlink()
    return found


def _mailbox_copies(addresses: Sequence[str], share: int) -> int:
    """Count them, and remove them. A count that is short is repeated: the index may lag behind what is delivered."""
    found = 0
    query = ["mailbox", "INBOX", "HEADER", "Subject", _SUBJECT]
    for address in addresses:
        for _try in range(_COUNTS):
            copies = len(_run("doveadm", "search", "-u", address, *query).splitlines())
            if copies >= share:
                break
            time.sleep(1)
        found += copies
        _run("doveadm", "expunge", "-u", address, *query)
    return found


def main(argv: Sequence[str]) -> None:
    """Do what is asked; print the result as JSON."""
    match argv:
        case ["prepare", *addresses]:
            prepare(addresses)
        case ["run", side, messages, sessions, *addresses]:
            print(json.dumps(run(SIDES[side], int(messages), int(sessions), addresses)))
        case ["clean"]:
            clean()
        case _:
            raise SystemExit(f"not known: {argv}")


if __name__ == "__main__":
    main(sys.argv[1:])
