# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to the collection: what programs of users connect to, and what the public DNS must say, as rows and lines."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ansible_collections.mailforest.stack.plugins.module_utils._topology.records import zone_text
from ansible_collections.mailforest.stack.plugins.module_utils._topology.services import (
    Audience,
    Function,
    Service,
    Tls,
    served_by,
)
from ansible_collections.mailforest.stack.plugins.plugin_utils._answers import Answers, Plan

_SPOKEN = {
    Tls.NONE: "",
    Tls.OFFERED: "STARTTLS offered",
    Tls.REQUIRED: "STARTTLS required",
    Tls.IMPLICIT: "TLS from the first byte",
}
_PROVIDERS = {
    Function.MAIL_SERVER: "mail servers",
    Function.DOMAIN_CONTROLLER: "domain controllers",
    Function.MEMBER: "members with shares",
}


def _served(plan: Plan, service: Service, function: Function) -> bool:
    """Whether a host of the plan serves it."""
    hosts = [host for host in plan["hosts"].values() if function in host["functions"]]
    if function is Function.MAIL_SERVER:
        return service.name in plan["mail"]["services"]
    return any(host["shares"] for host in hosts) if function is Function.MEMBER else bool(hosts)


def service_rows(plan: Plan) -> list[list[str]]:
    """What the users' programs connect to: on which hosts, service, port, TLS, from where."""
    return [
        [
            hosts,
            service.name,
            _port(plan, service),
            _SPOKEN[service.tls],
            "offices and Internet" if service.name in plan["mail"]["published"] else "offices",
        ]
        for function, hosts in _PROVIDERS.items()
        for service in served_by(function)
        if Audience.CLIENT in service.audiences and _served(plan, service, function)
    ]


def _port(plan: Plan, service: Service) -> str:
    ports = plan["forest"]["rpc_ports"] if service.name == "rpc-dynamic" else service.ports
    return f"{ports}/{'+'.join(service.transports)}"


def signing_keys(answers: Answers) -> list[Mapping[str, Any]]:
    """The public halves of the keys that the mail servers said they sign with."""
    given = answers.given("__dkim", "records").values()
    return [key for answer in given for key in answer["records"] if key.get("strings")]


def unknown_keys(answers: Answers) -> Iterator[str]:
    """The first records of those servers' domains for which no key is known; keys have other names once changed."""
    given = answers.given("__dkim", "records")
    known = {(host, key["domain"]) for host, answer in given.items() for key in answer["records"] if key.get("strings")}
    yield from (row["name"] for row in answers.plan["mail"]["signing"] if (row["host"], row["domain"]) not in known)


def public_records(answers: Answers) -> list[str]:
    """The lines for the public DNS, keys of signing included, each once: several mail domains share their servers."""
    _head, *lines = zone_text(answers.plan["outside_dns"], signing_keys(answers)).splitlines()
    return list(dict.fromkeys(line for line in lines if line))
