# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every TCP and UDP port of a host of each kind, from outside, the other office, a member and a mail server."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import pytest
from ansible_collections.mailforest.stack.tests.system.support import office as offices
from ansible_collections.mailforest.stack.tests.system.support.hosts import at, root_shell

OFFICE = offices.current()
SSH = 22
CONTROLLER = {53, 88, 135, 389, 445, 464, 636, 3268, 3269}
CONTROLLER_UDP = {53, 88, 123, 389, 464}
DYNAMIC = set(range(50000, 50021))
"""Samba opens three of them or four."""
SIEVE, SHARES = 4190, 445
KINDS = ["gateway", "controller", "mail server", "member"]


def _declared(name: str) -> set[int]:
    """The TCP ports that the offices may reach at a host."""
    ports = {SSH}
    if name in OFFICE.controllers:
        ports |= CONTROLLER
    if name in OFFICE.mail_servers:
        ports |= {*OFFICE.ports, SIEVE}
    if name in OFFICE.members:
        ports |= {SHARES}
    return ports


def _tcp(vantage: str, address: str) -> set[int]:
    """Every TCP port that takes a connection."""
    done = at(vantage).run("python3 -c %s %s", _CONNECT, address)
    assert done.rc == 0, done.stderr
    return set(json.loads(done.stdout))


# Thousands at once, each given time for a second try; no library does that as quickly.
_CONNECT = """
import errno, json, resource, select, socket, sys, time
resource.setrlimit(resource.RLIMIT_NOFILE, (12000, max(12000, resource.getrlimit(resource.RLIMIT_NOFILE)[1])))
found, ports = [], list(range(1, 65536))
def remembered():
    with open("/proc/sys/net/netfilter/nf_conntrack_count") as file:
        return int(file.read())
while ports:
    while remembered() > 150000:  # each try is remembered for two minutes; where the table is full, all seems closed
        time.sleep(1)
    poll, waiting = select.epoll(), {}
    batch, ports = ports[:10000], ports[10000:]
    for port in batch:
        line = socket.socket()
        line.setblocking(False)
        code = line.connect_ex((sys.argv[1], port))
        if code == 0:
            found.append(port)
        elif code == errno.EINPROGRESS:
            waiting[line.fileno()] = (line, port)
            poll.register(line.fileno(), select.EPOLLOUT)
        else:
            line.close()
    end = time.monotonic() + 2.5
    while waiting and time.monotonic() < end:
        for number, _ in poll.poll(max(0, end - time.monotonic())):
            poll.unregister(number)
            line, port = waiting.pop(number)
            if line.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == 0:
                found.append(port)
            line.close()
    for line, _ in waiting.values():
        line.close()
    poll.close()
print(json.dumps(found))
"""


def _udp(vantage: str, name: str, address: str) -> set[int]:
    """Every UDP port at which a host's rules let a datagram in.

    A program need not answer what it does not understand, so the host itself notes what comes behind its rules.
    """
    with _noting(name):
        done = at(vantage).run("python3 -c %s %s", _SEND, address)
        assert done.rc == 0, done.stderr
        listed = json.loads(root_shell(at(name), "nft -j list set inet scan seen"))["nftables"]
    ports = next(entry["set"].get("elem", []) for entry in listed if "set" in entry)
    return {port for port in ports if isinstance(port, int)}


@contextmanager
def _noting(name: str) -> Iterator[None]:
    seen = "set seen { type inet_service; flags dynamic; size 65535; }"
    chain = f"chain in {{ type filter hook input priority 300; udp sport {_SOURCE} add @seen {{ udp dport }}; }}"
    root_shell(at(name), f"nft 'table inet scan {{ {seen}; {chain}; }}'")
    try:
        yield
    finally:
        root_shell(at(name), "nft delete table inet scan")


_SOURCE = 47613
# Each port twice, slowly enough that no queue on the way overflows.
_SEND = f"""
import socket, sys, time
line = socket.socket(type=socket.SOCK_DGRAM)
line.bind(("", {_SOURCE}))
for _ in range(2):
    for port in range(1, 65536):
        try:
            line.sendto(b"", (sys.argv[1], port))
        except OSError:  # the host's own rules, or an answer to an earlier one
            pass
        if port % 100 == 0:
            time.sleep(0.005)
"""


def _kinds() -> list[str]:
    """One host of each kind."""
    return [names[0] for names in (OFFICE.gateways, OFFICE.controllers, OFFICE.mail_servers, OFFICE.members)]


def _other_office(names: Iterable[str]) -> str:
    """The first of them that is not in the first gateway's office."""
    return next(name for name in names if OFFICE.sites[name] != OFFICE.sites[OFFICE.gateways[0]])


def _vantages() -> dict[str, str]:
    return {
        "a member": OFFICE.members[0],
        "a mail server": _other_office(OFFICE.mail_servers),
        "a controller of the other office": _other_office(OFFICE.controllers),
    }


def _aim(vantage: str, kind: str) -> str:
    """Another host of the kind; where there is none, a controller of the same office."""
    aim = _kinds()[KINDS.index(kind)]
    return aim if aim != vantage else OFFICE.in_site(OFFICE.sites[vantage], OFFICE.controllers)[0]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("vantage", _vantages())
def test_inside_what_is_declared_is_open_and_no_more(vantage: str, kind: str) -> None:
    """AD-10: in the own office and through the tunnel."""
    name = _vantages()[vantage]
    aim = _aim(name, kind)
    found = _tcp(name, OFFICE.addresses[aim])
    assert found - DYNAMIC == _declared(aim)
    assert bool(found & DYNAMIC) is (aim in OFFICE.controllers)
    assert _udp(name, aim, OFFICE.addresses[aim]) == (CONTROLLER_UDP if aim in OFFICE.controllers else set())


@pytest.mark.parametrize("kind", KINDS)
def test_outside_nothing_is_open_at_inner_addresses(kind: str) -> None:
    """AD-10: the observer has a route to each; ssh of a gateway is what is left."""
    aim = _aim("outside", kind)
    assert _tcp("outside", OFFICE.addresses[aim]) == ({SSH} if aim in OFFICE.gateways else set())
    assert _udp("outside", aim, OFFICE.addresses[aim]) == set()


def test_outside_what_is_published_is_open_and_no_more() -> None:
    """AD-10: at a gateway's public address."""
    gateway = OFFICE.gateways[0]
    assert _tcp("outside", OFFICE.public_addresses[gateway]) == {SSH, *OFFICE.published}
    assert _udp("outside", gateway, OFFICE.public_addresses[gateway]) == set()
