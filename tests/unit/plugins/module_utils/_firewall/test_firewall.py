# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules in, ruleset out; nothing that locks the administrator out gets through."""

from __future__ import annotations

import ipaddress
import struct
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.mailforest.stack.plugins.module_utils._firewall.access import (
    Access,
    find_access,
    refuse_lock_out,
)
from ansible_collections.mailforest.stack.plugins.module_utils._firewall.model import FirewallError
from ansible_collections.mailforest.stack.plugins.module_utils._firewall.plan import plan
from ansible_collections.mailforest.stack.plugins.module_utils._firewall.reading import read_policy
from ansible_collections.mailforest.stack.plugins.module_utils._firewall.ruleset import render, sysctls

OFFICE = "198.51.100.64/26"


def params(**options: Any) -> dict[str, Any]:
    return {"admin_sources": ["198.51.100.0/28"], **options}


def rule(**options: Any) -> dict[str, Any]:
    return {"name": "x", "transport": "tcp", "ports": ["25"], "sources": [], **options}


def lines(chain: str = "input", **options: Any) -> list[str]:
    """The lines of a chain of the rendered ruleset."""
    text = render(read_policy(params(**options)), ssh_ports=[22])
    body = text.partition(f"chain {chain} {{\n")[2].partition("    }\n")[0]
    return [line.strip() for line in body.splitlines()]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        pytest.param(rule(), ['tcp dport { 25 } counter accept comment "x"'], id="anyone"),
        pytest.param(
            rule(sources=[OFFICE]),
            ['ip saddr @net_198_51_100_64_26 tcp dport { 25 } counter accept comment "x"'],
            id="one network",
        ),
        pytest.param(
            rule(sources=[OFFICE, "2001:db8::/48"]),
            [
                'ip saddr @net_198_51_100_64_26 tcp dport { 25 } counter accept comment "x"',
                'ip6 saddr @net_2001_db8_48 tcp dport { 25 } counter accept comment "x"',
            ],
            id="both versions",
        ),
        pytest.param(
            rule(sources=["0.0.0.0/0", "2001:db8::/48"]),
            [
                'meta nfproto ipv4 tcp dport { 25 } counter accept comment "x"',
                'ip6 saddr @net_2001_db8_48 tcp dport { 25 } counter accept comment "x"',
            ],
            id="everybody of one version",
        ),
        pytest.param(
            rule(sources=["0.0.0.0/0", "::/0"]), ['tcp dport { 25 } counter accept comment "x"'], id="everybody of both"
        ),
        pytest.param(
            rule(ports=["50010-50020", "25", "50000-50012", "26"], transport="udp"),
            ['udp dport { 25-26, 50000-50020 } counter accept comment "x"'],
            id="ports sorted and merged",
        ),
        pytest.param(
            rule(sources=["198.51.100.0/28"]),
            ['ip saddr @admin_v4 tcp dport { 25 } counter accept comment "x"'],
            id="equal lists share a set",
        ),
    ],
)
def test_input_rule(given: dict[str, Any], expected: list[str]) -> None:
    found = lines(rules=[given])
    assert [line for line in found if 'comment "x"' in line] == expected


def test_order_of_the_input_chain() -> None:
    found = lines(rules=[rule(sources=[OFFICE])])
    wanted = [
        "policy drop;",
        "established",
        "nd-neighbor",
        "ct state invalid",
        '"lo"',
        'comment "ssh"',
        "packet-too-big",
        "DHCP",
        'comment "x"',
        "reject",
    ]
    at = [next(i for i, line in enumerate(found) if word in line) for word in wanted]
    assert at == sorted(at)


def test_neighbours_are_told_and_strangers_are_not() -> None:
    rejects = [line for line in lines(rules=[rule(sources=[OFFICE]), rule(sources=["0.0.0.0/0"])]) if "reject" in line]
    assert rejects == [
        f"ip saddr {{ {OFFICE} }} limit rate 50/second burst 100 packets reject with icmpx admin-prohibited"
    ]
    assert not any("reject" in line for line in lines(rules=[rule()]))


def test_sets_are_collapsed() -> None:
    text = render(
        read_policy(params(rules=[rule(sources=["10.0.0.0/9", "10.128.0.0/9", "10.1.2.3", "192.168.0.1"])])),
        ssh_ports=[22],
    )
    assert "elements = { 10.0.0.0/8, 192.168.0.1 };" in text


