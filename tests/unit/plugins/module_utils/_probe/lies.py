# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Servers that lie, each with an honest one beside it, and what must be said of the lie."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.mailforest.stack.plugins.module_utils._probe import Stage, Verdict
from ansible_collections.mailforest.stack.tests.unit.plugins.module_utils._probe import fakes
from ansible_collections.mailforest.stack.tests.unit.plugins.module_utils._probe.fakes import Authority, Behaviour

OLD = ssl.TLSVersion.TLSv1
OFFERS_LOGIN = "250-mx1.example.test\n250-STARTTLS\n250 AUTH PLAIN LOGIN"
SMTPS = {"protocol": "smtp", "tls": "implicit"}
SUBMISSION = {"protocol": "smtp", "tls": "starttls"}
IMAP = {"protocol": "imap", "tls": "starttls"}
IMAPS = {"protocol": "imap", "tls": "implicit"}
POP3 = {"protocol": "pop3", "tls": "starttls"}


@dataclass(frozen=True, kw_only=True)
class World:
    """Two authorities, one of which the checks trust."""

    authority: Authority
    stranger: Authority

    def smtp(self, **changes: object) -> Behaviour:
        """An honest submission server."""
        return fakes.smtp(context=self.authority.context(), **changes)

    def imap(self) -> Behaviour:
        """An honest IMAP server."""
        return fakes.imap(context=self.authority.context())

    def pop3(self) -> Behaviour:
        """An honest POP3 server."""
        return fakes.pop3(context=self.authority.context())

    def imaps(self, context: ssl.SSLContext | None = None) -> Behaviour:
        """An IMAP server with TLS from the first byte."""
        return fakes.over_tls(context or self.authority.context(), fakes.imap())

    def smtps(self, context: ssl.SSLContext | None = None) -> Behaviour:
        """A submission server with TLS from the first byte."""
        return fakes.over_tls(context or self.authority.context(), fakes.smtp())

    def old(self, newest: ssl.TLSVersion) -> ssl.SSLContext:
        """What a server is set up with that still takes TLS 1.0."""
        return fakes.with_old_tls(self.authority.context(), newest=newest)


Server = Callable[[World], Behaviour]


@dataclass(frozen=True, kw_only=True)
class Lie:
    """A server that lies, one that does not, and what the same check says of the first."""

    name: str
    server: Server
    honest: Server
    verdict: Verdict
    stage: Stage
    detail: str
    keys: dict[str, Any] = field(default_factory=dict)


UNKNOWN, WRONG_TLS, WRONG_PROTOCOL, BAD = (
    Verdict.UNKNOWN,
    Verdict.WRONG_TLS,
    Verdict.WRONG_PROTOCOL,
    Verdict.BAD_CERTIFICATE,
)


def lie(name: str, server: Server, honest: Server, verdict: Verdict, stage: Stage, detail: str, **keys: object) -> Lie:
    """One row of the table."""
    return Lie(name=name, server=server, honest=honest, verdict=verdict, stage=stage, detail=detail, keys=keys)


