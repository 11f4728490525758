# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Twenty and more lies over TCP, and the truths beside them."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.mailforest.stack.plugins.module_utils._probe import (
    Check,
    Finding,
    Stage,
    Verdict,
    channel,
    check,
    probe,
    tcp,
)
from ansible_collections.mailforest.stack.tests.unit.plugins.module_utils._probe import fakes
from ansible_collections.mailforest.stack.tests.unit.plugins.module_utils._probe.fakes import NAME, Authority

SERVERS: dict[str, Callable[..., fakes.Behaviour]] = {
    "smtp": fakes.smtp,
    "imap": fakes.imap,
    "pop3": fakes.pop3,
    "managesieve": fakes.managesieve,
    "ldap": fakes.ldap,
}


def find(behave: fakes.Behaviour, **keys: Any) -> Finding:
    """Check a port that behaves so."""
    with fakes.listening(behave) as port:
        return check(host="127.0.0.1", port=port, **{"timeout": 2, **keys}).finding


@pytest.mark.parametrize("protocol", SERVERS)
class TestEveryLoginProtocol:
    def test_open_without_tls(self, protocol: str) -> None:
        found = find(SERVERS[protocol](), protocol=protocol)
        assert (found.verdict, found.stage, found.detail) == (Verdict.OPEN, Stage.PROTOCOL, "")

    def test_open_with_starttls(self, protocol: str, authority: Authority, good: ssl.SSLContext) -> None:
        server = SERVERS[protocol](context=good)
        found = find(server, protocol=protocol, tls="starttls", server_name=NAME, ca_file=authority.ca_file)
        assert (found.verdict, found.stage, found.detail) == (Verdict.OPEN, Stage.PROTOCOL, "")
        assert found.tls["version"] == "TLSv1.3"
        assert found.certificate["names"] == [NAME]

    def test_open_with_implicit_tls(self, protocol: str, authority: Authority, good: ssl.SSLContext) -> None:
        server = fakes.over_tls(good, SERVERS[protocol]())
        found = find(server, protocol=protocol, tls="implicit", server_name=NAME, ca_file=authority.ca_file)
        assert (found.verdict, found.stage, found.detail) == (Verdict.OPEN, Stage.PROTOCOL, "")

    def test_tls_from_the_first_byte_where_starttls_was_expected(self, protocol: str, good: ssl.SSLContext) -> None:
        found = find(fakes.over_tls(good, SERVERS[protocol]()), protocol=protocol, tls="starttls", timeout=0.5)
        assert found.verdict is Verdict.WRONG_TLS
        assert "TLS from the first byte" in found.detail

    def test_clear_text_where_tls_was_expected(self, protocol: str) -> None:
        found = find(SERVERS[protocol](), protocol=protocol, tls="implicit", timeout=0.5)
        assert (found.verdict, found.stage) == (Verdict.WRONG_TLS, Stage.TLS)
        assert "plain text" in found.detail or "in the clear" in found.detail

    def test_silence(self, protocol: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(tcp, "_DIAGNOSIS_SECONDS", 0.1)
        found = find(fakes.silence, protocol=protocol, timeout=0.2)
        assert found.verdict is Verdict.UNKNOWN
        assert "said nothing" in found.detail

    @pytest.mark.parametrize("tls", ["none", "starttls", "implicit"])
    def test_hanging_up(self, protocol: str, tls: str) -> None:
        found = find(fakes.hang_up, protocol=protocol, tls=tls)
        assert found.verdict is Verdict.UNKNOWN
        assert "accepted the connection, then" in found.detail

    def test_login_before_tls_is_refused(self, protocol: str, authority: Authority, good: ssl.SSLContext) -> None:
        keys = {"tls": "starttls", "server_name": NAME, "ca_file": authority.ca_file, "cleartext_auth": "refused"}
        found = find(SERVERS[protocol](context=good), protocol=protocol, **keys)
        assert (found.verdict, found.detail) == (Verdict.OPEN, "")

    def test_noise(self, protocol: str) -> None:
        found = find(fakes.says(b"\x00\x01\x02 noise\r\n" * 3), protocol=protocol)
        assert found.verdict is Verdict.WRONG_PROTOCOL

    def test_endless_noise(self, protocol: str) -> None:
        found = find(fakes.says(b"x" * 20000), protocol=protocol, timeout=1)
        assert found.verdict is Verdict.WRONG_PROTOCOL


@pytest.mark.parametrize(
    ("protocol", "server"),
    [
        ("smtp", fakes.smtp(STARTTLS="502 5.5.1 not here")),
        ("smtp", fakes.smtp(STARTTLS="454 TLS not available")),
        ("imap", fakes.imap(STARTTLS="{tag} BAD unknown")),
        ("pop3", fakes.pop3(STLS="-ERR unknown")),
        ("managesieve", fakes.managesieve(STARTTLS='NO "unknown"')),
        ("ldap", fakes.ldap(starttls_result=2)),
    ],
)
def test_starttls_missing(protocol: str, server: fakes.Behaviour) -> None:
    found = find(server, protocol=protocol, tls="starttls")
    assert found.verdict is Verdict.WRONG_TLS
    assert "without STARTTLS" in found.detail


@pytest.mark.parametrize(
    ("protocol", "server", "shown"),
    [
        ("smtp", fakes.smtp(AUTH="334 "), "AUTH PLAIN was answered 334"),
        ("smtp", fakes.smtp(**{"AUTH PLAIN": "504 no", "AUTH": "334 VXNlcm5hbWU6"}), "AUTH LOGIN was answered 334"),
        ("smtp", fakes.smtp(AUTH="535 5.7.8 wrong"), "AUTH PLAIN was answered 535"),
        ("imap", fakes.imap(AUTHENTICATE="+ "), "AUTHENTICATE PLAIN was answered with a question"),
        (
            "imap",
            fakes.imap(CAPABILITY="* CAPABILITY IMAP4rev1\n{tag} OK", LOGIN="{tag} NO [AUTHENTICATIONFAILED] wrong"),
            "LOGIN was answered NO",
        ),
        ("imap", fakes.imap(LOGIN="{tag} OK logged in"), "LOGIN was answered OK"),
        ("pop3", fakes.pop3(USER="+OK"), "USER mailforest-probe was answered +OK"),
        ("pop3", fakes.pop3(AUTH="+ "), "AUTH PLAIN was answered +"),
        ("managesieve", fakes.managesieve(AUTHENTICATE='""'), "AUTHENTICATE was answered"),
        ("ldap", fakes.ldap(bind_result=49), "a simple bind was answered with result 49"),
        ("ldap", fakes.ldap(bind_result=0), "a simple bind was answered with result 0"),
    ],
)
def test_login_taken_up_in_the_clear(protocol: str, server: fakes.Behaviour, shown: str) -> None:
    found = find(server, protocol=protocol, cleartext_auth="refused")
    assert found.verdict is Verdict.WRONG_TLS
    assert shown in found.detail


@pytest.mark.parametrize("spoken", ["smtp", "imap", "pop3", "managesieve", "ssh"])
@pytest.mark.parametrize("expected", ["smtp", "imap", "pop3", "managesieve", "ssh"])
def test_another_protocol(spoken: str, expected: str) -> None:
    servers = {**SERVERS, "ssh": lambda: fakes.says(b"SSH-2.0-OpenSSH_9.2\r\n")}
    found = find(servers[spoken](), protocol=expected)
    if spoken == expected:
        assert found.verdict is Verdict.OPEN
    else:
        assert found.verdict is Verdict.WRONG_PROTOCOL
        assert found.detail.lower().endswith(f"which is {spoken}")


@pytest.mark.parametrize(
    ("names", "days", "detail", "days_left"),
    [
        ((NAME,), (-30.0, -2.5), "certificate has expired", -3),
        ((NAME,), (5.0, 30.5), "certificate is not yet valid", 30),
        (("other.example.test",), (-1.0, 90.5), "Hostname mismatch", 90),
    ],
)
@pytest.mark.parametrize("tls", ["starttls", "implicit"])
def test_bad_certificate(
    authority: Authority, names: tuple[str, ...], days: tuple[float, float], detail: str, days_left: int, tls: str
) -> None:
    context = authority.context(names=names, days=days)
    server = fakes.smtp(context=context) if tls == "starttls" else fakes.over_tls(context, fakes.smtp())
    found = find(server, protocol="smtp", tls=tls, server_name=NAME, ca_file=authority.ca_file)
    assert (found.verdict, found.stage) == (Verdict.BAD_CERTIFICATE, Stage.TLS)
    assert detail in found.detail
    assert found.certificate["days_left"] == days_left
    assert found.certificate["names"] == list(names)


def test_foreign_certificate(authority: Authority, stranger: Authority) -> None:
    server = fakes.over_tls(stranger.context(), fakes.imap())
    found = find(server, protocol="imap", tls="implicit", server_name=NAME, ca_file=authority.ca_file)
    assert found.verdict is Verdict.BAD_CERTIFICATE
    assert "unable to get local issuer" in found.detail
    assert found.certificate["issuer"] == "CN=stranger"


def test_certificate_with_too_few_days(authority: Authority) -> None:
    keys: dict[str, Any] = {"tls": "implicit", "server_name": NAME, "ca_file": authority.ca_file}
    server = fakes.over_tls(authority.context(days=(-1, 10.5)), fakes.hang_up)
    assert find(server, min_days_left=10, **keys).verdict is Verdict.OPEN
    found = find(server, min_days_left=11, **keys)
    assert found.verdict is Verdict.BAD_CERTIFICATE
    assert "ends in 10 days, fewer than 11" in found.detail


def test_certificate_for_an_address(authority: Authority) -> None:
    server = fakes.over_tls(authority.context(names=("127.0.0.1",)), fakes.hang_up)
    assert find(server, tls="implicit", ca_file=authority.ca_file).verdict is Verdict.OPEN


@pytest.mark.parametrize("tls", ["starttls", "implicit"])
@pytest.mark.parametrize(
    ("newest", "minimum", "verdict", "accepted"),
    [
        (ssl.TLSVersion.TLSv1_3, "TLSv1.2", Verdict.WRONG_TLS, "accepts TLSv1.1"),
        (ssl.TLSVersion.TLSv1_3, "TLSv1.3", Verdict.WRONG_TLS, "accepts TLSv1.2"),
        (None, "TLSv1.2", Verdict.OPEN, ""),
    ],
)
def test_older_tls_accepted(
    authority: Authority, tls: str, newest: ssl.TLSVersion | None, minimum: str, verdict: Verdict, accepted: str
) -> None:
    context = authority.context()
    if newest:
        fakes.with_old_tls(context, newest=newest)
    server = fakes.smtp(context=context) if tls == "starttls" else fakes.over_tls(context, fakes.smtp())
    keys = {"tls": tls, "server_name": NAME, "ca_file": authority.ca_file, "tls_minimum": minimum}
    found = find(server, protocol="smtp", **keys)
    assert found.verdict is verdict
    assert accepted in found.detail


def test_only_old_tls(authority: Authority) -> None:
    context = fakes.with_old_tls(authority.context(), newest=ssl.TLSVersion.TLSv1)
    found = find(fakes.over_tls(context, fakes.hang_up), tls="implicit", ca_file=authority.ca_file)
    assert (found.verdict, found.stage) == (Verdict.WRONG_TLS, Stage.TLS)


def test_text_smuggled_in_before_tls(good: ssl.SSLContext) -> None:
    server = fakes.smtp(context=good, injected="\n250-AUTH PLAIN")
    found = find(server, protocol="smtp", tls="starttls")
    assert found.verdict is Verdict.WRONG_TLS
    assert "sent more in the clear" in found.detail


OFFERS = "250-mx1\n250 AUTH PLAIN"
OFFERS_NOT = "250-mx1\n250 8BITMIME"


@pytest.mark.parametrize(
    ("before", "after", "demanded", "verdict", "detail"),
    [
        (OFFERS_NOT, OFFERS_NOT, False, Verdict.OPEN, ""),
        (OFFERS, OFFERS_NOT, False, Verdict.WRONG_PROTOCOL, "offers a login before TLS (PLAIN)"),
        (OFFERS_NOT, OFFERS, False, Verdict.WRONG_PROTOCOL, "offers a login after TLS (PLAIN)"),
        (OFFERS_NOT, OFFERS, True, Verdict.OPEN, ""),
        (OFFERS, OFFERS_NOT, True, Verdict.WRONG_PROTOCOL, "offers no login after TLS"),
    ],
)
def test_auth_offered(
    authority: Authority,
    good: ssl.SSLContext,
    before: str,
    after: str,
    demanded: bool,
    verdict: Verdict,
    detail: str,
) -> None:
    server = fakes.smtp(context=good, EHLO=before, after_tls={"EHLO": after})
    keys = {"tls": "starttls", "server_name": NAME, "ca_file": authority.ca_file, "auth_offered": demanded}
    found = find(server, protocol="smtp", **keys)
    assert found.verdict is verdict
    assert detail in found.detail


@pytest.mark.parametrize(
    ("name", "verdict"), [("mx1.example.test", Verdict.OPEN), ("mx2.example.test", Verdict.WRONG_PROTOCOL)]
)
def test_a_mail_server_greets_by_its_name(name: str, verdict: Verdict) -> None:
    found = find(fakes.smtp(), protocol="smtp", greeting=name)
    assert found.verdict is verdict
    assert found.detail == ("" if verdict is Verdict.OPEN else f"greets as 'mx1.example.test', not as {name}")


@pytest.mark.parametrize(
    ("replies", "detail"),
    [
        ({"RCPT": "554 5.7.1 <x>: Relay access denied"}, ""),
        ({"MAIL": "554 5.7.1 Access denied"}, ""),
        ({"RCPT": "250 2.1.5 Ok"}, "is answered '250 2.1.5 Ok', not 554 5.7.1"),
        ({"RCPT": "554 5.7.10 Something else"}, "not 554 5.7.1"),
        ({"RCPT": "554 Relay access denied"}, "not 554 5.7.1"),
        ({"RCPT": "454 4.7.1 Later"}, "'454 4.7.1 Later'"),
    ],
)
def test_mail_for_elsewhere_is_refused_with_the_right_codes(replies: dict[str, str], detail: str) -> None:
    """MAIL-8: the reply code and the enhanced status code."""
    found = find(fakes.smtp(**{"MAIL": "250 2.1.0 Ok", **replies}), protocol="smtp", relay_reply="554 5.7.1")
    assert found.verdict is (Verdict.WRONG_PROTOCOL if detail else Verdict.OPEN)
    assert detail in found.detail


def test_auth_offered_on_port_25_without_tls() -> None:
    found = find(fakes.smtp(EHLO=OFFERS), protocol="smtp", auth_offered=False)
    assert found.verdict is Verdict.WRONG_PROTOCOL
    assert "offers a login in the clear (PLAIN)" in found.detail


@pytest.mark.parametrize(
    ("wanted", "verdict"),
    [
        (["pipelining", "STARTTLS"], Verdict.OPEN),
        (["CHUNKING"], Verdict.WRONG_PROTOCOL),
    ],
)
def test_capabilities(wanted: list[str], verdict: Verdict) -> None:
    assert find(fakes.smtp(), protocol="smtp", capabilities=wanted).verdict is verdict


def test_ldap_facts() -> None:
    found = find(fakes.ldap(), protocol="ldap", capabilities=["SASL=GSSAPI", "1.3.6.1.4.1.1466.20037"])
    assert found.verdict is Verdict.OPEN
    assert found.answer["naming_context"] == "DC=corp,DC=example,DC=test"
    assert found.answer["mechanisms"] == ["GSSAPI", "GSS-SPNEGO"]


@pytest.mark.parametrize(
    ("protocol", "server"),
    [
        ("smtp", fakes.says(b"554 5.7.1 go away\r\n")),
        ("smtp", fakes.says(b"421 too many\r\n")),
        ("smtp", fakes.smtp(EHLO="450 later")),
        ("imap", fakes.says(b"* BYE too many connections\r\n")),
        ("pop3", fakes.says(b"-ERR in use\r\n")),
        ("managesieve", fakes.says(b'BYE "too many"\r\n')),
        ("ldap", fakes.ldap(root_result=51)),
    ],
)
def test_turned_away(protocol: str, server: fakes.Behaviour) -> None:
    found = find(server, protocol=protocol)
    assert found.verdict is Verdict.UNKNOWN
    assert "turned the probe away" in found.detail


@pytest.mark.parametrize(
    ("server", "protocol"),
    [
        (fakes.smtp(EHLO="502 no such thing"), "smtp"),
        (fakes.smtp(EHLO="\n".join(["250-x"] * 300)), "smtp"),
        (fakes.imap(CAPABILITY="{tag} BAD what"), "imap"),
        (fakes.imap(CAPABILITY="hello"), "imap"),
        (fakes.pop3(CAPA="+OK\n" + "\n".join(["x"] * 300)), "pop3"),
        (fakes.says(b"HTTP/1.1 400 Bad Request\r\n"), "ldap"),
        (fakes.says(b"\x30\x84\x7f\xff\xff\xff"), "ldap"),
        (fakes.says(b"\x30\x03\x02\x01\x01"), "ldap"),
        (fakes.says(b"\x30\x05\x02\x01\x01\x64\x00"), "ldap"),
        (fakes.says(b"hello\r\n" * 25), "ssh"),
    ],
)
def test_protocol_broken(server: fakes.Behaviour, protocol: str) -> None:
    assert find(server, protocol=protocol).verdict is Verdict.WRONG_PROTOCOL


def test_pop3_without_capa_is_open() -> None:
    assert find(fakes.pop3(CAPA="-ERR unknown"), protocol="pop3").verdict is Verdict.OPEN


def test_ssh_after_a_notice() -> None:
    found = find(fakes.says(b"Authorised use only\r\nSSH-2.0-OpenSSH_9.2\r\n"), protocol="ssh")
    assert (found.verdict, found.answer["banner"]) == (Verdict.OPEN, "SSH-2.0-OpenSSH_9.2")


def test_bare_connection_reaches_no_further_than_connect() -> None:
    found = find(fakes.silence)
    assert (found.verdict, found.stage) == (Verdict.OPEN, Stage.CONNECT)


def test_a_connection_that_is_taken_and_reset_was_taken() -> None:
    """Whether the reset comes before or after the kernel is asked how the connection went."""
    with fakes.listening(fakes.resets) as port:
        results = probe([Check(host="127.0.0.1", port=port)] * 200)
    assert {(result.finding.verdict, result.finding.stage) for result in results} == {(Verdict.OPEN, Stage.CONNECT)}


def test_refused() -> None:
    found = check(host="127.0.0.1", port=fakes.unused_port()).finding
    assert (found.verdict, found.stage) == (Verdict.REFUSED, Stage.CONNECT)


def test_a_port_that_connects_to_itself_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    # A socket bound to the port it connects to talks to itself; without bind, the kernel chooses that port by chance.
    port = fakes.unused_port()

    class Bound(socket.socket):
        def __init__(self, *arguments: Any) -> None:
            super().__init__(*arguments)
            if self.family == socket.AF_INET:
                self.bind(("127.0.0.1", port))

    monkeypatch.setattr(socket, "socket", Bound)
    monkeypatch.setattr(channel, "_first_chosen_port", lambda: port)
    assert check(host="127.0.0.1", port=port).finding.verdict is Verdict.REFUSED
    assert check(host="127.0.0.1", port=port, protocol="smtp").finding.verdict is Verdict.REFUSED


def test_filtered() -> None:
    with fakes.dropping() as port:
        found = check(host="127.0.0.1", port=port, timeout=0.3).finding
    assert (found.verdict, found.stage) == (Verdict.FILTERED, Stage.CONNECT)


def test_unreachable() -> None:
    found = check(host="224.0.0.1", port=25, timeout=1).finding  # TCP has no way to a multicast address
    assert (found.verdict, found.stage) == (Verdict.UNREACHABLE, Stage.CONNECT)


def test_unresolved() -> None:
    found = check(host="no-such-host.invalid", port=25).finding
    assert (found.verdict, found.stage) == (Verdict.UNRESOLVED, Stage.RESOLVE)
