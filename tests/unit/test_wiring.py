# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the playbooks give to roles is the same in each run."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
NAMES = ["192.0.2.1", "192.0.2.9", "192.0.2.53", "192.0.2.7", "127.0.0.1", "192.0.2.200"]


def _upstreams(seed: str) -> str:
    """The name servers that wiring.yml passes on, as Ansible works them out with this seed of Python's hashes."""
    given = {"ansible_facts": {"dns": {"nameservers": NAMES}}, "__here": {"resolvers": ["192.0.2.9"]}}
    command = [
        str(Path(sys.executable).with_name("ansible")),
        "localhost",
        "--inventory=localhost,",
        "--connection=local",
    ]
    done = subprocess.run(
        [
            *command,
            "--module-name=ansible.builtin.debug",
            "--args=msg={{ __upstreams | join(' ') }}",
            f"--extra-vars=@{ROOT / 'playbooks/vars/wiring.yml'}",
            f"--extra-vars={given!r}".replace("'", '"'),
        ],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env={**os.environ, "PYTHONHASHSEED": seed, "ANSIBLE_NOCOLOR": "1"},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("seed", ["1", "2", "3"])
def test_name_servers_stay_in_the_order_of_the_host(seed: str) -> None:
    assert '"msg": "192.0.2.1 192.0.2.53 192.0.2.7 192.0.2.200"' in _upstreams(seed)
