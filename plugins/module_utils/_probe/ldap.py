# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""LDAP (RFC 4511): the root DSE, StartTLS and the refusal of a simple bind in the clear; CLDAP (MS-ADTS 6.3.3)."""

from __future__ import annotations

import struct
from typing import Any

from ansible_collections.mailforest.stack.plugins.module_utils._probe.channel import Channel
from ansible_collections.mailforest.stack.plugins.module_utils._probe.der import (
    ENUMERATED,
    INTEGER,
    OCTET_STRING,
    SEQUENCE,
    DerError,
    children,
    elements,
    encode,
    header,
    integer,
)
from ansible_collections.mailforest.stack.plugins.module_utils._probe.dialogue import (
    PROBE_USER,
    Answer,
    Dialogue,
    no_starttls,
    not_this,
    turned_away,
)
from ansible_collections.mailforest.stack.plugins.module_utils._probe.verdict import Judged, Verdict

BIND_REQUEST, BIND_RESPONSE, UNBIND_REQUEST = 0x60, 0x61, 0x42
SEARCH_REQUEST, SEARCH_ENTRY, SEARCH_DONE = 0x63, 0x64, 0x65
EXTENDED_REQUEST, EXTENDED_RESPONSE = 0x77, 0x78
START_TLS = b"1.3.6.1.4.1.1466.20037"
# Results that say "not without protection": authMethodNotSupported, strongerAuthRequired, confidentialityRequired,
# inappropriateAuthentication, unwillingToPerform (RFC 4511, appendix A).
_REFUSES_CLEARTEXT = frozenset({7, 8, 13, 48, 53})
_LARGEST = 1 << 20
_ATTRIBUTES = (
    b"supportedLDAPVersion",
    b"supportedExtension",
    b"supportedSASLMechanisms",
    b"defaultNamingContext",
    b"dnsHostName",
)


def message(number: int, operation: bytes) -> bytes:
    """Wrap an operation in an LDAPMessage."""
    return encode(SEQUENCE, integer(number), operation)


def search(filter_: bytes, attributes: tuple[bytes, ...]) -> bytes:
    """Return a search of the root DSE."""
    return encode(
        SEARCH_REQUEST,
        encode(OCTET_STRING),
        integer(0, tag=ENUMERATED),
        integer(0, tag=ENUMERATED),
        integer(0),
        integer(5),
        encode(0x01, b"\0"),
        filter_,
        encode(SEQUENCE, *(encode(OCTET_STRING, name) for name in attributes)),
    )


def operation(data: bytes) -> tuple[int, bytes]:
    """Return (tag, content) of the operation in an LDAPMessage."""
    members = children(data)
    if len(members) < 2 or members[0][0] != INTEGER:
        raise DerError("not an LDAPMessage")
    return members[1]


def entry(content: bytes) -> dict[str, list[bytes]]:
    """Return the attributes of a SearchResultEntry."""
    attributes: dict[str, list[bytes]] = {}
    for _tag, pair in elements(list(elements(content))[1][1]):
        (_name_tag, name), (_values_tag, values) = list(elements(pair))[:2]
        attributes[name.decode("latin-1").casefold()] = [value for _tag, value in elements(values)]
    return attributes


def result_code(content: bytes) -> int:
    """Return the result code of an LDAPResult."""
    tag, value = next(elements(content), (0, b""))
    if tag != ENUMERATED:
        raise DerError("not an LDAPResult")
    return int.from_bytes(value, "big")


