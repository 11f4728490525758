# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to the collection: judge what the mail servers, and who uses them, say of mail."""

from __future__ import annotations

from collections.abc import Iterator

from ansible_collections.mailforest.stack.plugins.plugin_utils._answers import (
    HostAnswers,
    Plan,
    Registered,
    flow_subject,
)
from ansible_collections.mailforest.stack.plugins.plugin_utils._broken import broken, line
from ansible_collections.mailforest.stack.plugins.plugin_utils._finding import WARNING, Finding

_SHORT = 80
_LONG = 30
"""Days after which keys that are out of use should be gone."""


def of_flows(answers: HostAnswers) -> Iterator[Finding]:
    """Messages that did not arrive once everywhere."""
    for result in answers.items("__flows"):
        flow = result.get("item")
        subject = flow_subject(flow) if flow else "mail"
        if "problems" not in result:
            yield broken("MAIL-12", answers.host, subject, result)
        for problem in result.get("problems", []):
            yield Finding(
                requirement="MAIL-12",
                vantage=answers.host,
                subject=subject,
                expected="one copy, seen through every mail server",
                found=line(problem),
            )


def of_texts(answers: HostAnswers, plan: Plan) -> Iterator[Finding]:
    """SPF, DMARC and the keys of this mail server, which others judge its mail by, as DNS has them."""
    answer = answers.get("__texts")
    if answer is None:
        return
    keys: Registered = answers.get("__dkim") or {}
    if "answers" not in answer or "records" not in keys:
        yield broken("MAIL-24", answers.host, "records of the mail domains", keys if "answers" in answer else answer)
        return
    values = {row["name"].rstrip(".").lower(): row for row in answer["answers"]}
    texts = ((row["name"], row["value"]) for row in plan["mail"]["texts"])
    for name, expected in [*texts, *_signing(answers.host, keys, plan)]:
        seen = values.get(name.lower(), {})
        found = [value for value in seen.get("values", []) if _kind(value) == (_kind(expected) or "v=DKIM1")]
        if found != [expected]:
            yield Finding(
                requirement="MAIL-24",
                vantage=answers.host,
                subject=f"TXT {name}",
                expected=_short(expected) or "the key that this server signs with, which it lacks",
                found=" and ".join(map(_short, found)) or seen.get("error") or "nothing of this kind",
                cause="The record or the key was changed by hand, or the mail server has made a new key since.",
                remedy="Run site.yml, which writes it into the directory's DNS.",
            )


def _signing(host: str, keys: Registered, plan: Plan) -> Iterator[tuple[str, str]]:
    """Name and value of the keys that others verify this server's mail by; no value where it has none for a domain."""
    for row in plan["mail"]["signing"]:
        if row["host"] == host and row["zone"]:
            used = [key for key in keys["records"] if key["domain"] == row["domain"] and key["use"] != "next"]
            yield from ((key["name"], key["value"]) for key in used)
            if not used:
                yield row["name"], ""


def of_rotation(answers: HostAnswers) -> Iterator[Finding]:
    """A change of signing keys that nobody went on with."""
    rotation = (answers.get("__dkim") or {}).get("rotation", {})
    if not rotation:
        return
    begun, former = rotation["next"] or (rotation["former"] if not rotation["settled"] else ""), rotation["former"]
    if begun:
        yield _unfinished(answers.host, f"that of {begun} was begun and not completed")
    elif rotation["former_days"] > _LONG:
        days = rotation["former_days"]
        yield _unfinished(answers.host, f"{former} has signed nothing for {days} days, and is still published")


def _unfinished(host: str, found: str) -> Finding:
    return Finding(
        severity=WARNING,
        requirement="MAIL-24",
        vantage=host,
        subject=f"signing keys of {host}",
        expected="no change of keys is under way",
        found=found,
        remedy="Run rotate_dkim, which goes on where it stopped (docs/operations/signing-keys.md).",
    )


def _kind(value: str) -> str:
    """What a TXT record is of, such as `v=spf1`."""
    return value.partition(";")[0].partition(" ")[0]


def _short(value: str) -> str:
    """The value, without most of a key."""
    return value if len(value) <= _SHORT else f"{value[:_SHORT]}..."


def of_relaying(answers: HostAnswers) -> Iterator[Finding]:
    """Mail servers that pass on a stranger's mail."""
    answer = answers.get("__relaying")
    if answer is None:
        return
    if "replies" not in answer:
        yield broken("MAIL-18", answers.host, "relaying", answer)
    for reply in answer.get("replies", []):
        if reply["relays"]:
            yield Finding(
                requirement="MAIL-18",
                vantage=answers.host,
                subject=f"relaying by {reply['server']}",
                expected="a stranger's mail to others is refused",
                found=f"{reply['code']} {reply['text']}, from <{reply['sender']}> without a login",
                cause="Networks or domains were added to what Postfix passes on.",
                remedy="Run site.yml at once: an open relay is used for spam, and blocked, within hours.",
            )
