# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules that lock the administrator out are taken back by the host itself, and the run says so."""

from __future__ import annotations

import re

import pytest
from ansible_collections.mailforest.stack.plugins.module_utils._firewall.listing import without_learnt
from ansible_collections.mailforest.stack.tests.system.support.hosts import at, root_shell
from ansible_collections.mailforest.stack.tests.system.support.network import tcp
from ansible_collections.mailforest.stack.tests.system.support.office import Office
from ansible_collections.mailforest.stack.tests.system.support.playbook import PLAYBOOKS, play

STATE = "nft --stateless list table inet mailforest; cat /etc/mailforest/firewall.nft"
WRONG = {"firewall_ssh_ports": [2222], "firewall_confirm_seconds": 10}
"""sshd listens at 22, so no new login passes these rules; the one that loads them goes on, as it is established."""


@pytest.mark.parametrize("kind", ["gateways", "members"])
def test_a_host_with_wrong_rules_comes_back_by_itself(office: Office, kind: str) -> None:
    """AD-10: one gateway and one inner host."""
    name = getattr(office, kind)[-1]
    before = _state(name)
    run = play(PLAYBOOKS / "office.yml", extra_vars=WRONG, arguments=["--tags=firewall", f"--limit={name}"])
    assert run.code != 0
    said = " ".join(failure.message for failure in run.failures)
    assert "former rules" in said, run.explain()
    assert tcp(office.addresses[name], 22) == "open"
    assert _state(name) == before


def _state(name: str) -> str:
    """Rules and file, without whom the kernel has counted meanwhile.

    nftables lists a range that it merged from two with braces, and loaded from that without.
    """
    return re.sub(r"\{ ([0-9.-]+) \}", r"\1", without_learnt(root_shell(at(name), STATE)))
