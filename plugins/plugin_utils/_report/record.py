# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to the collection: a run of the verification as plain, typed data; every format is made from it.

`as_json` is an interface: docs/verify.md describes it. A change that a reader would notice raises SCHEMA.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from ansible_collections.mailforest.stack.plugins.plugin_utils._answers import Answers, port_subject
from ansible_collections.mailforest.stack.plugins.plugin_utils._finding import ERROR, WARNING, Finding, tally
from ansible_collections.mailforest.stack.plugins.plugin_utils._report.certificates import Certificate, certificates
from ansible_collections.mailforest.stack.plugins.plugin_utils._report.checks import Check, Outcome, all_checks

SCHEMA = 1
OK, UNKNOWN = "ok", "unknown"


@dataclass(frozen=True, kw_only=True)
class Host:
    """A host of the system, or an observer (which has no site)."""

    name: str
    site: str
    address: str
    public_address: str
    functions: tuple[str, ...]
    state: str
    """`ok`, `warning`, `error`; `unknown` where it did not answer."""


@dataclass(frozen=True, kw_only=True)
class Site:
    """A site."""

    name: str
    subnets: tuple[str, ...]
    gateway: str


@dataclass(frozen=True, kw_only=True)
class Link:
    """A site link."""

    name: str
    sites: tuple[str, ...]
    cost: int
    interval: int


@dataclass(frozen=True, kw_only=True)
class Tunnel:
    """One end of a tunnel."""

    host: str
    peer: str
    remote: str
    port: int
    state: str
    round_trip_ms: float | None
    problem: str


@dataclass(frozen=True, kw_only=True)
class Role:
    """An FSMO role: who is to own it, and who does as each controller sees it ("" for nobody)."""

    name: str
    declared: str
    seen: Mapping[str, str]
    state: str


@dataclass(frozen=True, kw_only=True)
class Pull:
    """One controller that pulls from another: its oldest partition counts."""

    controller: str
    source: str
    partitions: int
    age: int | None
    """Seconds since the last success; none where there was none."""
    failures: int


@dataclass(frozen=True, kw_only=True)
class Port:
    """A port as one vantage point was to find it."""

    vantage: str
    target: str
    service: str
    transport: str
    address: str
    port: int
    expected: str
    outcome: Outcome
    verdict: str
    """What it was; "" where only failures were reported, or nothing was looked at."""


@dataclass(frozen=True, kw_only=True)
class Flow:
    """A message's way."""

    vantage: str
    server: str
    port: int
    tls: str
    address: str
    state: str
    hops: tuple[Mapping[str, str], ...]
    """`sender`, `by`, `protocol`, `tls` of each."""
    readings: tuple[Mapping[str, Any], ...]
    """`server`, `imap_seconds`, `imap_copies`, `pop3_copies` of each."""


@dataclass(frozen=True, kw_only=True)
class Counts:
    """How much was looked at, and what came of it."""

    hosts: int
    checks: int
    passed: int
    failed: int
    warned: int
    skipped: int
    errors: int
    warnings: int


@dataclass(frozen=True, kw_only=True)
class Record:
    """A run."""

    schema: int
    time: str
    state: str
    forest: Mapping[str, str]
    counts: Counts
    hosts: tuple[Host, ...]
    sites: tuple[Site, ...]
    links: tuple[Link, ...]
    tunnels: tuple[Tunnel, ...]
    roles: tuple[Role, ...]
    replication: tuple[Pull, ...]
    ports: tuple[Port, ...]
    certificates: tuple[Certificate, ...]
    mail: tuple[Flow, ...]
    findings: tuple[Finding, ...]
    checks: tuple[Check, ...]

    def as_json(self) -> str:
        """The JSON document."""
        return json.dumps(asdict(self), indent=1, ensure_ascii=False) + "\n"


def about(finding: Finding, names: Iterable[str]) -> tuple[str, ...]:
    """The hosts that a finding is about: those that its subject names, else those that saw it."""
    known = set(names)
    return tuple(dict.fromkeys(_words(finding.subject, known))) or tuple(_words(finding.vantage, known))


def _words(text: str, known: set[str]) -> Iterator[str]:
    return (word for word in re.findall(r"(?<![\w.-])[a-z0-9-]+", text.lower()) if word in known)


def _worst(findings: Iterable[Finding]) -> str:
    severities = {finding.severity for finding in findings}
    return ERROR if ERROR in severities else WARNING if severities else OK


def make_record(answers: Answers, findings: Sequence[Finding], *, time: str) -> Record:
    """The run's record; `time` in ISO 8601 and UTC."""
    plan, checks = answers.plan, all_checks(answers, findings)
    forest = plan["forest"]
    return Record(
        schema=SCHEMA,
        time=time,
        state=_worst(findings),
        forest={key: str(forest[key]) for key in ("dns_domain", "netbios", "functional_level")},
        counts=_counts(answers, checks, findings),
        hosts=tuple(_hosts(answers, findings)),
        sites=tuple(
            Site(name=name, subnets=tuple(site["subnets"]), gateway=site["gateway"])
            for name, site in plan["sites"].items()
        ),
        links=tuple(
            Link(name=name, sites=tuple(link["sites"]), cost=link["cost"], interval=link["interval"])
            for name, link in plan["site_links"].items()
        ),
        tunnels=tuple(_tunnels(answers)),
        roles=tuple(_roles(answers, checks)),
        replication=tuple(_pulls(answers)),
        ports=tuple(_ports(answers, checks)),
        certificates=tuple(certificates(answers)),
        mail=tuple(_flows(answers)),
        findings=tuple(findings),
        checks=tuple(checks),
    )


