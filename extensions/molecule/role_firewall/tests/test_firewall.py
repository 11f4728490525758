# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a client gets through, and what becomes of other programs' rules."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

import pytest
from ansible_collections.mailforest.stack.tests.system.support.hosts import module, root_shell, solo
from ansible_collections.mailforest.stack.tests.system.support.network import tcp
from testinfra.host import Host

testinfra_hosts = ["ansible://solo"]
PORTS = {8080: "open", 8081: "silent", 8082: "silent", 8090: "open", 8092: "open", 22: "open"}


@pytest.fixture(scope="module", autouse=True)
def listeners(host: Host) -> Iterator[None]:
    """Something behind every port, so that only the rules can make a difference; and another program's table."""
    ports = [port for port in PORTS if port != 22]
    for port in ports:
        root_shell(host, f"systemd-run --unit=listener-{port} python3 -m http.server {port}")
    root_shell(host, "nft add table inet elsewhere && nft add chain inet elsewhere kept")
    root_shell(host, f"until ss -tln | grep -c ':80[89]' | grep -q {len(ports)}; do sleep 0.2; done")
    yield
    root_shell(
        host, f"systemctl stop {' '.join(f'listener-{port}' for port in ports)}; nft delete table inet elsewhere"
    )


def _tables(host: Host) -> set[str]:
    entries = json.loads(root_shell(host, "nft -j list tables"))["nftables"]
    return {f"{entry['table']['family']} {entry['table']['name']}" for entry in entries if "table" in entry}


def _seen(host: Host) -> dict[int, str]:
    return {port: tcp(solo(host).address, port) for port in PORTS}


def test_only_what_is_named_gets_through(host: Host) -> None:
    assert _seen(host) == PORTS


def test_the_rules_come_back_and_leave_those_of_others_alone(host: Host) -> None:
    root_shell(host, "systemctl restart mailforest-firewall.service")
    assert {"inet mailforest", "inet elsewhere"} <= _tables(host)
    assert _seen(host) == PORTS


def test_the_rules_are_loaded_at_boot(host: Host) -> None:
    assert host.service("mailforest-firewall.service").is_enabled


def _sends(host: Host) -> bool:
    """Whether a packet for the other office leaves this host at all."""
    program = "import socket; socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('198.51.100.250', 9))"
    return bool(host.run(f'python3 -c "{program}"').rc == 0)


def test_what_belongs_into_a_tunnel_leaves_through_it_only(host: Host) -> None:
    assert not _sends(host)
    root_shell(host, "ip link add mf-other type veth peer name mf-end && ip link set mf-end up")
    root_shell(host, "ip link set mf-other up && ip route add 198.51.100.250/32 dev mf-other")
    try:
        assert _sends(host)
    finally:
        root_shell(host, "ip link delete mf-other")
    assert not _sends(host)
    root_shell(host, "nft flush chain inet mailforest tunnelled")
    try:
        assert _sends(host), "the control: it is the rule that holds it back"
    finally:
        root_shell(host, "systemctl reload mailforest-firewall.service")
    assert not _sends(host)


@pytest.fixture
def fenced(host: Host) -> Iterator[Callable[[int], bool]]:
    """Whether a port is open to the fenced address, which a namespace on the host has."""
    root_shell(host, "ip netns add fenced && ip link add fence-in type veth peer name fence-out netns fenced")
    root_shell(host, "ip address add 198.51.100.252/31 dev fence-in && ip link set fence-in up")
    inside = "ip netns exec fenced"
    root_shell(host, f"{inside} ip address add 198.51.100.253/31 dev fence-out && {inside} ip link set fence-out up")

    def reaches(port: int) -> bool:
        program = f"import socket; socket.create_connection(('198.51.100.252', {port}), timeout=2)"
        return bool(host.run(f'{inside} python3 -c "{program}"').rc == 0)

    yield reaches
    root_shell(host, "ip link delete fence-in; ip netns delete fenced")


def test_a_fenced_address_reaches_what_is_left_to_it(host: Host, fenced: Callable[[int], bool]) -> None:
    """AD-30: of ports that others reach, only the one by which it learns that it is fenced."""
    assert {port: fenced(port) for port in (8080, 8090, 22)} == {8080: True, 8090: False, 22: False}
    root_shell(host, "nft flush chain inet mailforest fence")
    try:
        assert fenced(8090), "the control: it is the rule that holds it back"
    finally:
        root_shell(host, "systemctl reload mailforest-firewall.service")
    assert not fenced(8090)