def test_names_of_sets_stay_when_other_rules_come() -> None:
    before = set(render(read_policy(params(rules=[rule(sources=[OFFICE])])), ssh_ports=[22]).splitlines())
    rules = [rule(name="new", sources=["10.0.0.0/8", "192.168.0.0/16"]), rule(sources=[OFFICE])]
    after = set(render(read_policy(params(rules=rules)), ssh_ports=[22]).splitlines())
    assert {line.split()[0] for line in before - after} == {"ip"}  # who is told that a port is closed
    assert any("set net_10_0_0_0_8_and_1 {" in line for line in after)


def test_sets_that_would_have_the_same_name() -> None:
    rules = [rule(sources=["1::2:3:0:0/96"]), rule(sources=["1:2:3::/96"]), rule(sources=["1:2::3:0:0/96"])]
    text = render(read_policy(params(rules=rules)), ssh_ports=[22])
    names = [line.split()[1] for line in text.splitlines() if line.strip().startswith("set net")]
    assert len(names) == len(set(names)) == 3


def test_one_transaction_that_touches_no_other_table() -> None:
    text = render(read_policy(params()), ssh_ports=[22, 2222])
    assert "flush" not in text
    assert [line for line in text.splitlines() if line.startswith(("table", "delete"))] == [
        "table inet mailforest",
        "delete table inet mailforest",
        "table inet mailforest {",
    ]
    assert 'ip saddr @admin_v4 tcp dport { 22, 2222 } counter accept comment "ssh"' in text
    assert text == render(read_policy(params()), ssh_ports=[22, 2222])


def test_a_host_that_is_no_gateway_leaves_forwarding_alone() -> None:
    policy = read_policy(params())
    text = render(policy, ssh_ports=[22])
    assert not any(word in text for word in ("forward", "prerouting", "postrouting"))
    assert sysctls(policy) == {}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        pytest.param({}, ['counter accept comment "f"'], id="anything"),
        pytest.param(
            {"sources": ["10.0.0.0/8"], "not_destinations": ["10.1.0.0/16"]},
            ['ip saddr @net_10_0_0_0_8 ip daddr != @net_10_1_0_0_16 counter accept comment "f"'],
            id="out, but not there",
        ),
        pytest.param(
            {"not_destinations": ["10.1.0.0/16"]},
            ['ip daddr != @net_10_1_0_0_16 counter accept comment "f"', 'meta nfproto ipv6 counter accept comment "f"'],
            id="only an exclusion",
        ),
        pytest.param(
            {"sources": ["10.0.0.0/8", "2001:db8::/48"], "destinations": ["10.2.0.0/16"], "transport": "udp"},
            ['ip saddr @net_10_0_0_0_8 ip daddr @net_10_2_0_0_16 meta l4proto udp counter accept comment "f"'],
            id="the version both ends have",
        ),
        pytest.param(
            {"destinations": ["2001:db8::5"], "transport": "tcp", "ports": ["80", "443"]},
            ['ip6 daddr @net_2001_db8_5 tcp dport { 80, 443 } counter accept comment "f"'],
            id="ports",
        ),
        pytest.param(
            {"sources": ["10.2.0.0/16"], "in_interfaces": ["mf-b"], "out_interfaces": ["lan", "dmz"]},
            ['iifname "mf-b" oifname { "dmz", "lan" } ip saddr @net_10_2_0_0_16 counter accept comment "f"'],
            id="interfaces",
        ),
        pytest.param(
            {"in_interfaces": ["mf-b"]}, ['iifname "mf-b" counter accept comment "f"'], id="an interface alone"
        ),
    ],
)
def test_forward_rule(given: dict[str, Any], expected: list[str]) -> None:
    found = lines("forward", forward=True, forward_rules=[{"name": "f", **given}])
    assert [line for line in found if 'comment "f"' in line] == expected
    assert found[0] == "type filter hook forward priority filter; policy drop;"


def test_masquerade_and_dnat() -> None:
    options: dict[str, Any] = {
        "forward": True,
        "masquerade": [{"sources": ["10.0.0.0/8"], "not_destinations": ["10.9.0.0/16"]}],
        "dnat": [
            {"name": "mail", "transport": "tcp", "port": 25, "destination": "10.0.0.5", "destination_port": None},
            {"name": "web", "transport": "tcp", "port": 80, "destination": "2001:db8::5", "destination_port": 8080},
        ],
    }
    assert lines("postrouting", **options)[1:] == [
        "ip saddr @net_10_0_0_0_8 ip daddr != @net_10_9_0_0_16 counter masquerade"
    ]
    assert lines("prerouting", **options)[1:] == [
        'meta nfproto ipv4 fib daddr type local tcp dport 25 counter dnat ip to 10.0.0.5:25 comment "mail"',
        'meta nfproto ipv6 fib daddr type local tcp dport 80 counter dnat ip6 to [2001:db8::5]:8080 comment "web"',
    ]
    assert any(line.startswith("ct status dnat accept") for line in lines("forward", **options))


