# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Senders on the Internet that are what they say."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager

from .hosts import at, module
from .office import Office

_LABEL = "letters"


def domain_of_letters(office: Office) -> str:
    """The name of the domain that `honest` makes."""
    return f"{_LABEL}.{office.mail_domain}"


@contextmanager
def honest(office: Office, address: str) -> Iterator[str]:
    """A domain whose mail an address on the Internet sends, as its SPF record says; it is in our DNS meanwhile.

    The address has no name, for which alone mail is greylisted; that it follows its DMARC makes up for it.
    """
    name = domain_of_letters(office)
    rows = [
        (_LABEL, "TXT", f"v=spf1 ip4:{address} -all"),
        (_LABEL, "MX", f"10 {name}"),
        (_LABEL, "A", address),
        (f"_dmarc.{_LABEL}", "TXT", "v=DMARC1; p=reject"),
    ]
    shared = [{"zone": office.mail_domain, "name": label, "type": kind} for label, kind, _value in rows]
    written = [{**row, "values": [value]} for row, (*_name, value) in zip(shared, rows, strict=True)]
    first = at(office.controllers[0])
    module(first, "dns_record", records=written)
    for controller in office.controllers:
        module(at(controller), "replication_sync")
    try:
        yield name
    finally:
        module(first, "dns_record", records=[{**row, "values": [], "state": "absent"} for row in shared])


def own_address(office: Office) -> str:
    """With which this machine comes to the gateways."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect((office.public_addresses[office.gateways[0]], 25))
        return str(probe.getsockname()[0])
