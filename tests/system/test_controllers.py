# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What each domain controller refuses, and whether it is well, by bytes on the wire and by its own shell."""

from __future__ import annotations

import socket
import struct
import uuid

import pytest
from ansible_collections.mailforest.stack.plugins.module_utils._probe.der import children, elements, encode, integer
from ansible_collections.mailforest.stack.tests.system.support import office as offices
from ansible_collections.mailforest.stack.tests.system.support.hosts import at, module, root_shell
from ansible_collections.mailforest.stack.tests.system.support.office import Office

CONTROLLERS = offices.current().controllers
NOT_SUPPORTED = 0xC00000BB
PREAUTH_REQUIRED, ETYPE_NOSUPP = 25, 14
AES256, RC4 = 18, 23


@pytest.fixture(params=CONTROLLERS)
def controller(request: pytest.FixtureRequest) -> str:
    """Each domain controller, by its inventory name."""
    return str(request.param)


@pytest.fixture
def server(office: Office, controller: str) -> str:
    """The domain controller's address."""
    return office.addresses[controller]


def _framed(server: str, port: int, request: bytes) -> bytes:
    """One question over TCP, each message after its length in four octets; nothing when the server hangs up."""
    with socket.create_connection((server, port), timeout=10) as connection:
        connection.sendall(struct.pack(">I", len(request)) + request)
        with connection.makefile("rb") as stream:
            try:
                return stream.read(int.from_bytes(stream.read(4), "big"))
            except ConnectionResetError:
                return b""


def _smb2(server: str, dialect: int) -> tuple[int, int, int]:
    """NEGOTIATE with one dialect ([MS-SMB2] 2.2.3): status, security mode, dialect."""
    head = struct.pack("<4sHHIHHIIQIIQ16s", b"\xfeSMB", 64, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, bytes(16))
    body = struct.pack("<HHHHI16sQH", 36, 1, 1, 0, 0, uuid.uuid4().bytes, 0, dialect)
    reply = _framed(server, 445, head + body)
    (status,), (_size, security, chosen) = struct.unpack("<I", reply[8:12]), struct.unpack("<HHH", reply[64:70])
    return status, security, chosen


@pytest.mark.parametrize(("dialect", "status"), [(0x0202, NOT_SUPPORTED), (0x0210, NOT_SUPPORTED), (0x0300, 0)])
def test_only_smb_3_is_spoken_and_signed(server: str, dialect: int, status: int) -> None:
    found = _smb2(server, dialect)
    assert found[0] == status
    if status == 0:
        assert found[1:] == (3, dialect)  # signing enabled and required


def test_smb_1_is_not_spoken(server: str) -> None:
    """[MS-CIFS] 2.2.4.52: one dialect, NT LM 0.12, which a server that speaks it would choose by its index."""
    head = b"\xffSMB\x72" + bytes(4) + b"\x18\x01\x28" + bytes(12) + b"\0\0\xff\xfe\0\0\0\0"
    reply = _framed(server, 445, head + b"\0" + struct.pack("<H", 12) + b"\x02NT LM 0.12\0")
    assert reply[:4] != b"\xffSMB" or reply[33:35] == b"\xff\xff"


def _as_request(realm: str, user: str, encryption: int) -> bytes:
    """AS-REQ (RFC 4120 5.4.1) that takes one encryption type."""

    def principal(kind: int, *names: str) -> bytes:
        parts = encode(0x30, *(encode(0x1B, name.encode()) for name in names))
        return encode(0x30, encode(0xA0, integer(kind)), encode(0xA1, parts))

    body = encode(
        0x30,
        encode(0xA0, encode(0x03, bytes(5))),
        encode(0xA1, principal(1, user)),
        encode(0xA2, encode(0x1B, realm.encode())),
        encode(0xA3, principal(2, "krbtgt", realm)),
        encode(0xA5, encode(0x18, b"20370913024805Z")),
        encode(0xA7, integer(4711)),
        encode(0xA8, encode(0x30, integer(encryption))),
    )
    return encode(0x6A, encode(0x30, encode(0xA1, integer(5)), encode(0xA2, integer(10)), encode(0xA4, body)))


