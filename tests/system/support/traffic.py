# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two offices at work: mail comes from the Internet and is submitted, people log on, the directory is written.

Each office has clients of its own. Those of the directory know its own controllers first and then the others, as a
client does that finds them in DNS. What a controller has acknowledged counts as a change; a lost answer is asked for
again at the same controller under the same name, at another one under another, so that no retry is taken for a loss.
"""

from __future__ import annotations

import imaplib
import ssl
import time
import uuid
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import yaml

from .hosts import at, module, root_shell
from .kerberos import Ticket
from .mail_client import Client
from .mail_target import Server, Target, User
from .mail_target import load as load_target
from .network import ldap_add
from .office import Office
from .playbook import eventually
from .repeated import Repeated, repeated
from .senders import domain_of_letters, honest, own_address
from .steady_mail import Counted, Door, Outcome, Sender, count, merged, steady

DELIVERED_SECONDS = 900
REPLICATED_SECONDS = 900
_STRAY_SECONDS = 5
_LOGON_PAUSE = 1.0
_ADDED, _THERE_ALREADY = 0, 68
_WAITING = "postqueue -f; postqueue -j | wc -l; find /var/spool/postfix/maildrop -type f | wc -l"
_PLACE = "OU=Mailforest Traffic"


@dataclass(frozen=True, kw_only=True)
class Row:
    """What became of the traffic of one fault; the first three are the longest outages in seconds."""

    fault: str
    mail: float
    logons: float
    directory: float
    sent: int
    accepted: int
    found: int
    lost: int
    doubled: int
    unanswered: int
    refused: int
    changes: int
    changes_found: int


def nearest(office: Office, site: str) -> tuple[str, ...]:
    """All controllers, those of a site first."""
    own = office.in_site(site, office.controllers)
    return (*own, *(name for name in office.controllers if name not in own))


def _base(office: Office) -> str:
    return ",".join(f"DC={label}" for label in office.dns_domain.split("."))


@dataclass(frozen=True, kw_only=True)
class Writer:
    """Makes contacts in the directory as the administrator, at the first controller that takes one.

    They need no identifier, of which a controller that is cut off from the RID master has a few hundred.
    """

    office: Office
    controllers: tuple[str, ...]
    run_name: str

    def __call__(self, number: int) -> str:
        """The name of the contact that was made."""
        failed = []
        for controller in self.controllers:
            name = f"{self.run_name}-{number}-{controller}"
            try:
                code = self.add(controller, f"CN={name}", {"objectClass": "contact"})
            except (OSError, ValueError) as exc:
                failed.append(f"{controller}: {exc}")
                continue
            if code in (_ADDED, _THERE_ALREADY):
                return name
            failed.append(f"{controller}: result {code}")
        raise OSError("; ".join(failed))

    def add(self, controller: str, name: str, values: dict[str, str]) -> int:
        """The result of adding an object below the place of the tests, or that place."""
        dn = name if name == _PLACE else f"{name},{_PLACE}"
        secrets = yaml.safe_load((self.office.directory / "secrets.yml").read_text(encoding="utf-8"))
        return ldap_add(
            self.office.addresses[controller],
            user=f"CN=Administrator,CN=Users,{_base(self.office)}",
            password=secrets["mailforest_administrator_password"],
            dn=f"{dn},{_base(self.office)}",
            values=values,
            name=self.office.fqdn(controller),
            context=ssl.create_default_context(cafile=str(self.office.ca_file)),
        )


@contextmanager
def place(office: Office) -> Iterator[None]:
    """Where changes are made, on every controller, and a domain whose mail comes from here; removed at the end."""
    first = office.controllers[0]
    writer = Writer(office=office, controllers=(first,), run_name="")
    assert writer.add(first, _PLACE, {"objectClass": "organizationalUnit"}) in (_ADDED, _THERE_ALREADY)
    for name in office.controllers[1:]:
        module(at(name), "replication_sync", wait=180)
    try:
        with honest(office, own_address(office)):
            yield
    finally:
        root_shell(at(first), f"samba-tool ou delete '{_PLACE}' --force-subtree-delete")


@contextmanager
def mailbox(server: Server, user: User, target: Target) -> Iterator[imaplib.IMAP4]:
    """A session that has logged in. The certificate has the server's address, too, so that threads need no resolver."""
    context = ssl.create_default_context(cafile=str(target.ca_file))
    with imaplib.IMAP4_SSL(server.address, 993, ssl_context=context, timeout=20) as session:
        session.login(user.login, user.password)
        yield session


def answered(answer: tuple[str, object]) -> str:
    """What imaplib does for some commands only: a NO is an error."""
    if answer[0] != "OK":
        raise imaplib.IMAP4.error(f"{answer[0]} {answer[1]}")
    return answer[0]


def homes(target: Target) -> list[tuple[Server, User]]:
    """Alice's mailbox is at the first server, Boris's at the second."""
    return list(zip(target.hosts, (target.recipient, target.sender), strict=True))


