# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Port 25 of the Internet is for mail servers: others are refused at once, by themselves and by their gateways."""

from __future__ import annotations

import errno
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import pytest
from ansible_collections.mailforest.stack.tests.system.support.hosts import at, root_shell
from ansible_collections.mailforest.stack.tests.system.support.office import Office
from testinfra.host import Host

testinfra_hosts = ["ansible://outside"]
SMTP, OTHER = 25, 2526
REFUSED = errno.errorcode[errno.EHOSTUNREACH]
"""What a program is told of `administratively prohibited`."""


@pytest.fixture(scope="module", autouse=True)
def listeners(host: Host) -> Iterator[None]:
    """Somebody's mail server on the Internet, and something else there."""
    for port in (SMTP, OTHER):
        root_shell(host, f"systemd-run --unit=listener-{port} python3 -m http.server {port}")
    root_shell(host, "timeout 20 sh -c 'until ss -tln | grep -cE \":(25|2526) \" | grep -q 2; do sleep 0.2; done'")
    yield
    root_shell(host, f"systemctl stop listener-{SMTP} listener-{OTHER}")


def _seen(names: Iterable[str], office: Office, port: int) -> dict[str, str]:
    """What each host is told when it connects to the observer; it must be told soon."""
    target = office.addresses["outside"]
    return {name: root_shell(at(name), f"timeout 10 python3 -c '{_CONNECT}' {target} {port}").strip() for name in names}


_CONNECT = """
import errno, socket, sys
try:
    socket.create_connection((sys.argv[1], int(sys.argv[2])), timeout=3).close()
    print("open")
except TimeoutError:
    print("silent")
except OSError as exc:
    print(errno.errorcode[exc.errno])
""".strip()


@contextmanager
def _without_refusal(names: Iterable[str]) -> Iterator[None]:
    try:
        for name in names:
            root_shell(at(name), "nft flush chain inet mailforest refused_sending")
        yield
    finally:
        for name in names:
            root_shell(at(name), "systemctl reload mailforest-firewall.service")


def _others(office: Office) -> list[str]:
    return [name for name in office.hosts if name not in office.mail_servers]


def test_only_mail_servers_send_mail(office: Office) -> None:
    """MAIL-20: gateways, controllers and members are told so at once; of other ports nothing is said."""
    assert _seen(office.mail_servers, office, SMTP) == dict.fromkeys(office.mail_servers, "open")
    assert _seen(_others(office), office, SMTP) == dict.fromkeys(_others(office), REFUSED)
    assert _seen(_others(office), office, OTHER) == dict.fromkeys(_others(office), "open")


def test_hosts_and_gateways_hold_it_back_each_for_itself(office: Office) -> None:
    """The control: a host without the rule is refused by its gateway, and without that one's it sends mail."""
    names = [office.controllers[0], *office.members]
    with _without_refusal(names):
        assert _seen(names, office, SMTP) == dict.fromkeys(names, REFUSED)
        with _without_refusal(office.gateways):
            assert _seen(names, office, SMTP) == dict.fromkeys(names, "open")
    assert _seen(names, office, SMTP) == dict.fromkeys(names, REFUSED)
