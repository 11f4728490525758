# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to the collection: what is left for the administrator to do, each with how."""

from __future__ import annotations

from collections.abc import Iterator

from ansible_collections.mailforest.stack.plugins.plugin_utils._answers import Answers, Plan
from ansible_collections.mailforest.stack.plugins.plugin_utils._summary_mail import unknown_keys


def left_to_do(answers: Answers) -> list[str]:
    """A sentence or two for each."""
    plan = answers.plan
    return [*_public_names(answers), *_signing(answers), *_policies(plan), *_outside_looks(plan), *_backups(plan)]


def _public_names(answers: Answers) -> Iterator[str]:
    """The public DNS, as far as an observer has not found it as it must be."""
    mail = answers.plan["mail"]
    if not mail["published"]:
        return
    named = {row["host"] for row in mail["names"]}
    if hidden := [server for server in mail["servers"] if server not in named]:
        yield (
            f"No address on the Internet is known of {', '.join(hidden)}, so nobody there can send mail to it: set "
            "mailforest_public_address of the host, or of its site's gateway."
        )
    seen = {
        (kind, found["name"].rstrip(".").lower())
        for registered, kind in (("__names", "A"), ("__addresses", "PTR"))
        for answer in answers.given(registered, "answers").values()
        for found in answer["answers"]
        if found["values"]
    }
    wanted = {("A", row["name"]) for row in mail["names"]} | {("PTR", row["reverse"]) for row in mail["names"]}
    if missing := sorted(f"{kind} of {name}" for kind, name in wanted - seen):
        yield (
            f"The public DNS: nobody has seen {', '.join(missing)}. Bring the records above there, and ask who gave "
            "you the addresses for the PTR records."
        )


def _signing(answers: Answers) -> Iterator[str]:
    if names := list(unknown_keys(answers)):
        yield (
            f"The keys that mail is signed with are not known to this run: {', '.join(names)}. A whole run of site.yml "
            "makes them, and writes their records with the others."
        )


def _policies(plan: Plan) -> Iterator[str]:
    """Policies that only watch: right for a beginning, and easily forgotten."""
    lines = [line for zone in plan["outside_dns"] for line in zone["lines"]]
    if any('"v=DMARC1; p=none' in line for line in lines):
        yield (
            "DMARC only watches (p=none): once all your mail is signed and arrives, set dmarc of mailforest_mail to "
            "quarantine or reject."
        )
    if plan["mail"]["sts"]["mode"] == "testing":
        yield "MTA-STS only watches (testing): once the reports are clean, set mta_sts of mailforest_mail to enforce."


def _outside_looks(plan: Plan) -> Iterator[str]:
    if not set(plan["expectations"]) - set(plan["hosts"]):
        yield (
            "Nobody looks from outside, so no closed port is proven closed to the Internet: put a host elsewhere into "
            "mailforest_observers."
        )


def _backups(plan: Plan) -> Iterator[str]:
    if not plan["backup"]["recipients"]:
        yield "The directory is not backed up: set mailforest_backup_recipients to the keys that may read backups."
