# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
#!/usr/bin/env python3
"""Throughput of one TCP stream through the tunnel between two offices, beside an OpenVPN tunnel that was tuned by hand.

Between the same two gateways, in turn; iperf3 sends the same number of bytes through both, and the seconds count. While
it runs, both gateways let iperf3's port and the other tunnel's in; afterwards the firewall is loaded anew.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

sys.path[0] = str(Path(__file__).resolve().parent.parent)

from benchmarks.common.deployment import Example
from benchmarks.common.harness import ROOT, Comparison, alternate, finish, main, playbook_command, run

_GATEWAYS = "mailforest_gateways"
_UNITS = ("mailforest-bench-tunnel", "mailforest-bench-iperf")
_FILE = "/run/mailforest-bench-tunnel.conf"
_PORT, _IPERF_PORT = 1299, 5201
_SECOND = "hostvars[groups['mailforest_gateways'][1]]"
_OFFICE = f"{{{{ {_SECOND}.mailforest_address | default({_SECOND}.ansible_host) }}}}"
_ENDS = ("169.254.78.1", "169.254.78.2")  # of the other tunnel; nothing leads there without it
_FIRST = "inventory_hostname == groups['mailforest_gateways'][0]"
_PEER = f"groups['mailforest_gateways'][1 if {_FIRST} else 0]"
# Larger socket buffers, a longer queue, no look whether a write would wait; MTU and MSS so that nothing is fragmented.
_TUNED = f"""
mode p2p
dev-type tun
dev bench0
proto udp4
remote {{{{ hostvars[{_PEER}].mailforest_public_address }}}}
port {_PORT}
ifconfig {{{{ '{" ".join(_ENDS)}' if {_FIRST} else '{" ".join(reversed(_ENDS))}' }}}}
{{{{ 'tls-server' if {_FIRST} else 'tls-client' }}}}
dh none
ca CA_FILE
cert /etc/ssl/mailforest/host.crt
key /etc/ssl/mailforest/host.key
tls-version-min 1.3
data-ciphers AES-256-GCM
tun-mtu 1420
mssfix 1360
fast-io
sndbuf 524288
rcvbuf 524288
txqueuelen 1000
keepalive 3 12
hand-window 10
tls-timeout 1
persist-tun
verb 1
"""


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--example", default="two-offices")
    parser.add_argument("--deployed", action="store_true", help="the example's lab is up and deployed")
    parser.add_argument(
        "--inventory", type=Path, nargs="+", help="of two offices that are deployed, instead of an example"
    )
    parser.add_argument("--ca", default="/etc/ssl/mailforest/ca.crt", help="that the gateways' certificates are of")
    parser.add_argument("--megabytes", type=int, default=64, help="sent through each tunnel in each round")
    parser.add_argument("--repeat", type=int, default=6)
    parser.add_argument("--goal", type=float, default=0.95, help="share of the other tunnel's throughput")
    return parser.parse_args()


def command(name: str, *argv: str, **more: Any) -> dict[str, Any]:
    """A task that runs a command."""
    return {"name": name, "ansible.builtin.command": {"argv": list(argv)}, **more}


def begin(ca_file: str) -> list[dict[str, Any]]:
    """What both gateways need for it."""
    rules = [f"tcp dport {_IPERF_PORT} accept", f"udp dport {_PORT} accept"]
    start = ["systemd-run", "--quiet", "--collect"]
    return [
        {"name": "Install", "ansible.builtin.apt": {"name": "iperf3", "install_recommends": False}},
        *(command("Let in", "nft", f"insert rule inet mailforest input {rule}") for rule in rules),
        {
            "name": "Describe the other tunnel",
            "ansible.builtin.copy": {"dest": _FILE, "content": _TUNED.replace("CA_FILE", ca_file), "mode": "0600"},
        },
        command("Start the other tunnel", *start, f"--unit={_UNITS[0]}", "openvpn", "--config", _FILE),
        command("Start the server", *start, f"--unit={_UNITS[1]}", "iperf3", "--server", "--port", str(_IPERF_PORT)),
        command(
            "See it carry",
            *("ping", "-I", "bench0", "-c", "1", "-w", "60", f"{{{{ '{_ENDS[1]}' if {_FIRST} else '{_ENDS[0]}' }}}}"),
        ),
    ]


def end() -> list[dict[str, Any]]:
    """Take it all away."""
    return [
        command("Stop", "systemctl", "stop", *_UNITS, failed_when=False),
        {"name": "Remove the file", "ansible.builtin.file": {"path": _FILE, "state": "absent"}},
        command("Load the rules anew", "systemctl", "restart", "mailforest-firewall.service"),
    ]


class Gateways:
    """Both gateways, by Ansible."""

    def __init__(self, inventory: list[Path], folder: Path) -> None:
        """`folder` is for what comes and goes."""
        self._inventory = [argument for path in inventory for argument in ("--inventory", str(path))]
        self._folder = folder

    def play(self, hosts: str, tasks: list[dict[str, Any]]) -> None:
        """Run tasks as root."""
        play = {"hosts": hosts, "gather_facts": False, "become": True, "tasks": tasks}
        file = self._folder / "play.json"
        file.write_text(json.dumps([play]), encoding="utf-8")
        environment = {"ANSIBLE_HOME": str(ROOT / ".build" / "ansible")}
        run(playbook_command(*self._inventory, str(file)), environment=environment)

    def send(self, address: str, megabytes: int) -> float:
        """Seconds until so much has come from the first gateway to the second."""
        kept = self._folder / "said.json"
        client = ["iperf3", "--client", address, "--port", str(_IPERF_PORT), "--bytes", f"{megabytes}M", "--json"]
        keep = {"content": "{{ outcome.stdout }}", "dest": str(kept), "mode": "0600"}
        self.play(
            f"{_GATEWAYS}[0]",
            [
                command("Send", *client, register="outcome"),
                {"name": "Keep", "ansible.builtin.copy": keep, "delegate_to": "localhost", "become": False},
            ],
        )
        return float(json.loads(kept.read_text(encoding="utf-8"))["end"]["sum_received"]["seconds"])


def benchmark() -> int:
    """Measure both."""
    options = arguments()
    example = Example(options.example)
    if not options.deployed and not options.inventory:
        example.prepare()
        example.play("site.yml")
    inventory = options.inventory or [example.directory / "inventory"]
    with tempfile.TemporaryDirectory() as folder:
        gateways = Gateways(inventory, Path(folder))
        try:
            gateways.play(_GATEWAYS, begin(options.ca))
            samples = alternate(
                lambda: gateways.send(_OFFICE, options.megabytes),
                lambda: gateways.send(_ENDS[1], options.megabytes),
                repeat=options.repeat,
            )
        finally:
            gateways.play(_GATEWAYS, end())
    rates = [options.megabytes * 8.388608 / statistics.median(side) for side in (samples.ours, samples.theirs)]
    note = f"{rates[0]:.0f} and {rates[1]:.0f} Mbit/s; the goal is {options.goal:.0%} of the throughput"
    return finish(
        Comparison(
            name=f"tunnel, {options.megabytes} MB in one TCP stream",
            ours=samples.ours,
            theirs=samples.theirs,
            goal=round(1 / options.goal, 3),
            note=note,
        )
    )


if __name__ == "__main__":
    main(benchmark)
