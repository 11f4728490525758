# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What no inventory tells of a host: read first, then judged, so that all findings come at once.

Written for the Python of older releases too, so that those get a clear answer instead of a traceback.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import shutil
import socket
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from .._proc import LISTEN, UNCONNECTED, command, inodes, processes, program, read, sockets
from . import maintenance

DOMAIN_CONTROLLER, MAIL_SERVER, GATEWAY, MEMBER = "domain_controller", "mail_server", "gateway", "member"

# MiB that even a small office needs; what a big one needs, its administrator knows.
_MEMORY = {DOMAIN_CONTROLLER: 512, MAIL_SERVER: 384, GATEWAY: 96, MEMBER: 192}
_DISK = {DOMAIN_CONTROLLER: 1024, MAIL_SERVER: 1024, GATEWAY: 256, MEMBER: 512}
_BASE_MEMORY = 128
_PYTHON = (3, 11)
_DNS_PORT = 53
_XATTR = "security.mailforest_probe"
_NETBIOS_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,13}[a-z0-9])?", re.IGNORECASE)
_MIB = 1024 * 1024


@dataclass(frozen=True)
class Wanted:
    """What the host is to be."""

    functions: tuple[str, ...]
    address: str
    name: str
    controller_time: float
    clock_tolerance: int
    releases: tuple[str, ...]
    memory: int
    disk: int
    samba_path: str
    functional_level: str = ""


@dataclass(frozen=True)
class Facts:
    """What the host is. Empty texts: as it should be, or not asked for."""

    system: str
    release: str
    python: tuple[int, int]
    root: bool
    systemd: bool
    memory: int
    disk: int
    clock: float
    nameservers: int
    address_fault: str
    xattr_fault: str
    port_53_holder: str
    maintenance: str = ""


@dataclass(frozen=True)
class Finding:
    """One reason why the host cannot serve yet."""

    check: str
    found: str
    consequence: str
    remedy: str

    @property
    def text(self) -> str:
        """The finding in one sentence."""
        return f"{self.check}: {self.found}; {self.consequence}. {self.remedy}"


def _os_release(root: Path) -> dict[str, str]:
    lines = (line.partition("=") for line in read(root / "etc/os-release").splitlines() if "=" in line)
    return {key: value.strip().strip("\"'") for key, _sign, value in lines}


