# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What stands against a host, all of it at once."""

from __future__ import annotations

import os
import socket
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.mailforest.stack.plugins.module_utils._host.preflight import Facts, Wanted, judge, read_facts

WANTED = Wanted(
    functions=("domain_controller",),
    address="198.51.100.66",
    name="dc1",
    controller_time=1000.0,
    clock_tolerance=300,
    releases=("12", "13"),
    memory=0,
    disk=0,
    samba_path="/var/lib/samba",
)
GOOD = Facts(
    system="debian",
    release="13",
    python=(3, 13),
    root=True,
    systemd=True,
    memory=2048,
    disk=8192,
    clock=1000.0,
    nameservers=1,
    address_fault="",
    xattr_fault="",
    port_53_holder="",
)


@pytest.mark.parametrize(
    ("facts", "wanted", "checks"),
    [
        pytest.param({}, {}, [], id="a good host"),
        pytest.param({"release": "12", "clock": 1299.0}, {}, [], id="the other release, at the edge"),
        pytest.param({"release": "11"}, {}, ["release"], id="old release"),
        pytest.param({"system": "ubuntu", "release": "12"}, {}, ["release"], id="other system"),
        pytest.param({"release": ""}, {}, ["release"], id="testing has no number"),
        pytest.param({"python": (3, 9)}, {}, ["python"], id="old python"),
        pytest.param({"root": False}, {}, ["privileges"], id="no root"),
        pytest.param({"maintenance": "new disk"}, {}, ["maintenance"], id="in maintenance"),
        pytest.param({"systemd": False}, {}, ["systemd"], id="no systemd"),
        pytest.param({"memory": 600}, {}, ["memory"], id="too little for a DC"),
        pytest.param({"memory": 600}, {"functions": ("gateway",)}, [], id="enough for a gateway"),
        pytest.param(
            {"memory": 900}, {"functions": ("domain_controller", "mail_server")}, ["memory"], id="functions add up"
        ),
        pytest.param({"memory": 600}, {"memory": 500}, [], id="minimum given"),
        pytest.param({"disk": 100}, {}, ["disk"], id="disk"),
        pytest.param({"disk": 100}, {"disk": 50}, [], id="disk minimum given"),
        pytest.param({"clock": 1301.0}, {}, ["clock"], id="ahead"),
        pytest.param({"clock": 600.0}, {}, ["clock"], id="behind"),
        pytest.param({"nameservers": 0}, {}, ["resolver"], id="resolver"),
        pytest.param({"address_fault": "on none of its interfaces"}, {}, ["address"], id="address"),
        pytest.param({}, {"name": "a-name-of-16-char"}, ["name"], id="long name"),
        pytest.param({}, {"name": "dc_1"}, ["name"], id="illegal name"),
        pytest.param({}, {"name": ""}, [], id="name not asked for"),
        pytest.param({"xattr_fault": "Operation not supported"}, {}, ["xattr"], id="xattr"),
        pytest.param(
            {"release": "12"}, {"functional_level": "2016"}, ["functional level"], id="level above the release"
        ),
        pytest.param({"release": "13"}, {"functional_level": "2016"}, [], id="level of the release"),
        pytest.param({"release": "12"}, {"functional_level": "2008_R2"}, [], id="level of every release"),
        pytest.param(
            {"release": "12"}, {"functional_level": "2016", "functions": ("mail_server",)}, [], id="no DC, no level"
        ),
        pytest.param({"port_53_holder": "dnsmasq"}, {}, ["port 53"], id="port 53"),
        pytest.param(
            {"release": "11", "memory": 1, "disk": 1, "clock": 0.0},
            {},
            ["release", "memory", "disk", "clock"],
            id="all",
        ),
    ],
)
def test_judge(facts: dict[str, Any], wanted: dict[str, Any], checks: list[str]) -> None:
    findings = judge(replace(WANTED, **wanted), replace(GOOD, **facts))
    assert [finding.check for finding in findings] == checks
    assert all(finding.found and finding.consequence and finding.remedy for finding in findings)


