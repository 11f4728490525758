# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to the collection: send one message, find it once through every server, take it away again.

The message goes through a submission port as a user would send it (RFC 6409, RFC 8314), is followed through the queue
where it can be, is looked for over IMAP (RFC 9051) and over POP3 (RFC 1939), its header is judged, and it is deleted
over IMAP. Every session verifies the server's certificate and name. Others may use the mailbox at the same time, so a
message is known by its Message-ID and never by its number.
"""

from __future__ import annotations

import contextlib
import dataclasses
import email
import email.message
import email.policy
import email.utils
import imaplib
import poplib
import smtplib
import ssl
import time
import typing as t
from collections.abc import Callable, Iterator, Sequence

from . import headers, queue

Tls = t.Literal["implicit", "starttls"]
_LOOK = "Look at the mail log of the server and at the account."
_PAUSE = 0.2
_POP3_TRIES = 3
_QUEUE_LOOKS = 10


class MailFlowError(Exception):
    """A step that did not work: which one, what was answered, what to look at."""

    def __init__(self, *, step: str, detail: str, remedy: str) -> None:
        super().__init__(f"{step}: {detail} {remedy}")
        self.step = step


@dataclasses.dataclass(frozen=True, kw_only=True)
class Endpoint:
    """Where one protocol is spoken: `port` and how TLS begins there."""

    port: int
    tls: Tls


@dataclasses.dataclass(frozen=True, kw_only=True)
class Account:
    """Who sends and reads; the password stays out of every representation."""

    user: str
    password: str = dataclasses.field(repr=False)
    address: str


@dataclasses.dataclass(frozen=True, kw_only=True)
class Server:
    """A mail server by the name its certificate bears, and how long a step on it may take (seconds)."""

    name: str
    context: ssl.SSLContext
    timeout: float


@dataclasses.dataclass(frozen=True, kw_only=True)
class Reader:
    """A server through which the message is looked for; `pop3` is None where POP3 is not asked."""

    server: Server
    imap: Endpoint
    pop3: Endpoint | None


@dataclasses.dataclass(kw_only=True)
class Reading:
    """What was seen through one reader: copies, and seconds from acceptance. None is not known, or not asked."""

    server: str
    imap_copies: int | None = None
    imap_seconds: float | None = None
    pop3_copies: int | None = None


@dataclasses.dataclass(kw_only=True)
class Flow:
    """What was seen of the one message, and what is wrong with it."""

    message_id: str
    accepted: str | None = None
    queue_id: str = ""
    queue: queue.Followed | None = None
    readings: list[Reading] = dataclasses.field(default_factory=list)
    received_tls: bool | None = None
    judged: headers.Judged | None = None
    removed: int | None = None
    problems: list[str] = dataclasses.field(default_factory=list)


def compose(*, account: Account, recipient: str, message_id: str, now: float) -> email.message.EmailMessage:
    """Build the message (RFC 5322); its Message-ID is what it is found by."""
    message = email.message.EmailMessage()
    message["From"] = account.address
    message["To"] = recipient
    message["Subject"] = "mailforest.stack: a probe of the mail flow"
    message["Date"] = email.utils.formatdate(now)
    message["Message-ID"] = message_id
    message["Auto-Submitted"] = "auto-generated"
    message.set_content("Sent and removed again by mailforest.stack to prove that mail flows.\n")
    return message


@contextlib.contextmanager
def _step(name: str, remedy: str) -> Iterator[None]:
    """Turn what the libraries raise into one error that says which step failed and where to look."""
    try:
        yield
    except (OSError, smtplib.SMTPException, imaplib.IMAP4.error, poplib.error_proto) as exc:
        raise MailFlowError(step=name, detail=f"{type(exc).__name__}: {exc}.", remedy=remedy) from exc


def submit(*, server: Server, endpoint: Endpoint, account: Account, message: email.message.EmailMessage) -> str:
    """Send through a submission port with TLS and AUTH; return the server's answer to the end of DATA."""
    with _step(f"submission to {server.name} port {endpoint.port}", _LOOK):
        session: smtplib.SMTP
        if endpoint.tls == "implicit":
            session = smtplib.SMTP_SSL(server.name, endpoint.port, timeout=server.timeout, context=server.context)
        else:
            session = smtplib.SMTP(server.name, endpoint.port, timeout=server.timeout)
        with session:
            if endpoint.tls == "starttls":
                session.starttls(context=server.context)
            session.login(account.user, account.password)
            session.mail(account.address)
            code, answer = session.rcpt(str(message["To"]))
            if code != 250:
                raise smtplib.SMTPResponseException(code, answer)
            code, answer = session.data(message.as_bytes(policy=email.policy.SMTP))
            if code != 250:
                raise smtplib.SMTPResponseException(code, answer)
            return answer.decode("utf-8", "replace")


