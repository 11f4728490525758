# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to the collection: judge what every vantage point saw, and say what is not as declared."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.mailforest.stack.plugins.plugin_utils._answers import Answers, HostAnswers, Plan, Registered
from ansible_collections.mailforest.stack.plugins.plugin_utils._finding import WARNING, Finding
from ansible_collections.mailforest.stack.plugins.plugin_utils._names import of_names

_UNIQUE = {
    **dict.fromkeys(("schema", "naming"), "AD-21"),
    "rid": "AD-22",
    "pdc": "AD-23",
    "infrastructure": "AD-24",
    **dict.fromkeys(("domaindns", "forestdns"), "AD-19"),
}
"""Role to the requirement that it has one owner."""
_FEW_RIDS = 100_000_000
_SHORT = 80
_BROKE_OFF = "See the journal of the service on the host; ansible-playbook -vvv shows where the module broke off."


def _line(text: str) -> str:
    """The text in one line, without what Ansible puts before it."""
    return " ".join(text.split()).removeprefix("Task failed: ")


@dataclass(frozen=True, kw_only=True)
class Question:
    """A task whose module says itself what is wrong, in `problems`."""

    registered: str
    requirement: str
    subject: str
    expected: str


_TOLD = (
    Question(
        registered="__locator",
        requirement="AD-52",
        subject="domain controller for a client of {site}",
        expected="one of site {site}",
    ),
    Question(
        registered="__replication",
        requirement="AD-7",
        subject="replication",
        expected="every partner's changes, lately and without failures",
    ),
    Question(
        registered="__sysvol",
        requirement="AD-42",
        subject="files of the group policies",
        expected="those that the directory lists, with their ACLs",
    ),
    Question(
        registered="__health",
        requirement="AD-15",
        subject="the domain controller itself",
        expected="its names in DNS, signed time, a certificate that is valid for weeks, files and logins of root alone",
    ),
    Question(
        registered="__tunnels", requirement="AD-11", subject="tunnels to linked sites", expected="each one connected"
    ),
)


def _broken(requirement: str, host: str, subject: str, answer: Registered) -> Finding:
    """A task that did not come to an answer."""
    return Finding(
        requirement=requirement,
        vantage=host,
        subject=subject,
        expected="an answer",
        found=_line(answer.get("msg") or "none: the module broke off"),
        remedy=_BROKE_OFF,
    )


def _unreached(answers: HostAnswers) -> Iterator[Finding]:
    if why := answers.missing:
        yield Finding(
            requirement="",
            vantage="controller",
            subject=answers.host,
            expected="a host that can be logged in to",
            found=_line(why),
            remedy="Start the host, or correct its address, its route or the firewall in front of it; "
            "what it sees and does was not verified.",
        )


def _of_ports(answers: HostAnswers) -> Iterator[Finding]:
    """Ports that are open and should not be, or the other way round."""
    answer = answers.get("__ports")
    if answer is None:
        return
    if "results" not in answer:
        yield _broken("AD-10", answers.host, "ports", answer)
    for result in answer.get("results", []):
        if not result["passed"]:
            detail = f" ({result['detail']})" if result["detail"] else ""
            endpoint = f"{result['host']}:{result['port']}/{result['transport']}"
            yield Finding(
                requirement=result["requirement"],
                vantage=answers.host,
                subject=f"{result['name']} at {endpoint}" if result["name"] else endpoint,
                expected=result["expected"],
                found=f"{result['verdict']}{detail}",
                remedy=result["remedy"],
            )


def _told(answers: HostAnswers, question: Question, site: str) -> Iterator[Finding]:
    """What the module itself calls a problem."""
    answer = answers.get(question.registered)
    if answer is None:
        return
    subject = question.subject.format(site=site)
    if "problems" not in answer:
        yield _broken(question.requirement, answers.host, subject, answer)
    for problem in answer.get("problems", []):
        yield Finding(
            requirement=question.requirement,
            vantage=answers.host,
            subject=subject,
            expected=question.expected.format(site=site),
            found=_line(problem),
        )


def _of_flows(answers: HostAnswers) -> Iterator[Finding]:
    """Messages that did not arrive once everywhere."""
    for result in answers.items("__flows"):
        flow = result.get("item")
        subject = f"mail to {flow['address']} by {flow['server']}:{flow['submission']['port']}" if flow else "mail"
        if "problems" not in result:
            yield _broken("MAIL-12", answers.host, subject, result)
        for problem in result.get("problems", []):
            yield Finding(
                requirement="MAIL-12",
                vantage=answers.host,
                subject=subject,
                expected="one copy, seen through every mail server",
                found=_line(problem),
            )


