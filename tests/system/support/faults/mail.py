# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What goes wrong with mail: ports, TLS, logins, relaying, delivery, queues, records, certificates."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ..hosts import at, module
from .fault import Fault, Injection, modules, shell, with_copy

_FILES = "/etc/postfix/main.cf /etc/postfix/master.cf"
_DOVECOT = "/etc/dovecot/dovecot.conf"
_CERTIFICATE, _KEY = "/etc/ssl/mailforest/host.crt", "/etc/ssl/mailforest/host.key"
_FOREIGN = f"openssl req -x509 -key {_KEY} -subj /CN=nobody.example -days 300 -out {_CERTIFICATE} 2>/dev/null"
_EXPIRED = (
    "cd $(mktemp -d) && touch index && printf '[ca]\\ndefault_ca=x\\n[x]\\ndatabase=index\\nserial=serial\\n"
    "new_certs_dir=.\\ndefault_md=sha256\\npolicy=p\\n[p]\\ncommonName=supplied\\n' >c"
    f" && openssl req -new -key {_KEY} -subj /CN=mx1.corp.example.test -out r"
    f" && openssl ca -batch -config c -selfsign -keyfile {_KEY} -in r -create_serial -notext"
    f" -startdate 20200101000000Z -enddate 20200201000000Z -out {_CERTIFICATE} 2>/dev/null"
)


def _postfix(host: str, *commands: str) -> Injection:
    """Postfix with other settings."""
    return with_copy(host, _FILES, "; ".join(commands), "postfix reload")


def _dovecot(host: str, change: str) -> Injection:
    return with_copy(host, _DOVECOT, f"sed -i '{change}' {_DOVECOT}", "systemctl restart dovecot")


def _record(name: str, kind: str, wrong: list[str], right: list[str], zone: str = "example.test") -> Injection:
    row = {"zone": zone, "name": name, "type": kind}
    return modules("dc1", "dns_record", {**row, "values": wrong}, {**row, "values": right})


@contextmanager
def _another_key() -> Iterator[None]:
    """The record of the key that mx1 signs with has another key."""
    name = "mx1._domainkey"
    found = module(at("dc1"), "dns_lookup", names=[f"{name}.example.test"], type="TXT")
    right: list[str] = found["answers"][0]["values"]
    with _record(name, "TXT", ["v=DKIM1; k=rsa; p=AAAA"], right)():
        yield


_MX = ["10 mx1.corp.example.test", "10 mx2.corp.example.test"]
_SRV = ["0 1 993 mx1.corp.example.test", "0 1 993 mx2.corp.example.test"]