@contextlib.contextmanager
def _imap(*, server: Server, endpoint: Endpoint, account: Account) -> Iterator[imaplib.IMAP4]:
    session: imaplib.IMAP4
    if endpoint.tls == "implicit":
        session = imaplib.IMAP4_SSL(server.name, endpoint.port, ssl_context=server.context, timeout=server.timeout)
    else:
        session = imaplib.IMAP4(server.name, endpoint.port, timeout=server.timeout)
    with session:
        if endpoint.tls == "starttls":
            session.starttls(ssl_context=server.context)
        session.login(account.user, account.password)
        session.select("INBOX")
        yield session


def _numbers(session: imaplib.IMAP4, message_id: str) -> list[str]:
    session.noop()
    _typ, data = session.search(None, "HEADER", "Message-ID", f'"{message_id}"')
    return data[0].decode("ascii").split() if data and data[0] else []


def imap_copies(
    *,
    reader: Reader,
    account: Account,
    message_id: str,
    deadline: float,
    meanwhile: Callable[[], None],
    clock: Callable[[], float] = time.monotonic,
) -> tuple[int, email.message.Message | None]:
    """Look over IMAP until the message is there or `deadline` (on `clock`) is past; copies, and the first one's header.

    `meanwhile` is called between two looks.
    """
    with (
        _step(f"IMAP on {reader.server.name} port {reader.imap.port}", _LOOK),
        _imap(server=reader.server, endpoint=reader.imap, account=account) as session,
    ):
        while not (numbers := _numbers(session, message_id)):
            meanwhile()
            if clock() >= deadline:
                return 0, None
            time.sleep(_PAUSE)
        _typ, data = session.fetch(numbers[0], "(BODY.PEEK[HEADER])")
        raw = next(part[1] for part in data if isinstance(part, tuple))
        return len(numbers), email.message_from_bytes(raw)


def remove(*, reader: Reader, account: Account, message_id: str) -> int:
    """Delete every message of that Message-ID over IMAP; return how many there were."""
    with (
        _step(f"removal over IMAP on {reader.server.name} port {reader.imap.port}", f"Delete {message_id} by hand."),
        _imap(server=reader.server, endpoint=reader.imap, account=account) as session,
    ):
        numbers = _numbers(session, message_id)
        for number in numbers:
            session.store(number, "+FLAGS", r"(\Deleted)")
        session.expunge()
        if left := _numbers(session, message_id):
            raise imaplib.IMAP4.error(f"{len(left)} of {len(numbers)} copies are there still")
        return len(numbers)


def pop3_copies(*, reader: Reader, endpoint: Endpoint, account: Account, message_id: str) -> int:
    """Count the message over POP3 without taking it away.

    A session fails when somebody else deletes a message that it has listed, so there is more than one try.
    """
    with _step(f"POP3 on {reader.server.name} port {endpoint.port}", _LOOK):
        for _try in range(_POP3_TRIES - 1):
            with contextlib.suppress(poplib.error_proto):
                return _pop3_copies(reader.server, endpoint, account, message_id)
            time.sleep(_PAUSE)
        return _pop3_copies(reader.server, endpoint, account, message_id)


def _pop3_copies(server: Server, endpoint: Endpoint, account: Account, message_id: str) -> int:
    session: poplib.POP3
    if endpoint.tls == "implicit":
        session = poplib.POP3_SSL(server.name, endpoint.port, timeout=server.timeout, context=server.context)
    else:
        session = poplib.POP3(server.name, endpoint.port, timeout=server.timeout)
    with contextlib.closing(session):
        if endpoint.tls == "starttls":
            session.stls(context=server.context)
        session.user(account.user)
        session.pass_(account.password)
        count, _size = session.stat()
        found = sum(_pop3_id(session, number) == message_id for number in range(count, 0, -1))
        session.quit()
        return found


def _pop3_id(session: poplib.POP3, number: int) -> str:
    _response, lines, _octets = session.top(number, 0)
    return str(email.message_from_bytes(b"\r\n".join(lines)).get("Message-ID", "")).strip()


@dataclasses.dataclass(frozen=True, kw_only=True)
class Demand:
    """What the message must show: how soon it is there (seconds), and what of DKIM (any, signed, pass)."""

    deadline: float
    dkim: str = "any"
    listing: queue.Listing | None = None
    """Reads the queue of this host; none where the message passes through another."""