def tunnel(interface: str, *networks: str) -> dict[str, Any]:
    return {"interface": interface, "networks": list(networks)}


TUNNELLED: dict[str, Any] = {
    "forward": True,
    "tunnelled": [tunnel("mf-b", "10.2.0.0/16", "2001:db8:2::/48"), tunnel("mf-c", "10.3.0.0/16")],
    "masquerade": [{"sources": ["10.1.0.0/16"]}],
}


def test_traffic_for_a_tunnel_leaves_through_it_or_not_at_all() -> None:
    assert lines("tunnelled", **TUNNELLED) == [
        'oifname != "mf-b" ip daddr @net_10_2_0_0_16 counter name leaked drop',
        'oifname != "mf-b" ip6 daddr @net_2001_db8_2_48 counter name leaked drop',
        'oifname != "mf-c" ip daddr @net_10_3_0_0_16 counter name leaked drop',
    ]
    assert lines("output", **TUNNELLED)[1:] == ["jump tunnelled"]
    assert lines("forward", **TUNNELLED)[1] == "jump tunnelled"
    assert not any("tunnelled" in line for line in lines("forward", forward=True))


def test_traffic_from_a_tunnelled_network_arrives_through_the_tunnel() -> None:
    assert lines("arriving", **TUNNELLED) == [
        "type filter hook prerouting priority raw; policy accept;",
        'iifname != "mf-b" ip saddr @net_10_2_0_0_16 counter name spoofed drop',
        'iifname != "mf-b" ip6 saddr @net_2001_db8_2_48 counter name spoofed drop',
        'iifname != "mf-c" ip saddr @net_10_3_0_0_16 counter name spoofed drop',
    ]


def test_addresses_stay_on_the_way_into_a_tunnel() -> None:
    assert lines("postrouting", **TUNNELLED)[1:] == [
        "ip daddr @net_10_2_0_0_16 accept",
        "ip6 daddr @net_2001_db8_2_48 accept",
        "ip daddr @net_10_3_0_0_16 accept",
        "ip saddr @net_10_1_0_0_16 counter masquerade",
    ]


def test_a_network_with_two_tunnels_may_take_either() -> None:
    either = [tunnel("mf-c", "10.2.0.0/16", "10.3.0.0/16"), tunnel("mf-b", "10.2.0.0/16")]
    assert lines("tunnelled", forward=True, tunnelled=either) == [
        'oifname != { "mf-b", "mf-c" } ip daddr @net_10_2_0_0_16 counter name leaked drop',
        'oifname != "mf-c" ip daddr @net_10_3_0_0_16 counter name leaked drop',
    ]


def test_dnat_that_some_sources_do_not_take() -> None:
    office = ["10.0.0.0/8", "2001:db8::/48"]
    dnat = {"name": "mail", "transport": "tcp", "port": 25, "destination": "10.0.0.5", "not_sources": office}
    assert lines("prerouting", forward=True, dnat=[dnat])[1:] == [
        'ip saddr != @net_10_0_0_0_8 fib daddr type local tcp dport 25 counter dnat ip to 10.0.0.5:25 comment "mail"'
    ]
    dnat["not_destinations"] = office
    assert lines("prerouting", forward=True, dnat=[dnat])[1:] == [
        "ip saddr != @net_10_0_0_0_8 ip daddr != @net_10_0_0_0_8 fib daddr type local tcp dport 25 "
        'counter dnat ip to 10.0.0.5:25 comment "mail"'
    ]


@pytest.mark.parametrize(("source", "six"), [("10.0.0.0/8", False), ("2001:db8::/48", True)])
def test_sysctls_of_a_gateway(source: str, six: bool) -> None:
    found = sysctls(read_policy(params(forward=True, forward_rules=[{"name": "f", "sources": [source]}])))
    assert found["net.ipv4.ip_forward"] == "1"
    assert ("net.ipv6.conf.all.forwarding" in found) is six


