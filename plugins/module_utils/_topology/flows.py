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


def _readers(topology: Topology) -> list[ReaderPlan]:
    """Every mail server; none without IMAP, by which the message is found."""
    imap, pop3 = _first(topology, _IMAP), _first(topology, _POP3)
    if imap is None:
        return []
    return [{"server": fqdn(topology, host), "imap": imap, "pop3": pop3} for host in topology.mail_servers]


def mail_flows(topology: Topology) -> list[FlowPlan]:
    """A message by every submission port of every mail server into a mailbox at home on each, read through all."""
    readers = _readers(topology)
    if not readers:
        return []
    return [
        {
            "server": fqdn(topology, host),
            "submission": _endpoint(name),
            "account": probe["account"],
            "address": probe["address"],
            "readers": readers,
        }
        for host in topology.mail_servers
        for name in _WAYS_IN
        if name in topology.mail.services
        for probe in mail_probes(topology)
    ]