def test_text_names_fact_consequence_and_remedy() -> None:
    text = judge(WANTED, replace(GOOD, clock=0.0))[0].text
    assert text == (
        "clock: 1000 seconds behind the controller; more than 300 break Kerberos, and certificates may count "
        "as not valid yet. Set the clock of this host, or of the controller."
    )


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for directory in ("etc", "proc/net", "proc/7/fd", "proc/8/fd", "run/systemd/system", "sys/fs/cgroup", "var/lib"):
        (tmp_path / directory).mkdir(parents=True)
    (tmp_path / "etc/os-release").write_text('ID=debian\nVERSION_ID="12"\n')
    (tmp_path / "etc/resolv.conf").write_text("# nameserver x\nnameserver 198.51.100.1\n")
    (tmp_path / "proc/meminfo").write_text("MemTotal:       4096000 kB\n")
    (tmp_path / "proc/7/comm").write_text("dnsmasq\n")
    (tmp_path / "proc/8/comm").write_text("dns[master]\n")
    (tmp_path / "proc/8/exe").symlink_to("/usr/sbin/samba")
    return tmp_path


def row(port: int, state: str, inode: int) -> str:
    return f"head\n0: 00000000:{port:04X} 00000000:0000 {state} 0:0 0:0 0 0 0 {inode} 1\n"


def test_read_facts(root: Path) -> None:
    facts = read_facts(replace(WANTED, address="127.0.0.1"), root=root)
    assert (facts.system, facts.release, facts.systemd, facts.memory) == ("debian", "12", True, 4000)
    assert facts.nameservers == 1
    assert facts.address_fault == ""
    assert facts.port_53_holder == ""
    assert abs(facts.clock - time.time()) < 60
    assert facts.disk > 0
    assert facts.root is (os.geteuid() == 0)


@pytest.mark.parametrize(
    ("limit", "memory"),
    [("max", 4000), (str(512 * 1024 * 1024), 512), (str(10**14), 4000)],
    ids=["none", "lower", "higher"],
)
def test_memory_of_a_container(root: Path, limit: str, memory: int) -> None:
    (root / "sys/fs/cgroup/memory.max").write_text(limit + "\n")
    assert read_facts(WANTED, root=root).memory == memory


@pytest.mark.parametrize(
    ("table", "line", "process", "holder"),
    [
        pytest.param("tcp", row(53, "0A", 99), 7, "dnsmasq", id="tcp"),
        pytest.param("udp", row(53, "07", 99), 7, "dnsmasq", id="udp"),
        pytest.param("tcp", row(53, "0A", 99), 8, "", id="samba may"),
        pytest.param("tcp", row(53, "01", 99), 7, "", id="a connection from port 53 is nobody who waits"),
        pytest.param("tcp", row(54, "0A", 99), 7, "", id="other port"),
    ],
)
def test_port_53(root: Path, table: str, line: str, process: int, holder: str) -> None:
    (root / "proc/net" / table).write_text(line)
    (root / f"proc/{process}/fd/3").symlink_to("socket:[99]")
    assert read_facts(WANTED, root=root).port_53_holder == holder
    assert read_facts(replace(WANTED, functions=("mail_server",)), root=root).port_53_holder == ""


def test_foreign_address(root: Path) -> None:
    assert read_facts(replace(WANTED, address="198.51.100.254"), root=root).address_fault == "on none of its interfaces"
    assert read_facts(replace(WANTED, address=""), root=root).address_fault == ""


@pytest.mark.parametrize("nameless", [True, False])
def test_attributes_leave_nothing_behind(root: Path, monkeypatch: pytest.MonkeyPatch, nameless: bool) -> None:
    tried: list[tuple[int, str]] = []
    monkeypatch.setattr(os, "setxattr", lambda target, name, _value: tried.append((target, name)))
    if not nameless:
        monkeypatch.setattr(os, "O_TMPFILE", os.O_DIRECTORY | os.O_WRONLY)
    assert read_facts(WANTED, root=root).xattr_fault == ""
    assert [name for _target, name in tried] == ["security.mailforest_probe"]
    assert list((root / "var/lib").iterdir()) == []


def test_refused_attributes(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_args: object) -> None:
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(os, "setxattr", refuse)
    assert read_facts(WANTED, root=root).xattr_fault == "Operation not supported"


def test_broken_socket_call(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_args: object) -> socket.socket:
        raise OSError(97, "Address family not supported by protocol")

    monkeypatch.setattr(socket, "socket", refuse)
    assert read_facts(replace(WANTED, address="2001:db8::1"), root=root).address_fault.startswith("Address family")
