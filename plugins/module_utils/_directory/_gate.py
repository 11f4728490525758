# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Asks the other domain controllers whether this one still stands, before Samba starts. Private to this collection.

A program of its own: the role `samba_dc` puts this file on every domain controller, where systemd runs it without
Ansible. A controller whose roles were seized would hand out RIDs a second time and serve a directory of yesterday; it
is known by the GUID of its NTDS Settings object and by its invocation id, which a namesake joined anew does not share.

When nobody answers, Samba starts, as a forest must come up after a power cut; and it is asked on until somebody does.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

RECORDS = "CN=mailforest.stack,CN=Program Data"
"""Where the collection keeps its data, below the domain."""
GO, STOP = 0, 77
_CONFIGURATION = "/etc/samba/smb.conf"
_SECONDS = 20.0
"""For a whole conversation; who is not there is known after `_CONNECT_SECONDS`."""
_CONNECT_SECONDS = 2.0
_JUST_JOINED = 86400.0
"""So long a controller that has not heard of this one yet is no witness against it."""
_PAUSES = (5, 5, 10, 10, 20, 30)
_UNIT, _WATCH = "samba-ad-dc.service", "mailforest-directory-watch.service"

STANDS, GONE, REJECTED, SILENT, UNCLEAR = "stands", "gone", "rejected", "silent", "unclear"


@dataclass(frozen=True)
class Partner:
    """Another controller, as this one's own database has it."""

    name: str
    fqdn: str
    addresses: tuple[str, ...]


@dataclass(frozen=True)
class Own:
    """Who this controller is."""

    settings_guid: str
    invocation_id: str
    created: float
    domain_dn: str
    realm: str
    account: str
    partners: tuple[Partner, ...]
    seized: str = ""
    """What the own database has of a seizure, if that has come here already."""


@dataclass(frozen=True)
class Answer:
    """What one partner says: one of STANDS, GONE, REJECTED, SILENT, UNCLEAR."""

    partner: str
    verdict: str
    detail: str = ""


@dataclass(frozen=True)
class Decision:
    """Whether Samba may run; `asked` = somebody has told."""

    allowed: bool
    asked: bool
    message: str


def decide(answers: Sequence[Answer], *, age: float) -> Decision:
    """Who says that it is gone is right, as nothing brings it back; who does not know it may be late itself."""
    told: dict[str, list[Answer]] = {}
    for answer in answers:
        told.setdefault(answer.verdict, []).append(answer)
    against = told.get(GONE, [])
    if not against and not (STANDS in told and age < _JUST_JOINED):
        against = told.get(REJECTED, [])
    if against:
        return Decision(allowed=False, asked=True, message=_refusal(against, told.get(STANDS, [])))
    if STANDS in told:
        names = ", ".join(answer.partner for answer in told[STANDS])
        return Decision(allowed=True, asked=True, message=f"{names}: this controller stands.")
    if not answers:
        return Decision(allowed=True, asked=True, message="This is the only domain controller.")
    seen = "; ".join(f"{answer.partner}: {answer.detail or answer.verdict}" for answer in answers)
    return Decision(
        allowed=True, asked=False, message=f"No other controller tells whether this one stands ({seen}). Samba starts."
    )


def _refusal(against: Sequence[Answer], standing: Sequence[Answer]) -> str:
    said = "; ".join(f"{answer.partner}: {answer.detail}" for answer in against)
    but = f" ({', '.join(answer.partner for answer in standing)} still knows it)" if standing else ""
    return (
        f"This controller is no part of its domain any more{but}. {said}. Samba does not start: it would serve an old"
        " directory and hand out identifiers for the second time. Wipe this host, and run site.yml: it joins anew. If"
        " it was never removed, the controllers named here lack changes: repair replication between them first."
    )


