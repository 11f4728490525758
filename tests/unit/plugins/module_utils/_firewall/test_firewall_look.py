# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether what rules is what was written: listings compared line by line."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest
from ansible_collections.mailforest.stack.plugins.module_utils._firewall.kernel import Kernel, Refused
from ansible_collections.mailforest.stack.plugins.module_utils._firewall.listing import (
    drift,
    flat,
    shortened,
    without_learnt,
)
from ansible_collections.mailforest.stack.plugins.module_utils._firewall.look import Seen, Unit, look

LISTING = """\
table inet mailforest {
\tcounter refused {
\t}

\tset offices {
\t\ttype ipv4_addr
\t\tflags interval
\t\telements = { 198.51.100.64/26,
\t\t\t     198.51.100.128/26 }
\t}

\tchain input {
\t\ttype filter hook input priority filter; policy drop;
\t\tip saddr @offices tcp dport { 50000-50020 } counter accept comment "rpc"
\t\tcounter name "refused"
\t}
}
"""
LEARNT = """\
table inet mailforest {
\tset met {
\t\ttype ipv4_addr
\t\tsize 65535
\t\tflags dynamic,timeout
\t\telements = { 203.0.113.7 limit rate over 20/minute burst 20 packets,
\t\t\t     203.0.113.8 limit rate over 20/minute burst 20 packets }
\t}

\tset offices {
\t\ttype ipv4_addr
\t\telements = { 198.51.100.70 }
\t}
}
"""
RULE = 'input: ip saddr @offices tcp dport 50000-50020 counter accept comment "rpc"'


def test_a_line_for_each_rule_and_element() -> None:
    assert flat(LISTING) == (
        "counter refused:",
        "set offices:",
        "set offices: type ipv4_addr",
        "set offices: flags interval",
        "set offices: 198.51.100.64/26",
        "set offices: 198.51.100.128/26",
        "input:",
        "input: type filter hook input priority filter; policy drop;",
        RULE,
        'input: counter name "refused"',
    )


def test_what_the_kernel_learnt_is_left_out() -> None:
    kept = without_learnt(LEARNT)
    assert "203.0.113" not in kept
    assert flat(kept)[-1] == "set offices: 198.51.100.70"
    assert without_learnt(LISTING) == LISTING


def test_what_is_missing_and_what_was_added() -> None:
    by_hand = LISTING.replace("198.51.100.128/26", "203.0.113.0/24").replace("50000-50020", "1-65535")
    found = drift(by_hand, LISTING)
    assert found.missing == ("set offices: 198.51.100.128/26", RULE)
    assert found.added == ("set offices: 203.0.113.0/24", RULE.replace("50000-50020", "1-65535"))
    assert not any((drift(LISTING, LISTING).missing, drift(LISTING, LISTING).added, drift(LISTING, LISTING).moved))


def test_rules_in_another_order() -> None:
    lines = LISTING.splitlines(keepends=True)
    lines[-4], lines[-3] = lines[-3], lines[-4]
    found = drift("".join(lines), LISTING)
    assert (found.missing, found.added, found.moved) == ((), (), ("input",))


def test_of_a_long_list_only_what_differs_is_shown() -> None:
    many = tuple(f"set blocked_v4: 203.0.113.{number}" for number in range(100))
    before, after = ("set blocked_v4:", *many, RULE), ("set blocked_v4:", *many, "set blocked_v4: 192.0.2.7", RULE)
    assert shortened(before, after) == ("set blocked_v4: 101 lines, of which those that differ:", RULE)
    assert shortened(after, before)[1:] == ("set blocked_v4: 192.0.2.7", RULE)
    assert shortened(flat(LISTING), ()) == flat(LISTING)


@dataclass(frozen=True, kw_only=True)
class FakeKernel(Kernel):
    """Has loaded one listing; any ruleset would become the other."""

    loaded: str = LISTING
    due: str = LISTING

    def rules(self) -> str:
        return self.loaded

    def trial(self, file: Path) -> str:
        if "bad" in file.read_text(encoding="utf-8"):
            raise Refused("nft: syntax error")
        return self.due


UNIT = Unit(enabled="enabled", active="active")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A host with rules and settings."""
    (tmp_path / "etc/mailforest").mkdir(parents=True)
    (tmp_path / "etc/mailforest/firewall.nft").write_text("rules")
    (tmp_path / "etc/mailforest/firewall-sysctl.conf").write_text("# x = y\nnet.ipv4.ip_forward = 1\n")
    (tmp_path / "sys/net/ipv4").mkdir(parents=True)
    (tmp_path / "sys/net/ipv4/ip_forward").write_text("1\n")
    return tmp_path


def seen(root: Path, kernel: FakeKernel | None = None, unit: Unit = UNIT, ruleset: str = "") -> Seen:
    return look(kernel or FakeKernel(proc_sys=root / "sys"), unit, root=root, ruleset=ruleset)


def test_all_is_well(root: Path) -> None:
    assert seen(root) == seen(root, ruleset="rules")
    assert seen(root).result() == {"loaded": True, "missing": [], "added": [], "problems": []}


@pytest.mark.parametrize(
    ("kernel", "unit", "ruleset", "words"),
    [
        pytest.param({"loaded": ""}, UNIT, "", ["is not loaded", "filters nothing"], id="not loaded"),
        pytest.param(
            {"loaded": LISTING.replace("offices tcp", "offices udp")},
            UNIT,
            "",
            [f"`{RULE}` is written, but not in the kernel", "somebody added it"],
            id="changed by hand",
        ),
        pytest.param({}, Unit(enabled="disabled", active="active"), "", ["is disabled", "next start"], id="disabled"),
        pytest.param({}, Unit(enabled="enabled", active="failed"), "", ["is failed"], id="failed"),
        pytest.param({}, UNIT, "other", ["is not what is declared now"], id="not yet run"),
        pytest.param({}, UNIT, "bad", ["does not take the rules: nft: syntax error"], id="rules that do not load"),
    ],
)
def test_what_is_wrong(root: Path, kernel: dict[str, str], unit: Unit, ruleset: str, words: list[str]) -> None:
    said = "\n".join(seen(root, FakeKernel(proc_sys=root / "sys", **kernel), unit, ruleset).problems)
    assert [word for word in words if word not in said] == []


def test_a_setting_that_is_not_set(root: Path) -> None:
    (root / "sys/net/ipv4/ip_forward").write_text("0\n")
    (problem,) = seen(root).problems
    assert "ip_forward is 0, but 1 is written" in problem


def test_a_host_without_the_role(tmp_path: Path) -> None:
    (problem,) = seen(tmp_path).problems
    assert "firewall.nft does not exist" in problem


def test_many_differences_are_counted(root: Path) -> None:
    more = "".join(f"\t\ttcp dport {port} accept\n" for port in range(1, 41))
    kernel = FakeKernel(proc_sys=root / "sys", loaded=LISTING.replace('\t\tcounter name "refused"\n', more))
    problems = seen(root, kernel).problems
    assert len(problems) == 1 + 20 + 1
    assert "20 more" in problems[-1]