@pytest.mark.parametrize(("encryption", "code"), [(AES256, PREAUTH_REQUIRED), (RC4, ETYPE_NOSUPP)])
def test_tickets_are_under_aes(server: str, office: Office, encryption: int, code: int) -> None:
    reply = _framed(server, 88, _as_request(office.dns_domain.upper(), "alice", encryption))
    fields = dict(elements(children(reply, tag=0x7E)[0][1]))
    assert int.from_bytes(next(elements(fields[0xA6]))[1], "big") == code


def test_nobody_reads_the_users_without_a_name(controller: str, office: Office) -> None:
    """By SAMR ([MS-SAMR]), as old scanners do; the controller's own account may, which is the control."""
    script = _SAMR.replace("@SERVER@", office.fqdn(controller))
    told = root_shell(at(controller), f"python3 - <<'END'\n{script}\nEND")
    assert told.split() == ["nobody:refused", "somebody:users"]


_SAMR = """
import samba
from samba.credentials import Credentials
from samba.dcerpc import lsa, samr, security
from samba.param import LoadParm
settings = LoadParm()
settings.load("/etc/samba/smb.conf")
def users(credentials):
    connection = samr.samr("ncacn_np:@SERVER@", settings, credentials)
    server = connection.Connect2("", security.SEC_FLAG_MAXIMUM_ALLOWED)
    name = lsa.String()
    name.string = settings.get("workgroup")
    sid = connection.LookupDomain(server, name)
    domain = connection.OpenDomain(server, security.SEC_FLAG_MAXIMUM_ALLOWED, sid)
    return connection.EnumDomainUsers(domain, 0, 0, 4096)[1].count
for kind in ("nobody", "somebody"):
    credentials = Credentials()
    credentials.guess(settings)
    credentials.set_anonymous() if kind == "nobody" else credentials.set_machine_account(settings)
    try:
        print(kind + ":users" if users(credentials) else kind + ":none")
    except (samba.NTSTATUSError, RuntimeError):
        print(kind + ":refused")
"""


def test_users_of_the_directory_have_no_shell_here(controller: str, office: Office) -> None:
    """AD-14: the host does not even know them; root, whom it knows, is the control."""
    host = at(controller)
    netbios = root_shell(host, "testparm -s --parameter-name=workgroup 2>/dev/null").strip()
    for name in ("alice", f"{netbios}\\\\alice", f"alice@{office.dns_domain}"):
        assert host.run(f"getent passwd '{name}'").rc == 2
    assert host.run("getent passwd root").rc == 0


def test_databases_are_files_of_root_alone(controller: str) -> None:
    """AD-12."""
    found = root_shell(at(controller), "find /var/lib/samba/private -maxdepth 0 -printf '%m %u %g\\n'")
    assert found.split() == ["700", "root", "root"]
    kinds = "\\( -name '*.ldb' -o -name '*.tdb' -o -name '*.keytab' \\)"
    others = f"find /var/lib/samba/private -type f {kinds} \\( -perm /007 -o ! -group root -o ! -user root \\)"
    assert root_shell(at(controller), others) == ""


def test_a_controller_says_that_it_is_well(controller: str, office: Office) -> None:
    """dc_info: replication, RIDs, names in DNS, signed time, certificate, files, logins."""
    found = module(at(controller), "dc_info", address=office.addresses[controller], fail=False)
    assert found["problems"] == []
    assert found["time"]["signed"] is True
    assert found["certificate"]["days_left"] > 14


def test_samba_comes_back_after_a_crash(controller: str) -> None:
    assert root_shell(at(controller), "systemctl show --value --property=Restart samba-ad-dc").strip() == "on-failure"