def read_own(configuration: str) -> Own | None:
    """Read the own database, whether Samba runs or not; None = there is no directory here."""
    import ldb
    from samba.auth import system_session
    from samba.param import LoadParm
    from samba.samdb import SamDB

    settings = LoadParm()
    settings.load(configuration)
    path = settings.private_path("sam.ldb")
    if not Path(path).exists():
        return None
    sam = SamDB(url=path, session_info=system_session(), lp=settings, flags=ldb.FLG_DONT_CREATE_DB)
    own_dn = ldb.Dn(sam, str(sam.get_dsServiceName()))
    entry = sam.search(base=own_dn, scope=ldb.SCOPE_BASE, attrs=["whenCreated"])[0]
    sites = f"CN=Sites,{sam.get_config_basedn()}"
    found = sam.search(base=sites, expression="(objectClass=nTDSDSA)", attrs=["cn"])
    guid, invocation = str(sam.get_ntds_GUID()), str(sam.get_invocation_id())
    return Own(
        settings_guid=guid,
        invocation_id=invocation,
        created=float(ldb.string_to_time(str(entry["whenCreated"][0]))),
        domain_dn=str(sam.domain_dn()),
        realm=str(sam.domain_dns_name()).upper(),
        account=f"{own_dn.parent().get_rdn_value()}$",
        partners=tuple(_partner(sam, message.dn.parent()) for message in found if message.dn != own_dn),
        seized=_seizure(sam, str(sam.domain_dn()), guid, invocation),
    )


def _partner(sam: Any, server: Any) -> Partner:
    import ldb

    name = str(server.get_rdn_value()).lower()
    entry = sam.search(base=server, scope=ldb.SCOPE_BASE, attrs=["dNSHostName"])[0]
    fqdn = str(entry["dNSHostName"][0]) if "dNSHostName" in entry else f"{name}.{sam.domain_dns_name()}"
    return Partner(name, fqdn.lower(), tuple(_addresses(sam, fqdn)))


def _addresses(sam: Any, fqdn: str) -> list[str]:
    """From the own copy of DNS, which needs no name server."""
    with contextlib.suppress(Exception):  # no such name, or not kept in the directory
        return [str(record.data) for record in sam.dns_lookup(fqdn)[1] if record.wType in (1, 28)]
    return []


