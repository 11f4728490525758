# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which protocols there are, over what, and what each needs to know."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ansible_collections.mailforest.stack.plugins.module_utils._probe.dialogue import Dialogue
from ansible_collections.mailforest.stack.plugins.module_utils._probe.dns import Dns
from ansible_collections.mailforest.stack.plugins.module_utils._probe.exchange import Exchange, Framed
from ansible_collections.mailforest.stack.plugins.module_utils._probe.imap import Imap
from ansible_collections.mailforest.stack.plugins.module_utils._probe.kerberos import Kerberos
from ansible_collections.mailforest.stack.plugins.module_utils._probe.ldap import Cldap, Ldap
from ansible_collections.mailforest.stack.plugins.module_utils._probe.managesieve import ManageSieve
from ansible_collections.mailforest.stack.plugins.module_utils._probe.ntp import Ntp
from ansible_collections.mailforest.stack.plugins.module_utils._probe.pop3 import Pop3
from ansible_collections.mailforest.stack.plugins.module_utils._probe.smtp import Smtp
from ansible_collections.mailforest.stack.plugins.module_utils._probe.ssh import Ssh
from ansible_collections.mailforest.stack.plugins.module_utils._probe.windows import Rpc, Smb


@dataclass(frozen=True, kw_only=True)
class ProtocolEntry:
    """How a protocol is probed."""

    dialogue: Callable[[str], Dialogue] | None = None
    """Makes the conversation over TCP from the check's argument; None: a connection is all there is."""
    exchange: Exchange | None = None
    """The question over UDP."""
    transports: frozenset[str] = frozenset({"tcp"})
    starttls: bool = False
    argument: str = "none"
    """none, optional or required."""


_BOTH = frozenset({"tcp", "udp"})
_UDP = frozenset({"udp"})

PROTOCOLS: Mapping[str, ProtocolEntry] = {
    "none": ProtocolEntry(transports=_BOTH),
    "smtp": ProtocolEntry(dialogue=lambda _: Smtp(), starttls=True),
    "imap": ProtocolEntry(dialogue=lambda _: Imap(), starttls=True),
    "pop3": ProtocolEntry(dialogue=lambda _: Pop3(), starttls=True),
    "managesieve": ProtocolEntry(dialogue=lambda _: ManageSieve(), starttls=True),
    "ldap": ProtocolEntry(dialogue=lambda _: Ldap(), starttls=True),
    "cldap": ProtocolEntry(exchange=Cldap(), transports=_UDP, argument="required"),
    "dns": ProtocolEntry(
        dialogue=lambda name: Framed(Dns(), name, length_octets=2),
        exchange=Dns(),
        transports=_BOTH,
        argument="optional",
    ),
    "kerberos": ProtocolEntry(
        dialogue=lambda realm: Framed(Kerberos(), realm, length_octets=4),
        exchange=Kerberos(),
        transports=_BOTH,
        argument="required",
    ),
    # A KDC answers on 464 only to an authenticated request, so a connection is what can be seen from outside.
    "kpasswd": ProtocolEntry(),
    "ntp": ProtocolEntry(exchange=Ntp(), transports=_UDP),
    "ssh": ProtocolEntry(dialogue=lambda _: Ssh()),
    "smb": ProtocolEntry(dialogue=lambda _: Smb()),
    "rpc": ProtocolEntry(dialogue=lambda _: Rpc()),
}