def _counts(answers: Answers, checks: Sequence[Check], findings: Sequence[Finding]) -> Counts:
    outcomes, severities = Counter(check.outcome for check in checks), tally(findings)
    return Counts(
        hosts=sum(not host.missing for host in answers.by_host.values()),
        checks=len(checks) - outcomes[Outcome.SKIPPED],
        passed=outcomes[Outcome.PASSED],
        failed=outcomes[Outcome.FAILED],
        warned=outcomes[Outcome.WARNED],
        skipped=outcomes[Outcome.SKIPPED],
        errors=severities[ERROR],
        warnings=severities[WARNING],
    )


def _hosts(answers: Answers, findings: Sequence[Finding]) -> Iterator[Host]:
    plan = answers.plan
    names = list(dict.fromkeys([*plan["hosts"], *answers.by_host]))
    concern: dict[str, list[Finding]] = {}
    for finding in findings:
        for host in about(finding, names):
            concern.setdefault(host, []).append(finding)
    for name in names:
        row: Mapping[str, Any] = plan["hosts"].get(name, {})
        missing = name not in answers.by_host or bool(answers.by_host[name].missing)
        yield Host(
            name=name,
            site=row.get("site", ""),
            address=row.get("address", ""),
            public_address=row.get("public_address", ""),
            functions=tuple(row.get("functions", ["observer"])),
            state=_worst(concern.get(name, [])) if concern.get(name) or not missing else UNKNOWN,
        )


def _tunnels(answers: Answers) -> Iterator[Tunnel]:
    for host, row in answers.plan["hosts"].items():
        answer = answers.by_host[host].get("__tunnels") if host in answers.by_host else None
        seen = {each["peer"]: each for each in (answer or {}).get("tunnels", [])}
        for tunnel in row["tunnels"]:
            found: Mapping[str, Any] = seen.get(tunnel["peer"], {})
            problem = str(found.get("problem") or "")
            yield Tunnel(
                host=host,
                peer=tunnel["peer"],
                remote=tunnel["remote"],
                port=tunnel["port"],
                state=UNKNOWN if not found else ERROR if problem else OK,
                round_trip_ms=found.get("round_trip_ms"),
                problem=problem,
            )


def _roles(answers: Answers, checks: Iterable[Check]) -> Iterator[Role]:
    given = answers.given("__roles", "owners")
    outcomes = {check.subject: check.outcome for check in checks if check.kind == "role"}
    states = {Outcome.PASSED: OK, Outcome.FAILED: ERROR, Outcome.WARNED: WARNING, Outcome.SKIPPED: UNKNOWN}
    for name, declared in answers.plan["fsmo"].items():
        seen = {host: str(answer["owners"].get(name) or "") for host, answer in given.items()}
        yield Role(name=name, declared=declared, seen=seen, state=states[outcomes[f"role {name}"]])


def _pulls(answers: Answers) -> Iterator[Pull]:
    for host, answer in answers.given("__replication", "partners").items():
        rows: dict[str, list[Mapping[str, Any]]] = {}
        for partner in answer["partners"]:
            rows.setdefault(partner["controller"], []).append(partner)
        for source, partners in sorted(rows.items()):
            ages = [partner.get("age") for partner in partners]
            known = [age for age in ages if age is not None]
            yield Pull(
                controller=host,
                source=source,
                partitions=len(partners),
                age=max(known) if len(known) == len(ages) else None,
                failures=max(int(partner.get("failures") or 0) for partner in partners),
            )


def _ports(answers: Answers, checks: Iterable[Check]) -> Iterator[Port]:
    outcomes = {check.key: check.outcome for check in checks if check.kind == "port"}
    for check, result in _probed(answers):
        vantage, subject = check["vantage"], check["subject"]
        target, _space, service = check["name"].partition(" ")
        yield Port(
            vantage=vantage,
            target=target,
            service=service.partition("/")[0],
            transport=check["transport"],
            address=check["host"],
            port=check["port"],
            expected=check["expect"],
            outcome=outcomes[vantage, subject],
            verdict=str(result.get("verdict", "")),
        )


def _probed(answers: Answers) -> Iterator[tuple[dict[str, Any], Mapping[str, Any]]]:
    """Each port that was to be probed, and what came of it where that was reported."""
    from_plan: Mapping[str, Sequence[Mapping[str, Any]]] = answers.plan["expectations"]
    for host, answer in answers.by_host.items():
        seen = {_place(row): row for row in (answer.get("__ports") or {}).get("results", [])}
        for row in from_plan.get(host, []):
            yield {**row, "vantage": host, "subject": port_subject(row)}, seen.get(_place(row), {})


def _place(row: Mapping[str, Any]) -> tuple[str, str, int, str]:
    return row["name"], row["host"], row["port"], row["transport"]


def _flows(answers: Answers) -> Iterator[Flow]:
    for host, result in answers.flows():
        if not (flow := result.get("item")):
            continue
        hops = [
            {key: str(hop.get(key) or "") for key in ("sender", "by", "protocol", "tls")}
            for hop in result.get("hops") or ()
        ]
        yield Flow(
            vantage=host,
            server=flow["server"],
            port=flow["submission"]["port"],
            tls=flow["submission"]["tls"],
            address=flow["address"],
            state=OK if result.get("problems") == [] else ERROR,
            hops=tuple(hops),
            readings=tuple(result.get("readings") or ()),
        )