def ask_all(own: Own, configuration: str) -> list[Answer]:
    """All at once, each in a process of its own: Samba's libraries know no deadline."""
    running = []
    for partner in own.partners:
        question = json.dumps({"own": {**asdict(own), "partners": []}, "partner": asdict(partner)})
        process = subprocess.Popen(
            [sys.executable, "-I", "-B", __file__, "--ask", configuration],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        if process.stdin:
            process.stdin.write(question)
            process.stdin.close()
            process.stdin = None
        running.append((partner, process))
    deadline = time.monotonic() + _SECONDS
    return [_answer(partner, process, deadline) for partner, process in running]


def _answer(partner: Partner, process: subprocess.Popen[str], deadline: float) -> Answer:
    try:
        output, _nothing = process.communicate(timeout=max(deadline - time.monotonic(), 0.1))
        verdict, detail = json.loads(output)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        return Answer(partner.name, SILENT, f"no answer within {_SECONDS:.0f} s")
    except ValueError:
        return Answer(partner.name, UNCLEAR, "the question failed")
    return Answer(partner.name, verdict, detail)


def ask(own: Mapping[str, Any], partner: Mapping[str, Any], configuration: str) -> tuple[str, str]:
    """Ask one partner; the verdict and what it says."""
    resolved = _resolve(partner["fqdn"])
    address = next((one for one in (*partner["addresses"], *resolved) if _accepts(one, 389)), None)
    if address is None:
        return SILENT, "does not answer on port 389"
    # By its name where that leads there, as Kerberos knows no addresses.
    host = partner["fqdn"] if address in resolved else address
    with _own_kerberos(own["realm"], address):
        try:
            return _read(host, own, configuration)
        except Exception as exc:  # Samba's libraries raise bare classes of many modules
            reason = " ".join(str(exc.args[-1] if exc.args else exc).split())
    known = account_known(address, own["account"], own["realm"])
    if known is False:
        return REJECTED, f"it has no account {own['account']} of this host"
    if known and _says_wrong_password(reason):
        return REJECTED, f"the account {own['account']} has another password, so it belongs to another host"
    return UNCLEAR, reason[:200]


def _says_wrong_password(reason: str) -> bool:
    return "LOGON_FAILURE" in reason or "data 52e" in reason or "Invalid credentials" in reason


def _resolve(name: str) -> list[str]:
    """In a thread, as a resolver without a server takes its time."""
    found: list[str] = []

    def look() -> None:
        with contextlib.suppress(OSError):
            found.extend(str(entry[4][0]) for entry in socket.getaddrinfo(name, 389, type=socket.SOCK_STREAM))

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    thread.join(_CONNECT_SECONDS)
    return list(dict.fromkeys(found))


def _accepts(address: str, port: int) -> bool:
    with contextlib.suppress(OSError):
        socket.create_connection((address, port), timeout=_CONNECT_SECONDS).close()
        return True
    return False


@contextlib.contextmanager
def _own_kerberos(realm: str, address: str) -> Iterator[None]:
    """Take tickets from the partner that is asked, and from no other."""
    kdc = f"[{address}]" if ":" in address else address
    text = f"[libdefaults]\ndefault_realm = {realm}\ndns_lookup_kdc = false\ndns_lookup_realm = false\n"
    text += f"[realms]\n{realm} = {{\nkdc = tcp/{kdc}\n}}\n"
    with tempfile.NamedTemporaryFile("w", prefix="mailforest-gate-", suffix=".conf") as file:
        file.write(text)
        file.flush()
        os.environ["KRB5_CONFIG"] = file.name
        yield


def _read(host: str, own: Mapping[str, Any], configuration: str) -> tuple[str, str]:
    """Log in with this host's account and look for its NTDS Settings, and for a seizure of them."""
    import ldb
    import samba
    from samba.credentials import Credentials
    from samba.param import LoadParm

    settings = LoadParm()
    settings.load(configuration)
    credentials = Credentials()
    credentials.guess(settings)
    credentials.set_machine_account(settings)
    directory = samba.Ldb(url=f"ldap://{host}", lp=settings, credentials=credentials)
    guid = own["settings_guid"]
    seizure = _seizure(directory, own["domain_dn"], guid, own["invocation_id"])
    if seizure:
        return GONE, seizure
    with _nothing_there(ldb):
        found = directory.search(
            base=f"<GUID={guid}>", scope=ldb.SCOPE_BASE, attrs=["isDeleted"], controls=["show_deleted:1"]
        )
        if len(found):
            deleted = str(found[0].get("isDeleted", ["FALSE"])[0]) == "TRUE"
            return (GONE, "it was removed from the directory") if deleted else (STANDS, "")
    return REJECTED, "its directory has no NTDS Settings object of this host"


def _seizure(directory: Any, domain_dn: str, guid: str, invocation: str) -> str:
    """What is recorded of a seizure from this controller."""
    import ldb

    where = f"(|(keywords=settings_guid={guid})(keywords=invocation_id={invocation}))"
    with _nothing_there(ldb):
        found = directory.search(
            base=f"{RECORDS},{domain_dn}", scope=ldb.SCOPE_ONELEVEL, expression=where, attrs=["keywords"]
        )
        if len(found):
            noted = dict(str(value).partition("=")[::2] for value in found[0].get("keywords", []))
            return f"its roles were seized by {noted.get('by', '?')} at {noted.get('when', '?')}"
    return ""


@contextlib.contextmanager
def _nothing_there(ldb: Any) -> Iterator[None]:
    try:
        yield
    except ldb.LdbError as exc:
        if exc.args[0] != ldb.ERR_NO_SUCH_OBJECT:
            raise


def account_known(address: str, account: str, realm: str) -> bool | None:
    """Ask the partner's KDC for a ticket without a password (RFC 4120); None = it does not tell."""
    request = _as_req(account, realm)
    try:
        with socket.create_connection((address, 88), timeout=_CONNECT_SECONDS) as connection:
            connection.sendall(len(request).to_bytes(4, "big") + request)
            with connection.makefile("rb") as stream:
                reply = stream.read(int.from_bytes(stream.read(4), "big"))
    except OSError:
        return None
    code = kerberos_error(reply)
    if code in (_UNKNOWN_PRINCIPAL, _REVOKED):
        return False
    return True if code == _PREAUTH_REQUIRED else None


_UNKNOWN_PRINCIPAL, _REVOKED, _PREAUTH_REQUIRED = 6, 18, 25
_SEQUENCE, _KRB_ERROR, _ERROR_CODE = 0x30, 0x7E, 0xA6


def _element(tag: int, *parts: bytes) -> bytes:
    """One element of DER (X.690)."""
    content = b"".join(parts)
    size = len(content)
    if size < 0x80:
        return bytes([tag, size]) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + content


def _number(value: int) -> bytes:
    return _element(0x02, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def _principal(kind: int, *names: str) -> bytes:
    parts = _element(_SEQUENCE, *(_element(0x1B, name.encode("ascii")) for name in names))
    return _element(_SEQUENCE, _element(0xA0, _number(kind)), _element(0xA1, parts))


def _as_req(account: str, realm: str) -> bytes:
    body = _element(
        _SEQUENCE,
        _element(0xA0, _element(0x03, bytes(5))),
        _element(0xA1, _principal(1, account)),
        _element(0xA2, _element(0x1B, realm.encode("ascii"))),
        _element(0xA3, _principal(2, "krbtgt", realm)),
        _element(0xA5, _element(0x18, b"20370913024805Z")),
        _element(0xA7, _number(secrets.randbits(31))),
        _element(0xA8, _element(_SEQUENCE, *(_number(kind) for kind in (18, 17, 23)))),
    )
    fields = _element(0xA1, _number(5)), _element(0xA2, _number(10)), _element(0xA4, body)
    return _element(0x6A, _element(_SEQUENCE, *fields))


def _elements(data: bytes) -> Iterator[tuple[int, bytes]]:
    position = 0
    while position + 1 < len(data):
        tag, size = data[position], data[position + 1]
        start = position + 2
        if size & 0x80:
            count = size & 0x7F
            size = int.from_bytes(data[start : start + count], "big")
            start += count
        yield tag, data[start : start + size]
        position = start + size


def kerberos_error(reply: bytes) -> int | None:
    """The error code of a KRB-ERROR; None for anything else."""
    for tag, content in _elements(reply):
        for _sequence, fields in _elements(content) if tag == _KRB_ERROR else ():
            for number, value in _elements(fields):
                if number == _ERROR_CODE:
                    return next((int.from_bytes(raw, "big") for _tag, raw in _elements(value)), None)
    return None


def _say(message: str) -> None:
    sys.stderr.write(f"{message}\n")
    sys.stderr.flush()


def _systemctl(*words: str) -> None:
    subprocess.run(["systemctl", "--no-block", *words], check=False, timeout=30, stdin=subprocess.DEVNULL)


def _judge(own: Own, configuration: str) -> Decision:
    known = [Answer("its own database", GONE, own.seized)] if own.seized else ask_all(own, configuration)
    return decide(known, age=time.time() - own.created)


def guard(configuration: str) -> int:
    """Before the start."""
    own = read_own(configuration)
    if own is None:
        _say("There is no directory here yet.")
        return GO
    decision = _judge(own, configuration)
    _say(decision.message)
    if not decision.asked:
        _systemctl("start", _WATCH)
    return GO if decision.allowed else STOP


def watch(configuration: str) -> int:
    """After a start of which nobody could be asked: ask on, and stop Samba if it must not run."""
    own = read_own(configuration)
    if own is None:
        return GO
    pauses = iter(_PAUSES)
    while not (decision := _judge(own, configuration)).asked:
        time.sleep(next(pauses, _PAUSES[-1]))
    _say(decision.message)
    if not decision.allowed:
        _systemctl("stop", _UNIT)
    return GO


def main(words: Sequence[str]) -> int:
    """Run as `guard` without words, as `watch` with --watch; --ask is for its own use."""
    mode = words[0] if words else ""
    configuration = words[1] if len(words) > 1 else _CONFIGURATION
    if mode == "--ask":
        question = json.loads(sys.stdin.read())
        json.dump(ask(question["own"], question["partner"], configuration), sys.stdout)
        sys.stdout.flush()
        os._exit(GO)  # a thread may still wait for a name server
    return watch(configuration) if mode == "--watch" else guard(configuration)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