@pytest.mark.parametrize(
    ("given", "words"),
    [
        pytest.param({"rules": [rule(ports=["0"])]}, ["firewall_rules[0].ports[0]", "'0'", "1 to 65535"], id="port 0"),
        pytest.param({"rules": [rule(ports=["65536"])]}, ["'65536'"], id="port too big"),
        pytest.param({"rules": [rule(ports=["20-10"])]}, ["'20-10'"], id="range backwards"),
        pytest.param({"rules": [rule(ports=["smtp"])]}, ["'smtp'"], id="service name"),
        pytest.param({"rules": [rule(ports=[])]}, ["firewall_rules[0].ports", "list the ports"], id="no ports"),
        pytest.param({"rules": [rule(transport="sctp")]}, ["'sctp'", "tcp or udp"], id="transport"),
        pytest.param(
            {"rules": [rule(name='a"; drop')]}, ["cannot be a rule's name"], id="name that would end the comment"
        ),
        pytest.param({"rules": [rule(sources=["10.0.0.1/8"])]}, ["sources[0]", "10.0.0.0/8"], id="host bits"),
        pytest.param({"rules": [rule(sources=["office"])]}, ["'office'", "is not a network"], id="no network"),
        pytest.param({"admin_sources": []}, ["firewall_admin_sources", "lets nobody in"], id="nobody may administer"),
        pytest.param(
            {"masquerade": [{"sources": ["10.0.0.0/8"]}]}, ["firewall_forward", "set it to true"], id="no gateway"
        ),
        pytest.param(
            {"forward": True, "masquerade": [{"sources": []}]}, ["masquerade[0].sources"], id="masquerade nobody"
        ),
        pytest.param(
            {"forward": True, "forward_rules": [{"name": "f", "ports": ["25"]}]},
            ["needs the transport"],
            id="ports of any",
        ),
        pytest.param(
            {
                "forward": True,
                "forward_rules": [{"name": "f", "sources": ["10.0.0.0/8"], "destinations": ["2001:db8::/32"]}],
            },
            ["one IP version to the other"],
            id="mixed versions",
        ),
        pytest.param(
            {"forward": True, "forward_rules": [{"name": "f", "not_destinations": ["0.0.0.0/0"]}]},
            ["excludes every address"],
            id="excludes all",
        ),
        pytest.param(
            {"forward": True, "dnat": [{"name": "d", "transport": "tcp", "port": 70000, "destination": "mx1"}]},
            ["dnat[0].port: 70000", "dnat[0].destination: 'mx1'"],
            id="dnat",
        ),
        pytest.param(
            {"forward": True, "forward_rules": [{"name": "f", "in_interfaces": ["eth0*"]}]},
            ["forward_rules[0].in_interfaces[0]", "'eth0*'"],
            id="interface",
        ),
        pytest.param(
            {"tunnelled": [tunnel("sixteen-letters-", "10.0.0.0/8"), tunnel("a"), tunnel("b", "0.0.0.0/0")]},
            ["tunnelled[0].interface", "tunnelled[1].networks", "cut this host off"],
            id="tunnels",
        ),
        pytest.param(
            {"tunnelled": [tunnel("a", "10.0.0.0/8"), tunnel("b", "10.1.0.0/16")]},
            ["tunnelled[1].networks[0]: '10.1.0.0/16' overlaps 10.0.0.0/8"],
            id="tunnels that overlap",
        ),
        pytest.param(
            {"rules": [rule(ports=["0"]), rule(name="")], "admin_sources": ["x"]},
            [
                "firewall_rules[0].ports[0]",
                "firewall_rules[1].name",
                "firewall_admin_sources[0]",
                "Nothing was changed",
            ],
            id="all at once",
        ),
    ],
)
def test_faults(given: dict[str, Any], words: list[str]) -> None:
    with pytest.raises(FirewallError) as caught:
        read_policy(params(**given))
    assert [word for word in words if word not in str(caught.value)] == []


CLIENT = ipaddress.ip_address("198.18.0.7")


@pytest.mark.parametrize(
    ("client", "options", "passes"),
    [
        pytest.param("198.51.100.5", {}, True, id="from the administrators' network"),
        pytest.param("198.18.0.7", {}, False, id="from elsewhere"),
        pytest.param("198.18.0.7", {"admin_sources": ["0.0.0.0/0"]}, True, id="all of IPv4"),
        pytest.param("2001:db8::1", {"admin_sources": ["0.0.0.0/0"]}, False, id="the other IP version"),
        pytest.param("198.18.0.7", {"rules": [rule(ports=["20-30"])]}, True, id="a rule opens the port to anyone"),
        pytest.param("198.18.0.7", {"rules": [rule(ports=["22"], transport="udp")]}, False, id="but not for tcp"),
        pytest.param(
            "198.18.0.7", {"rules": [rule(ports=["22"], sources=["10.0.0.0/8"])]}, False, id="but not from there"
        ),
        pytest.param("127.0.0.1", {}, True, id="loopback"),
    ],
)
def test_lock_out(client: str, options: dict[str, Any], passes: bool) -> None:
    policy = read_policy(params(**options))
    access = Access(ssh_ports=(22,), clients=(ipaddress.ip_address(client),))
    if passes:
        refuse_lock_out(policy, access)
        return
    with pytest.raises(FirewallError, match="would lock the administrator out") as caught:
        refuse_lock_out(policy, access)
    assert client in str(caught.value)


