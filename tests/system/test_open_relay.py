# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""MAIL-18: the ways that were ever used to send through a server that is not one's own, from everywhere.

From the Internet at the public addresses; from every host of the offices, other mail servers among them, at the
servers' own. Each attempt is one session, which then sends to a user who is here: refusing all does not pass.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache

import pytest
from ansible_collections.mailforest.stack.tests.system.support import office as offices
from ansible_collections.mailforest.stack.tests.system.support.hosts import at

OFFICE = offices.current()
STRANGER = "stranger@elsewhere.example"
NOBODY = "user@elsewhere.example"


@dataclass(frozen=True)
class Attempt:
    """Sender and recipient as they stand between the angle brackets."""

    name: str
    recipient: str
    sender: str = STRANGER


ATTEMPTS = (
    Attempt("plain", NOBODY),
    Attempt("sender of our domain", NOBODY, "{user}"),
    Attempt("unknown sender of our domain", NOBODY, "no-such-user@{domain}"),
    Attempt("postmaster as sender", NOBODY, "postmaster@{domain}"),
    Attempt("the server as sender", NOBODY, "root@{host}"),
    Attempt("the server's address as sender", NOBODY, "root@[{address}]"),
    Attempt("localhost as sender", NOBODY, "root@localhost.localdomain"),
    Attempt("null sender", NOBODY, ""),
    Attempt("percent hack at our domain", "user%elsewhere.example@{domain}"),
    Attempt("percent hack at the server", "user%elsewhere.example@{host}"),
    Attempt("percent hack at its address", "user%elsewhere.example@[{address}]"),
    Attempt("percent hack at localhost", "user%elsewhere.example@localhost"),
    Attempt("percent hack alone", "user%elsewhere.example"),
    Attempt("percent hack twice", "user%elsewhere.example%{host}@{domain}"),
    Attempt("bang path alone", "elsewhere.example!user"),
    Attempt("bang path at our domain", "elsewhere.example!user@{domain}"),
    Attempt("bang path at the server", "elsewhere.example!user@{host}"),
    Attempt("bang path at its address", "elsewhere.example!user@[{address}]"),
    Attempt("bang path through the server", "{host}!elsewhere.example!user"),
    Attempt("bang path and percent hack", "elsewhere.example!user%other.example@{domain}"),
    Attempt("quoted address alone", '"user@elsewhere.example"'),
    Attempt("quoted address at our domain", '"user@elsewhere.example"@{domain}'),
    Attempt("quoted address at the server", '"user@elsewhere.example"@{host}'),
    Attempt("quoted address at its address", '"user@elsewhere.example"@[{address}]'),
    Attempt("quoted percent hack", '"user%elsewhere.example"@{domain}'),
    Attempt("quoted percent hack at the server", '"user%elsewhere.example"@{host}'),
    Attempt("quoted bang path", '"elsewhere.example!user"@{host}'),
    Attempt("escaped at", "user\\@elsewhere.example@{domain}"),
    Attempt("source route by our domain", "@{domain}:user@elsewhere.example"),
    Attempt("source route by the server", "@{host}:user@elsewhere.example"),
    Attempt("source route by its address", "@[{address}]:user@elsewhere.example"),
    Attempt("source route by two", "@{host},@other.example:user@elsewhere.example"),
    Attempt("two domains, ours last", "user@elsewhere.example@{domain}"),
    Attempt("two domains, ours first", "user@{domain}@elsewhere.example"),
    Attempt("address literal", "user@[198.51.100.10]"),
    Attempt("IPv6 literal", "user@[IPv6:2001:db8::1]"),
    Attempt("below our domain", "user@sub.{domain}"),
    Attempt("dot at the end", "user@elsewhere.example."),
    Attempt("comment", "user@elsewhere.example({domain})"),
    Attempt("space", "user @elsewhere.example"),
)
WAYS = [
    *(("outside", server) for server in OFFICE.mail_servers),
    *((name, server) for name in OFFICE.hosts for server in OFFICE.mail_servers if name != server),
]


def _address(vantage: str, server: str) -> str:
    """Where the vantage point reaches the server: from the Internet, at the gateway of its site."""
    if vantage != "outside":
        return OFFICE.addresses[server]
    (gateway,) = OFFICE.in_site(OFFICE.sites[server], OFFICE.gateways)
    return OFFICE.public_addresses[gateway]


def _resident(server: str) -> str:
    """The address of a user whose home is the server: another mail server may send to no other."""
    homes = OFFICE.mail["home"]
    return next(
        str(user["email"])
        for user in OFFICE.users
        if user.get("email") and (len(OFFICE.mail_servers) == 1 or homes[user["site"]] == server)
    )


@cache
def _answers(vantage: str, server: str) -> dict[str, list[int]]:
    """Each attempt by name: the answers to the recipient, and then to one who is here."""
    words = {
        "user": _resident(server),
        "domain": OFFICE.mail_domain,
        "host": OFFICE.fqdn(server),
        "address": OFFICE.addresses[server],
    }
    attempts = [(row.name, row.sender.format(**words), row.recipient.format(**words)) for row in ATTEMPTS]
    given = json.dumps([_address(vantage, server), STRANGER, _resident(server), attempts])
    done = at(vantage).run("python3 -c %s %s", _SCRIPT, given)
    assert done.rc == 0, done.stderr
    found: dict[str, list[int]] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize(("vantage", "server"), WAYS, ids=lambda name: name)
@pytest.mark.parametrize("attempt", ATTEMPTS, ids=lambda attempt: attempt.name)
def test_no_way_leads_through(attempt: Attempt, vantage: str, server: str) -> None:
    refused, taken = _answers(vantage, server)[attempt.name]
    assert 500 <= refused < 600
    assert taken == 250, "the control: a user who is here"


_SCRIPT = """
import concurrent.futures, json, smtplib, sys
address, stranger, user, attempts = json.loads(sys.argv[1])
def attempt(row):
    name, sender, recipient = row
    with smtplib.SMTP(address, 25, timeout=60, local_hostname="client.elsewhere.example") as session:
        session.ehlo()
        code, answer = session.docmd("MAIL", f"FROM:<{sender}>")
        if code == 250:
            code, answer = session.docmd("RCPT", f"TO:<{recipient}>")
        session.rset()
        session.docmd("MAIL", f"FROM:<{stranger}>")
        return name, (code, session.docmd("RCPT", f"TO:<{user}>")[0])
with concurrent.futures.ThreadPoolExecutor(4) as pool:
    print(json.dumps(dict(pool.map(attempt, attempts))))
"""