def prove(*, server: Server, account: Account, submission: Endpoint, readers: Sequence[Reader], demand: Demand) -> Flow:
    """Send one message from the account to itself, find it through every reader, remove it, and say what was seen."""
    domain = account.address.rpartition("@")[2]
    flow = Flow(message_id=email.utils.make_msgid(domain=domain))
    message = compose(account=account, recipient=account.address, message_id=flow.message_id, now=time.time())
    with _noted(flow):
        flow.accepted = submit(server=server, endpoint=submission, account=account, message=message)
    if flow.accepted is None:
        return flow
    flow.queue_id = headers.queue_id(flow.accepted)
    watch = _watch(flow, demand.listing)
    start = time.monotonic()
    header: email.message.Message | None = None
    try:
        for reader in readers:
            header = _read(flow, reader, account, watch, start=start, deadline=start + demand.deadline) or header
        _left_behind(flow, watch)
    finally:
        _remove(flow, readers, account)
    if header is not None:
        trusted = [server.name, domain, *(reader.server.name for reader in readers)]
        flow.judged = headers.judge(header, trusted=trusted)
        flow.received_tls = bool(flow.judged.hops) and flow.judged.hops[0].authenticated
        said = {"server": server.name, "accepted": flow.accepted, "domain": domain, "dkim": demand.dkim}
        flow.problems += headers.faults(flow.judged, **said)
    return flow


def _watch(flow: Flow, listing: queue.Listing | None) -> Callable[[], None]:
    """One look into the queue, where there is one to look into and a number to look for."""
    if listing is None or not flow.queue_id:
        return lambda: None
    flow.queue = followed = queue.Followed()

    def look() -> None:
        if flow.queue is not None:
            with _noted(flow), _readable(flow):
                followed.note(queue.find(listing(), flow.queue_id))

    look()
    return look


@contextlib.contextmanager
def _readable(flow: Flow) -> Iterator[None]:
    """A queue that cannot be read is told once, and not looked at again."""
    try:
        with _step("postqueue -j", "See whether Postfix runs on the host that looks."):
            yield
    except MailFlowError:
        flow.queue = None
        raise


def _left_behind(flow: Flow, watch: Callable[[], None]) -> None:
    """What has been delivered is in the queue no more; the moment until it is taken away is allowed for."""
    for _turn in range(_QUEUE_LOOKS):
        watch()
        if flow.queue is None or not flow.queue.waiting:
            return
        time.sleep(_PAUSE)
    if all(reading.imap_copies for reading in flow.readings):
        flow.problems.append(
            f"The message was delivered, and {flow.queue_id} is in the queue still"
            f"{_because(flow)}, so it may be delivered again. Look at it with postcat -q {flow.queue_id}."
        )


def _because(flow: Flow) -> str:
    return f" ({'; '.join(flow.queue.reasons)})" if flow.queue is not None and flow.queue.reasons else ""


@contextlib.contextmanager
def _noted(flow: Flow) -> Iterator[None]:
    """A step that fails is a problem of the flow; the steps after it are tried."""
    try:
        yield
    except MailFlowError as exc:
        flow.problems.append(str(exc))


def _read(
    flow: Flow, reader: Reader, account: Account, watch: Callable[[], None], *, start: float, deadline: float
) -> email.message.Message | None:
    """Look through one reader; return the header that it showed."""
    reading = Reading(server=reader.server.name)
    flow.readings.append(reading)
    header: email.message.Message | None = None
    with _noted(flow):
        found, header = imap_copies(
            reader=reader, account=account, message_id=flow.message_id, deadline=deadline, meanwhile=watch
        )
        reading.imap_copies = found
        reading.imap_seconds = round(time.monotonic() - start, 3) if found else None
        _judge(flow, f"IMAP on {reader.server.name}", found, f"within {deadline - start:g} s")
    if reader.pop3 is not None and reading.imap_copies:
        with _noted(flow):
            found = pop3_copies(reader=reader, endpoint=reader.pop3, account=account, message_id=flow.message_id)
            reading.pop3_copies = found
            _judge(flow, f"POP3 on {reader.server.name}", found, "beside IMAP, which does")
    return header


def _judge(flow: Flow, where: str, found: int, when: str) -> None:
    if found == 0:
        flow.problems.append(
            f"{where} did not show the message that was accepted ({flow.accepted}), {when}. {_where_it_is(flow)} "
            f"Should {flow.message_id} come later, delete it by hand."
        )
    elif found > 1:
        flow.problems.append(
            f"{where} shows {found} copies of one message. Look in the mail log for who sent it twice."
        )


def _where_it_is(flow: Flow) -> str:
    if flow.queue is not None and flow.queue.waiting:
        return f"It waits in the {flow.queue.queues[-1]} queue as {flow.queue_id}{_because(flow)}."
    return "Look at the queues (postqueue -p) and at the delivery lines of the mail log."


def _remove(flow: Flow, readers: Sequence[Reader], account: Account) -> None:
    """Through the first reader that can; the message is the same through all."""
    faults = []
    for reader in readers:
        try:
            flow.removed = remove(reader=reader, account=account, message_id=flow.message_id)
        except MailFlowError as exc:
            faults.append(str(exc))
        else:
            if flow.removed > 1 and not flow.problems:
                _judge(flow, f"At last IMAP on {reader.server.name}", flow.removed, "")
            return
    flow.problems += faults
