# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The mail servers' TLS as testssl.sh sees it: nothing above LOW.

A whole scan takes a minute or two for each port. So CI looks at one port of each daemon, at protocols, ciphers and
their order, which are one setting for all of its ports. MAILFOREST_TESTSSL=whole has every port scanned for everything.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.mailforest.stack.tests.system.support import mail_target
from ansible_collections.mailforest.stack.tests.system.support import office as offices
from ansible_collections.mailforest.stack.tests.system.support.mail_target import Server

TARGET = mail_target.load()
WHOLE = os.environ.get("MAILFOREST_TESTSSL") == "whole"
STARTTLS = {25: "smtp", 587: "smtp", 2525: "smtp", 143: "imap", 110: "pop3"}
HTTPS = (offices.AUTOCONFIG_PORT,) if offices.current().mail.get("autoconfig") else ()
PORTS = (*TARGET.ports, *HTTPS) if WHOLE else (587, 993)
LOOK = () if WHOLE else ("--protocols", "--std", "--server-preference")
ABOVE_LOW = {"MEDIUM", "HIGH", "CRITICAL", "FATAL"}
SECONDS = 900 if WHOLE else 300
KNOWN = {
    "cert_revocation": "a private CA that serves no list of revoked certificates: what must go is replaced",
}
"""Findings that are no fault here, and why."""


@dataclass(frozen=True)
class Scan:
    """What testssl.sh found at a port."""

    findings: tuple[dict[str, Any], ...]
    said: str

    @property
    def ids(self) -> set[str]:
        """What was looked at."""
        return {str(one["id"]) for one in self.findings}

    @property
    def faults(self) -> list[str]:
        """What is above LOW."""
        wrong = [one for one in self.findings if one["severity"] in ABOVE_LOW and one["id"] not in KNOWN]
        return [f"{one['id']} {one['severity']}: {one['finding']}" for one in wrong]


def _scan(server: Server, port: int, folder: Path) -> Scan:
    """A busy host lets a handshake time out now and then, which looks like a defect: a real one is there twice."""
    first = _once(server, port, folder)
    return _once(server, port, folder) if first.faults else first


def _once(server: Server, port: int, folder: Path) -> Scan:
    report = folder / f"{server.fqdn}-{port}.json"
    report.unlink(missing_ok=True)
    argv = ["testssl", "--quiet", "--color", "0", "--warnings", "off", "--nodns", "none", "--ip", server.address]
    argv += ["--add-ca", str(TARGET.ca_file), "--jsonfile", str(report), *LOOK]
    argv += ["--starttls", STARTTLS[port]] if port in STARTTLS else []
    argv.append(f"{server.fqdn}:{port}")
    done = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=SECONDS)
    return Scan(findings=tuple(json.loads(report.read_text(encoding="utf-8"))), said=done.stdout)


@pytest.fixture(scope="module")
def scans(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[tuple[str, int], Scan]]:
    """All scans, two at a time."""
    folder = tmp_path_factory.mktemp("testssl")
    asked = [(server, port) for server in TARGET.hosts for port in PORTS]
    with ThreadPoolExecutor(max_workers=2) as pool:
        found = list(pool.map(lambda one: _scan(one[0], one[1], folder), asked))
    yield {(server.fqdn, port): scan for (server, port), scan in zip(asked, found, strict=True)}


@pytest.mark.parametrize("port", PORTS)
@pytest.mark.parametrize("server", TARGET.hosts, ids=lambda server: server.fqdn)
def test_nothing_is_above_low(scans: dict[tuple[str, int], Scan], server: Server, port: int) -> None:
    """It saw TLS 1.2 and 1.3, so the scan has come through; the older ones are off."""
    scan = scans[server.fqdn, port]
    found = {one["id"]: str(one["finding"]) for one in scan.findings}
    assert all(found.get(name, "").startswith("offered") for name in ("TLS1_2", "TLS1_3")), scan.said
    assert all(found.get(name) == "not offered" for name in ("SSLv3", "TLS1", "TLS1_1")), scan.said
    assert {"cipherlist_NULL", "cipher_order"} <= scan.ids, scan.said
    assert scan.faults == [], scan.said


def test_a_server_with_old_settings_is_found_out(tmp_path: Path) -> None:
    """The control: the same scan of `openssl s_server` with ciphers that encrypt nothing."""
    pem, port = str(tmp_path / "lax.pem"), _free_port()
    request = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=lax.example.test"]
    subprocess.run([*request, "-keyout", pem, "-out", pem], check=True, capture_output=True)
    serve = ["openssl", "s_server", "-quiet", "-accept", f"127.0.0.1:{port}", "-cert", pem]
    with subprocess.Popen([*serve, "-cipher", "ALL:eNULL:@SECLEVEL=0"], stdin=subprocess.PIPE) as process:
        try:
            scan = _once(Server(address="127.0.0.1", fqdn="lax.example.test"), port, tmp_path)
        finally:
            process.terminate()
    assert {fault.split()[0] for fault in scan.faults} >= {"cipherlist_NULL", "cipher_order"}, scan.said


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