def _memory(root: Path) -> int:
    """MiB that the host may use: the machine's, or what its control group allows."""
    total = next(
        (line.split()[1] for line in read(root / "proc/meminfo").splitlines() if line.startswith("MemTotal:")), "0"
    )
    limit = read(root / "sys/fs/cgroup/memory.max").strip()
    allowed = int(limit) // _MIB if limit.isdecimal() else sys.maxsize
    return min(int(total) // 1024, allowed)


def _existing(path: Path) -> Path:
    """The path, or the nearest directory above it that exists."""
    return next(p for p in (path, *path.parents) if p.is_dir())


def _address_fault(address: str) -> str:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.bind((address, 0))
    except OSError as exc:
        return "on none of its interfaces" if exc.errno == errno.EADDRNOTAVAIL else str(exc.strerror or exc)
    return ""


@contextlib.contextmanager
def _nameless_file(directory: Path) -> Iterator[int]:
    """A file without a name where the file system can do that, so that nothing is left however the check ends."""
    try:
        descriptor = os.open(directory, os.O_TMPFILE | os.O_RDWR, 0o600)
    except OSError:
        with tempfile.TemporaryFile(dir=directory) as handle:
            yield handle.fileno()
        return
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _xattr_fault(path: Path) -> str:
    """Why Samba could not keep Windows' permissions in security.* attributes below `path`."""
    try:
        with _nameless_file(_existing(path)) as descriptor:
            os.setxattr(descriptor, _XATTR, b"1")
    except OSError as exc:
        return str(exc.strerror or exc)
    return ""


def _port_53_holder(proc: Path) -> str:
    """The program that waits at port 53 and is not Samba's."""
    waiting = {s.inode for s in sockets(proc, "tcp") if s.state == LISTEN and s.local_port == _DNS_PORT}
    waiting |= {s.inode for s in sockets(proc, "udp") if s.state == UNCONNECTED and s.local_port == _DNS_PORT}
    if not waiting:
        return ""
    holders = [process for process in processes(proc) if waiting.intersection(inodes(process))]
    # Samba's processes call themselves by their tasks (`dns[master]`), so the program decides.
    return ", ".join(sorted({command(process) for process in holders if not program(process).startswith("samba")}))


def _maintenance(root: Path, name: str) -> str:
    """Why the host was taken out of service; empty where it was not."""
    rows = maintenance.read(root / maintenance.DIRECTORY.relative_to("/"))
    return next((row.reason for row in rows if row.host == name), "")


def read_facts(wanted: Wanted, *, root: Path = Path("/")) -> Facts:
    """Look at the host. Changes nothing."""
    release, controls = _os_release(root), DOMAIN_CONTROLLER in wanted.functions
    return Facts(
        system=release.get("ID", "unknown"),
        release=release.get("VERSION_ID", ""),
        python=(sys.version_info[0], sys.version_info[1]),
        root=os.geteuid() == 0,
        systemd=(root / "run/systemd/system").is_dir(),
        memory=_memory(root),
        disk=shutil.disk_usage(_existing(root / "var")).free // _MIB,
        clock=time.time(),
        nameservers=sum(line.startswith("nameserver") for line in read(root / "etc/resolv.conf").splitlines()),
        address_fault=_address_fault(wanted.address) if wanted.address else "",
        xattr_fault=_xattr_fault(root / wanted.samba_path.lstrip("/")) if controls else "",
        port_53_holder=_port_53_holder(root / "proc") if controls else "",
        maintenance=_maintenance(root, wanted.name),
    )


def _needed(functions: tuple[str, ...], table: Mapping[str, int]) -> int:
    return sum(table[function] for function in functions)


def _system(wanted: Wanted, facts: Facts) -> Iterator[Finding]:
    if facts.system != "debian" or facts.release not in wanted.releases:
        supported = f"Debian {' or '.join(wanted.releases)}"
        found = f"{facts.system} {facts.release or '(no release number)'}"
        yield Finding("release", found, f"only {supported} is supported", f"Install {supported} on this host.")
    if facts.python < _PYTHON:
        found = f"Python {facts.python[0]}.{facts.python[1]}"
        remedy = "Install Debian 12 or 13, or set ansible_python_interpreter to a newer Python."
        yield Finding("python", found, f"the modules need {_PYTHON[0]}.{_PYTHON[1]}", remedy)
    if not facts.root:
        yield Finding("privileges", "not root", "nothing could be configured", "Set become: true for this host.")
    if not facts.systemd:
        remedy = "Start the host with systemd as its init."
        yield Finding("systemd", "not running", "services could be neither started nor kept", remedy)


def _resources(wanted: Wanted, facts: Facts) -> Iterator[Finding]:
    functions = f"{', '.join(wanted.functions) or 'this host'}:"
    memory = wanted.memory or _BASE_MEMORY + _needed(wanted.functions, _MEMORY)
    if facts.memory < memory:
        remedy = "Give the host more memory, or lower preflight_minimum_memory if you know better."
        yield Finding("memory", f"{facts.memory} MiB", f"{functions} at least {memory} MiB", remedy)
    disk = wanted.disk or _needed(wanted.functions, _DISK)
    if facts.disk < disk:
        remedy = "Make room below /var, or lower preflight_minimum_disk if you know better."
        yield Finding("disk", f"{facts.disk} MiB free below /var", f"{functions} at least {disk} MiB", remedy)


def _network(wanted: Wanted, facts: Facts) -> Iterator[Finding]:
    if facts.address_fault:
        remedy = "Correct the address in the inventory, or give it to the host."
        found = f"{wanted.address} is not this host's: {facts.address_fault}"
        yield Finding("address", found, "other hosts would not reach it there", remedy)
    if not facts.nameservers:
        remedy = "Write a nameserver line into /etc/resolv.conf."
        yield Finding("resolver", "/etc/resolv.conf names no server", "packages could not be fetched", remedy)
    difference = facts.clock - wanted.controller_time
    if abs(difference) > wanted.clock_tolerance:
        found = f"{abs(difference):.0f} seconds {'ahead of' if difference > 0 else 'behind'} the controller"
        consequence = f"more than {wanted.clock_tolerance} break Kerberos, and certificates may count as not valid yet"
        yield Finding("clock", found, consequence, "Set the clock of this host, or of the controller.")


def _directory(wanted: Wanted, facts: Facts) -> Iterator[Finding]:
    if DOMAIN_CONTROLLER in wanted.functions and wanted.functional_level == "2016" and facts.release == "12":
        remedy = "Use level 2008_R2, or Debian 13 on every domain controller."
        yield Finding("functional level", "Debian 12", "its Samba knows no level above 2008_R2", remedy)
    if wanted.name and not _NETBIOS_NAME.fullmatch(wanted.name):
        remedy = "Rename the host: at most 15 letters, digits and hyphens."
        yield Finding("name", repr(wanted.name), "it is no legal name of a computer in the directory", remedy)
    if facts.xattr_fault:
        found = f"security.* attributes below {wanted.samba_path}: {facts.xattr_fault}"
        remedy = "Use a file system with extended attributes (ext4, XFS), and a container that may set them."
        yield Finding("xattr", found, "Samba could not keep the permissions of SYSVOL", remedy)
    if facts.port_53_holder:
        remedy = "Stop it; for systemd-resolved set DNSStubListener=no in /etc/systemd/resolved.conf and restart it."
        yield Finding("port 53", f"held by {facts.port_53_holder}", "Samba could not answer DNS", remedy)


def _service(wanted: Wanted, facts: Facts) -> Iterator[Finding]:
    if facts.maintenance:
        yield Finding(
            "maintenance",
            f"it is in maintenance: {facts.maintenance}",
            "what was stopped for the work would be started",
            f"Run maintenance_off when the work is done, or leave it out: --limit 'all:!{wanted.name}'.",
        )


def judge(wanted: Wanted, facts: Facts) -> list[Finding]:
    """Everything that stands against the host becoming what it is to be."""
    checks = (_service, _system, _resources, _network, _directory)
    return [finding for check in checks for finding in check(wanted, facts)]
