# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A tree on a real file system, with systemd as the only thing that is played."""

from __future__ import annotations

import base64
import errno
import grp
import json
import os
import pwd
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.mailforest.stack.plugins.module_utils._config_tree import stage as staging
from ansible_collections.mailforest.stack.plugins.module_utils._config_tree import swap as swapping
from ansible_collections.mailforest.stack.plugins.module_utils._config_tree import units as systemd
from ansible_collections.mailforest.stack.plugins.module_utils._config_tree.model import OnChange, TreeError, tree_spec
from ansible_collections.mailforest.stack.plugins.module_utils._config_tree.run import Outcome, run
from ansible_collections.mailforest.stack.plugins.module_utils._config_tree.state import Layout, load_written
from ansible_collections.mailforest.stack.plugins.module_utils._config_tree.units import UnitError

ME = pwd.getpwuid(os.getuid()).pw_name
MINE = grp.getgrgid(os.getgid()).gr_name


class FakeUnits:
    """A service manager that notes what it is told."""

    def __init__(self) -> None:
        self.is_running = True
        self.refuses = ""
        self.told: list[str] = []

    def running(self, unit: str) -> bool:
        return self.is_running

    def apply(self, unit: str, how: OnChange) -> None:
        self.told.append(f"{how} {unit}")
        if self.refuses:
            raise UnitError(self.refuses)

    def read_unit_files(self) -> None:
        self.told.append("daemon-reload")

    def recent_log(self, unit: str) -> str:
        return f"{unit}: bad password hunter22"