MAIL = (
    Fault(
        name="submissions without TLS",
        host="mx1",
        requirement="MAIL-5",
        about=r"submissions/tcp at .*: wrong-tls",
        seen_from=("dc1",),
        inject=_postfix("mx1", "postconf -P 465/inet/smtpd_tls_wrappermode=no"),
    ),
    Fault(
        name="login in clear text",
        host="mx1",
        requirement="MAIL-4",
        about=r"submission/tcp at ",
        seen_from=("dc1",),
        inject=_postfix(
            "mx1",
            "postconf -P 587/inet/smtpd_tls_security_level=may",
            "postconf -P 587/inet/smtpd_tls_auth_only=no",
        ),
    ),
    Fault(
        name="login at the port of servers",
        host="mx1",
        requirement="MAIL-3",
        about=r"smtp/tcp at ",
        seen_from=("dc1",),
        inject=_postfix("mx1", "postconf -P 25/inet/smtpd_sasl_auth_enable=yes"),
    ),
    Fault(
        name="submission port closed",
        host="mx2",
        requirement="MAIL-4",
        about=r"submission/tcp at .*: refused",
        seen_from=("dc3",),
        inject=_postfix("mx2", "postconf -MX 587/inet"),
    ),
    Fault(
        name="IMAPS moved to another port",
        host="mx2",
        requirement="MAIL-26",
        about=r"imaps/tcp at .*: refused",
        seen_from=("dc3",),
        inject=_dovecot("mx2", "s/port = 993/port = 1993/"),
    ),
    Fault(
        name="POP3 closed",
        host="mx1",
        requirement="MAIL-25",
        about=r"pop3s?/tcp at .*: refused",
        seen_from=("dc1",),
        inject=_dovecot("mx1", "s/port = 995/port = 0/; s/port = 110/port = 0/"),
    ),
    Fault(
        name="open relay",
        host="mx1",
        requirement="MAIL-18",
        about=r"^relaying by mx1",
        seen_from=("outside", "member1"),
        inject=_postfix("mx1", "postconf -e mynetworks=0.0.0.0/0"),
    ),
    Fault(
        name="mailboxes take no mail",
        host="mx1",
        requirement="MAIL-12",
        about=r"^mail to .*: .*did not show",
        inject=shell(
            "mx1",
            "mv /var/spool/postfix/private/dovecot-lmtp /var/spool/postfix/private/away",
            "mv /var/spool/postfix/private/away /var/spool/postfix/private/dovecot-lmtp; postqueue -f; sleep 5;"
            " for user in svc-mail-probe svc-mail-probe-2; do doveadm expunge -u $user mailbox INBOX all; done; true",
        ),
    ),
    Fault(
        name="message on hold",
        host="mx2",
        requirement="MAIL-13",
        about=r"^mail queue: 1 on hold",
        inject=shell(
            "mx2",
            "postconf -e defer_transports=lmtp,smtp,peer && postfix reload && printf 'Subject: fault\\n\\nx\\n' |"
            " sendmail svc-mail-probe@example.test && sleep 3 && postsuper -h ALL",
            "postsuper -d ALL hold; postconf -X defer_transports; postfix reload",
        ),
    ),
    # Samba reads it when it starts; Postfix and Dovecot have processes that begin anew with what lies there.
    Fault(
        name="certificate replaced and not served",
        host="dc2",
        requirement="AD-10",
        about=r"^certificate at port 636: another",
        inject=with_copy("dc2", _CERTIFICATE, _FOREIGN),
    ),
    Fault(
        name="IMAP shows a foreign certificate",
        host="mx1",
        requirement="MAIL-26",
        about=r"imaps?/tcp at .*: bad-certificate",
        seen_from=("dc1",),
        inject=with_copy("mx1", _CERTIFICATE, _FOREIGN, "systemctl restart dovecot"),
    ),
    Fault(
        name="certificate expired",
        host="mx1",
        requirement="MAIL-6",
        about=rf"^certificate {_CERTIFICATE}: expired",
        inject=with_copy("mx1", _CERTIFICATE, _EXPIRED),
    ),
    Fault(
        name="another DKIM key in DNS",
        host="mx1",
        requirement="MAIL-24",
        about=r"^TXT mx1._domainkey.example.test: v=DKIM1; k=rsa; p=AAAA$",
        seen_from=("dc1", "mx1"),
        inject=_another_key,
    ),
    Fault(
        name="SPF lets everybody send",
        host="mx1",
        requirement="MAIL-24",
        about=r"^TXT example.test: v=spf1 \+all",
        inject=_record("@", "TXT", ["v=spf1 +all"], ["v=spf1 mx -all"]),
    ),
    Fault(
        name="mail led elsewhere",
        host="dc1",
        requirement="MAIL-12",
        about=r"^MX example.test: 10 elsewhere",
        inject=_record("@", "MX", ["10 elsewhere.example.test"], _MX),
    ),
    Fault(
        name="SRV record of IMAP missing",
        host="dc1",
        requirement="MAIL-17",
        about=r"^SRV _imaps._tcp.example.test: 0 1 993 mx1.corp.example.test$",
        inject=_record("_imaps._tcp", "SRV", _SRV[:1], _SRV),
    ),
    Fault(
        name="address of a mail server wrong in DNS",
        host="dc1",
        requirement="MAIL-21",
        about=r"^A mx2.corp.example.test: 198.51.100.99",
        inject=_record("mx2", "A", ["198.51.100.99"], ["198.51.100.144"], "corp.example.test"),
    ),
)