def test_ssh_led_inside() -> None:
    dnat = {"name": "inside", "transport": "tcp", "port": 22, "destination": "10.0.0.5", "destination_port": 22}
    policy = read_policy(params(forward=True, dnat=[dnat], admin_sources=["0.0.0.0/0"]))
    access = Access(ssh_ports=(22,), clients=(CLIENT,))
    with pytest.raises(FirewallError, match="leads port 22 to"):
        refuse_lock_out(policy, access)
    refuse_lock_out(policy, Access(ssh_ports=(2200,), clients=(CLIENT,)))


def hexed(address: str) -> str:
    packed = ipaddress.ip_address(address).packed
    return "".join(f"{word:08X}" for word in struct.unpack(f"={len(packed) // 4}I", packed))


class Proc:
    """A /proc with sshd, its sessions, and the process that asks."""

    def __init__(self, root: Path) -> None:
        self.path = root / "proc"
        (self.path / "net").mkdir(parents=True)
        self.rows: dict[str, list[str]] = {"tcp": ["head"], "tcp6": ["head"]}

    def socket(self, local: str, port: int, remote: str, state: str, inode: int) -> None:
        table = self.rows["tcp6" if ":" in local else "tcp"]
        table.append(f"0: {hexed(local)}:{port:04X} {hexed(remote)}:D431 {state} 0:0 0:0 0 0 0 {inode} 1")
        for name, found in self.rows.items():
            (self.path / "net" / name).write_text("\n".join(found) + "\n")

    def process(self, pid: int, name: str, *, parent: int = 1, environ: str = "", inode: int = 0) -> None:
        directory = self.path / str(pid)
        (directory / "fd").mkdir(parents=True)
        (directory / "comm").write_text(name + "\n")
        (directory / "status").write_text(f"Name:\t{name}\nPPid:\t{parent}\n")
        (directory / "environ").write_text(environ)
        if inode:
            (directory / "fd" / "3").symlink_to(f"socket:[{inode}]")


@pytest.fixture
def proc(tmp_path: Path) -> Proc:
    proc = Proc(tmp_path)
    proc.process(1, "systemd", parent=0)
    proc.process(10, "sshd", inode=500)
    proc.socket("0.0.0.0", 2200, "0.0.0.0", "0A", 500)
    proc.socket("::", 2200, "::", "0A", 501)
    proc.socket("0.0.0.0", 25, "0.0.0.0", "0A", 502)
    proc.socket("198.51.100.68", 2200, "198.18.0.7", "01", 503)
    proc.socket("::ffff:198.51.100.68", 2200, "::ffff:198.18.0.8", "01", 504)
    proc.socket("198.51.100.68", 25, "198.18.0.9", "01", 505)
    return proc


def found(proc: Proc, pid: int, **options: Any) -> tuple[tuple[int, ...], list[str]]:
    access = find_access(proc.path, pid=pid, **options)
    return access.ssh_ports, [str(client) for client in access.clients]


def test_without_a_session_of_its_own_every_session_counts(proc: Proc) -> None:
    assert found(proc, 1) == ((2200,), ["198.18.0.7", "198.18.0.8"])


def test_the_own_session_is_found_behind_sudo(proc: Proc) -> None:
    proc.process(20, "sh", environ="HOME=/\0SSH_CONNECTION=198.18.0.7 54321 198.51.100.68 2200\0")
    proc.process(21, "sudo", parent=20)
    proc.process(22, "python3", parent=21)
    assert found(proc, 22) == ((2200,), ["198.18.0.7"])


@pytest.mark.parametrize(
    ("connection", "expected"),
    [
        pytest.param(
            "::ffff:198.18.0.7 1 ::ffff:198.51.100.68 2222", ((2200, 2222), ["198.18.0.7"]), id="mapped, other port"
        ),
        pytest.param("fe80::1%eth0 1 fe80::2 2200", ((2200,), ["fe80::1"]), id="link local"),
    ],
)
def test_session_addresses(proc: Proc, connection: str, expected: tuple[tuple[int, ...], list[str]]) -> None:
    proc.process(20, "sh", environ=f"SSH_CONNECTION={connection}\0")
    assert found(proc, 20) == expected


def test_given_ports_and_no_sshd(proc: Proc, tmp_path: Path) -> None:
    assert found(proc, 1, ssh_ports=[25]) == ((25,), ["198.18.0.9"])
    empty = Proc(tmp_path / "empty")
    assert found(empty, 1) == ((22,), [])


