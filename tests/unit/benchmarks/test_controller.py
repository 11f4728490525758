# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The benchmarks of the controller: which hosts, what is told as a change, what one host more takes."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))  # the benchmarks are scripts of the checkout

from benchmarks.common import controller
from benchmarks.common.harness import ROOT
from benchmarks.growth import slope


def test_the_slope_is_what_one_more_takes() -> None:
    assert slope([10.0, 12.0, 14.0, 16.0]) == pytest.approx(2.0)
    assert slope([10.0, 10.0]) == pytest.approx(0.0)


def test_the_hosts_of_an_example_controllers_first_and_no_observer() -> None:
    office = controller.Office(ROOT / "examples" / "two-offices", ["--inventory=inventory/hosts.yml"])
    assert office.hosts() == ["dc1", "dc2", "dc3", "gw-hq", "gw-branch", "mx1", "mx2", "member1"]


@pytest.mark.parametrize(
    ("line", "told"),
    [("mx1    : ok=9    changed=12   unreachable=0", ["mx1 12"]), ("mx1    : ok=9    changed=0    unreachable=0", [])],
)
def test_a_host_with_a_change_is_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, line: str, told: list[str]
) -> None:
    log = tmp_path / "check.log"
    log.write_text(f"PLAY RECAP\n{line}\n", encoding="utf-8")
    monkeypatch.setattr(controller, "_LOG", log)
    assert controller.Office(tmp_path, []).changes() == told
