# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Logs in to ManageSieve by a Kerberos ticket and lists the scripts: python3 -m ...gssapi_sieve ADDRESS NAME CA_FILE.

The ticket is that of the environment. MIT's library does the work (RFC 2744); the dialogue is that of RFC 4752.
"""

from __future__ import annotations

import ctypes
import ssl
import sys

from ansible_collections.mailforest.stack.tests.system.support.sieve_client import SieveClient

_CONTINUE = 1
_NO_LAYER = b"\x01\x00\x00\x00"
"""No layer of security of its own: TLS is there. No message is taken in one."""


class _Buffer(ctypes.Structure):
    _fields_ = (("length", ctypes.c_size_t), ("value", ctypes.c_void_p))

    def read(self) -> bytes:
        return ctypes.string_at(self.value, self.length) if self.length else b""


class _Oid(ctypes.Structure):
    _fields_ = (("length", ctypes.c_uint32), ("elements", ctypes.c_char_p))


_HOST_BASED = _Oid(10, b"\x2a\x86\x48\x86\xf7\x12\x01\x02\x01\x04")
_KERBEROS = _Oid(9, b"\x2a\x86\x48\x86\xf7\x12\x01\x02\x02")


def _buffer(data: bytes) -> _Buffer:
    return _Buffer(len(data), ctypes.cast(ctypes.create_string_buffer(data, len(data) + 1), ctypes.c_void_p))


class Context:
    """The client's half of an exchange with a service."""

    def __init__(self, service: str) -> None:
        self._library = ctypes.CDLL("libgssapi_krb5.so.2")
        self._minor, self._handle, self._name = ctypes.c_uint32(), ctypes.c_void_p(), ctypes.c_void_p()
        text = _buffer(service.encode())
        self._call("gss_import_name", ctypes.byref(text), ctypes.byref(_HOST_BASED), ctypes.byref(self._name))
        self.done = False

    def step(self, token: bytes) -> bytes:
        """What is to be sent after the server's token."""
        given, made = _buffer(token), _Buffer()
        handle, mechanism = ctypes.byref(self._handle), ctypes.byref(_KERBEROS)
        state = self._call(
            "gss_init_sec_context", None, handle, self._name, mechanism, 0, 0, None, ctypes.byref(given), None,
            ctypes.byref(made), None, None,
        )  # fmt: skip
        self.done = not state & _CONTINUE
        return made.read()

    def unwrap(self, data: bytes) -> bytes:
        """What the server has signed."""
        given, made = _buffer(data), _Buffer()
        self._call("gss_unwrap", self._handle, ctypes.byref(given), ctypes.byref(made), None, None)
        return made.read()

    def wrap(self, data: bytes) -> bytes:
        """The same, signed by us."""
        given, made = _buffer(data), _Buffer()
        self._call("gss_wrap", self._handle, 0, 0, ctypes.byref(given), None, ctypes.byref(made))
        return made.read()

    def _call(self, function: str, *arguments: object) -> int:
        state = int(getattr(self._library, function)(ctypes.byref(self._minor), *arguments)) & 0xFFFFFFFF
        if state >= 1 << 16:
            raise OSError(f"{function}: {state:#x}, minor {self._minor.value:#x}")
        return state


def log_in(session: SieveClient, name: str) -> None:
    """By GSSAPI, as nobody but the ticket's user; raises Refused."""
    context = Context(f"sieve@{name}")
    reply = session.challenge("AUTHENTICATE", "GSSAPI", context.step(b""))
    while not context.done and reply is not None:
        reply = session.challenge("", "", context.step(reply))
    while reply is not None:
        answer = context.wrap(_NO_LAYER) if reply and context.unwrap(reply) else b""
        reply = session.challenge("", "", answer)


def main() -> None:
    """Print the scripts."""
    address, name, ca_file = sys.argv[1:]
    with SieveClient(address) as session:
        session.starttls(ssl.create_default_context(cafile=ca_file), name)
        log_in(session, name)
        print(b"".join(session.command("LISTSCRIPTS")).decode())


if __name__ == "__main__":
    main()
