# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to the collection: judge what the domain controllers say of the directory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ansible_collections.mailforest.stack.plugins.plugin_utils._answers import Answers, HostAnswers, Plan, Registered
from ansible_collections.mailforest.stack.plugins.plugin_utils._broken import broken
from ansible_collections.mailforest.stack.plugins.plugin_utils._finding import WARNING, Finding

_UNIQUE = {
    **dict.fromkeys(("schema", "naming"), "AD-21"),
    "rid": "AD-22",
    "pdc": "AD-23",
    "infrastructure": "AD-24",
    **dict.fromkeys(("domaindns", "forestdns"), "AD-19"),
}
"""Role to the requirement that it has one owner."""
_FEW_RIDS = 100_000_000


def _targets(values: Iterable[str]) -> list[str]:
    """The hosts that SRV records name: the last word of each."""
    return sorted({value.split()[-1].rstrip(".").lower() for value in values})


def of_srv(answers: HostAnswers, plan: Plan) -> Iterator[Finding]:
    """Sites whose clients are told of other domain controllers than their own."""
    answer = answers.get("__srv")
    if answer is None:
        return
    if "answers" not in answer:
        yield broken("AD-52", answers.host, "SRV records", answer)
        return
    seen = {row["name"].rstrip(".").lower(): row for row in answer["answers"]}
    for row in plan["srv"]:
        lookup: Mapping[str, Any] = seen.get(row["name"].lower(), {})
        expected, found = _targets(row["targets"]), _targets(lookup.get("values", []))
        if expected != found:
            yield Finding(
                requirement="AD-18" if "._sites.gc." in row["name"] else "AD-52",
                vantage=answers.host,
                subject=f"SRV {row['name']}",
                expected=", ".join(expected),
                found=", ".join(found) or lookup.get("error") or "nothing",
                cause="It was removed by hand, or the domain controller has not registered itself here.",
                remedy="Run site.yml, which places every domain controller in its site; "
                "samba_dnsupdate on the domain controller registers it anew.",
            )


def of_roles(answers: Answers) -> Iterator[Finding]:
    """Roles with several owners, or with another than declared, as every controller's own database says."""
    given = answers.given("__roles", "owners")
    for role, declared in answers.plan["fsmo"].items():
        proposal = answers.plan.get("fsmo_auto", {}).get(role)
        says: dict[str, list[str]] = {}
        for host, answer in given.items():
            says.setdefault(answer["owners"].get(role) or "nobody", []).append(host)
        if len(says) == 1 and proposal and min(says) != "nobody" and min(says) not in proposal["unfit"]:
            continue  # it stays where it was placed, wherever that was
        if says and set(says) != {declared}:
            unique = len(says) == 1
            yield Finding(
                requirement="AD-27" if unique else _UNIQUE[role],
                vantage=", ".join(given),
                subject=f"role {role}",
                expected=f"{declared}, on every domain controller",
                found=min(says)
                if unique
                else "; ".join(f"{owner} on {', '.join(hosts)}" for owner, hosts in says.items()),
                cause="The role was moved or seized by hand, or the inventory was changed and site.yml not run."
                if unique
                else "The domain controllers have not told each other of a move: replication fails.",
                remedy="Run site.yml, which moves the role."
                if unique
                else "Mend replication between them, then run site.yml, which moves the role.",
            )


def of_rids(answers: Answers) -> Iterator[Finding]:
    """A pool of relative identifiers that runs dry."""
    for host, answer in answers.given("__roles", "rid_pool").items():
        left = answer["rid_pool"].get("domain_left")
        if host == answer.get("owners", {}).get("rid") and left is not None and left < _FEW_RIDS:
            yield Finding(
                severity=WARNING,
                requirement="AD-22",
                vantage=host,
                subject="relative identifiers of the domain",
                expected=f"at least {_FEW_RIDS} left",
                found=f"{left} left",
                cause="Something makes and removes users, groups or computers again and again.",
                remedy="Find what uses them up: each new user, group and computer takes one for good.",
            )


def of_sysvol(answers: Answers) -> Iterator[Finding]:
    """Group policies whose files or ACLs are others than on the owner of the PDC emulator."""
    given = answers.given("__sysvol", "policies")
    source = next((host for host, answer in given.items() if host == answer["owner"]), "")
    for host, answer in given.items() if source else ():
        names = _different(answer, given[source])
        if names:
            yield Finding(
                requirement="AD-42",
                vantage=host,
                subject="files of the group policies",
                expected=f"those of {source}, which owns the PDC emulator",
                found=f"others: {', '.join(names)}",
                cause="Somebody changed files on one domain controller, or the synchronisation is stopped or refused.",
                remedy="Wait some minutes for mailforest-sysvol-sync.timer; systemctl status mailforest-sysvol-sync"
                " there tells whether it is refused, and why.",
            )