def _targets(values: Iterable[str]) -> list[str]:
    """The hosts that SRV records name: the last word of each."""
    return sorted({value.split()[-1].rstrip(".").lower() for value in values})


def _of_srv(answers: HostAnswers, plan: Plan) -> Iterator[Finding]:
    """Sites whose clients are told of other domain controllers than their own."""
    answer = answers.get("__srv")
    if answer is None:
        return
    if "answers" not in answer:
        yield _broken("AD-52", answers.host, "SRV records", answer)
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
                remedy="Run site.yml, which places every domain controller in its site; "
                "samba_dnsupdate on the domain controller registers it anew.",
            )


def _of_texts(answers: HostAnswers, plan: Plan) -> Iterator[Finding]:
    """SPF, DMARC and the keys of this mail server, which others judge its mail by, as DNS has them."""
    answer = answers.get("__texts")
    if answer is None:
        return
    keys: Registered = answers.get("__dkim") or {}
    if "answers" not in answer or "records" not in keys:
        yield _broken("MAIL-24", answers.host, "records of the mail domains", keys if "answers" in answer else answer)
        return
    values = {row["name"].rstrip(".").lower(): row for row in answer["answers"]}
    signing = {row["name"]: "" for row in plan["mail"]["signing"] if row["host"] == answers.host and row["zone"]}
    signing |= {row["name"]: row["value"] for row in keys["records"] if row["name"] in signing}
    for name, expected in [*((row["name"], row["value"]) for row in plan["mail"]["texts"]), *signing.items()]:
        seen = values.get(name.lower(), {})
        found = [value for value in seen.get("values", []) if _kind(value) == (_kind(expected) or "v=DKIM1")]
        if found != [expected]:
            yield Finding(
                requirement="MAIL-24",
                vantage=answers.host,
                subject=f"TXT {name}",
                expected=_short(expected) or "the key that this server signs with, which it lacks",
                found=" and ".join(map(_short, found)) or seen.get("error") or "nothing of this kind",
                remedy="Run site.yml, which writes it into the directory's DNS.",
            )


def _kind(value: str) -> str:
    """What a TXT record is of, such as `v=spf1`."""
    return value.partition(";")[0].partition(" ")[0]


def _short(value: str) -> str:
    """The value, without most of a key."""
    return value if len(value) <= _SHORT else f"{value[:_SHORT]}..."


def _of_host(answers: HostAnswers, plan: Plan) -> Iterator[Finding]:
    """All findings of one vantage point."""
    if answers.missing:
        yield from _unreached(answers)
        return
    site = plan["hosts"].get(answers.host, {}).get("site", "")
    yield from _of_ports(answers)
    for question in _TOLD:
        yield from _told(answers, question, site)
    yield from _of_srv(answers, plan)
    yield from _of_texts(answers, plan)
    yield from of_names(answers, plan)
    yield from _of_flows(answers)
    if answers.broken:
        yield Finding(
            requirement="",
            vantage=answers.host,
            subject=f"questions to {answers.host}",
            expected="an answer to each",
            found="a task that failed; those after it were not asked",
            remedy="The task's own message stands further above.",
        )
    roles = answers.get("__roles")
    if roles is not None and "owners" not in roles:
        yield _broken("AD-21", answers.host, "owners of the roles", roles)


def _of_roles(answers: Answers) -> Iterator[Finding]:
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
                remedy="Run site.yml, which moves the role."
                if unique
                else "Mend replication between them, then run site.yml, which moves the role.",
            )


def _of_rids(answers: Answers) -> Iterator[Finding]:
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
                remedy="Find what uses them up: each new user, group and computer takes one for good.",
            )


def _of_sysvol(answers: Answers) -> Iterator[Finding]:
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


def _of_topology(answers: Answers) -> Iterator[Finding]:
    """The warnings of the topology's rules."""
    for warning in answers.plan["warnings"]:
        yield Finding(
            severity=WARNING,
            requirement=warning["requirement"],
            vantage="inventory",
            subject=warning["place"],
            expected=f"rule {warning['rule']}",
            found=warning["message"],
            remedy=warning["remedy"],
        )


_OF_ALL: Sequence[Callable[[Answers], Iterator[Finding]]] = (_of_roles, _of_rids, _of_sysvol, _of_topology)


def judge(answers: Answers) -> list[Finding]:
    """All findings, sorted."""
    found = [finding for host in answers.by_host.values() for finding in _of_host(host, answers.plan)]
    found += [finding for rule in _OF_ALL for finding in rule(answers)]
    return sorted(found, key=lambda finding: finding.order)
