# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Servers on loopback that tell the truth or lie, and certificates of every kind."""

from __future__ import annotations

import contextlib
import datetime
import io
import ipaddress
import os
import socket
import ssl
import struct
import threading
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

NAME = "mx1.example.test"
Behaviour = Callable[[socket.socket], None]


class Authority:
    """A CA that issues what it is asked for, good or bad."""

    def __init__(self, folder: Path, name: str) -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self.ca_file = str(folder / f"{name}.crt")
        certificate = self._build(self._name, self._key.public_key(), ca=True, names=[], days=(-1, 3650))
        Path(self.ca_file).write_bytes(certificate.public_bytes(serialization.Encoding.PEM))

    def context(self, *, names: tuple[str, ...] = (NAME,), days: tuple[float, float] = (-1, 90)) -> ssl.SSLContext:
        """Return a server's context with a new certificate valid from and until the given days from now."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])])
        certificate = self._build(subject, key.public_key(), ca=False, names=list(names), days=days)
        path = self._folder / f"{certificate.serial_number:x}.pem"
        path.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
            + certificate.public_bytes(serialization.Encoding.PEM)
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(path)
        return context

    def _build(
        self,
        subject: x509.Name,
        key: ec.EllipticCurvePublicKey,
        *,
        ca: bool,
        names: list[str],
        days: tuple[float, float],
    ) -> x509.Certificate:
        now = datetime.datetime.now(datetime.UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now + datetime.timedelta(days=days[0]))
            .not_valid_after(now + datetime.timedelta(days=days[1]))
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        )
        if names:
            builder = builder.add_extension(x509.SubjectAlternativeName([_general_name(n) for n in names]), False)
        return builder.sign(self._key, hashes.SHA256())


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def with_old_tls(context: ssl.SSLContext, *, newest: ssl.TLSVersion) -> ssl.SSLContext:
    """Let a server speak TLS 1.0 up to newest."""
    context.set_ciphers("ALL:@SECLEVEL=0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.maximum_version = newest
    return context


@contextlib.contextmanager
def listening(behave: Behaviour, *, family: int = socket.AF_INET, port: int = 0) -> Iterator[int]:
    """Serve on loopback, each connection in a thread of its own; yield the port."""
    server = socket.socket(family, socket.SOCK_STREAM)
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    server.bind(("::1" if family == socket.AF_INET6 else "127.0.0.1", port))
    server.listen(512)
    open_connections: set[socket.socket] = set()

    def attend(connection: socket.socket) -> None:
        with contextlib.suppress(OSError, ssl.SSLError), connection:
            behave(connection)

    def accept() -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = server.accept()
                open_connections.add(connection)
                threading.Thread(target=attend, args=(connection,), daemon=True).start()

    accepting = threading.Thread(target=accept, daemon=True)
    accepting.start()
    try:
        yield server.getsockname()[1]
    finally:
        server.shutdown(socket.SHUT_RDWR)
        accepting.join()  # it may be in the midst of a connection, and nobody may add one below
        server.close()
        for connection in open_connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


@contextlib.contextmanager
def answering(answer: Callable[[bytes], bytes | None]) -> Iterator[int]:
    """Answer each datagram on loopback, or keep silent for None; yield the port."""
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind(("127.0.0.1", 0))
    server.settimeout(0.05)
    stop = threading.Event()

    def attend() -> None:
        while not stop.is_set():
            with contextlib.suppress(TimeoutError):
                request, client = server.recvfrom(65535)
                if (reply := answer(request)) is not None:
                    server.sendto(reply, client)

    thread = threading.Thread(target=attend, daemon=True)
    thread.start()
    try:
        yield server.getsockname()[1]
    finally:
        stop.set()
        thread.join()
        server.close()


@contextlib.contextmanager
def dropping(*, address: str = "127.0.0.1", port: int = 0) -> Iterator[int]:
    """A port whose queue is full, so that the kernel drops every further SYN, as a firewall would."""
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(socket.socket())
        server.bind((address, port))
        server.listen(0)
        for _ in range(4):
            client = stack.enter_context(socket.socket())
            client.setblocking(False)
            client.connect_ex(server.getsockname())
        yield server.getsockname()[1]


def unused_port(kind: int = socket.SOCK_STREAM) -> int:
    """Return a port below the ephemeral range on which nobody listens, and on which no test beside this one will."""
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    first = 20000 + worker % 24 * 500
    for port in range(first, first + 500):
        with socket.socket(socket.AF_INET, kind) as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise AssertionError("no port is free")


def silence(connection: socket.socket) -> None:
    """Accept and say nothing."""
    while connection.recv(4096):
        pass


def hang_up(connection: socket.socket) -> None:
    """Close at once."""


def says(data: bytes) -> Behaviour:
    """Say one thing, then listen for ever."""

    def behave(connection: socket.socket) -> None:
        connection.sendall(data)
        silence(connection)

    return behave


def resets(connection: socket.socket) -> None:
    """Break off with a reset, as a proxy does whose far end is gone."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def after_a_word(behave: Behaviour) -> Behaviour:
    """Listen until something was said."""

    def behave_then(connection: socket.socket) -> None:
        connection.recv(65536)
        behave(connection)

    return behave_then


