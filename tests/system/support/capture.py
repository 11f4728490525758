# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What passes an interface of a host, as the kernel hands it to the card and takes it from there: behind every rule."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from testinfra.host import Host

from .hosts import root_shell

_UNIT = "mailforest-test-capture"
_FILE = f"/run/{_UNIT}"
_SECONDS = 900


@contextmanager
def capture(host: Host, *, beside: str, networks: Iterable[str], holding: str = "") -> Iterator[list[str]]:
    """Packets from or to the networks at the interface with the address `beside`; the list is filled at the end.

    With `holding`, only those that hold this text.
    """
    found: list[str] = []
    interface = root_shell(host, f"ip -o -4 addr show to {beside}").split()[1]
    root_shell(host, f"cat > {_FILE}.py <<'SCRIPT'\n{_SCRIPT}\nSCRIPT")
    root_shell(
        host,
        f"systemd-run --quiet --collect --unit={_UNIT} --property=RuntimeMaxSec={_SECONDS} "
        f"--property=StandardOutput=truncate:{_FILE}.txt python3 {_FILE}.py {interface} '{holding.encode().hex()}' "
        f"{' '.join(networks)}",
    )
    # The script says so when it listens.
    root_shell(host, f"timeout 20 sh -c 'until grep -q listening {_FILE}.txt; do sleep 0.1; done'")
    try:
        yield found
        state = root_shell(host, f"systemctl show --property=ActiveState --value {_UNIT}").strip()
        assert state == "active", "the capture did not last as long as what it was to see"
        found += root_shell(host, f"cat {_FILE}.txt").splitlines()[1:]
    finally:
        root_shell(host, f"systemctl stop {_UNIT}; rm -f {_FILE}.py {_FILE}.txt")


_SCRIPT = """
import ipaddress, socket, struct, sys
networks = [ipaddress.ip_network(network) for network in sys.argv[3:]]
holding = bytes.fromhex(sys.argv[2])
# Of no protocol until it is bound: else it takes what passes any interface in between.
line = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, 0)
line.bind((sys.argv[1], 3))
print("listening", flush=True)
said = 0
while said < 500:
    packet, (_, protocol, kind, *_) = line.recvfrom(65535)
    if protocol != 0x0800 or len(packet) < 20 or holding not in packet:
        continue
    ends = [ipaddress.ip_address(packet[begin : begin + 4]) for begin in (12, 16)]
    if any(end in network for end in ends for network in networks):
        begin = (packet[0] & 15) * 4
        ports = struct.unpack("!HH", packet[begin : begin + 4]) if packet[9] in (6, 17) else ("", "")
        print("out" if kind == 4 else "in", packet[9], *(f"{end}:{port}" for end, port in zip(ends, ports)), flush=True)
        said += 1
while True:
    line.recvfrom(65535)
"""