def test_plan_as_a_whole(proc: Proc) -> None:
    options = params(admin_sources=["198.18.0.0/24"], rules=[rule()])
    result = plan(options, root=proc.path.parent, pid=1)
    assert result["ssh_ports"] == [2200]
    assert result["clients"] == ["198.18.0.7", "198.18.0.8"]
    assert "tcp dport { 2200 }" in result["ruleset"]
    with pytest.raises(FirewallError, match=r"198\.18\.0\.7, 198\.18\.0\.8"):
        plan(params(), root=proc.path.parent, pid=1)


@pytest.mark.parametrize("manager", ["ufw", "firewalld enabled", "firewalld running"])
def test_other_managers(proc: Proc, tmp_path: Path, manager: str) -> None:
    if manager == "ufw":
        (tmp_path / "etc/ufw").mkdir(parents=True)
        (tmp_path / "etc/ufw/ufw.conf").write_text("# x\nENABLED=yes\n")
    elif manager == "firewalld enabled":
        wants = tmp_path / "etc/systemd/system/multi-user.target.wants"
        wants.mkdir(parents=True)
        (wants / "firewalld.service").symlink_to("/usr/lib/systemd/system/firewalld.service")
    else:
        proc.process(30, "firewalld")
    with pytest.raises(FirewallError, match="Another firewall manages this host: " + manager.split()[0]):
        plan(params(admin_sources=["0.0.0.0/0"]), root=tmp_path, pid=1)


def test_ufw_that_is_off_is_no_manager(proc: Proc, tmp_path: Path) -> None:
    (tmp_path / "etc/ufw").mkdir(parents=True)
    (tmp_path / "etc/ufw/ufw.conf").write_text("ENABLED=no\n")
    assert plan(params(admin_sources=["0.0.0.0/0"]), root=tmp_path, pid=1)["ruleset"]


def test_a_fence_stands_before_everything_else() -> None:
    options = {"fenced": ["198.51.100.70", "2001:db8::70"], "fence_open": ["88", "389"], "forward": True}
    for chain in ("input", "forward"):
        assert lines(chain, **options)[1:3] == [
            'iifname != "lo" ip saddr @net_198_51_100_70 jump fence',
            'iifname != "lo" ip6 saddr @net_2001_db8_70 jump fence',
        ]
    assert lines("fence", **options) == [
        'tcp dport { 88, 389 } return comment "its question whether it is fenced"',
        'tcp sport { 22 } ct state established ct direction reply return comment "ssh to it"',
        "counter name fenced drop",
    ]


def test_without_a_fence_there_is_no_word_of_it() -> None:
    assert "fence" not in render(read_policy(params()), ssh_ports=[22])


def test_a_fence_is_kept_by_a_run_that_knows_nothing_of_it(tmp_path: Path) -> None:
    written = tmp_path / "etc/mailforest/firewall.nft"
    written.parent.mkdir(parents=True)
    (tmp_path / "proc").mkdir()
    given = params(fenced=["198.51.100.70", "198.51.100.72"])
    written.write_text(plan(given, root=tmp_path, pid=1)["ruleset"], encoding="utf-8")
    kept = plan(params(fence_kept=True), root=tmp_path, pid=1)
    assert kept["ruleset"] == written.read_text(encoding="utf-8")
    assert kept["fenced"] == ["198.51.100.70/32", "198.51.100.72/32"]
    assert plan(params(), root=tmp_path, pid=1)["fenced"] == []
    written.unlink()
    assert plan(params(fence_kept=True), root=tmp_path, pid=1)["fenced"] == []


def test_the_administrator_is_not_fenced() -> None:
    policy = read_policy(params(fenced=["198.51.100.0/30"]))
    with pytest.raises(FirewallError, match=r"firewall_fenced holds 198\.51\.100\.2, from where"):
        refuse_lock_out(policy, Access(ssh_ports=(22,), clients=(ipaddress.ip_address("198.51.100.2"),)))
    with pytest.raises(FirewallError, match="would cut this host off from everybody"):
        read_policy(params(fenced=["0.0.0.0/0"]))


MAIL_ONLY = {"name": "mail", "transport": "tcp", "ports": ["25"], "not_destinations": [OFFICE]}


def test_what_is_refused_is_neither_sent_nor_passed_on() -> None:
    options = {"forward": True, "refused": [MAIL_ONLY | {"not_sources": ["198.51.100.80"]}]}
    assert lines("refused_sending", **options) == [
        "ip saddr != @net_198_51_100_80 ip daddr != @net_198_51_100_64_26 tcp dport { 25 } "
        'counter reject with icmpx admin-prohibited comment "mail"',
        'meta nfproto ipv6 tcp dport { 25 } counter reject with icmpx admin-prohibited comment "mail"',
    ]
    forward = lines("forward", **options)
    assert forward.index("ct direction original jump refused_sending") < forward.index(
        "ct state { established, related } accept"
    )
    assert lines("output", **options)[1:] == ['oifname "lo" accept', "ct direction original jump refused_sending"]
    assert "refused_sending" not in render(read_policy(params(forward=True)), ssh_ports=[22])


