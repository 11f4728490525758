# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""New rules behind a dead man's switch: what is armed, loaded, confirmed, brought back."""

from __future__ import annotations

import fcntl
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.mailforest.stack.plugins.module_utils._firewall import guard as guards
from ansible_collections.mailforest.stack.plugins.module_utils._firewall.access import login
from ansible_collections.mailforest.stack.plugins.module_utils._firewall.guard import Former, Guard
from ansible_collections.mailforest.stack.plugins.module_utils._firewall.kernel import NO_TABLE, Kernel, NoNft, Refused
from ansible_collections.mailforest.stack.plugins.module_utils._firewall.load import Wanted, load, preview
from ansible_collections.mailforest.stack.plugins.module_utils._firewall.model import FirewallError

STAMP = "0123"
# Just enough of nft: the table is a file, "bad" in a ruleset is a mistake.
NFT = r"""#!/bin/sh
loaded='%(loaded)s'
case "$*" in
  *"list tables"*) [ -e "$loaded" ] && table=', {"table": {"family": "inet", "name": "mailforest"}}'
    echo "{\"nftables\": [{\"metainfo\": {}}, {\"table\": {\"family\": \"ip\", \"name\": \"nat\"}}$table]}" ;;
  *"list table "*) cat "$loaded" ;;
  *) for file; do :; done
    grep -q bad "$file" && { echo "syntax error" >&2; exit 1; }
    echo "$file" >>"$loaded.log"
    grep -v -e '^table inet mailforest$' -e '^delete' "$file" >"$loaded" || rm "$loaded" ;;
esac
"""
# The trial's namespace: its own table, as the real one has.
UNSHARE = r"""#!/bin/sh
shift 5
grep -q bad "$2" && { echo "syntax error" >&2; exit 1; }
grep -v -e '^table inet mailforest$' -e '^delete' "$2"
"""


@dataclass
class FakeTimer:
    """Remembers what it should do."""

    started: list[tuple[int, Path]] = field(default_factory=list)
    runs: bool = False
    broken: bool = False

    def start(self, seconds: int, script: Path) -> None:
        if self.broken:
            raise FirewallError("systemd-run: no bus")
        self.started.append((seconds, script))
        self.runs = True

    def stop(self) -> None:
        self.runs = False

    def pending(self) -> bool:
        return self.runs

    def fire(self) -> None:
        subprocess.run(["/bin/sh", str(self.started[-1][1])], check=False)
        self.runs = False