def late(seconds: float, behave: Behaviour) -> Behaviour:
    """Say nothing for a while, then be as usual."""

    def behave_late(connection: socket.socket) -> None:
        time.sleep(seconds)
        behave(connection)

    return behave_late


def repeats(data: bytes, *, every: float = 0.0) -> Behaviour:
    """Say the same thing without end."""

    def behave(connection: socket.socket) -> None:
        while True:
            connection.sendall(data)
            time.sleep(every)

    return behave


def over_tls(context: ssl.SSLContext, behave: Behaviour) -> Behaviour:
    """Begin with TLS."""

    def secured(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as wrapped:
            behave(wrapped)

    return secured


@dataclass(frozen=True, kw_only=True)
class Talker:
    """A server of lines that answers by a table from the first words of a command to its reply."""

    greeting: str
    replies: Mapping[str, str]
    tagged: bool = False
    starttls: str = "STARTTLS"
    context: ssl.SSLContext | None = None
    after_tls: Mapping[str, str] = field(default_factory=dict)
    on_tls: str = ""
    injected: str = ""

    def __call__(self, connection: socket.socket) -> None:
        """Talk until the other side leaves."""
        stream = connection.makefile("rwb")
        self._send(stream, self.greeting)
        if not self._talk(stream, self.replies) or self.context is None:
            return
        with self.context.wrap_socket(connection, server_side=True) as wrapped:
            secured = wrapped.makefile("rwb")
            if self.on_tls:
                self._send(secured, self.on_tls)
            self._talk(secured, {**self.replies, **self.after_tls})

    def _talk(self, stream: io.BufferedRWPair, replies: Mapping[str, str]) -> bool:
        while line := stream.readline().decode("latin-1"):
            tag, _, command = line.strip().partition(" ") if self.tagged else ("", "", line.strip())
            known = max((start for start in replies if command.startswith(start)), key=len, default="*")
            reply = replies[known]
            upgrade = command.startswith(self.starttls) and self.context is not None
            self._send(stream, reply.format(tag=tag) + (self.injected if upgrade else ""))
            if upgrade:
                return True
        return False

    @staticmethod
    def _send(stream: io.BufferedRWPair, text: str) -> None:
        stream.write(text.replace("\n", "\r\n").encode() + b"\r\n")
        stream.flush()


def smtp(**changes: object) -> Talker:
    """A submission server as it should be; changes override its replies before TLS."""
    replies = {
        "EHLO": "250-mx1.example.test\n250-PIPELINING\n250-STARTTLS\n250 8BITMIME",
        "STARTTLS": "220 Ready to start TLS",
        "AUTH": "530 5.7.0 Must issue a STARTTLS command first",
        "QUIT": "221 Bye",
        "*": "502 Not implemented",
    }
    after = {"EHLO": "250-mx1.example.test\n250-PIPELINING\n250 AUTH PLAIN LOGIN"}
    return _talker("220 mx1.example.test ESMTP", replies, after, changes)


def imap(**changes: object) -> Talker:
    """An IMAP server as it should be."""
    replies = {
        "CAPABILITY": "* CAPABILITY IMAP4rev1 STARTTLS LOGINDISABLED\n{tag} OK done",
        "STARTTLS": "{tag} OK Begin TLS negotiation now",
        "AUTHENTICATE": "{tag} NO [PRIVACYREQUIRED] Plaintext authentication disallowed",
        "LOGIN": "* BAD [ALERT] do not\n{tag} NO [PRIVACYREQUIRED] Plaintext authentication disallowed",
        "LOGOUT": "* BYE\n{tag} OK",
        "*": "{tag} BAD unknown",
    }
    after = {"CAPABILITY": "* CAPABILITY IMAP4rev1 AUTH=PLAIN IDLE\n{tag} OK done"}
    return _talker("* OK IMAP ready", replies, after, changes, tagged=True)


def pop3(**changes: object) -> Talker:
    """A POP3 server as it should be."""
    replies = {
        "CAPA": "+OK\nTOP\nSTLS\n.",
        "STLS": "+OK Begin TLS negotiation now",
        "AUTH": "-ERR [SYS/PERM] Plaintext authentication disallowed",
        "USER": "-ERR [SYS/PERM] Plaintext authentication disallowed",
        "QUIT": "+OK",
        "*": "-ERR unknown",
    }
    return _talker("+OK POP3 ready", replies, {"CAPA": "+OK\nTOP\nUSER\nSASL PLAIN\n."}, changes, starttls="STLS")


def managesieve(**changes: object) -> Talker:
    """A ManageSieve server as it should be."""
    replies = {
        "STARTTLS": 'OK "Begin TLS negotiation now."',
        "AUTHENTICATE": 'NO "Plaintext authentication disallowed"',
        "LOGOUT": "OK",
        "*": 'NO "unknown"',
    }
    greeting = '"IMPLEMENTATION" "Dovecot Pigeonhole"\n"SASL" ""\n"STARTTLS"\nOK "ready"'
    again = '"IMPLEMENTATION" "Dovecot Pigeonhole"\n"SASL" "PLAIN"\nOK "TLS negotiation successful."'
    return _talker(greeting, replies, {}, changes, on_tls=again)


def _talker(
    greeting: str, replies: dict[str, str], after: dict[str, str], changes: dict[str, object], **fixed: object
) -> Talker:
    options: dict[str, object] = {"greeting": greeting, "after_tls": {**replies, **after}, **fixed}
    texts = {key: str(value) for key, value in changes.items() if key.isupper()}
    options |= {key: value for key, value in changes.items() if not key.isupper()}
    return Talker(replies={**replies, **texts}, **options)  # type: ignore[arg-type]


def tlv(tag: int, *parts: bytes) -> bytes:
    """Encode one element, written apart from the code under test."""
    content = b"".join(parts)
    length = bytes([len(content)]) if len(content) < 128 else b"\x82" + len(content).to_bytes(2, "big")
    return bytes([tag]) + length + content


def _ldap_attribute(name: bytes, *values: bytes) -> bytes:
    return tlv(0x30, tlv(4, name), tlv(0x31, *(tlv(4, value) for value in values)))


def _ldap_result(tag: int, code: int) -> bytes:
    return tlv(tag, tlv(10, bytes([code])), tlv(4), tlv(4))


ROOT_DSE = tlv(
    0x64,
    tlv(4),
    tlv(
        0x30,
        _ldap_attribute(b"defaultNamingContext", b"DC=corp,DC=example,DC=test"),
        _ldap_attribute(b"supportedSASLMechanisms", b"GSSAPI", b"GSS-SPNEGO"),
        _ldap_attribute(b"supportedExtension", b"1.3.6.1.4.1.1466.20037"),
    ),
)


def ldap(
    *, context: ssl.SSLContext | None = None, starttls_result: int = 0, bind_result: int = 8, root_result: int = 0
) -> Behaviour:
    """An LDAP server that knows the root DSE, StartTLS and simple binds (RFC 4511, section 4)."""
    answers = {
        0x63: [ROOT_DSE, _ldap_result(0x65, root_result)],
        0x60: [_ldap_result(0x61, bind_result)],
        0x77: [_ldap_result(0x78, starttls_result)],
    }

    def talk(connection: socket.socket) -> bool:
        while request := connection.recv(4096):
            start = 2 + (request[1] & 0x7F if request[1] & 0x80 else 0)
            number, operation = request[start : start + 3], request[start + 3]
            if operation not in answers:
                return False
            connection.sendall(b"".join(tlv(0x30, number, part) for part in answers[operation]))
            if operation == 0x77 and not starttls_result:
                return True
        return False

    def behave(connection: socket.socket) -> None:
        if talk(connection) and context is not None:
            with context.wrap_socket(connection, server_side=True) as wrapped:
                talk(wrapped)

    return behave
