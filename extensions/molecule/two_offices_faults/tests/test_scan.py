# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""All 65,535 TCP ports of a host of each kind, and of what a gateway shows the Internet, from outside."""

from __future__ import annotations

import json

import pytest
from ansible_collections.mailforest.stack.tests.system.support import office as offices
from ansible_collections.mailforest.stack.tests.system.support.hosts import at

OFFICE = offices.current()
SSH = 22


def _open(vantage: str, address: str) -> set[int]:
    """Every port that takes a connection."""
    done = at(vantage).run("python3 -c %s %s", _SCAN, address)
    assert done.rc == 0, done.stderr
    return set(json.loads(done.stdout))


# Thousands at once, each given time for a second try; no library does that as quickly.
_SCAN = """
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


def _kinds() -> list[str]:
    """One host of each kind."""
    return [names[0] for names in (OFFICE.gateways, OFFICE.controllers, OFFICE.mail_servers, OFFICE.members)]


@pytest.mark.parametrize("target", range(4), ids=["gateway", "controller", "mail server", "member"])
def test_outside_nothing_is_open_at_inner_addresses(target: int) -> None:
    """AD-10: the observer has a route to each; ssh of a gateway is what is left."""
    aim = _kinds()[target]
    assert _open("outside", OFFICE.addresses[aim]) == ({SSH} if aim in OFFICE.gateways else set())


def test_outside_what_is_published_is_open_and_no_more() -> None:
    """AD-10: at a gateway's public address."""
    assert _open("outside", OFFICE.public_addresses[OFFICE.gateways[0]]) == {SSH, *OFFICE.published}