@pytest.fixture
def beyond(host: Host) -> Iterator[Callable[[int], str]]:
    """What this host is told when it connects to a neighbour, which a namespace on it is; it serves two ports."""
    inside = "ip netns exec beyond"
    root_shell(host, "ip netns add beyond && ip link add near type veth peer name far netns beyond")
    root_shell(host, "ip address add 198.18.0.0/31 dev near && ip link set near up")
    root_shell(host, f"{inside} ip address add 198.18.0.1/31 dev far && {inside} ip link set far up")
    for port in (8080, 8090):
        root_shell(host, f"systemd-run --unit=beyond-{port} {inside} python3 -m http.server {port}")
    listening = f"{inside} ss -tln | grep -c ':80[89]0' | grep -q 2"
    root_shell(host, f'timeout 20 sh -c "until {listening}; do sleep 0.2; done"')

    def told(port: int) -> str:
        done = host.run(f'python3 -c "{_CONNECT}" 198.18.0.1 {port}')
        return str(done.stdout).strip()

    yield told
    root_shell(host, "systemctl stop beyond-8080 beyond-8090; ip link delete near; ip netns delete beyond")


_CONNECT = """
import errno, socket, sys
try:
    socket.create_connection((sys.argv[1], int(sys.argv[2])), timeout=3).close()
    print('open')
except TimeoutError:
    print('silent')
except OSError as exc:
    print(errno.errorcode[exc.errno])
""".strip()


def test_a_limited_host_sends_only_what_is_named(host: Host, beyond: Callable[[int], str]) -> None:
    """Its programs are told so at once; ssh, by which this test comes, is answered all the same."""
    assert {port: beyond(port) for port in (8080, 8090)} == {8080: "open", 8090: "EHOSTUNREACH"}
    root_shell(host, "nft flush chain inet mailforest output")
    try:
        assert beyond(8090) == "open", "the control: it is the rule that holds it back"
    finally:
        root_shell(host, "systemctl reload mailforest-firewall.service")
    assert beyond(8090) == "EHOSTUNREACH"


NEIGHBOURS = {"198.18.0.3": "198.18.0.2", "2001:db8:9::3": "2001:db8:9::2", "198.18.9.9": "198.18.9.8"}
"""Addresses of a neighbour, and the host's own on the same line. The last is blocked."""


@pytest.fixture
def neighbour(host: Host) -> Iterator[Callable[[str, int, int], list[str]]]:
    """What becomes of so many connections at once from an address of a namespace to a port of this host."""
    inside = "ip netns exec neighbour"
    lines = [
        "ip netns add neighbour && ip link add mf-here type veth peer name mf-there netns neighbour",
        f"sysctl -qw net.ipv6.conf.mf-here.disable_ipv6=0 && {inside} sysctl -qw net.ipv6.conf.mf-there.disable_ipv6=0",
        f"ip link set mf-here up && {inside} ip link set mf-there up",
    ]
    for theirs, ours in NEIGHBOURS.items():
        length, nodad = (64, "nodad") if ":" in ours else (31, "")
        lines.append(f"ip address add {ours}/{length} dev mf-here {nodad}")
        lines.append(f"{inside} ip address add {theirs}/{length} dev mf-there {nodad}")

    def connect(source: str, port: int, count: int) -> list[str]:
        arguments = f"{source} {NEIGHBOURS[source]} {port} {count}"
        return root_shell(host, f'{inside} python3 -c "{_CONNECT_FROM}" {arguments}').split()

    try:
        root_shell(host, " && ".join(lines))
        yield connect
    finally:
        host.run("ip link delete mf-here; ip netns delete neighbour")


_CONNECT_FROM = """
import concurrent.futures, socket, sys
source, target, port, count = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
def connect(_):
    try:
        socket.create_connection((target, port), timeout=3, source_address=(source, 0)).close()
    except OSError:
        return 'silent'
    return 'open'
with concurrent.futures.ThreadPoolExecutor(count) as pool:
    print(*pool.map(connect, range(count)))
""".strip()


@pytest.mark.parametrize("source", ["198.18.0.3", "2001:db8:9::3"])
def test_one_source_opens_so_many_connections_at_once(
    host: Host, neighbour: Callable[[str, int, int], list[str]], source: str
) -> None:
    """Of both IP versions; those who are exempt are not counted. Twice as many to ssh as a minute has."""
    assert neighbour(source, 22, 16).count("open") in range(6, 8)
    assert {tcp(solo(host).address, 22) for _ in range(16)} == {"open"}


