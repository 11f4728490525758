# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A rule set that locks everybody out, pushed to a host, which takes it back when nobody logs in anew."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from .network import tcp
from .office import Office
from .playbook import eventually, play

_RULES = """\
table inet mailforest
delete table inet mailforest
table inet mailforest {
 chain input {
  type filter hook input priority filter; policy drop;
  ct state established,related accept;
  iifname "lo" accept;
 }
 chain forward {
  type filter hook forward priority filter; policy drop;
 }
}
"""


@contextmanager
def locked_out(office: Office, name: str, *, seconds: int) -> Iterator[None]:
    """Nobody comes in, nothing is passed on; afterwards the former rules are back, and the run has said so."""
    address = office.addresses[name]
    tasks = [{"mailforest.stack.firewall_load": {"ruleset": _RULES, "confirm_seconds": seconds}}]
    with TemporaryDirectory() as folder, ThreadPoolExecutor(1) as pool:
        playbook = Path(folder) / "push.yml"
        playbook.write_text(json.dumps([{"hosts": name, "gather_facts": False, "tasks": tasks}]), encoding="utf-8")
        pushed = pool.submit(play, playbook, seconds=seconds + 600)
        eventually(lambda: tcp(address, 22) != "open", seconds=120, pause=0.2)
        try:
            yield
        finally:
            run = pushed.result()
    said = " ".join(failure.message for failure in run.failures)
    assert run.code != 0 and "The former rules are back" in said, run.explain()
    assert tcp(address, 22) == "open"
