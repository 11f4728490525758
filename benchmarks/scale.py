# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
#!/usr/bin/env python3
"""A topology of 100 sites and 1,000 hosts: read, judged by every rule and compiled, beside the limit of two seconds.

What Ansible itself takes to read the same inventory is measured in the same run and stands in the note: a run of any
playbook takes that first.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[0] = str(ROOT)
sys.path.append(str(ROOT / ".build" / "collections"))

from ansible_collections.mailforest.stack.plugins.module_utils._topology.evaluate import evaluate
from ansible_collections.mailforest.stack.plugins.module_utils._topology.findings import render
from ansible_collections.mailforest.stack.plugins.module_utils._topology.model import HostInput, RawInput
from ansible_collections.mailforest.stack.plugins.module_utils._topology.schema import SECRETS
from ansible_collections.mailforest.stack.plugins.module_utils._topology.secrets import Verdict

from benchmarks.common.harness import BenchmarkError, Comparison, alternate, finish, main, run

_LIMIT = 2.0
_SERVERS = {
    "gw": ("mailforest_gateways", 1),
    "dca": ("mailforest_domain_controllers", 10),
    "dcb": ("mailforest_domain_controllers", 11),
    "mx": ("mailforest_mail_servers", 20),
}
"""What every site has: the group and the last part of the address."""
_MEMBERS = ("mailforest_members", 100)


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sites", type=int, default=100)
    parser.add_argument("--hosts", type=int, default=10, help="in each site")
    parser.add_argument("--repeat", type=int, default=5)
    return parser.parse_args()


def hosts(sites: int, each: int) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield name, group and variables of every host."""
    for number in range(sites):
        site, network = f"s{number}", f"10.{number // 200}.{number % 200}"
        kinds = {
            **_SERVERS,
            **{f"w{index}": (_MEMBERS[0], _MEMBERS[1] + index) for index in range(each - len(_SERVERS))},
        }
        for kind, (group, last) in kinds.items():
            values = {"ansible_host": f"{network}.{last}", "mailforest_site": site, "mailforest_release": "13"}
            if kind == "gw":
                values["mailforest_public_address"] = f"198.18.{number // 200}.{number % 200 + 1}"
            yield f"{kind}-{site}", group, values


def variables(sites: int) -> dict[str, Any]:
    """Return how the offices are laid out: a star, whose centre is the first."""
    names = [f"s{number}" for number in range(sites)]
    return {
        "mailforest_forest": {"realm": "CORP.EXAMPLE.TEST", "netbios": "CORP"},
        "mailforest_sites": {
            name: {"subnets": [f"10.{index // 200}.{index % 200}.0/24"], "gateway": f"gw-{name}"}
            for index, name in enumerate(names)
        },
        "mailforest_site_links": {f"to-{name}": {"sites": ["s0", name]} for name in names[1:]},
        "mailforest_mail": {"domains": ["example.test"], "home": {name: f"mx-{name}" for name in names}},
        "mailforest_dns": {"zones": ["example.test"]},
        "mailforest_users": [
            {"name": f"user{index}", "email": f"user{index}@example.test", "site": name}
            for index, name in enumerate(names)
        ],
    }


def raw(sites: int, each: int) -> RawInput:
    """Return the topology as the collection's rules take it."""
    given = variables(sites)
    return RawInput(
        hosts={name: HostInput(groups=(group,), variables=values) for name, group, values in hosts(sites, each)},
        variables=given,
        secrets={secret.name: Verdict.OK for secret in SECRETS if not secret.foreign},
        passwords={user["name"]: Verdict.OK for user in given["mailforest_users"]},
    )


def inventory(sites: int, each: int) -> Mapping[str, Any]:
    """Return the same as an inventory, in JSON, which is YAML too."""
    groups: dict[str, Any] = {"all": {"vars": variables(sites)}}
    for name, group, values in hosts(sites, each):
        groups.setdefault(group, {"hosts": {}})["hosts"][name] = values
    return groups


def compiled(topology: RawInput) -> float:
    """Read, judge and compile once."""
    start = time.monotonic()
    outcome = evaluate(topology, today=date.today())
    elapsed = time.monotonic() - start
    if outcome.errors:
        raise BenchmarkError(render(outcome.errors))
    return elapsed


def benchmark() -> int:
    """Measure both in turn, and compare ours with the limit."""
    options = arguments()
    topology = raw(options.sites, options.hosts)
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "hosts.yml"
        path.write_text(json.dumps(inventory(options.sites, options.hosts)), encoding="utf-8")
        command = [str(Path(sys.executable).with_name("ansible-inventory")), "--inventory", str(path), "--list"]
        samples = alternate(lambda: compiled(topology), lambda: run(command), repeat=options.repeat)
    reading = min(samples.theirs)
    return finish(
        Comparison(
            name=f"scale: {options.sites} sites, {len(topology.hosts)} hosts compiled, beside the limit",
            ours=samples.ours,
            theirs=[_LIMIT],
            goal=1.0,
            note=f"ansible-inventory takes {reading:.2f} s to read the same inventory",
        )
    )


if __name__ == "__main__":
    main(benchmark)