def test_each_limit_counts_for_itself(host: Host, neighbour: Callable[[str, int, int], list[str]]) -> None:
    assert neighbour("198.18.0.3", 8092, 16).count("open") in range(5, 7)
    assert neighbour("198.18.0.3", 8090, 16) == ["open"] * 16, "the control: other ports are not limited"
    assert {tcp(solo(host).address, 8092) for _ in range(16)} == {"open"}


def test_a_blocked_address_reaches_nothing(host: Host, neighbour: Callable[[str, int, int], list[str]]) -> None:
    assert neighbour("198.18.9.9", 8090, 1) == ["silent"]
    root_shell(host, "nft delete element inet mailforest blocked_v4 '{ 198.18.9.0/24 }'")
    try:
        assert neighbour("198.18.9.9", 8090, 1) == ["open"], "the control: it is the set that holds it back"
    finally:
        root_shell(host, "systemctl reload mailforest-firewall.service")
    assert neighbour("198.18.9.9", 8090, 1) == ["silent"]


def test_what_the_kernel_has_counted_is_no_change(host: Host, neighbour: Callable[[str, int, int], list[str]]) -> None:
    neighbour("198.18.0.3", 8092, 3)
    assert "198.18.0.3" in root_shell(host, "nft list set inet mailforest web_v4")
    assert module(host, "firewall_info")["problems"] == []


def test_without_our_table_all_is_open(host: Host) -> None:
    """The control: what the other tests find closed is closed by the rules, not for another reason."""
    root_shell(host, "systemctl stop mailforest-firewall.service")
    assert "inet mailforest" not in _tables(host)
    assert "inet elsewhere" in _tables(host)
    assert set(_seen(host).values()) == {"open"}


def test_nobody_tells_the_host_another_gateway(host: Host, neighbour: Callable[[str, int, int], list[str]]) -> None:
    """By a redirect (RFC 792), which for the kernel is related to what the host sent. The control: it is the rules."""

    def way_after_redirect() -> str:
        root_shell(host, "ip route replace 198.18.7.0/24 via 198.18.0.3; ip route flush cache")
        root_shell(host, f"python3 - <<'SCRIPT'\n{_REDIRECT}\nSCRIPT")
        return root_shell(host, "ip route get 198.18.7.7").split()[2]

    # A router takes no redirects; the scenario's rules let nothing out that one could be about.
    before = root_shell(host, "sysctl -n net.ipv4.ip_forward; sysctl -qw net.ipv4.ip_forward=0").strip()
    root_shell(host, "systemctl start mailforest-firewall.service && nft flush chain inet mailforest output")
    assert way_after_redirect() == "198.18.0.3"
    root_shell(host, "systemctl stop mailforest-firewall.service")
    assert way_after_redirect() == "198.18.9.9"
    root_shell(host, f"sysctl -qw net.ipv4.ip_forward={before}")
    root_shell(host, "systemctl start mailforest-firewall.service; ip route flush cache")


# The kernel asks whether a socket has sent what the redirect is about, and has to know where the other gateway is.
_REDIRECT = """
import ctypes, os, socket, struct, time
def checksum(data):
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    total = (total & 65535) + (total >> 16)
    return ~(total + (total >> 16)) & 65535
with socket.socket(type=socket.SOCK_DGRAM) as sender:
    sender.bind(("198.18.0.2", 47614))
    sender.sendto(b"", ("198.18.9.9", 9))
    sender.sendto(b"", ("198.18.7.7", 9))
    time.sleep(0.5)
    if os.fork() == 0:
        with open("/run/netns/neighbour") as there:
            assert ctypes.CDLL(None, use_errno=True).setns(there.fileno(), 0) == 0
        ends = socket.inet_aton("198.18.0.2") + socket.inet_aton("198.18.7.7")
        head = struct.pack("!BBHHHBBH", 69, 0, 28, 1, 0, 64, socket.IPPROTO_UDP, 0)
        head = head[:10] + struct.pack("!H", checksum(head + ends))
        body = socket.inet_aton("198.18.9.9") + head + ends + struct.pack("!HHHH", 47614, 9, 8, 0)
        said = struct.pack("!BBH", 5, 1, checksum(struct.pack("!BBH", 5, 1, 0) + body)) + body
        with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP) as line:
            line.bind(("198.18.0.3", 0))
            line.sendto(said, ("198.18.0.2", 0))
        os._exit(0)
    assert os.wait()[1] == 0
    time.sleep(0.3)
""".strip()
