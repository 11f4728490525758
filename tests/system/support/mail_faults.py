# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One mail server with mail flowing in, for tests that break something there."""

from __future__ import annotations

import imaplib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass

from testinfra.host import Host

from .hosts import client_context, root_shell, solo
from .mail_target import User
from .playbook import ROOT, eventually
from .steady_mail import Counted, Door, Outcome, Sender, count, steady

Mailbox = Callable[[], AbstractContextManager[imaplib.IMAP4]]
"""Opens a session that has logged in."""
_SENDER = "stranger@elsewhere.example"
_DELIVERED_SECONDS = 120
_STRAY = "sleep 2"
"""A second copy would come by another attempt, and a little later."""


DOVECOTS_LMTP = "ps -C lmtp -o user=,pid= | awk '$1 != \"postfix\" { print $2 }'"
"""The processes that write into mailboxes; Postfix has those of the same name that hand over to them."""


def postfix_unit(host: Host) -> str:
    """The unit whose main process is Postfix's."""
    twelve = host.file("/etc/debian_version").content_string[:2] == "12"
    return "postfix@-.service" if twelve else "postfix.service"


@contextmanager
def small_disk(host: Host, path: str, megabytes: int) -> Iterator[None]:
    """The directory as it is, on a file system of its own; back at the end, with all that is there then."""
    stop, start = (f"systemctl {verb} {postfix_unit(host)} dovecot.service" for verb in ("stop", "start"))
    side = f"/var/lib/mailforest-test{path}"
    root_shell(
        host,
        f"set -e; {stop}; mkdir -p {side}; mount -t tmpfs -o size={megabytes}m tmpfs {side}; "
        f"cp -a {path}/. {side}; chown --reference={path} {side}; chmod --reference={path} {side}; "
        f"mount --move {side} {path}; {start}",
    )
    try:
        yield
    finally:
        root_shell(
            host,
            f"set -e; {stop}; mkdir -p {side}; cp -a {path}/. {side}; umount {path}; "
            f"find {path} -mindepth 1 -delete; cp -a {side}/. {path}; rm -rf /var/lib/mailforest-test; {start}",
        )


def fill(host: Host, path: str) -> None:
    """Not a byte is left; what was being written when it filled up fails. `filler` is what is to be removed."""
    root_shell(
        host,
        f"dd if=/dev/zero of={path}/filler bs=1k status=none || true; ! echo more > {path}/more; rm -f {path}/more",
    )


@dataclass(frozen=True, kw_only=True)
class Faults:
    """A server, where mail is handed in, and the mailboxes that it is for, by address."""

    host: Host
    door: Door
    mailboxes: Mapping[str, Mailbox]
    begun: str
    sender: str = _SENDER

    @property
    def postfix_unit(self) -> str:
        """The unit whose main process is Postfix's."""
        return postfix_unit(self.host)

    def mail(self, *, pause: float = 0.05) -> AbstractContextManager[Sender]:
        """Mail that flows while the block runs."""
        return steady(self.door, self.sender, list(self.mailboxes), pause=pause)

    def accepting(self, mail: Sender, *, seconds: float) -> None:
        """Wait until a message is accepted that was not when this was called."""
        before = len(mail.log.accepted)
        eventually(lambda: len(mail.log.accepted) > before + 2, seconds=seconds, pause=0.1)

    def serving(self, *, seconds: float) -> None:
        """Wait until mailboxes can be read."""
        eventually(self._readable, seconds=seconds, pause=0.5)

    def _readable(self) -> bool:
        try:
            for mailbox in self.mailboxes.values():
                with mailbox():
                    pass
        except (OSError, imaplib.IMAP4.error):
            return False
        return True

    def counted(self, mail: Sender) -> Counted:
        """What is in the mailboxes."""
        found = Counted(copies=Counter())
        for mailbox in self.mailboxes.values():
            with mailbox() as session:
                found += count(session, mail.run_name)
        return found

    def outcome(self, fault: str, mail: Sender) -> Outcome:
        """Have everything delivered that waits, without the pause until the next attempt, and count."""
        self.serving(seconds=_DELIVERED_SECONDS)
        eventually(lambda: self._delivered(mail), seconds=_DELIVERED_SECONDS)
        root_shell(self.host, _STRAY)
        return Outcome.of(fault, mail.log, self.counted(mail))

    def _delivered(self, mail: Sender) -> bool:
        """Nothing waits; what is missing then is lost."""
        root_shell(self.host, "postqueue -f")
        waiting = root_shell(self.host, "postqueue -j | wc -l")
        return int(waiting) == 0 and root_shell(self.host, "ls /var/spool/postfix/maildrop").strip() == ""

    def deliveries(self) -> int:
        """How many deliveries may be under way: each of them, killed, may double its message."""
        return int(root_shell(self.host, "pgrep -c -u postfix -x lmtp || true"))

    def logged(self, text: str) -> int:
        """How many lines Postfix has logged with the text since the beginning."""
        log = f"journalctl --unit='postfix*' --since='{self.begun}' --output=cat"
        return int(root_shell(self.host, f"{log} | grep -cF '{text}' || true"))

    def nothing_lost(self, outcome: Outcome) -> None:
        """After every fault: what was accepted is there, nothing was refused for good, nothing came back."""
        assert outcome.accepted > 0, outcome
        assert (outcome.lost, outcome.refused, self.logged("status=bounced")) == (0, 0, 0), outcome


@contextmanager
def solo_faults(host: Host, names: tuple[str, ...], *, submitted: bool = False) -> Iterator[Faults]:
    """A host of the role scenarios, whose mailboxes are empty before and after; mail is submitted by the first user."""
    place, password = solo(host), (ROOT / ".build/molecule/password").read_text(encoding="utf-8").strip()
    context = client_context(host)

    def opened(address: str) -> Mailbox:
        @contextmanager
        def session() -> Iterator[imaplib.IMAP4]:
            with imaplib.IMAP4_SSL(place.address, 993, ssl_context=context, timeout=20) as found:
                found.login(address, password)
                yield found

        return session

    domain = f"{place.name}.example.test"
    first = f"{names[0]}@{domain}"
    user = User(login=first, address=first, password=password)
    clear = f"rm -rf /var/vmail/*@{domain}"
    root_shell(host, clear)
    yield Faults(
        host=host,
        door=Door(address=place.address, context=context, user=user if submitted else None),
        mailboxes={f"{name}@{domain}": opened(f"{name}@{domain}") for name in names},
        begun=root_shell(host, "date '+%F %T'").strip(),
        sender=first if submitted else _SENDER,
    )
    root_shell(host, clear)
