# Copyright: (c) 2026, mailforest.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ways on which a message must get through, for the module `mail_flow`."""

from __future__ import annotations

from .model import Topology
from .plan import EndpointPlan, FlowPlan, ProbePlan, ReaderPlan
from .records import fqdn
from .services import SERVICES, Tls

_WAYS_IN = ("submissions", "submission", "submission-2525")
_IMAP = ("imaps", "imap")
_POP3 = ("pop3s", "pop3")
_REACH = 3


def _endpoint(name: str) -> EndpointPlan:
    service = SERVICES[name]
    return {"port": service.port, "tls": "implicit" if service.tls is Tls.IMPLICIT else "starttls"}


def _first(topology: Topology, names: tuple[str, ...]) -> EndpointPlan | None:
    """The first of the services that is served."""
    return next((_endpoint(name) for name in names if name in topology.mail.services), None)


def mail_probes(topology: Topology) -> list[ProbePlan]:
    """An account for every mail server, with an address in the first mail domain."""
    return [
        {"account": account, "address": f"{account}@{topology.mail.domains[0].lower()}", "home": host.name}
        for account, host in topology.probes.items()
    ]


def mail_flows(topology: Topology) -> list[FlowPlan]:
    """A message by every submission port of every mail server into mailboxes at home on several, read through several.

    None without IMAP, by which the message is found. Up to three servers everything goes everywhere; of more each looks
    at the two that follow it, so that the messages grow with the servers and not with their cube.
    """
    imap, pop3 = _first(topology, _IMAP), _first(topology, _POP3)
    if imap is None:
        return []
    servers, probes = [fqdn(topology, host) for host in topology.mail_servers], mail_probes(topology)
    readers: list[ReaderPlan] = [{"server": server, "imap": imap, "pop3": pop3} for server in servers]
    return [
        {
            "server": server,
            "submission": _endpoint(name),
            "account": probes[home]["account"],
            "address": probes[home]["address"],
            "readers": [readers[number] for number in _from(home, len(servers))],
        }
        for sender, server in enumerate(servers)
        for name in _WAYS_IN
        if name in topology.mail.services
        for home in _from(sender, len(servers))
    ]


def _from(first: int, count: int) -> list[int]:
    """The number and the two that follow it, of so many in a ring, in order."""
    return sorted((first + step) % count for step in range(min(count, _REACH)))