def _different(one: Registered, other: Registered) -> list[str]:
    """The policies that differ, or in whose place something else in SYSVOL does."""
    digests = ("sha256", "acl_sha256")
    names = [
        policy["name"]
        for guid, policy in other["policies"].items()
        if any(one["policies"].get(guid, {}).get(digest) != policy[digest] for digest in digests)
    ]
    whole = any(one[digest] != other[digest] for digest in digests)
    return names or (["logon scripts, or files of no policy"] if whole else [])


def of_records(answers: HostAnswers, plan: Plan) -> Iterator[Finding]:
    """Records of hosts and of mail that this domain controller's DNS lacks, or has otherwise."""
    answer = answers.get("__srv")
    if answer is None or "answers" not in answer:
        return
    seen = {(row["name"].rstrip(".").lower(), row["type"]): row for row in answer["answers"]}
    for row in plan["records"]:
        lookup: Mapping[str, Any] = seen.get((row["name"].lower(), row["type"]), {})
        expected = sorted(value.rstrip(".").lower() for value in row["values"])
        found = sorted(value.rstrip(".").lower() for value in lookup.get("values", []))
        if expected != found:
            yield Finding(
                requirement=row["requirement"],
                vantage=answers.host,
                subject=f"{row['type']} {row['name']}",
                expected=", ".join(expected),
                found=", ".join(found) or lookup.get("error") or "nothing",
                cause="The record was changed or removed by hand, or has not been replicated to this one yet.",
                remedy="Run site.yml, which writes it into the directory's DNS.",
            )


_LEVELS = {"2008_R2": 4, "2012": 5, "2012_R2": 6, "2016": 7}
_BY_HAND = "It was changed by hand, or has not been replicated to this domain controller yet."
_RUN = "Run site.yml, which writes it; mend replication where only some domain controllers say so."


def of_layout(answers: HostAnswers, plan: Plan) -> Iterator[Finding]:
    """Sites, placement, catalogues, levels and disabled users, as one controller's own database has them."""
    layout = (answers.get("__health") or {}).get("layout")
    if not layout:
        return
    for requirement, subject, expected, found in compare_layout(layout, plan):
        if expected != found:
            yield Finding(
                requirement=requirement,
                vantage=answers.host,
                subject=subject,
                expected=expected,
                found=found,
                cause=_BY_HAND,
                remedy=_RUN,
            )


_Row = tuple[str, str, str, str]
"""Requirement, subject, expected, found."""


def compare_layout(layout: Mapping[str, Any], plan: Plan) -> Iterator[_Row]:
    """Everything of the layout that is declared, and what stands there."""
    directory = plan["directory"]
    for site in directory["sites"]:
        yield "AD-6", f"site {site}", "there", "there" if site.lower() in layout["sites"] else "not there"
    for row in directory["subnets"]:
        found = layout["subnets"].get(row["subnet"])
        yield "AD-6", f"subnet {row['subnet']}", f"of {row['site']}".lower(), f"of {found}" if found else "not there"
    for row in directory["links"]:
        yield "AD-7", f"site link {row['name']}", _link(row), _link(layout["links"].get(row["name"].lower()))
    for row in directory["servers"]:
        yield from _server(row, layout["servers"].get(row["name"].lower()), layout["levels"]["domain"])
    yield from _levels(layout["levels"], _LEVELS.get(plan["forest"]["functional_level"], 0))
    for user in directory["users"]:
        wanted, disabled = "enabled" if user["enabled"] else "disabled", user["name"].lower() in layout["disabled"]
        yield "AD-14", f"user {user['name']}", wanted, "disabled" if disabled else "enabled"


def _link(row: Mapping[str, Any] | None) -> str:
    if row is None:
        return "not there"
    sites = " and ".join(sorted(site.lower() for site in row["sites"]))
    return f"between {sites}, cost {row['cost']}, every {row['interval']} minutes"


def _server(row: Mapping[str, Any], found: Mapping[str, Any] | None, domain: int) -> Iterator[_Row]:
    """A server that is not there at all is no row: its host says so, or is down."""
    subject = f"domain controller {row['name']}"
    if found is None:
        yield "AD-13", subject, "in the directory", "not there"
        return
    yield "AD-11", subject, f"in site {row['site']}".lower(), f"in site {found['site']}"
    yield "AD-18", subject, "a global catalogue", "a global catalogue" if found["global_catalog"] else "none"
    yield (
        "AD-7",
        subject,
        "replication in both directions",
        ("replication in both directions" if found["replicates"] else "replication was switched off"),
    )
    enough = found["level"] >= domain
    yield "AD-46", subject, f"level {domain} or higher", f"level {domain} or higher" if enough else str(found["level"])


def _levels(levels: Mapping[str, int], declared: int) -> Iterator[_Row]:
    """A higher one than declared was raised on purpose: nothing lowers it."""
    for name in ("domain", "forest"):
        least = f"{declared} or higher"
        yield (
            "AD-46",
            f"functional level of the {name}",
            least,
            least if levels[name] >= declared else str(levels[name]),
        )
    above = levels["forest"] > levels["domain"]
    yield (
        "AD-49",
        "functional levels",
        "the forest's not above the domain's",
        (f"forest {levels['forest']}, domain {levels['domain']}" if above else "the forest's not above the domain's"),
    )