class Host:
    """A host with a kernel and a switch, in a directory."""

    def __init__(self, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.table = root / "table"
        programs = root / "bin"
        programs.mkdir()
        for name, text in (("nft", NFT % {"loaded": self.table}), ("unshare", UNSHARE)):
            (programs / name).write_text(text)
            (programs / name).chmod(0o755)
        monkeypatch.setenv("PATH", f"{programs}:/usr/bin:/bin")
        # The script of the switch sets a path of its own.
        monkeypatch.setattr(guards, "SEARCH_PATH", f"{programs}:/usr/bin:/bin")
        monkeypatch.setattr(guards, "_PAUSE", 0.01)
        self.forward = root / "sys/net/ipv4/ip_forward"
        self.forward.parent.mkdir(parents=True)
        self.forward.write_text("0\n")
        self.timer = FakeTimer()
        self.guard = Guard(timer=self.timer, directory=root / "run/firewall")
        self.kernel = Kernel(proc_sys=root / "sys")

    def load(self, rules: str, **options: Any) -> dict[str, Any]:
        return load(wanted(rules, **options), self.kernel, self.guard)

    @property
    def rules(self) -> str:
        return self.table.read_text() if self.table.exists() else ""


def wanted(rules: str, **options: Any) -> Wanted:
    values: dict[str, Any] = {"sysctls": {}, "seconds": 30, "stamp": STAMP}
    return Wanted(ruleset=f"{NO_TABLE}{rules}\n", **{**values, **options})


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Host:
    return Host(tmp_path, monkeypatch)


def test_new_rules_are_loaded_behind_an_armed_switch(host: Host) -> None:
    result = host.load("new")
    assert result["changed"]
    assert (result["diff"]["before"], result["diff"]["after"]) == ("", "new\n")
    assert host.timer.started == [(30, host.guard.script)]
    assert (host.rules, host.guard.state(STAMP)) == ("new\n", "armed")


def test_equal_rules_arm_nothing_and_load_nothing(host: Host) -> None:
    host.table.write_text("same\n")
    assert not host.load("same")["changed"]
    assert host.timer.started == []
    assert not Path(f"{host.table}.log").exists()


def test_a_change_by_hand_is_a_difference(host: Host) -> None:
    host.table.write_text("wanted\nby hand\n")
    assert host.load("wanted")["diff"]["before"] == "wanted\nby hand\n"
    assert host.rules == "wanted\n"


@pytest.mark.parametrize("former", ["", "former\n"], ids=["no table before", "another table before"])
def test_the_switch_brings_back_what_ruled(host: Host, former: str) -> None:
    if former:
        host.table.write_text(former)
    host.load("new", sysctls={"net.ipv4.ip_forward": "1"})
    assert (host.rules, host.forward.read_text()) == ("new\n", "1\n")
    host.timer.fire()
    assert (host.rules, host.forward.read_text()) == (former, "0\n")
    assert host.guard.state(STAMP) == "restored"
    assert not host.guard.confirm(STAMP)


def test_a_confirmation_stops_the_switch_even_when_it_fires_nevertheless(host: Host) -> None:
    host.load("new")
    assert host.guard.confirm(STAMP)
    assert not host.timer.runs
    host.timer.fire()
    assert (host.rules, host.guard.state(STAMP)) == ("new\n", "confirmed")


def test_another_run_cannot_confirm(host: Host) -> None:
    host.load("new")
    assert not host.guard.confirm("4567")
    assert host.timer.runs
    assert host.guard.state("4567") == "unknown"


def test_the_former_rules_come_back_at_once_when_asked(host: Host) -> None:
    host.table.write_text("former\n")
    host.load("new")
    host.guard.revert(STAMP)
    assert (host.rules, host.guard.state(STAMP), host.timer.runs) == ("former\n", "restored", False)


def test_a_restoration_that_failed_is_tried_again(host: Host) -> None:
    host.table.write_text("former\n")
    host.load("new")
    saved = host.guard.former.read_text()
    host.guard.former.write_text("bad\n")
    host.timer.fire()
    assert host.guard.state(STAMP) == "fired"
    with pytest.raises(FirewallError, match="could not be brought back"):
        host.guard.revert(STAMP)
    host.guard.former.write_text(saved)
    host.guard.revert(STAMP)
    assert (host.rules, host.guard.state(STAMP)) == ("former\n", "restored")


def test_only_settings_differ(host: Host) -> None:
    host.table.write_text("same\n")
    result = host.load("same", sysctls={"net.ipv4.ip_forward": "1", "net.ipv6.conf.*.accept_ra": "2"})
    assert result["changed"]
    assert f"{host.forward} = 0\n" in result["diff"]["before"]
    assert host.forward.read_text() == "1\n"


def test_a_setting_that_the_kernel_lacks(host: Host) -> None:
    with pytest.raises(FirewallError, match=r"no setting net\.ipv4\.other.*Nothing was changed"):
        host.load("new", sysctls={"net.ipv4.other": "1"})
    assert host.rules == ""


def test_rules_that_nft_refuses_are_never_loaded(host: Host) -> None:
    host.table.write_text("former\n")
    with pytest.raises(FirewallError, match=r"does not take these rules: .*syntax error"):
        host.load("bad")
    assert (host.rules, host.timer.started) == ("former\n", [])


def test_a_load_that_fails_after_all_is_taken_back(host: Host) -> None:
    host.table.write_text("former\n")

    class Deaf(Kernel):
        def settings(self, sysctls: Any) -> dict[Path, tuple[str, str]]:
            return {host.forward: ("0", "1")}

        def load(self, file: Path) -> None:
            super().load(file)
            raise Refused("nft: interrupted")

    with pytest.raises(FirewallError, match=r"interrupted\. The former rules are back"):
        load(wanted("new"), Deaf(), host.guard)
    assert host.rules == "former\n"


def test_without_a_timer_nothing_is_loaded(host: Host) -> None:
    host.timer.broken = True
    with pytest.raises(FirewallError, match=r"cannot be armed: systemd-run: no bus\. Nothing was changed"):
        host.load("new")
    assert (host.rules, host.guard.state(STAMP)) == ("", "unknown")


def test_another_runs_switch_is_waited_for(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = iter([True, True, False])
    monkeypatch.setattr(host.timer, "pending", lambda: next(asked, False))
    assert host.load("new")["changed"]


def test_another_runs_switch_is_not_taken_over(host: Host) -> None:
    host.timer.runs = True
    with pytest.raises(FirewallError, match="has not confirmed them yet"):
        host.load("new", seconds=-5)
    assert host.timer.started == []


def test_two_runs_never_load_at_once(host: Host) -> None:
    host.guard.directory.mkdir(parents=True)
    with (host.guard.directory / "lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        with pytest.raises(FirewallError, match="Another run loads rules"):
            host.load("new")


def test_a_preview_changes_nothing(host: Host) -> None:
    host.table.write_text("former\n")
    shown = preview(wanted("new"), host.kernel)
    assert (shown["changed"], shown["diff"]["before"], shown["diff"]["after"]) == (True, "former\n", "new\n")
    assert (host.rules, host.timer.started) == ("former\n", [])


def test_before_nft_is_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert preview(wanted("new"), Kernel())["changed"]
    with pytest.raises(NoNft, match="Install the packages"):
        Kernel().rules()


def test_what_a_program_says_is_kept(host: Host, tmp_path: Path) -> None:
    (tmp_path / "x.nft").write_text("bad\n")
    with pytest.raises(Refused, match="nft: syntax error"):
        host.kernel.load(tmp_path / "x.nft")


def test_the_session(tmp_path: Path) -> None:
    for pid, parent, environ in (("1", "0", ""), ("7", "1", "A=b\0SSH_CONNECTION=198.18.0.7 54321 198.51.100.68 22\0")):
        (tmp_path / pid).mkdir()
        (tmp_path / pid / "environ").write_text(environ)
        (tmp_path / pid / "status").write_text(f"PPid:\t{parent}\n")
    assert login(tmp_path, pid=7) == "198.18.0.7 54321"
    assert login(tmp_path, pid=1) == ""


def test_without_a_table_the_former_ruleset_takes_it_away() -> None:
    assert Former(rules="", settings={}).ruleset == "table inet mailforest\ndelete table inet mailforest\n"