def test_a_limited_host_sends_what_is_named_and_answers() -> None:
    updates = {"name": "updates", "transport": "tcp", "ports": ["443"], "destinations": ["203.0.113.9"]}
    found = lines("output", egress_limited=True, egress=[updates, {"name": "offices", "destinations": [OFFICE]}])
    wanted = ['"lo"', "ct direction reply", "related", "tcp sport { 22 }", "icmp", '"DHCP"', '"updates"', '"offices"']
    at = [next(i for i, line in enumerate(found) if word in line) for word in wanted]
    assert at == sorted(at)
    assert 'ip daddr @net_203_0_113_9 tcp dport { 443 } counter accept comment "updates"' in found
    assert found[-1] == "counter name not_sent reject with icmpx admin-prohibited"
    assert "counter name not_sent" in lines("output", egress_limited=True)[-1]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        pytest.param({"refused": [{"name": "all"}]}, ["firewall_refused[0]", "hardly send anything"], id="all"),
        pytest.param(
            {"refused": [MAIL_ONLY | {"not_sources": ["::/0"]}]},
            ["firewall_refused[0].not_sources", "excludes every address"],
            id="nobody is refused",
        ),
        pytest.param({"egress": [{"name": "x"}]}, ["firewall_egress_limited", "set it to true"], id="not limited"),
    ],
)
def test_faults_in_what_is_sent(given: dict[str, Any], words: list[str]) -> None:
    with pytest.raises(FirewallError) as caught:
        read_policy(params(**given))
    assert [word for word in words if word not in str(caught.value)] == []


# RFC 4890: section, types, and what shows that a message did not cross a router.
LOCAL = {
    "4.4.1 errors": ("destination-unreachable, packet-too-big, time-exceeded, parameter-problem", ""),
    "4.4.1 echo": ("echo-request", "limit"),
    "4.4.1 neighbours": (
        "nd-router-solicit, nd-router-advert, nd-neighbor-solicit, nd-neighbor-advert",
        "hoplimit 255",
    ),
    "4.4.1 inverse neighbours and SEND": ("141, 142, 148, 149", "hoplimit 255"),
    "4.4.1 listeners": ("mld-listener-query, mld-listener-report, mld-listener-done", "saddr fe80::/10"),
    "4.4.1 multicast routers": ("151, 152, 153", "saddr fe80::/10 ip6 hoplimit 1 "),
}


@pytest.mark.parametrize("section", LOCAL)
def test_icmpv6_to_this_host(section: str) -> None:
    types, words = LOCAL[section]
    (line,) = [line for line in lines() if line.startswith("icmpv6") and types in line]
    assert words in line and line.endswith("accept")


def test_icmpv6_that_is_passed_on() -> None:
    """RFC 4890, 4.3.1 and 4.3.2; nothing that belongs to one link, and nothing where there is no IPv6."""
    six = [{"name": "f", "sources": ["2001:db8::/48"]}]
    found = [line for line in lines("forward", forward=True, forward_rules=six) if "icmpv6" in line]
    assert [line.partition(" type ")[2].partition(" accept")[0] for line in found] == [
        "{ destination-unreachable, packet-too-big, time-exceeded, parameter-problem }",
        "144-147",
        "echo-request limit rate 20/second burst 40 packets",
    ]
    assert not any("icmpv6" in line for line in lines("forward", forward=True))


MEMBERS = {"name": "logins", "ports": ["993", "465"], "per_minute": 30, "burst": 50}


def test_new_connections_of_one_source_are_limited_before_anything_is_let_in() -> None:
    options: dict[str, Any] = {"limits": [MEMBERS], "limits_exempt": [OFFICE, "2001:db8::/48"], "ssh_per_minute": 60}
    found = lines(rules=[rule()], **options)
    jumps = [line for line in found if "jump limit_" in line]
    assert jumps == [
        "ct state new tcp dport { 22 } jump limit_ssh",
        "ct state new tcp dport { 465, 993 } jump limit_logins",
    ]
    assert found.index("ct state { established, related } accept") < found.index(jumps[0])
    assert found.index(jumps[-1]) < next(i for i, line in enumerate(found) if 'comment "ssh"' in line)
    assert lines("limit_logins", **options) == [
        "ip saddr @net_198_51_100_0_28_and_1 return",
        "ip6 saddr @net_2001_db8_48 return",
        "update @logins_v4 { ip saddr limit rate over 30/minute burst 50 packets } goto over_limit",
        "update @logins_v6 { ip6 saddr & ffff:ffff:ffff:ffff:: limit rate over 30/minute burst 50 packets } "
        "goto over_limit",
    ]
    assert "limit rate over 60/minute burst 120 packets" in lines("limit_ssh", **options)[-1]
    assert lines("over_limit", **options) == ["counter name limited drop"]


