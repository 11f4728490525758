# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to the collection: what the administrator has after a run, as lines of text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ansible_collections.mailforest.stack.plugins.module_utils._topology.services import CATALOGUE

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


def _host_rows(plan: Mapping[str, Any], site: str) -> list[list[str]]:
    return [
        [
            name,
            host["address"],
            ", ".join(_FUNCTIONS[function] for function in host["functions"]),
            f"ports {ports}" if (ports := _listeners(host)) else "",
        ]
        for name, host in plan["hosts"].items()
        if host["site"] == site
    ]


def _sites(plan: Mapping[str, Any]) -> list[str]:
    lines: list[str] = []
    for name, site in plan["sites"].items():
        lines += ["", f"Site {name} ({', '.join(site['subnets'])})", *_table(_host_rows(plan, name))]
    return lines


def _owners(owners: Mapping[str, Mapping[str, str]]) -> list[str]:
    """One line a role; where domain controllers disagree, all answers are shown."""
    rows = [[role, ", ".join(sorted({answer[role] for answer in owners.values()}))] for role in _ROLES if owners]
    return ["", "FSMO roles, as every domain controller's own database says", *_table(rows)] if rows else []


def _flows(flows: Sequence[Mapping[str, Any]]) -> list[str]:
    rows = [
        [
            flow["item"]["server"],
            f"port {flow['item']['submission']['port']}",
            "sent, found" + (" by IMAP and POP3" if flow["pop3_found"] else " by IMAP"),
        ]
        for flow in flows
    ]
    return ["", "Mail: a message through each submission port, found and removed again", *_table(rows)] if rows else []


def _outside(plan: Mapping[str, Any]) -> list[str]:
    lines = [f"  {line}" for zone in plan["outside_dns"] for line in zone["lines"]]
    return ["", "For the public DNS", *lines] if lines else []


def summary(
    plan: Mapping[str, Any],
    *,
    owners: Mapping[str, Mapping[str, str]],
    flows: Sequence[Mapping[str, Any]],
    ca_file: str,
) -> list[str]:
    """Say what stands: addresses, ports, role owners, the mail that went through, the CA, the records for outside.

    `owners`: domain controller -> role -> owner, as each one's own database says.
    `flows`: the results of a loop of `mail_flow` over the plan's flows.
    `ca_file`: where the CA's certificate lies on the controller; empty where it was not copied.
    """
    forest = plan["forest"]
    lines = [
        f"Forest {forest['dns_domain']} ({forest['netbios']}), functional level {forest['functional_level']}",
        *_sites(plan),
        *_owners(owners),
        *_flows(flows),
    ]
    if ca_file:
        lines += ["", "Certificate of the forest's CA, for the clients to trust", f"  {ca_file}"]
    return lines + _outside(plan)
