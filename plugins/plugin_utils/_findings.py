# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to the collection: judge what every vantage point saw, and say what is not as declared."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from ansible_collections.mailforest.stack.plugins.plugin_utils._answers import (
    Answers,
    HostAnswers,
    Plan,
    port_subject,
)
from ansible_collections.mailforest.stack.plugins.plugin_utils._broken import broken, line
from ansible_collections.mailforest.stack.plugins.plugin_utils._finding import CONTROLLER, WARNING, Finding
from ansible_collections.mailforest.stack.plugins.plugin_utils._findings_certificates import of_certificates
from ansible_collections.mailforest.stack.plugins.plugin_utils._findings_directory import (
    of_layout,
    of_records,
    of_rids,
    of_roles,
    of_srv,
    of_sysvol,
)
from ansible_collections.mailforest.stack.plugins.plugin_utils._findings_hosts import of_controller, of_health
from ansible_collections.mailforest.stack.plugins.plugin_utils._findings_mail import (
    of_flows,
    of_relaying,
    of_rotation,
    of_texts,
)
from ansible_collections.mailforest.stack.plugins.plugin_utils._maintenance import excused, forgotten
from ansible_collections.mailforest.stack.plugins.plugin_utils._names import of_names

_FUNCTIONS = {"domain_controller": "AD-13", "mail_server": "MAIL-12", "gateway": "AD-11", "member": "AD-39"}
"""What breaks first when a host of the function is gone."""
_CAUSES = {
    "refused": "No program waits there: it is stopped, or told to wait elsewhere.",
    "filtered": "A firewall drops it, or the host or the way to it is down.",
    "unreachable": "The way to it is cut: a route, a tunnel or a gateway.",
    "unresolved": "The name servers of this host do not know it, or do not answer.",
    "wrong-protocol": "Another program has the port, or the service cannot reach what it needs.",
    "wrong-tls": "The service was told another TLS mode by hand.",
    "bad-certificate": "The certificate is expired, for other names, or of another authority than the forest's.",
}
_OPENED = "A rule was added or the firewall stopped, or a program waits where none should."


@dataclass(frozen=True, kw_only=True)
class Question:
    """A task whose module says itself what is wrong, in `problems`."""

    registered: str
    requirement: str
    subject: str
    expected: str
    cause: str


_TOLD = (
    Question(
        registered="__firewall",
        requirement="AD-10",
        subject="rules of the packet filter",
        expected="those that were written, and no others",
        cause="Rules were added or removed by hand, or site.yml broke off.",
    ),
    Question(
        registered="__locator",
        requirement="AD-52",
        subject="domain controller for a client of {site}",
        expected="one of site {site}",
        cause="Those of the site are down or not in DNS, or the host's address is in no subnet of the site.",
    ),
    Question(
        registered="__replication",
        requirement="AD-7",
        subject="replication",
        expected="every partner's changes, lately and without failures",
        cause="The partner is down, the tunnel or a port between them is closed, or the clocks differ.",
    ),
    Question(
        registered="__sysvol",
        requirement="AD-42",
        subject="files of the group policies",
        expected="those that the directory lists, with their ACLs",
        cause="A policy was made or changed elsewhere and not copied here yet, or files were changed by hand.",
    ),
    Question(
        registered="__mail_tables",
        requirement="MAIL-13",
        subject="tables of recipients",
        expected="as old as the directory, within a minute",
        cause="The service that makes them is stopped, or no domain controller answers it.",
    ),
    Question(
        registered="__tunnels",
        requirement="AD-11",
        subject="tunnels to linked sites",
        expected="each one connected",
        cause="The other gateway is down or hangs, the Internet between them is cut, or a route was removed.",
    ),
)


def _requirement(plan: Plan, host: str) -> str:
    """What breaks without the host; "" for an observer, without which nothing does."""
    functions = plan["hosts"].get(host, {}).get("functions", [])
    return next((requirement for name, requirement in _FUNCTIONS.items() if name in functions), "")


def _unreached(answers: HostAnswers, plan: Plan) -> Iterator[Finding]:
    if why := answers.missing:
        yield Finding(
            requirement=_requirement(plan, answers.host),
            vantage=CONTROLLER,
            subject=answers.host,
            expected="a host that can be logged in to",
            found=line(why),
            cause="The host is down, or the way to it is cut: address, route, tunnel or firewall.",
            remedy="Start the host, or mend the way; what it sees and does was not verified.",
        )


def _of_ports(answers: HostAnswers) -> Iterator[Finding]:
    """Ports that are open and should not be, or the other way round."""
    answer = answers.get("__ports")
    if answer is None:
        return
    if "results" not in answer:
        yield broken("AD-10", answers.host, "ports", answer)
    for result in answer.get("results", []):
        if not result["passed"]:
            detail = f" ({result['detail']})" if result["detail"] else ""
            yield Finding(
                requirement=result["requirement"],
                vantage=answers.host,
                subject=port_subject(result),
                expected=result["expected"],
                found=f"{result['verdict']}{detail}",
                cause=_CAUSES.get(result["verdict"], "") if result["expected"] == "open" else _OPENED,
                remedy=result["remedy"],
            )


def _told(answers: HostAnswers, question: Question, site: str) -> Iterator[Finding]:
    """What the module itself calls a problem."""
    answer = answers.get(question.registered)
    if answer is None:
        return
    subject = question.subject.format(site=site)
    if "problems" not in answer:
        yield broken(question.requirement, answers.host, subject, answer)
    for problem in answer.get("problems", []):
        yield Finding(
            requirement=question.requirement,
            vantage=answers.host,
            subject=subject,
            expected=question.expected.format(site=site),
            found=line(problem),
            cause=question.cause,
        )


def _of_host(answers: HostAnswers, plan: Plan) -> Iterator[Finding]:
    """All findings of one vantage point."""
    if answers.missing:
        yield from _unreached(answers, plan)
        return
    site = plan["hosts"].get(answers.host, {}).get("site", "")
    yield from _of_ports(answers)
    for question in _TOLD:
        yield from _told(answers, question, site)
    yield from of_controller(answers)
    yield from of_health(answers)
    yield from of_srv(answers, plan)
    yield from of_records(answers, plan)
    yield from of_layout(answers, plan)
    yield from of_texts(answers, plan)
    yield from of_rotation(answers)
    yield from of_names(answers, plan)
    yield from of_flows(answers)
    yield from of_relaying(answers)
    if answers.broken:
        yield Finding(
            requirement=_requirement(plan, answers.host),
            vantage=answers.host,
            subject=f"questions to {answers.host}",
            expected="an answer to each",
            found="a task that failed; those after it were not asked",
            remedy="The task's own message stands further above.",
        )
    roles = answers.get("__roles")
    if roles is not None and "owners" not in roles:
        yield broken("AD-21", answers.host, "owners of the roles", roles)


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


_OF_ALL: Sequence[Callable[[Answers], Iterator[Finding]]] = (
    of_roles,
    of_rids,
    of_sysvol,
    _of_topology,
    of_certificates,
)


def judge(answers: Answers) -> list[Finding]:
    """All findings, sorted."""
    found = [finding for host in answers.by_host.values() for finding in _of_host(host, answers.plan)]
    found += [finding for rule in _OF_ALL for finding in rule(answers)]
    found = [*excused(found, answers), *forgotten(answers)]
    return sorted(found, key=lambda finding: finding.order)
