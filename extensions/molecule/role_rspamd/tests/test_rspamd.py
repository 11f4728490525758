# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Mail through Postfix and rspamd, as strangers and users see it; DNS answers what each test lets it answer.

Signatures are made and verified by dkimpy, which shares nothing with rspamd.
"""

from __future__ import annotations

import json
import secrets
import smtplib
import time
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.mailforest.stack.tests.system.support import name_server
from ansible_collections.mailforest.stack.tests.system.support.hosts import client_context, module, root_shell, solo
from testinfra.host import Host

testinfra_hosts = ["ansible://solo"]
GTUBE = "XJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X"
USER = "spammed"
PASSWORD = secrets.token_urlsafe(16)
HONEST, STRICT = "honest.example.net", "strict.example.net"
WORK = "/run/mailforest-test"
UNIT = "mailforest-test-dns.service"
STORE = "redis-server@rspamd.service"
KEYS = "/etc/ssl/mailforest-dkim"
_VERIFY = """
import dkim, json, sys
zone = json.load(open(sys.argv[1]))
def txt(name, timeout=5):
    return "".join(zone.get(name.decode().rstrip(".") + " TXT", [])).encode()
print(dkim.verify(sys.stdin.buffer.read().replace(b"\\r\\n", b"\\n").replace(b"\\n", b"\\r\\n"), dnsfunc=txt))
"""
_SIGN = """
import dkim, sys
message = sys.stdin.buffer.read()
key = open(sys.argv[1], "rb").read()
signature = dkim.sign(message, b"s", b"honest.example.net", key, include_headers=[b"from", b"subject"])
sys.stdout.buffer.write(signature + message)
"""


class Names:
    """What DNS says while the test runs."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self.zone: dict[str, list[str]] = {}

    @contextmanager
    def saying(self, more: dict[str, list[str]]) -> Iterator[None]:
        """Say more for a while."""
        before = dict(self.zone)
        self.say(more)
        try:
            yield
        finally:
            self.zone = before
            self._write()

    def say(self, more: dict[str, list[str]]) -> None:
        """Say more."""
        self.zone |= more
        self._write()

    def _write(self) -> None:
        put(self._host, f"{WORK}/zone.json.new", json.dumps(self.zone))
        root_shell(self._host, f"mv {WORK}/zone.json.new {WORK}/zone.json")


def put(host: Host, path: str, text: str) -> None:
    """Write a file on the host."""
    root_shell(host, f"cat > {path} <<'END_OF_FILE'\n{text}\nEND_OF_FILE")


@pytest.fixture(scope="module")
def names(host: Host) -> Iterator[Names]:
    """A name server on the host; a domain that signs and a strict one. At the end the user and all of it is gone."""
    root_shell(host, f"mkdir -p {WORK}; id {USER} || useradd --create-home {USER}")
    root_shell(host, f"echo '{USER}:{PASSWORD}' | chpasswd")
    put(host, f"{WORK}/server.py", Path(name_server.__file__).read_text())
    root_shell(host, f"openssl genrsa -traditional -out {WORK}/honest.key 2048")
    public = root_shell(host, f"openssl rsa -in {WORK}/honest.key -pubout -outform DER | base64 -w0")
    found = Names(host)
    address = _client_address(host)
    found.say(
        {
            f"{HONEST} TXT": [f"v=spf1 ip4:{address} -all"],
            f"_dmarc.{HONEST} TXT": ["v=DMARC1; p=reject"],
            f"s._domainkey.{HONEST} TXT": [f"v=DKIM1; k=rsa; p={public}"],
            f"{HONEST} MX": [f"mx.{HONEST}"],
            f"mx.{HONEST} A": [address],
            f"{STRICT} TXT": ["v=spf1 -all"],
            f"_dmarc.{STRICT} TXT": ["v=DMARC1; p=reject"],
            f"{_domain(host)} MX": [solo(host).fqdn],
            **{f"{row['name']} TXT": [row["value"]] for row in _keys(host)["records"]},
        }
    )
    host.run(f"systemctl stop {UNIT}")  # of a run that was ended
    root_shell(host, f"systemd-run --unit={UNIT} --collect python3 {WORK}/server.py 5300 {WORK}/zone.json")
    root_shell(host, "systemctl restart rspamd.service")  # it had asked in vain, and left the lists out
    _wait_for_rspamd(host)
    yield found
    root_shell(host, f"systemctl stop {UNIT}; rm -r {WORK}; userdel --remove {USER} 2>&1")