class Ldap(Dialogue):
    """A search of the root DSE, which every server answers without a login."""

    label = "LDAP"
    farewell = encode(SEQUENCE, integer(99), bytes([UNBIND_REQUEST, 0]))

    def __init__(self) -> None:
        self._number = 0

    async def open(self, channel: Channel) -> Answer:
        """Read the root DSE."""
        tag, content = await self._request(channel, search(encode(0x87, b"objectClass"), _ATTRIBUTES))
        attributes = entry(content) if tag == SEARCH_ENTRY else {}
        while tag != SEARCH_DONE:
            if tag != SEARCH_ENTRY:
                raise not_this(self.label, f"operation {tag:#04x}")
            tag, content = await self._response(channel)
        if code := result_code(content):
            raise turned_away(self.label, f"search of the root DSE ended with result {code}")
        return self._describe({name: [v.decode("latin-1") for v in values] for name, values in attributes.items()})

    async def starttls(self, channel: Channel) -> None:
        """Send the StartTLS request."""
        tag, content = await self._request(channel, encode(EXTENDED_REQUEST, encode(0x80, START_TLS)))
        if tag != EXTENDED_RESPONSE or (code := result_code(content)):
            raise no_starttls(self.label, f"result {code}" if tag == EXTENDED_RESPONSE else f"operation {tag:#04x}")

    async def cleartext_login(self, channel: Channel, answer: Answer) -> str:
        """A simple bind must be refused for its method, not because the password was wrong."""
        credentials = encode(OCTET_STRING, f"{PROBE_USER}@probe.invalid".encode()), encode(0x80, PROBE_USER.encode())
        tag, content = await self._request(channel, encode(BIND_REQUEST, integer(3), *credentials))
        code = result_code(content) if tag == BIND_RESPONSE else -1
        return "" if code in _REFUSES_CLEARTEXT else f"a simple bind was answered with result {code}"

    @staticmethod
    def _describe(attributes: dict[str, list[str]]) -> Answer:
        mechanisms = tuple(attributes.get("supportedsaslmechanisms", []))
        extensions = attributes.get("supportedextension", [])
        facts: dict[str, Any] = {
            key: attributes[name.casefold()][0]
            for key, name in (("naming_context", "defaultNamingContext"), ("dns_host_name", "dnsHostName"))
            if attributes.get(name.casefold())
        }
        capabilities = (*extensions, *(f"SASL={mechanism}" for mechanism in mechanisms))
        return Answer(capabilities=capabilities, mechanisms=mechanisms, facts=facts)

    async def _request(self, channel: Channel, request: bytes) -> tuple[int, bytes]:
        self._number += 1
        await channel.write(message(self._number, request))
        return await self._response(channel)

    async def _response(self, channel: Channel) -> tuple[int, bytes]:
        start = await channel.peek(1)
        if start[0] != SEQUENCE:
            raise not_this(self.label, channel.first)
        size = 2
        while (found := header(await channel.peek(size))) is None:
            size += 1
        if sum(found) > _LARGEST:
            raise not_this(self.label, channel.first)
        try:
            return operation(await channel.read_exactly(sum(found)))
        except DerError as error:
            raise not_this(self.label, channel.first) from error


class Cldap:
    """The DC locator's ping: which DC serves this domain?"""

    label = "CLDAP"

    def request(self, argument: str) -> bytes:
        """Ask for the Netlogon attribute of the domain."""

        def equals(name: bytes, value: bytes) -> bytes:
            return encode(0xA3, encode(OCTET_STRING, name), encode(OCTET_STRING, value))

        wanted = encode(0xA0, equals(b"DnsDomain", argument.encode("idna")), equals(b"NtVer", struct.pack("<I", 6)))
        return message(1, search(wanted, (b"Netlogon",)))

    def understand(self, request: bytes, reply: bytes, argument: str) -> dict[str, Any]:
        """Return what the DC said; a server that does not hold the domain sends no Netlogon attribute."""
        try:
            tag, content = operation(reply)
            netlogon = entry(content).get("netlogon") if tag == SEARCH_ENTRY else None
        except (DerError, IndexError, ValueError) as error:
            raise not_this(self.label, reply) from error
        if tag not in (SEARCH_ENTRY, SEARCH_DONE):
            raise not_this(self.label, reply)
        if not netlogon:
            raise Judged(Verdict.UNKNOWN, f"answers CLDAP but is no domain controller of {argument}")
        return {"domain": argument}