@pytest.mark.parametrize(("sources", "exempt"), [(["0.0.0.0/0", "::/0"], False), (["203.0.113.0/24"], True)])
def test_administrators_are_exempt_where_that_is_not_everybody(sources: list[str], exempt: bool) -> None:
    found = lines("limit_logins", limits=[MEMBERS], admin_sources=sources)
    assert any(line.endswith("return") for line in found) is exempt


def test_whoever_is_exempt_twice_is_named_once() -> None:
    options = params(limits=[MEMBERS], limits_exempt=["198.51.100.0/24"])
    assert "elements = { 198.51.100.0/24 }" in render(read_policy(options), ssh_ports=[22])


def test_without_limits_there_is_no_word_of_them() -> None:
    assert "limited" not in render(read_policy(params(limits_exempt=[OFFICE])), ssh_ports=[22])


def test_who_is_blocked_is_dropped_before_connections_are_looked_up() -> None:
    options = {"blocked": ["203.0.113.0/24", "2001:db8:6::/48", "192.0.2.7"]}
    assert lines("arriving", **options) == [
        "type filter hook prerouting priority raw; policy accept;",
        'iifname != "lo" ip saddr @blocked_v4 counter name blocked drop',
        'iifname != "lo" ip6 saddr @blocked_v6 counter name blocked drop',
    ]
    text = render(read_policy(params(**options)), ssh_ports=[22])
    assert "set blocked_v4 { type ipv4_addr; flags interval; elements = { 192.0.2.7, 203.0.113.0/24 }; }" in text


@pytest.mark.parametrize("chain", ["input", "forward", "over_limit", "refused_sending", "output"])
def test_drops_are_logged_by_choice(chain: str) -> None:
    options = {"forward": True, "limits": [MEMBERS], "refused": [MAIL_ONLY], "egress_limited": True}
    quiet, loud = lines(chain, **options), lines(chain, log_per_minute=30, **options)
    added = [line for line in loud if line not in quiet]
    assert added and all("limit rate 30/minute log prefix" in line for line in added)
    assert [line for line in loud if line not in added] == quiet


@pytest.mark.parametrize(
    ("given", "words"),
    [
        pytest.param({"limits": [MEMBERS | {"name": "Log-in"}]}, ["limits[0].name", "small letters"], id="name"),
        pytest.param({"limits": [MEMBERS | {"name": "ssh"}]}, ["limits[0].name", "not ssh"], id="name of ours"),
        pytest.param({"limits": [MEMBERS, MEMBERS]}, ["names two limits"], id="name twice"),
        pytest.param({"limits": [MEMBERS | {"ports": []}]}, ["limits[0].ports", "names no port"], id="no ports"),
        pytest.param({"limits": [MEMBERS | {"per_minute": 0}]}, ["limits[0].per_minute", "not a rate"], id="nothing"),
        pytest.param({"ssh_per_minute": -1}, ["firewall_ssh_per_minute: -1", "not a rate"], id="rate of ssh"),
        pytest.param({"log_per_minute": 999999}, ["firewall_log_per_minute", "not a rate"], id="rate of the log"),
        pytest.param({"blocked": ["::/0"]}, ["firewall_blocked", "everybody"], id="all blocked"),
        pytest.param(
            {"blocked": ["198.51.100.0/24"], "rules": [rule(sources=[OFFICE])]},
            ["firewall_blocked: '198.51.100.0/24' shuts out 198.51.100.0/28, 198.51.100.64/26"],
            id="own networks blocked",
        ),
    ],
)
def test_faults_in_limits(given: dict[str, Any], words: list[str]) -> None:
    with pytest.raises(FirewallError) as caught:
        read_policy(params(**given))
    assert [word for word in words if word not in str(caught.value)] == []


def test_the_administrator_is_not_blocked() -> None:
    policy = read_policy(params(admin_sources=["0.0.0.0/0"], blocked=["198.51.100.0/30"]))
    with pytest.raises(FirewallError, match=r"firewall_blocked holds 198\.51\.100\.2, from where"):
        refuse_lock_out(policy, Access(ssh_ports=(22,), clients=(ipaddress.ip_address("198.51.100.2"),)))