def _wait_for_rspamd(host: Host) -> None:
    root_shell(host, "for i in $(seq 40); do ss -ltn | grep -q 127.0.0.1:11332 && exit 0; sleep 0.25; done; exit 1")


def _domain(host: Host) -> str:
    return solo(host).fqdn.partition(".")[2]


def _keys(host: Host) -> dict[str, Any]:
    place = solo(host)
    return module(host, "dkim_key", domains=[_domain(host)], selector=place.name)


def _client_address(host: Host) -> str:
    with smtplib.SMTP(solo(host).address, 25, timeout=20) as session:
        assert session.sock is not None
        return str(session.sock.getsockname()[0])


def _message(sender: str, recipient: str, text: str = "Good day.") -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"] = sender, recipient
    message["Subject"] = secrets.token_hex(8)
    message["Date"] = time.strftime("%a, %d %b %Y %H:%M:%S +0000", time.gmtime())
    message["Message-ID"] = f"<{secrets.token_hex(8)}@{sender.partition('@')[2]}>"
    message.set_content(f"{text} {secrets.token_hex(8)}\n")  # who is greylisted is known by sender, and by text
    return message


def _receive(host: Host, message: EmailMessage, *, sender: str = "", signed: bytes = b"") -> tuple[int, str]:
    """Send it to port 25 as a stranger, or what was made of it; the answer to the end of the message."""
    with _session(host, 25) as session:
        assert session.mail(sender or message["From"])[0] == 250
        assert session.rcpt(f"{USER}@{_domain(host)}")[0] == 250
        code, answer = session.data(signed or message.as_bytes())
    return code, answer.decode()


def _delivered(host: Host, subject: str) -> str:
    """The message as it lies in the mailbox; nothing when it did not come."""
    folder = f"/home/{USER}/Maildir/new"
    deadline = time.monotonic() + 20
    while host.run(f"grep -rqs {subject} {folder}").rc and time.monotonic() < deadline:
        time.sleep(0.3)
    return str(host.run(f"cat $(grep -rls {subject} {folder}) /dev/null").stdout)


def _honest(host: Host, text: str = "Good day.") -> EmailMessage:
    """From an address that nobody has used: when one is greylisted, its other mail to the recipient waits too."""
    return _message(f"{secrets.token_hex(4)}@{HONEST}", f"{USER}@{_domain(host)}", text)


def test_mail_that_is_nothing_special_arrives_at_once(host: Host, names: Names) -> None:
    message = _honest(host)
    assert _receive(host, message)[0] == 250
    found = _delivered(host, message["Subject"])
    assert "spf=pass" in found and "X-Spam: Yes" not in found


def test_spam_is_refused_in_the_session(host: Host, names: Names) -> None:
    """MAIL-24, MAIL-13: at the end of the message, with 554; nothing is delivered."""
    message = _honest(host, GTUBE)
    code, answer = _receive(host, message)
    assert (code, answer[:5]) == (554, "5.7.1"), answer
    assert root_shell(host, "postqueue -p | tail -1").startswith("Mail queue is empty")
    assert host.run(f"grep -rqs {message['Subject']} /home/{USER}/Maildir").rc != 0


def test_a_signature_is_verified(host: Host, names: Names) -> None:
    """MAIL-24: one of dkimpy's; when a word is changed afterwards, it counts no more."""
    message = _honest(host)
    put(host, f"{WORK}/sign.py", _SIGN)
    put(host, f"{WORK}/message", message.as_string())
    command = f"sed 's/$/\\r/' {WORK}/message | python3 {WORK}/sign.py {WORK}/honest.key"
    signed = root_shell(host, command).encode()
    assert _receive(host, message, signed=signed)[0] == 250
    assert "dkim=pass" in _delivered(host, message["Subject"])
    changed = signed.replace(b"Good day", b"Bad days").replace(message["Subject"].encode(), b"changed-afterwards")
    assert _receive(host, message, signed=changed)[0] == 250  # SPF still speaks for it
    found = _delivered(host, "changed-afterwards")
    assert "dkim=fail" in found and "dkim=pass" not in found


