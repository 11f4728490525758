# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Topologies to test with: one office and the two offices of the design, and a way to spoil them."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from datetime import date
from typing import Any

from ansible_collections.mailforest.stack.plugins.module_utils._topology.evaluate import Outcome, evaluate
from ansible_collections.mailforest.stack.plugins.module_utils._topology.model import HostInput, RawInput
from ansible_collections.mailforest.stack.plugins.module_utils._topology.secrets import Verdict

TODAY = date(2026, 11, 23)
DROP = object()
"""As the value of an edit: remove the key."""
Edits = dict[str, Any]
DC, MX, GW, MEMBER, OBSERVER = (
    f"mailforest_{group}" for group in ("domain_controllers", "mail_servers", "gateways", "members", "observers")
)


def host(*groups: str, **variables: object) -> dict[str, Any]:
    """A host of these groups; `address` is its ansible_host, the rest are `mailforest_*` variables."""
    address = variables.pop("address")
    own = {f"mailforest_{name}": value for name, value in variables.items()}
    return {"groups": list(groups), "vars": {"ansible_host": address, **own}}


ONE_OFFICE: dict[str, Any] = {
    "hosts": {
        "dc1": host(DC, address="198.51.100.70", site="hq"),
        "mx1": host(MX, address="198.51.100.80", site="hq"),
        "gw-hq": host(GW, address="198.51.100.66", site="hq", public_address="198.51.100.2"),
        "outside": host(OBSERVER, address="198.51.100.10"),
    },
    "mailforest_forest": {"realm": "CORP.EXAMPLE.TEST", "netbios": "CORP"},
    "mailforest_sites": {"hq": {"subnets": ["198.51.100.64/26"], "gateway": "gw-hq"}},
    "mailforest_mail": {"domains": ["example.test"], "home": {"hq": "mx1"}},
    "mailforest_dns": {"zones": ["example.test"], "forwarders": ["198.51.100.1"]},
    "mailforest_groups": [{"name": "sales", "email": "sales@example.test", "members": ["alice"]}],
    "mailforest_users": [
        {"name": "alice", "firstname": "Alice", "email": "alice@example.test", "aliases": ["theboss@example.test"]},
        {"name": "boris", "surname": "Baker", "email": "boris@example.test", "groups": ["sales"]},
        {"name": "carol", "enabled": False},
    ],
    "secrets": {
        "mailforest_administrator_password": Verdict.OK,
        "mailforest_ca_passphrase": Verdict.OK,
        "mailforest_mail_bind_password": Verdict.OK,
        "mailforest_mail_probe_password": Verdict.OK,
    },
    "passwords": {"alice": Verdict.OK, "boris": Verdict.OK, "carol": Verdict.OK},
    "unknown": {},
    "undefined": {},
}

TWO_OFFICES: dict[str, Any] = deepcopy(ONE_OFFICE) | {
    "hosts": {
        "dc1": host(DC, address="198.51.100.70", site="hq", release=13),
        "dc2": host(DC, address="198.51.100.71", site="hq", release="bookworm"),
        "dc3": host(DC, address="198.51.100.134", site="branch", release="13"),
        "mx1": host(MX, address="198.51.100.80", site="hq", release="13"),
        "mx2": host(MX, MEMBER, address="198.51.100.144", site="branch", release="12"),
        "gw-hq": host(GW, address="198.51.100.66", site="hq", public_address="198.51.100.2"),
        "gw-branch": host(GW, MEMBER, address="198.51.100.130", site="branch", public_address="198.51.100.3"),
        "member1": host(MEMBER, address="198.51.100.150", site="branch"),
        "outside": host(OBSERVER, address="198.51.100.10"),
    },
    "mailforest_sites": {
        "hq": {"subnets": ["198.51.100.64/26"], "gateway": "gw-hq"},
        "branch": {"subnets": ["198.51.100.128/26"], "gateway": "gw-branch"},
    },
    "mailforest_site_links": {"hq-branch": {"sites": ["hq", "branch"], "cost": 100, "interval": 15}},
    "mailforest_fsmo": {"pdc": "dc2"},
    "mailforest_mail": {"domains": ["example.test"], "home": {"hq": "mx1", "branch": "mx2"}},
    "mailforest_users": [
        {"name": "alice", "email": "alice@example.test", "site": "hq"},
        {"name": "boris", "email": "boris@example.test", "site": "branch"},
        {"name": "carol", "enabled": False},
    ],
}


def office(number: int, *, servers: int = 1) -> Edits:
    """A further office `s<number>` in 10.0.0.0/8, with its gateway, and domain controllers and mail servers."""
    name, net = f"s{number}", f"10.{number // 200}.{number % 200}"
    hosts = {
        f"hosts/gw{number}": host(
            GW, address=f"{net}.1", site=name, public_address=f"198.18.{number // 200}.{number % 200 + 1}"
        )
    }
    for server in range(servers):
        hosts[f"hosts/d{server}s{number}"] = host(DC, address=f"{net}.{10 + server}", site=name, release=13)
    return {f"mailforest_sites/{name}": {"subnets": [f"{net}.0/24"], "gateway": f"gw{number}"}, **hosts}


def sites(count: int) -> Edits:
    """That many offices more, all in one link with the two."""
    rows = {path: value for number in range(count) for path, value in office(number).items()}
    return rows | {"mailforest_site_links/all": {"sites": ["hq", "branch", *(f"s{number}" for number in range(count))]}}


def edited(sample: Mapping[str, Any], edits: Edits) -> dict[str, Any]:
    """A copy of the sample with values set at paths such as `hosts/dc1/vars/mailforest_site` or `x/0`."""
    data = deepcopy(dict(sample))
    for path, value in edits.items():
        *parents, last = path.split("/")
        target: Any = data
        for key in parents:
            target = target[int(key)] if isinstance(target, list) else target.setdefault(key, {})
        if value is DROP:
            del target[last]
        elif isinstance(target, list):
            target[int(last) :] = [value, *target[int(last) + 1 :]]
        else:
            target[last] = value
    return data


def raw(sample: Mapping[str, Any]) -> RawInput:
    """The sample as raw input."""
    hosts = {
        name: HostInput(groups=tuple(row["groups"]), variables=row["vars"]) for name, row in sample["hosts"].items()
    }
    return RawInput(
        hosts=hosts,
        variables={name: value for name, value in sample.items() if name.startswith("mailforest_")},
        secrets=sample["secrets"],
        passwords=sample["passwords"],
        unknown=sample["unknown"],
        undefined=sample["undefined"],
    )


def outcome(sample: Mapping[str, Any], edits: Edits | None = None) -> Outcome:
    """What comes of the sample, spoilt by the edits."""
    return evaluate(raw(edited(sample, edits or {})), today=TODAY)


def plan(sample: Mapping[str, Any], edits: Edits | None = None) -> Any:
    """The plan of a sample that must be good."""
    result = outcome(sample, edits)
    assert not result.errors, [finding.as_text() for finding in result.errors]
    return result.plan