class Host:
    """A directory that plays the host, and the module's run on it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.etc = root / "etc"
        self.etc.mkdir()
        self.layout = Layout(state=root / "state", run=root / "run")
        self.units = FakeUnits()

    def run(
        self, files: Mapping[str, str | dict[str, Any]], *, check: bool = False, name: str = "mail", **options: Any
    ) -> Outcome:
        declared, contents = [], {}
        for short, given in files.items():
            raw = {"content": given} if isinstance(given, str) else given
            path = str(self.etc / short)
            contents[path] = base64.b64encode(raw["content"].encode()).decode()
            declared.append(
                {"path": path, "owner": ME, "group": MINE, **{k: v for k, v in raw.items() if k != "content"}}
            )
        params = {"name": name, "unit": "mail.service", "files": declared, "contents": contents, **options}
        return run(tree_spec(params), check_mode=check, layout=self.layout, units=self.units)

    def tree(self) -> dict[str, str]:
        return {str(p.relative_to(self.etc)): p.read_text() for p in sorted(self.etc.rglob("*")) if p.is_file()}

    def memory(self) -> dict[str, Any]:
        loaded: dict[str, Any] = json.loads((self.layout.state / "mail.json").read_text())
        return loaded


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return Host(tmp_path)


def verbs(outcome: Outcome) -> list[tuple[str, str]]:
    return [(o.verb, Path(o.target).name) for o in outcome.operations]


def test_first_second_and_restarted_host(host: Host) -> None:
    first = host.run({"a.conf": "a\n", "sub/b.conf": {"content": "b\n", "mode": "0600"}})
    assert first.changed
    assert verbs(first) == [
        ("create directory", "sub"), ("create", "a.conf"), ("create", "b.conf"), ("reload", "mail.service"),
    ]  # fmt: skip
    assert host.tree() == {"a.conf": "a\n", "sub/b.conf": "b\n"}
    assert (host.etc / "sub/b.conf").stat().st_mode & 0o7777 == 0o600
    assert (host.layout.state / "mail.json").stat().st_mode & 0o7777 == 0o600
    # A restart of the host empties /run and starts the unit with what is on disk.
    (host.layout.run / "mail.lock").unlink()
    host.units.told.clear()
    second = host.run({"a.conf": "a\n", "sub/b.conf": {"content": "b\n", "mode": "0600"}})
    assert not second.changed
    assert second.operations == ()
    assert second.diff == []
    assert host.units.told == []


def test_check_mode_says_the_same_and_does_nothing(host: Host) -> None:
    planned = host.run({"sub/a.conf": "a\n"}, check=True)
    assert host.tree() == {}
    assert not host.layout.state.exists()
    assert host.units.told == []
    done = host.run({"sub/a.conf": "a\n"})
    assert (planned.changed, planned.operations, planned.diff) == (done.changed, done.operations, done.diff)
    assert not host.run({"sub/a.conf": "a\n"}, check=True).changed


@pytest.mark.parametrize(
    ("prepare", "declared", "expected"),
    [
        pytest.param("echo old > a", {"a": "new\n"}, [("change", "a")], id="content"),
        pytest.param("echo x > a; chmod 600 a", {"a": "x\n"}, [("set permissions", "a")], id="mode only"),
        pytest.param("echo x > t; ln -s t a", {"a": "x\n"}, [("change", "a")], id="link, even with equal content"),
        pytest.param("ln -s /nowhere a", {"a": "x\n"}, [("change", "a")], id="dangling link"),
        pytest.param("mkdir real; ln -s real d", {"d/a": "x\n"}, [("create", "a")], id="directory is a link"),
    ],
)
def test_what_was_there(host: Host, prepare: str, declared: dict[str, str], expected: list[tuple[str, str]]) -> None:
    os.system(f"cd {host.etc}; {prepare}")
    host.units.is_running = False
    assert verbs(host.run(declared)) == expected
    name, content = next(iter(declared.items()))
    file = host.etc / name
    assert not file.is_symlink()
    assert file.read_text() == content
    assert file.stat().st_mode & 0o7777 == 0o644
    assert not host.run(declared).changed
    if (host.etc / "t").exists():
        assert (host.etc / "t").read_text() == "x\n"


def test_no_longer_declared_files_and_directories_go(host: Host) -> None:
    (host.etc / "foreign").write_text("stays")
    host.run({"a": "a", "made/deep/b": "b", "made/c": "c"})
    host.run({"hers": "h"}, name="other")
    assert verbs(host.run({"a": "a"})) == [
        ("remove", "c"),
        ("remove", "b"),
        ("remove directory", "deep"),
        ("remove directory", "made"),
        ("reload", "mail.service"),
    ]
    assert host.tree() == {"a": "a", "foreign": "stays", "hers": "h"}
    assert not (host.etc / "made").exists()


def test_a_file_that_moved_to_another_tree_stays(host: Host) -> None:
    host.run({"a": "a", "shared": "s"})
    host.run({"shared": "s"}, name="other")
    assert not any(o.verb == "remove" for o in host.run({"a": "a"}).operations)
    assert host.tree() == {"a": "a", "shared": "s"}


def test_exclusive_and_absent(host: Host) -> None:
    os.system(
        f"cd {host.etc}; mkdir -p d/sub; echo x > d/stray; ln -s stray d/link; ln -s /no d/dangling; echo p > packaged"
    )
    options: dict[str, Any] = {
        "exclusive": [str(host.etc / "d")],
        "absent": [str(host.etc / "packaged"), str(host.etc / "no")],
    }
    outcome = host.run({"d/a": "a"}, **options)
    assert {v for v in verbs(outcome) if v[0] == "remove"} == {
        ("remove", "link"),
        ("remove", "packaged"),
        ("remove", "stray"),
    }
    assert sorted(p.name for p in (host.etc / "d").iterdir()) == ["a", "dangling", "sub"]
    assert not host.run({"d/a": "a"}, **options).changed


def test_directories(host: Host) -> None:
    (host.etc / "old").mkdir(mode=0o755)
    options: dict[str, Any] = {
        "directories": [
            {"path": str(host.etc / "old"), "mode": "0700"},
            {"path": str(host.etc / "new/deep"), "mode": "0710"},
        ]
    }
    assert {v for v in verbs(host.run({}, unit=None, **options))} == {
        ("set permissions", "old"), ("create directory", "new"), ("create directory", "deep"),
    }  # fmt: skip
    assert (host.etc / "old").stat().st_mode & 0o7777 == 0o700
    assert (host.etc / "new/deep").stat().st_mode & 0o7777 == 0o710
    assert (host.etc / "new").stat().st_mode & 0o7777 == 0o755
    assert not host.run({}, unit=None, **options).changed


@pytest.mark.parametrize(
    ("change", "told"),
    [
        pytest.param({"files": {"a": "other"}}, ["reload mail.service"], id="content"),
        pytest.param({"files": {"a": {"content": "a", "mode": "0600"}}}, ["reload mail.service"], id="mode"),
        pytest.param({"files": {}}, ["reload mail.service"], id="removal"),
        pytest.param({"files": {"a": "other"}, "on_change": "restart"}, ["restart mail.service"], id="restart"),
        pytest.param({"files": {"a": "other"}, "unit": None}, [], id="no unit"),
        pytest.param(
            {"files": {"a": "a", "b": {"content": "b", "loaded": False}}}, [], id="a file the unit does not load"
        ),
    ],
)
def test_unit(host: Host, change: dict[str, Any], told: list[str]) -> None:
    host.run({"a": "a"})
    host.units.told.clear()
    assert host.run(**change).changed
    assert host.units.told == told
    assert not host.run(**change).changed
    assert host.units.told == told


def test_watched_files(host: Host) -> None:
    key = host.root / "key"
    watched: dict[str, Any] = {"watch": [str(key), str(host.root / "dir")]}
    host.run({"a": "a"}, **watched)
    host.units.told.clear()
    key.write_text("1")
    assert verbs(host.run({"a": "a"}, **watched)) == [("reload", "mail.service")]
    (host.root / "dir").mkdir()
    (host.root / "dir" / "x").write_text("1")
    assert host.run({"a": "a"}, **watched, check=True).changed
    assert host.run({"a": "a"}, **watched).changed
    assert not host.run({"a": "a"}, **watched).changed
    assert host.units.told == ["reload mail.service"] * 2


def test_stopped_unit_loads_the_tree_when_it_starts(host: Host) -> None:
    host.units.is_running = False
    host.run({"a": "a"})
    host.units.is_running = True
    assert not host.run({"a": "a"}).changed
    assert host.units.told == []


def test_drift_is_mended_and_loaded(host: Host) -> None:
    host.run({"a": "a"})
    (host.etc / "a").write_text("by hand")
    assert verbs(host.run({"a": "a"})) == [("change", "a"), ("reload", "mail.service")]


def test_refused_reload_is_tried_again(host: Host) -> None:
    host.units.refuses = "mail.service: exited"
    with pytest.raises(TreeError, match=r"did not take it up: mail\.service: exited") as caught:
        host.run({"a": {"content": "password = hunter22", "secret": True}})
    assert "hunter22" not in str(caught.value)
    host.units.refuses = ""
    again = host.run({"a": {"content": "password = hunter22", "secret": True}})
    assert verbs(again) == [("reload", "mail.service")]
    assert not host.run({"a": {"content": "password = hunter22", "secret": True}}).changed


def test_killed_between_swap_and_reload(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    host.run({"a": "a", "b": "b"})

    def killed(*_args: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(host.units, "apply", killed)
    with pytest.raises(KeyboardInterrupt):
        host.run({"a": "new"})
    monkeypatch.undo()
    host.units.told.clear()
    assert verbs(host.run({"a": "new"})) == [("reload", "mail.service")]
    assert host.units.told == ["reload mail.service"]
    assert host.tree() == {"a": "new"}


def test_killed_in_the_middle_of_the_swap(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    host.run({"a": "a", "b": "b", "c": "c"})
    real = swapping._put

    def killed(step: Any) -> None:
        if swapping._path(step).endswith("/b"):
            raise KeyboardInterrupt
        real(step)

    monkeypatch.setattr(swapping, "_put", killed)
    with pytest.raises(KeyboardInterrupt):
        host.run({"a": "1", "b": "2"})
    monkeypatch.undo()
    assert host.run({"a": "1", "b": "2"}).changed
    assert host.tree() == {"a": "1", "b": "2"}


def test_a_rename_that_fails_undoes_the_others(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    (host.etc / "link").symlink_to("/nowhere")
    host.run({"a": "a", "z": "z"})
    before = host.tree()
    real = swapping._put

    def busy(step: Any) -> None:
        if swapping._path(step).endswith("/z"):
            raise OSError(errno.EBUSY, "Device or resource busy")
        real(step)

    monkeypatch.setattr(swapping, "_put", busy)
    with pytest.raises(TreeError, match="/z cannot be replaced: Device or resource busy"):
        host.run({"a": "1", "link": "2", "new": "3", "z": "4"})
    assert host.tree() == before
    assert (host.etc / "link").readlink() == Path("/nowhere")
    assert [p.name for p in host.etc.iterdir() if p.name.startswith(".")] == []


def test_no_space_changes_nothing(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    host.run({"a": "a"})
    real = staging.write_file

    def full(path: Path, step: Any) -> None:
        if step.spec.path.endswith("/b"):
            raise OSError(errno.ENOSPC, "No space left on device", str(path))
        real(path, step)

    monkeypatch.setattr(swapping, "write_file", full)
    with pytest.raises(TreeError, match="No space left on device"):
        host.run({"a": "1", "b": "2"})
    assert host.tree() == {"a": "a"}


def test_validators_see_the_whole_staged_tree(host: Host) -> None:
    (host.etc / "other").mkdir()
    (host.etc / "other" / "main").write_text("given")
    (host.etc / "stray").write_text("x")
    stage = "{stage}" + str(host.etc)
    outcome = host.run(
        {"a": "new"},
        stage=[str(host.etc / "other"), str(host.etc / "missing")],
        absent=[str(host.etc / "stray")],
        validate=[
            ["grep", "given", f"{stage}/other/main"],
            ["grep", "new", f"{stage}/a"],
            ["test", "!", "-e", f"{stage}/stray"],
        ],
    )
    assert outcome.changed
    assert list(host.layout.run.glob("*stage*")) == []


@pytest.mark.parametrize("check", [False, True])
def test_refused_tree_changes_nothing(host: Host, check: bool) -> None:
    host.run({"a": "old", "gone": "g"})
    memory = host.memory()
    host.units.told.clear()
    file = "{stage}" + str(host.etc / "a")
    with pytest.raises(TreeError, match="is not valid") as caught:
        host.run(
            {"a": {"content": "key = s3cret77\n", "secret": True}}, validate=[["cat", file, "/nowhere"]], check=check
        )
    assert "the old configuration stays active" in str(caught.value)
    assert "s3cret77" not in str(caught.value) + repr(caught.value.details)
    assert "/nowhere: No such file" in caught.value.details["validator_output"]
    assert str(host.layout.run) not in str(caught.value)
    assert host.tree() == {"a": "old", "gone": "g"}
    assert host.memory() == memory
    assert host.units.told == []
    assert list(host.layout.run.glob("*stage*")) == []


def test_validator_that_hangs(host: Host) -> None:
    with pytest.raises(TreeError, match=r"no answer within 1 seconds"):
        host.run({"a": "a"}, validate=[["sleep", "20"]], validate_timeout=1)
    assert host.tree() == {}


def test_validator_that_is_not_installed(host: Host) -> None:
    missing = [["no-such-checker", "{stage}"]]
    assert host.run({"a": "a"}, validate=missing, check=True).warnings == [
        "no-such-checker is not installed yet, so the configuration 'mail' was not validated."
    ]
    with pytest.raises(TreeError, match="Install the package"):
        host.run({"a": "a"}, validate=missing)
    assert host.tree() == {}


def test_check_mode_forgives_what_a_watched_file_is_missing_for(host: Host) -> None:
    options: dict[str, Any] = {"validate": [["false"]], "watch": [str(host.root / "cert")]}
    assert "cannot be judged before" in host.run({"a": "a"}, check=True, **options).warnings[0]
    with pytest.raises(TreeError, match="is not valid"):
        host.run({"a": "a"}, **options)


def test_unknown_owner(host: Host) -> None:
    declared = {"a": {"content": "a", "owner": "no-such-user", "group": "no-such-group"}}
    assert host.run(declared, check=True).changed
    with pytest.raises(TreeError, match="The user 'no-such-user' does not exist"):
        host.run(declared)
    assert host.tree() == {}


@pytest.mark.parametrize(
    ("before", "after", "shown"),
    [
        pytest.param({"content": "1\n"}, {"content": "2\n"}, [("1\n", "2\n")], id="plain"),
        pytest.param(
            {"content": "1\n", "secret": True},
            {"content": "2\n", "secret": True},
            [("old content not shown\n", "new content not shown\n")],
            id="secret",
        ),
        pytest.param(
            {"content": "1\n", "mode": "0640"},
            {"content": "2\n", "mode": "0640"},
            [("old content not shown\n", "new content not shown\n")],
            id="others cannot read it",
        ),
        pytest.param(
            {"content": "1\n"},
            {"content": "1\n", "mode": "0600"},
            [(f"owner: {ME}\ngroup: {MINE}\nmode: 0644\n", f"owner: {ME}\ngroup: {MINE}\nmode: 0600\n")],
            id="permissions",
        ),
    ],
)
def test_diff(host: Host, before: dict[str, Any], after: dict[str, Any], shown: list[tuple[str, str]]) -> None:
    host.run({"a": before})
    diff = host.run({"a": after}, check=True).diff
    assert [(d["before"], d["after"]) for d in diff] == shown
    assert all(d["before_header"].startswith(str(host.etc / "a")) for d in diff)


def test_removed_secret_is_not_shown(host: Host) -> None:
    host.run({"a": {"content": "geheim", "secret": True}})
    assert "geheim" not in repr(host.run({}).diff)


def test_unit_files_are_read_again(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "ansible_collections.mailforest.stack.plugins.module_utils._config_tree.run._UNIT_FILES", str(host.etc)
    )
    host.run({"x.service": "[Unit]\n"}, unit="x.service")
    assert host.units.told == ["daemon-reload", "reload x.service"]
    host.run({}, unit=None)
    assert host.units.told[-1] == "daemon-reload"


def test_two_runs_at_once(host: Host) -> None:
    with host.layout.lock("mail"), pytest.raises(TreeError, match="Another run is changing"):
        host.run({"a": "a"})
    assert host.run({"a": "a"}).changed


def test_broken_memory(host: Host) -> None:
    host.layout.state.mkdir()
    (host.layout.state / "mail.json").write_text("{")
    with pytest.raises(TreeError, match="cannot be read"):
        host.run({"a": "a"})
    assert host.tree() == {}


@pytest.mark.parametrize("kind", ["directory", "pipe"])
def test_something_else_in_the_way(host: Host, kind: str) -> None:
    (host.etc / "a").mkdir() if kind == "directory" else os.mkfifo(host.etc / "a")
    with pytest.raises(TreeError, match="not a file"):
        host.run({"a": "a"})


@pytest.mark.parametrize(
    ("params", "message"),
    [
        pytest.param({"name": "../x"}, "cannot be used as a file name", id="name"),
        pytest.param({"files": [{"path": "etc/x"}]}, "not a plain absolute path", id="relative"),
        pytest.param({"files": [{"path": "/etc/../x"}]}, "not a plain absolute path", id="dots"),
        pytest.param({"files": [{"path": "/etc/x/"}]}, "not a plain absolute path", id="slash at the end"),
        pytest.param({"files": [{"path": "/x"}, {"path": "/x"}]}, "declared twice", id="twice"),
        pytest.param({"files": [{"path": "/x"}, {"path": "/x/y"}]}, "declared as a file", id="file as directory"),
        pytest.param({"files": [{"path": "/x"}], "absent": ["/x"]}, "and in `absent`", id="declared and absent"),
        pytest.param({"files": [{"path": "/x", "mode": "rw"}]}, "is not octal", id="symbolic mode"),
        pytest.param({"files": [{"path": "/nothing"}]}, "No content was given", id="no content"),
        pytest.param({"directories": [{"path": "/etc", "mode": "0700"}]}, "belongs to the system", id="/etc"),
        pytest.param({"directories": [{"path": "/var/lib"}]}, "belongs to the system", id="/var/lib"),
        pytest.param({"validate": [[]]}, "is empty", id="empty command"),
        pytest.param({"watch": ["x"]}, "watch: 'x' is not a plain", id="relative watch"),
    ],
)
def test_refused_options(params: dict[str, Any], message: str) -> None:
    with pytest.raises(TreeError, match=message):
        tree_spec({"name": "x", "contents": {"/x": "", "/x/y": ""}, **params})


@pytest.mark.parametrize(
    ("state", "running"),
    [("active", True), ("activating", True), ("reloading", True), ("inactive", False), ("failed", False), ("", False)],
)
def test_systemd_running(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, state: str, running: bool) -> None:
    program = tmp_path / "systemctl"
    program.write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/told\necho {state}\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    manager = systemd.Systemd()
    assert manager.running("x.service") is running
    manager.apply("x.service", "reload")
    manager.apply("x.service", "none")
    manager.read_unit_files()
    assert (tmp_path / "told").read_text().splitlines()[1:] == ["try-reload-or-restart -- x.service", "daemon-reload"]


def test_systemd_refusal_and_absence(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert systemd.Systemd().running("x.service") is False
    systemd.Systemd().read_unit_files()
    program = tmp_path / "systemctl"
    program.write_text("#!/bin/sh\necho broken bus >&2\nexit 1\n")
    program.chmod(0o755)
    with pytest.raises(UnitError, match="broken bus"):
        systemd.Systemd().running("x.service")
    assert "journalctl" in systemd.Systemd().recent_log("x.service")


def test_what_was_written_is_remembered_for_who_looks_for_changes_by_hand(host: Host) -> None:
    host.run({"main.cf": "one"})
    path = str(host.etc / "main.cf")
    before = load_written(host.layout, "mail")[path]
    assert before.mode == 0o644
    host.run({"main.cf": "two"}, check=True)
    assert load_written(host.layout, "mail")[path] == before
    host.run({"main.cf": "two"})
    assert load_written(host.layout, "mail")[path] != before
    host.layout.written_file("mail").unlink()
    assert load_written(host.layout, "mail") == {}
    assert not host.run({"main.cf": "two"}).changed
    assert path in load_written(host.layout, "mail")