def test_a_forged_sender_of_a_strict_domain_is_refused(host: Host, names: Names) -> None:
    """MAIL-24: neither SPF nor DKIM, and DMARC asks for it. The control is the honest domain, with the same policy."""
    forged = _message(f"boss@{STRICT}", f"{USER}@{_domain(host)}")
    code, answer = _receive(host, forged)
    assert code == 554, answer


@contextmanager
def _no_store(host: Host) -> Iterator[None]:
    """While rspamd remembers nothing, nobody is greylisted."""
    root_shell(host, f"systemctl stop {STORE}")
    try:
        yield
    finally:
        root_shell(host, f"systemctl start {STORE}")


def _listed(host: Host, code: str) -> dict[str, list[str]]:
    backwards = ".".join(reversed(_client_address(host).split(".")))
    return {f"{backwards}.listed.example.org A": [code]}


@pytest.mark.parametrize("code", ["127.255.255.254", "127.255.255.255", "127.0.0.99"])
def test_an_answer_that_lists_nobody_has_no_score(host: Host, names: Names, code: str) -> None:
    with names.saying(_listed(host, code)):
        assert _receive(host, _honest(host))[0] == 250


def test_who_is_listed_is_greylisted(host: Host, names: Names) -> None:
    """MAIL-24: a block list makes it suspicious, and what is suspicious is deferred. Without its store nothing is."""
    with names.saying(_listed(host, "127.0.0.2")):
        message = _honest(host)
        code, answer = _receive(host, message)
        assert (code, "Try again later" in answer) == (451, True), answer
        assert root_shell(host, "redis-cli -s /run/redis-rspamd/redis.sock --scan --pattern 'rg*'").split()
        assert _receive(host, message)[0] == 451  # at once is too early
        with _no_store(host):
            assert _receive(host, _honest(host))[0] == 250


def test_a_domain_in_a_message_may_be_listed(host: Host, names: Names) -> None:
    text = "See http://www.bad-shop-test.com/now"
    with names.saying({"bad-shop-test.com.domains.example.org A": ["127.0.1.2"]}):
        assert _receive(host, _honest(host, text))[0] == 451
    assert _receive(host, _honest(host, text))[0] == 250


def test_mail_is_deferred_while_nobody_can_judge_it(host: Host, names: Names) -> None:
    root_shell(host, "systemctl stop rspamd.service")
    try:
        with smtplib.SMTP(solo(host).address, 25, timeout=60) as session:
            session.ehlo()
            code, _answer = session.mail(f"someone@{HONEST}")
            assert code == 451
    finally:
        root_shell(host, "systemctl start rspamd.service")
        _wait_for_rspamd(host)
    assert _receive(host, _honest(host))[0] == 250


@contextmanager
def _session(host: Host, port: int) -> Iterator[smtplib.SMTP]:
    with smtplib.SMTP(solo(host).address, port, timeout=60, local_hostname=f"mx.{HONEST}") as session:
        session.starttls(context=client_context(host))
        session.ehlo()
        yield session


def _submit(host: Host, message: EmailMessage) -> None:
    with _session(host, 587) as session:
        session.login(USER, PASSWORD)
        session.send_message(message)


def _verified(host: Host, message: str) -> bool:
    put(host, f"{WORK}/verify.py", _VERIFY)
    put(host, f"{WORK}/signed", message.rstrip("\n"))
    return root_shell(host, f"python3 {WORK}/verify.py {WORK}/zone.json < {WORK}/signed").strip() == "True"


