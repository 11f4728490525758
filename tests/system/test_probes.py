# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The probes tell the truth about real firewalls and real servers, with the Python that Debian has.

The firewalls stand in a network namespace of their own, so that a gateway's own rules and traffic are left alone.
"""

from __future__ import annotations

import hashlib
import shlex
import ssl
from typing import Any

import pytest
from ansible_collections.mailforest.stack.plugins.plugin_utils.pytest_reachable import Report, probe_from
from ansible_collections.mailforest.stack.tests.system.support import office as offices
from ansible_collections.mailforest.stack.tests.system.support.hosts import at
from ansible_collections.mailforest.stack.tests.system.support.office import Office

OFFICE = offices.current()
RULES = """
table inet probes {
  chain input {
    type filter hook input priority 0;
    tcp dport 7001 drop
    tcp dport 7002 reject with tcp reset
    tcp dport 7003 reject
    tcp dport 7004 reject with icmpx admin-prohibited
    udp dport 7001 drop
    udp dport 7003 reject
    udp dport 7004 reject with icmpx admin-prohibited
  }
}
"""
SERVE = """
import socket, threading
def echo(server):
    while True:
        data, client = server.recvfrom(4096)
        server.sendto(data, client)
udp = [socket.socket(type=socket.SOCK_DGRAM) for _ in range(5)]
for number, server in enumerate(udp):
    server.bind(("", 7000 + number))
    threading.Thread(target=echo, args=(server,), daemon=True).start()
tcp = [socket.create_server(("", 7000 + number)) for number in range(5)]
print("ready", flush=True)
threading.Event().wait(60)
"""
SCENE = """set -e
ip link set lo up
ip link add near type veth peer name far
ip link set near up
ip link set far up
ip addr add 198.51.100.225/28 dev near
{rules}
coproc python3 -c {serve} </dev/null
read -r _ready <&"${{COPROC[0]}}"
python3 "$@" && code=0 || code=$?
kill "$COPROC_PID"
exit $code
"""
CHECKS: list[dict[str, Any]] = [
    *({"host": "127.0.0.1", "port": 7000 + number} for number in range(5)),
    {"host": "198.51.100.233", "port": 7000, "timeout": 8},
    {"host": "198.51.100.1", "port": 7000},
    *({"host": "127.0.0.1", "port": 7000 + number, "transport": "udp", "timeout": 1} for number in (0, 1, 3, 4)),
]
"""Five TCP ports, a host that is down, a network without a route, four UDP ports."""


def _behind(rules: str, gateway: str) -> Report:
    """What is seen of the ports, in a network of its own, behind the rules."""
    load = f"nft -f - <<'EOF'\n{rules}\nEOF" if rules else ""
    scene = SCENE.format(rules=load, serve=shlex.quote(SERVE))
    return probe_from(at(gateway), CHECKS, python=f"sudo unshare --net bash -c {shlex.quote(scene)} bash")


@pytest.mark.parametrize("gateway", OFFICE.gateways)
def test_firewalls_and_hosts_that_are_down(gateway: str) -> None:
    found = _behind(RULES, gateway)
    tcp = ["open", "filtered", "refused", "refused", "unreachable", "unreachable", "unreachable"]
    assert found.verdicts == [*tcp, "open", "open-or-filtered", "refused", "unreachable"], found.message
    assert {result["stage"] for result in found.results} == {"connect"}


@pytest.mark.parametrize("gateway", OFFICE.gateways[:1])
def test_it_is_the_rules_that_close(gateway: str) -> None:
    """The control: the same without rules. A host that is down and a missing route stay what they are."""
    found = _behind("", gateway)
    assert found.verdicts == [*["open"] * 5, "unreachable", "unreachable", *["open"] * 4], found.message


def test_an_observer_judges_all_but_the_issuer(office: Office) -> None:
    """Names, dates, old TLS and logins in the clear, from a host that does not know the CA; and a wrong name, found."""
    (first, address), *_others = sorted(office.public_addresses.items())
    port = {"host": address, "port": 587, "protocol": "smtp", "tls": "starttls", "verify_chain": False}
    asked = {"tls_minimum": "TLSv1.2", "cleartext_auth": "refused", "mechanisms": ["PLAIN"], "min_days_left": 7}
    names = [f"{name}.{office.dns_domain}" for name in office.mail_servers]
    right = [{**port, **asked, "server_name": name} for name in names]
    found = probe_from(at("outside"), [*right, {**port, **asked, "server_name": "www.example.test"}], timeout=15)
    assert "open" in found.verdicts[:-1], found.message
    assert found.verdicts[-1] == "bad-certificate", found.message
    assert "not for www.example.test" in found.results[-1]["detail"], first


def test_a_fingerprint_is_that_of_the_certificate(office: Office) -> None:
    """Read by Python's own TLS, and another one."""
    name, gateway = office.mail_servers[0], office.gateways[0]
    address = office.addresses[name]
    pem = ssl.get_server_certificate((address, 993))
    shown = hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem)).hexdigest()
    imaps = {
        "host": address,
        "port": 993,
        "protocol": "imap",
        "tls": "implicit",
        "server_name": f"{name}.{office.dns_domain}",
        "ca_file": "/etc/ssl/mailforest/ca.crt",
    }
    other = hashlib.sha256(b"another").hexdigest()
    found = probe_from(at(gateway), [{**imaps, "fingerprints": [one]} for one in (shown, other)])
    assert found.verdicts == ["open", "bad-certificate"], found.message
    assert [one["fingerprint_sha256"] for one in found.certificates] == [shown, shown]