def strangers() -> ssl.SSLContext:
    """TLS between servers that do not know each other: whatever certificate there is."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def doors(office: Office, target: Target) -> Iterator[tuple[Door, str]]:
    """Into each office, with the sender: from the Internet as another server, from inside as a user."""
    letters = domain_of_letters(office)
    for gateway in office.gateways:
        yield Door(address=office.public_addresses[gateway], context=strangers(), name=letters), f"someone@{letters}"
    trusting = ssl.create_default_context(cafile=str(target.ca_file))
    for server in target.hosts:
        yield Door(address=server.address, context=trusting, user=target.sender), target.sender.address


@dataclass(frozen=True, kw_only=True)
class Traffic:
    """What is under way."""

    office: Office
    target: Target
    mail: Sequence[Sender]
    logons: Sequence[Repeated]
    changes: Sequence[Repeated]

    def _progress(self) -> list[int]:
        return [
            *(len(one.log.accepted) for one in self.mail),
            *(len(one.done) for one in (*self.logons, *self.changes)),
        ]

    def flowing(self, *, seconds: float) -> None:
        """Wait until every client of both offices has got on."""
        before = self._progress()

        def all_do() -> bool:
            return all(now > then + 1 for now, then in zip(self._progress(), before, strict=True))

        try:
            eventually(all_do, seconds=seconds, pause=0.5)
        except AssertionError as exc:
            raise AssertionError(f"{exc}: {before} became {self._progress()}; {self._last_words()}") from exc

    def _last_words(self) -> list[str]:
        logs = [*(one.log.failed for one in self.mail), *(one.failed for one in (*self.logons, *self.changes))]
        return [failed[-1] for failed in logs if failed]

    def row(self, fault: str) -> Row:
        """Count, once all that waits is delivered and replicated; what is missing then is lost."""
        delivered(self.office)
        outcome = Outcome.of(fault, merged(one.log for one in self.mail), self._counted())
        made = [name for one in self.changes for name in one.done]
        return Row(
            fault=fault,
            mail=outcome.outage,
            logons=_worst(self.logons),
            directory=_worst(self.changes),
            sent=outcome.sent,
            accepted=outcome.accepted,
            found=outcome.found,
            lost=outcome.lost,
            doubled=outcome.doubled,
            unanswered=outcome.unanswered,
            refused=outcome.refused,
            changes=len(made),
            changes_found=len(replicated(self.office, made)),
        )

    def _counted(self) -> Counted:
        found = Counted(copies=Counter())
        for server, user in homes(self.target):
            with mailbox(server, user, self.target) as session:
                for one in self.mail:
                    found += count(session, one.run_name)
        return found

    def clear(self) -> None:
        """Remove the messages."""
        for server, user in homes(self.target):
            for one in self.mail:
                Client(self.target, server).remove(993, user, one.run_name)


def _worst(clients: Iterable[Repeated]) -> float:
    return round(max(one.outage for one in clients), 1)


def delivered(office: Office) -> None:
    """No message waits at any server; seen twice, as one may be on its way between two of them."""

    def idle() -> bool:
        hosts = [at(name) for name in office.mail_servers]
        return all(root_shell(host, _WAITING).split() == ["0", "0"] for _turn in range(2) for host in hosts)

    eventually(idle, seconds=DELIVERED_SECONDS, pause=5)
    time.sleep(_STRAY_SECONDS)


def replicated(office: Office, names: Iterable[str]) -> set[str]:
    """Those of the contacts that every controller's own database has in the end; nobody forces replication."""
    wanted = set(names)
    found: set[str] = set()

    def everywhere() -> bool:
        lists = [set(root_shell(at(name), "samba-tool contact list").splitlines()) for name in office.controllers]
        found.clear()
        found.update(wanted.intersection(*lists))
        return found == wanted

    with suppress(AssertionError):
        eventually(everywhere, seconds=REPLICATED_SECONDS, pause=10)
    return found


def _logs_on(office: Office, user: User, folder: Path, controllers: tuple[str, ...], _number: int) -> str:
    Ticket(office, user, folder, controllers)
    return user.login


def _reads(server: Server, user: User, target: Target, _number: int) -> str:
    with mailbox(server, user, target) as session:
        answered(session.select("INBOX", readonly=True))
    return user.login


@contextmanager
def traffic(office: Office, *, mail_pause: float = 1, change_pause: float = 1) -> Iterator[Traffic]:
    """All of it while the block runs. It needs `place`. The pauses are those of each client, in seconds."""
    target, run_name = load_target(), f"mft-{uuid.uuid4().hex[:8]}"
    sites = [office.sites[gateway] for gateway in office.gateways]
    with ExitStack() as stack:
        everybody = [user.address for _server, user in homes(target)]
        mail = [
            stack.enter_context(steady(door, sender, everybody, pause=mail_pause))
            for door, sender in doors(office, target)
        ]
        acts = [partial(_reads, server, user, target) for server, user in homes(target)]
        logons = [stack.enter_context(repeated(act, pause=_LOGON_PAUSE)) for act in acts]
        for site in sites:
            folder = Path(stack.enter_context(TemporaryDirectory()))
            act = partial(_logs_on, office, target.recipient, folder, nearest(office, site))
            logons.append(stack.enter_context(repeated(act, pause=_LOGON_PAUSE)))
        changes = []
        for site in sites:
            writer = Writer(office=office, controllers=nearest(office, site), run_name=f"{run_name}-{site}")
            changes.append(stack.enter_context(repeated(writer, pause=change_pause)))
        yield Traffic(office=office, target=target, mail=mail, logons=logons, changes=changes)