LIES = (
    lie(
        "accepts and says nothing",
        lambda w: fakes.silence,
        World.smtp,
        UNKNOWN,
        Stage.BANNER,
        "said nothing in time",
        **SUBMISSION,
        timeout=0.5,
    ),
    lie(
        "a tunnel whose far end is dead",
        lambda w: fakes.resets,
        World.smtp,
        UNKNOWN,
        Stage.BANNER,
        "Connection reset",
        **SUBMISSION,
    ),
    lie(
        "a proxy before TLS whose back end is dead",
        lambda w: fakes.resets,
        World.imaps,
        UNKNOWN,
        Stage.TLS,
        "accepted the connection, then",
        **IMAPS,
    ),
    lie(
        "an expired certificate",
        lambda w: w.imaps(w.authority.context(days=(-30, -1))),
        World.imaps,
        BAD,
        Stage.TLS,
        "certificate has expired",
        **IMAPS,
    ),
    lie(
        "a certificate of the future",
        lambda w: w.imaps(w.authority.context(days=(1, 30))),
        World.imaps,
        BAD,
        Stage.TLS,
        "certificate is not yet valid",
        **IMAPS,
    ),
    lie(
        "a foreign certificate",
        lambda w: w.imaps(w.stranger.context()),
        World.imaps,
        BAD,
        Stage.TLS,
        "unable to get local issuer certificate",
        **IMAPS,
    ),
    lie(
        "a certificate of another name",
        lambda w: w.imaps(w.authority.context(names=("mx2.example.test",))),
        World.imaps,
        BAD,
        Stage.TLS,
        "Hostname mismatch",
        **IMAPS,
    ),
    lie(
        "a certificate that ends soon",
        lambda w: w.imaps(w.authority.context(days=(-1, 5.5))),
        World.imaps,
        BAD,
        Stage.TLS,
        "ends in 5 days, fewer than 14",
        **IMAPS,
        min_days_left=14,
    ),
    lie(
        "a login offered in the clear",
        lambda w: w.smtp(EHLO=OFFERS_LOGIN),
        World.smtp,
        WRONG_TLS,
        Stage.BANNER,
        "offers before TLS what gives passwords away: PLAIN, LOGIN",
        **SUBMISSION,
        cleartext_auth="refused",
    ),
    lie(
        "a login taken up in the clear that is not offered",
        lambda w: w.smtp(AUTH="334 "),
        World.smtp,
        WRONG_TLS,
        Stage.BANNER,
        "takes up a login before TLS",
        **SUBMISSION,
        cleartext_auth="refused",
    ),
    lie(
        "a login offered on port 25",
        lambda w: w.smtp(after_tls={"EHLO": OFFERS_LOGIN}),
        lambda w: w.smtp(after_tls={"EHLO": "250 mx1.example.test"}),
        WRONG_PROTOCOL,
        Stage.PROTOCOL,
        "offers a login after TLS (PLAIN, LOGIN)",
        **SUBMISSION,
        auth_offered=False,
    ),
    lie(
        "a login that nobody can use",
        lambda w: w.smtp(after_tls={"EHLO": "250-mx1.example.test\n250 AUTH CRAM-MD5"}),
        World.smtp,
        WRONG_PROTOCOL,
        Stage.PROTOCOL,
        "does not offer PLAIN to log in; offers CRAM-MD5",
        **SUBMISSION,
        mechanisms=["plain"],
    ),
    lie(
        "STARTTLS missing",
        lambda w: w.smtp(EHLO="250 mx1.example.test", STARTTLS="502 5.5.1 unknown"),
        World.smtp,
        WRONG_TLS,
        Stage.BANNER,
        "SMTP without STARTTLS: '502 5.5.1 unknown'",
        **SUBMISSION,
    ),
    lie(
        "STARTTLS announced and refused",
        lambda w: w.smtp(STARTTLS="454 4.7.0 TLS not available"),
        World.smtp,
        WRONG_TLS,
        Stage.BANNER,
        "454 4.7.0 TLS not available",
        **SUBMISSION,
    ),
    lie(
        "STARTTLS agreed to, and no TLS behind it",
        lambda w: fakes.smtp(),
        World.smtp,
        WRONG_TLS,
        Stage.TLS,
        "plain text where TLS was expected",
        **SUBMISSION,
    ),
    lie(
        "more said in the clear after STARTTLS",
        lambda w: w.smtp(injected="\n250 AUTH PLAIN"),
        World.smtp,
        WRONG_TLS,
        Stage.TLS,
        "sent more in the clear",
        **SUBMISSION,
    ),
    lie(
        "TLS 1.0 taken beside newer ones",
        lambda w: w.imaps(w.old(ssl.TLSVersion.TLSv1_3)),
        World.imaps,
        WRONG_TLS,
        Stage.TLS,
        "accepts TLSv1.1, which is older than TLSv1.2",
        **IMAPS,
        tls_minimum="TLSv1.2",
    ),
    lie(
        "TLS 1.0 and nothing newer",
        lambda w: w.imaps(w.old(OLD)),
        World.imaps,
        WRONG_TLS,
        Stage.TLS,
        "TLS failed",
        **IMAPS,
    ),
    lie("POP3 on the port of IMAP", World.pop3, World.imap, WRONG_PROTOCOL, Stage.BANNER, "which is POP3", **IMAP),
    lie("SMTP on the port of POP3", World.smtp, World.pop3, WRONG_PROTOCOL, Stage.BANNER, "which is SMTP", **POP3),
    lie(
        "the clear on a port of implicit TLS",
        World.smtp,
        World.smtps,
        WRONG_TLS,
        Stage.TLS,
        "plain text where TLS was expected: '220 mx1.example.test ESMTP",
        **SMTPS,
    ),
    lie(
        "implicit TLS on a port of STARTTLS",
        World.smtps,
        World.smtp,
        WRONG_TLS,
        Stage.BANNER,
        "TLS from the first byte",
        **SUBMISSION,
        timeout=0.5,
    ),
    lie(
        "a load balancer's web page",
        lambda w: fakes.says(b"HTTP/1.1 503 Service Unavailable\r\n\r\n"),
        World.imap,
        WRONG_PROTOCOL,
        Stage.BANNER,
        "which is HTTP",
        **IMAP,
    ),
    lie(
        "a greeting that puts off",
        lambda w: w.smtp(greeting="421 4.3.2 all servers are busy"),
        World.smtp,
        UNKNOWN,
        Stage.BANNER,
        "turned the probe away: '421 4.3.2 all servers are busy'",
        **SUBMISSION,
    ),
    lie(
        "a greeting that sends away",
        lambda w: w.smtp(greeting="554 5.7.1 no service here"),
        World.smtp,
        UNKNOWN,
        Stage.BANNER,
        "turned the probe away: '554 5.7.1 no service here'",
        **SUBMISSION,
    ),
    lie(
        "a byte now and then for ever",
        lambda w: fakes.repeats(b"2", every=0.2),
        World.smtp,
        UNKNOWN,
        Stage.BANNER,
        "and no whole answer: '22",
        **SUBMISSION,
        timeout=1,
    ),
    lie(
        "a banner without end",
        lambda w: fakes.repeats(b"2" * 65536),
        World.smtp,
        WRONG_PROTOCOL,
        Stage.BANNER,
        "without a line end",
        **SUBMISSION,
    ),
    lie(
        "lines without end",
        lambda w: fakes.repeats(b"220-mx1.example.test " + b"x" * 8000 + b"\r\n"),
        World.smtp,
        WRONG_PROTOCOL,
        Stage.BANNER,
        "bytes without end",
        **SUBMISSION,
    ),
    lie(
        "answers without end inside TLS",
        lambda w: fakes.over_tls(w.authority.context(), fakes.repeats(b"* x" + b"x" * 8000 + b"\r\n")),
        World.imaps,
        WRONG_PROTOCOL,
        Stage.BANNER,
        "which is not IMAP",
        **IMAPS,
    ),
)
