# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to the collection: what the administrator has after a run, as lines of text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ansible_collections.mailforest.stack.plugins.module_utils._topology.services import CATALOGUE
from ansible_collections.mailforest.stack.plugins.plugin_utils._answers import Answers, Plan
from ansible_collections.mailforest.stack.plugins.plugin_utils._finding import Finding, count, render
from ansible_collections.mailforest.stack.plugins.plugin_utils._summary_mail import public_records, service_rows
from ansible_collections.mailforest.stack.plugins.plugin_utils._summary_todo import left_to_do

_ROLES = ("schema", "naming", "rid", "pdc", "infrastructure", "domaindns", "forestdns")
_PORTS = {service.name: service.ports for service in CATALOGUE}
_FUNCTIONS = {
    "domain_controller": "domain controller",
    "mail_server": "mail server",
    "gateway": "gateway",
    "member": "member",
}


def _table(rows: Sequence[Sequence[str]], *, indent: str = "  ") -> list[str]:
    """Set rows in columns, each as wide as its widest cell."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))] if rows else []
    return [
        indent + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    ]


def _listeners(host: Mapping[str, Any]) -> str:
    names: Iterable[str] = [*host["postfix_listeners"], *host["dovecot_listeners"]]
    return " ".join(_PORTS[name] for name in names)


def _host_rows(plan: Plan, site: str) -> list[list[str]]:
    return [
        [
            name,
            host["address"],
            ", ".join(_FUNCTIONS[function] for function in host["functions"]),
            f"ports {ports}" if (ports := _listeners(host)) else "",
            f"on the Internet {host['public_address']}" if host["public_address"] else "",
        ]
        for name, host in plan["hosts"].items()
        if host["site"] == site
    ]


def _sites(plan: Plan) -> list[str]:
    lines: list[str] = []
    for name, site in plan["sites"].items():
        behind = f", behind {site['gateway']}" if site["gateway"] else ""
        lines += ["", f"Site {name} ({', '.join(site['subnets'])}){behind}", *_table(_host_rows(plan, name))]
    return lines


def _section(title: str, rows: Sequence[Sequence[str]]) -> list[str]:
    """A title and its table; nothing where there are no rows."""
    return ["", title, *_table(rows)] if rows else []


def _tunnels(answers: Answers) -> list[str]:
    """Each end of each tunnel, of gateways that answered."""
    rows = [
        [host, f"to {tunnel['peer']}", tunnel["interface"], f"{tunnel['remote']} port {tunnel['port']}/udp", state]
        for host, answer in answers.given("__tunnels", "problems").items()
        for state in ("not as declared, see below" if answer["problems"] else "connected",)
        for tunnel in answers.plan["hosts"][host]["tunnels"]
    ]
    return _section("Tunnels between the sites", rows)


def _owners(answers: Answers) -> list[str]:
    """One line a role; where domain controllers disagree, all answers are shown; where none was asked, the plan."""
    owners = [answer["owners"] for answer in answers.given("__roles", "owners").values()]
    source = "as every domain controller's own database says" if owners else "as they are declared"
    rows = [
        [role, ", ".join(sorted({each[role] or "nobody" for each in owners or [answers.plan["fsmo"]]}))]
        for role in _ROLES
    ]
    return _section(f"FSMO roles, {source}", rows)


def _replication(answers: Answers) -> list[str]:
    rows = [
        [host, f"from {', '.join(partners)}"]
        for host, answer in answers.given("__replication", "partners").items()
        if (partners := sorted({partner["controller"] for partner in answer["partners"]}))
    ]
    return _section("Replication, as every domain controller's own database says", rows)


def _homes(plan: Plan) -> list[str]:
    """Which server keeps whose mailboxes, where there are several."""
    mailboxes = Counter(plan["mail"]["homes"].values())
    sites = {
        server: [site for site, row in plan["sites"].items() if row["mail_home"] == server]
        for server in plan["mail"]["servers"]
    }
    rows = [
        [server, f"home of {', '.join(names)}" if names else "home of no site", f"mailboxes: {mailboxes[server]}"]
        for server, names in sites.items()
    ]
    return _section("Mailboxes", rows if len(rows) > 1 else [])


def _flows(answers: Answers) -> list[str]:
    rows = [
        [f"through {flow['server']}", f"port {flow['submission']['port']}", f"to {flow['address']}", _seen(flow)]
        for _host, result in answers.flows()
        if (flow := result.get("item")) and result.get("problems") == []
    ]
    title = "Mail: a message through each submission port to each mailbox server, found once and removed again"
    return _section(title, sorted(rows))


def _seen(flow: Mapping[str, Any]) -> str:
    """By which protocols and through which servers a message was found."""
    readers = flow["readers"]
    protocols = "IMAP and POP3" if all(reader["pop3"] for reader in readers) else "IMAP"
    return f"found by {protocols} through {', '.join(reader['server'] for reader in readers)}"


def _outside(answers: Answers) -> list[str]:
    lines = [f"  {line}" for line in public_records(answers)]
    return (
        ["", "For the public DNS (public-dns.zone, beside the CA's certificate, is a file of it)", *lines]
        if lines
        else []
    )


def _left(answers: Answers) -> list[str]:
    tasks = [f"  - {task}" for task in left_to_do(answers)]
    return ["", "Left for you to do", *tasks] if tasks else []


def _findings(answers: Answers, findings: Sequence[Finding]) -> list[str]:
    hosts = len(answers.by_host)
    return ["", f"Verified from {hosts} host{'' if hosts == 1 else 's'}: {count(findings)}", *render(findings)]


def standing(answers: Answers, *, ca_file: str) -> list[str]:
    """Say what there is: as the hosts answered, and as the plan says where nobody was asked.

    `ca_file`: where the CA's certificate lies on the controller; empty where it was not copied.
    """
    plan = answers.plan
    forest = plan["forest"]
    return [
        f"Forest {forest['dns_domain']} ({forest['netbios']}), functional level {forest['functional_level']}",
        *_sites(plan),
        *_section("Services for the users' programs", service_rows(plan)),
        *_tunnels(answers),
        *_owners(answers),
        *_replication(answers),
        *_homes(plan),
        *_flows(answers),
        *(["", "Certificate of the forest's CA, for computers and phones to trust", f"  {ca_file}"] if ca_file else []),
        *_outside(answers),
        *_left(answers),
    ]


def summary(answers: Answers, findings: Sequence[Finding], *, ca_file: str) -> list[str]:
    """Say what stands, and what does not."""
    return [*standing(answers, ca_file=ca_file), *_findings(answers, findings)]