def test_mail_of_a_user_is_signed(host: Host, names: Names) -> None:
    """MAIL-24: dkimpy verifies it by the record that the module returns, and not when a word was changed."""
    address = f"{USER}@{_domain(host)}"
    message = _message(address, address)
    _submit(host, message)
    found = _delivered(host, message["Subject"])
    signature = found.partition("DKIM-Signature:")[2].partition("\nReceived:")[0]
    assert f"d={_domain(host)};" in signature and f"s={solo(host).name};" in signature, found
    signed = found[found.index("DKIM-Signature:") :]
    assert _verified(host, signed)
    assert not _verified(host, signed.replace("Good day", "Bad days"))


def test_mail_of_a_user_is_not_marked_for_what_the_program_left_out(host: Host, names: Names) -> None:
    """Such as Date and Message-ID, which Postfix adds. The control: a stranger's is."""
    address, token = f"{USER}@{_domain(host)}", secrets.token_hex(8)
    bare = EmailMessage()
    bare["From"], bare["Subject"] = address, token
    with _session(host, 587) as session:
        session.login(USER, PASSWORD)
        session.sendmail(address, [address], bare.as_bytes())
    assert "X-Spam" not in _delivered(host, token) and _delivered(host, token)
    stranger = _honest(host)
    for header in ("To", "Date", "Message-ID"):
        del stranger[header]
    with _no_store(host):  # it would be greylisted first
        assert _receive(host, stranger)[0] == 250
    assert "X-Spam: Yes" in _delivered(host, stranger["Subject"])


def test_no_header_tells_a_login(host: Host, names: Names) -> None:
    address = f"{USER}@{_domain(host)}"
    message = _message(address, address)
    _submit(host, message)
    found = _delivered(host, message["Subject"])
    assert found
    assert "auth=" not in found.replace("DMARC", "") and "Authenticated sender" not in found


def test_mail_of_the_host_itself_is_signed(host: Host, names: Names) -> None:
    address = f"{USER}@{_domain(host)}"
    message = _message(address, address)
    put(host, f"{WORK}/message", message.as_string())
    root_shell(host, f"runuser -u {USER} -- sendmail -f {address} {address} < {WORK}/message")
    found = _delivered(host, message["Subject"])
    assert _verified(host, found[found.index("DKIM-Signature:") :])


def test_a_stranger_gets_no_signature(host: Host, names: Names) -> None:
    """Not even one with our address in From; that the envelope has it too is refused by Postfix."""
    message = _message(f"boss@{_domain(host)}", f"{USER}@{_domain(host)}")
    with _no_store(host):
        assert _receive(host, message, sender=f"{secrets.token_hex(4)}@{HONEST}")[0] == 250
    found = _delivered(host, message["Subject"])
    assert found and "DKIM-Signature" not in found


def test_a_key_is_kept_and_only_rspamd_reads_it(host: Host) -> None:
    first = _keys(host)
    key = host.file(first["records"][0]["path"])
    assert (key.user, key.mode, host.file(KEYS).user, host.file(KEYS).mode) == ("_rspamd", 0o640, "root", 0o750)
    assert not first["changed"] and _keys(host)["records"] == first["records"]
    assert host.run(f"runuser -u nobody -- cat {key.path}").rc != 0
    assert host.run(f"runuser -u _rspamd -- cat {key.path}").rc == 0
    assert host.run(f"runuser -u _rspamd -- touch {KEYS}/new").rc != 0


def test_nothing_can_be_reached_from_elsewhere(host: Host) -> None:
    """The milter's port on the loopback is the only one; the controller's and the store's are sockets for few."""
    listening = root_shell(host, "ss -ltnupH")
    ports = [line.split()[4] for line in listening.splitlines() if "rspamd" in line or "redis" in line]
    assert ports == ["127.0.0.1:11332"]
    assert host.run("runuser -u nobody -- redis-cli -s /run/redis-rspamd/redis.sock ping").stdout.strip() != "PONG"
    assert root_shell(host, "redis-cli -s /run/redis-rspamd/redis.sock ping").strip() == "PONG"
    assert host.run("runuser -u nobody -- rspamc -h /run/rspamd/controller.sock stat").rc != 0
    assert "Messages scanned" in root_shell(host, "rspamc -h /run/rspamd/controller.sock stat")
