# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who pulls from whom, and who is left out."""

from __future__ import annotations

from dataclasses import replace

from ansible_collections.mailforest.stack.plugins.module_utils._directory._kcc import (
    Connection,
    Layout,
    Member,
    layout_faults,
    layout_shown,
)


def pulls(controller: str, source: str, *, enabled: bool = True) -> Connection:
    return Connection(controller=controller, source=source, generated=True, enabled=enabled)


LAYOUT = Layout(
    sites={"hq": "dc1", "branch": None},
    members=(
        Member(name="dc1", site="hq", read_only=False),
        Member(name="dc2", site="hq", read_only=False),
        Member(name="dc3", site="branch", read_only=False),
    ),
    connections=(pulls("dc1", "dc2"), pulls("dc2", "dc1"), pulls("dc1", "dc3"), pulls("dc3", "dc1")),
    subnets={"198.51.100.64/26": "hq"},
)


def test_all_is_told() -> None:
    shown = layout_shown(LAYOUT)
    assert shown["sites"] == {
        "branch": {"controllers": ["dc3"], "generator": None, "bridgeheads": ["dc3"]},
        "hq": {"controllers": ["dc1", "dc2"], "generator": "dc1", "bridgeheads": ["dc1"]},
    }
    assert [(one["controller"], one["source"], one["between_sites"]) for one in shown["connections"]] == [
        ("dc1", "dc2", False),
        ("dc1", "dc3", True),
        ("dc2", "dc1", False),
        ("dc3", "dc1", True),
    ]


def test_a_chain_is_enough() -> None:
    assert layout_faults(LAYOUT) == []


def test_a_site_without_an_inbound_connection() -> None:
    (fault,) = layout_faults(replace(LAYOUT, connections=LAYOUT.connections[:3]))
    assert fault.startswith("Site branch pulls from no other site")


def test_a_connection_that_is_switched_off_does_not_count() -> None:
    off = (*LAYOUT.connections[:3], pulls("dc3", "dc1", enabled=False))
    (fault,) = layout_faults(replace(LAYOUT, connections=off))
    assert "branch" in fault


def test_a_controller_that_is_left_out() -> None:
    left = tuple(one for one in LAYOUT.connections if one.controller != "dc2")
    (fault,) = layout_faults(replace(LAYOUT, connections=left))
    assert fault.startswith("No chain of connections leads from dc1, dc3 to dc2")


def test_connections_of_controllers_that_are_gone_do_not_count() -> None:
    gone = (*LAYOUT.connections[:3], pulls("dc3", "dc9"))
    assert len(layout_faults(replace(LAYOUT, connections=gone))) == 1


def test_nobody_pulls_from_a_read_only_one() -> None:
    members = (*LAYOUT.members[:2], replace(LAYOUT.members[2], read_only=True))
    layout = replace(LAYOUT, members=members, connections=(*LAYOUT.connections[:2], pulls("dc3", "dc2")))
    assert layout_faults(layout) == []


def test_one_controller_has_nobody_to_pull_from() -> None:
    layout = Layout(sites={"hq": None}, members=LAYOUT.members[:1], connections=(), subnets={})
    assert layout_faults(layout) == []


def test_a_subnet_without_a_site() -> None:
    (fault,) = layout_faults(replace(LAYOUT, subnets={"198.51.100.64/26": None}))
    assert fault.startswith("The subnets 198.51.100.64/26 belong to no site")
