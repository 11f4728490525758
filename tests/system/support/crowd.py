# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A hundred people with mailboxes in both offices, and the mail programs that they have open all day."""

from __future__ import annotations

import imaplib
import secrets
import smtplib
import ssl
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field

from .hosts import at, module, root_shell
from .mail_target import Server, Target, User
from .office import Office
from .people import write
from .playbook import eventually
from .repeated import Repeated, repeated
from .steady_mail import Counted, count
from .traffic import answered, mailbox, strangers

_NAME = "crowd"
_STRANGER = "stranger@elsewhere.example"
_KNOWN_SECONDS = 180
"""Until the tables of recipients have somebody new, and logins are taken everywhere."""
_ROUND_SECONDS = 5.0
_EVERY_RUN = '""'
"""Any serial: the mailboxes were made for the test."""


@dataclass(frozen=True, kw_only=True)
class Person:
    """Somebody, and the server where the mailbox is."""

    user: User
    home: Server


@contextmanager
def crowd(office: Office, target: Target, size: int) -> Iterator[list[Person]]:
    """People at home on the servers in turn; removed at the end, with their mailboxes and no others."""
    people = [_person(office, target, number) for number in range(size)]
    try:
        write(office, *(_row(person) for person in people))
        eventually(lambda: _all_known(target, people), seconds=_KNOWN_SECONDS, pause=5)
        yield people
    finally:
        boxes = _boxes(office, people)
        write(office, *({"name": person.user.login, "state": "absent"} for person in people))
        for name in office.mail_servers:
            root_shell(at(name), f"cd /var/vmail && rm -rf -- {' '.join(boxes)}")


def _boxes(office: Office, people: Sequence[Person]) -> list[str]:
    """A mailbox has the name of its owner's object, which was made first."""
    first, account = at(office.controllers[0]), "sAMAccountName"
    found = module(first, "object_info", ldap_filter=f"({account}={_NAME}*)", properties=[account])["objects"]
    logins = {person.user.login for person in people}
    return [row["object_guid"] for row in found if row["properties"][account] in logins]


def _person(office: Office, target: Target, number: int) -> Person:
    login = f"{_NAME}{number:03d}"
    password = f"Aa1-{secrets.token_urlsafe(12)}"
    user = User(login=login, address=f"{login}@{office.mail_domain}", password=password)
    return Person(user=user, home=target.hosts[number % len(target.hosts)])


def _row(person: Person) -> dict[str, object]:
    return {
        "name": person.user.login,
        "email": person.user.address,
        "password": person.user.password,
        "enabled": True,
        "mail_home": person.home.fqdn,
        "groups": {"add": ["mail-users"]},
    }


def _all_known(target: Target, people: Sequence[Person]) -> bool:
    """The last ones of each server: they log in there, and every server takes their mail."""
    last = people[-len(target.hosts) :]
    try:
        for person in last:
            with mailbox(person.home, person.user, target):
                pass
        return all(_takes(server, last) for server in target.hosts)
    except (OSError, imaplib.IMAP4.error):
        return False


def _takes(server: Server, people: Sequence[Person]) -> bool:
    with smtplib.SMTP(server.address, 25, "client.example.test", timeout=20) as session:
        session.starttls(context=strangers())
        session.ehlo()
        session.mail(_STRANGER)
        return {session.rcpt(person.user.address)[0] for person in people} == {250}


@dataclass
class MailProgram:
    """A session that stays open and looks for new mail; after an error it connects anew, as mail programs do."""

    person: Person
    context: ssl.SSLContext = field(repr=False)
    session: imaplib.IMAP4_SSL | None = None

    def __call__(self, _number: int) -> str:
        """One look into the inbox."""
        try:
            session = self.session = self.session or self._connect()
            session.noop()
            return answered(session.search(None, "UNSEEN"))
        except (OSError, imaplib.IMAP4.error):
            self.close()
            raise

    def _connect(self) -> imaplib.IMAP4_SSL:
        home, user = self.person.home, self.person.user
        session = imaplib.IMAP4_SSL(home.address, 993, ssl_context=self.context, timeout=30)
        try:
            session.login(user.login, user.password)
            answered(session.select("INBOX"))
        except BaseException:
            session.shutdown()
            raise
        return session

    def close(self) -> None:
        """Without a word: the server may be away."""
        if self.session:
            with suppress(OSError):
                self.session.shutdown()
        self.session = None


@contextmanager
def mail_programs(people: Sequence[Person], target: Target) -> Iterator[list[Repeated]]:
    """One for each, all open while the block runs, each of which has looked once before it begins."""
    context = ssl.create_default_context(cafile=str(target.ca_file))
    programs = [MailProgram(person=person, context=context) for person in people]
    with ExitStack() as stack:
        for program in programs:
            stack.callback(program.close)
        running = [stack.enter_context(repeated(program, pause=_ROUND_SECONDS)) for program in programs]
        eventually(lambda: all(one.done or one.error for one in running), seconds=_KNOWN_SECONDS)
        yield running


def everybodys(people: Sequence[Person], target: Target) -> Counted:
    """All messages with a serial in all of the mailboxes."""
    found = Counted(copies=Counter())
    for person in people:
        with mailbox(person.home, person.user, target) as session:
            found += count(session, _EVERY_RUN)
    return found
