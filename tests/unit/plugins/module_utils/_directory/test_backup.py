# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Backups: which stay, what looks whole, and that nothing is visible before it is."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.mailforest.stack.plugins.module_utils import _engine
from ansible_collections.mailforest.stack.plugins.module_utils._directory import (
    _backup,
    _backupplan,
    _backupsamba,
    _sambaprocess,
)
from ansible_collections.mailforest.stack.plugins.module_utils._directory._backup import BackupResource, Settings
from ansible_collections.mailforest.stack.plugins.module_utils._directory._backupfiles import Shelf
from ansible_collections.mailforest.stack.plugins.module_utils._directory._backupplan import (
    Contents,
    Controller,
    Keep,
    Manifest,
)
from ansible_collections.mailforest.stack.plugins.module_utils._engine import ResourceError

NOW = datetime(2026, 11, 23, 22, 30, tzinfo=UTC)
KEY = "age1" + "q" * 58
CONTENTS = Contents(
    domain="corp.example.test",
    netbios_name="CORP",
    sid="S-1-5-21-1-2-3",
    server="dc1",
    samba_version="4.22.0",
    functional_levels={"domain": 4, "forest": 4},
    roles={"pdc": "dc1"},
    controllers=[Controller(name="dc1", site="hq", dns_name="dc1.corp.example.test", addresses=["198.51.100.70"])],
    objects=3000,
)


def manifest(age: timedelta = timedelta(), *, label: str = "", recipients: Sequence[str] | None = None) -> Manifest:
    created = _backupplan.stamp(NOW - age)
    name = _backupplan.name_of(domain="corp.example.test", server="dc1", created=created, label=label)
    return Manifest(
        name=name,
        file=f"{name}.tar.bz2",
        size=4,
        sha256="",
        created=created,
        kind="offline",
        label=label,
        recipients=list(recipients or []),
        contents=CONTENTS,
    )


def put(directory: Path, one: Manifest, data: bytes = b"data") -> None:
    (directory / one.file).write_bytes(data)
    (directory / f"{one.name}.json").write_text(one.text())


class Memory:
    """A place in memory."""

    def __init__(self, *kept: Manifest) -> None:
        self.kept = list(kept)

    def complete(self) -> list[Manifest]:
        return sorted(self.kept, key=lambda one: one.created)

    def make(self, label: str) -> Manifest:
        self.kept.append(manifest(label=label))
        return self.kept[-1]

    def remove(self, names: Sequence[str]) -> None:
        self.kept = [one for one in self.kept if one.name not in names]


_KEEP = Keep()


def back_up(
    place: Memory, *, label: str = "", max_age: int = 24, keep: Keep = _KEEP, check_mode: bool = False
) -> dict[str, Any]:
    resource = BackupResource(place, Settings(keep=keep), label=label, max_age=max_age, now=lambda: NOW)
    return _engine._run(resource, check_mode=check_mode)


def days(*ages: int) -> list[Manifest]:
    return [manifest(timedelta(days=age)) for age in ages]


def kept_days(keep: Keep, ages: Sequence[int]) -> list[int]:
    stay = _backupplan.staying(days(*ages), keep, NOW)
    return [age for age in ages if manifest(timedelta(days=age)).name in stay]


NOTHING = Keep(last=0, daily=0, weekly=0, monthly=0, labelled_days=0)


def test_the_newest_always_stays() -> None:
    assert kept_days(NOTHING, range(5)) == [0]


def test_the_last_stay() -> None:
    assert kept_days(replace(NOTHING, last=3), range(9)) == [0, 1, 2]


def test_each_day_keeps_its_newest() -> None:
    hours = [manifest(timedelta(hours=age)) for age in (0, 1, 2, 24, 25)]
    assert _backupplan.staying(hours, replace(NOTHING, daily=2), NOW) == {hours[0].name, hours[3].name}


def test_days_without_a_backup_do_not_count() -> None:
    assert kept_days(replace(NOTHING, daily=3), [0, 10, 20, 30]) == [0, 10, 20]


def test_weeks_and_months_keep_their_newest() -> None:
    # 2026-11-23 is a Monday.
    assert kept_days(replace(NOTHING, weekly=3), range(30)) == [0, 1, 8]
    assert kept_days(replace(NOTHING, monthly=3), range(100)) == [0, 23, 54]


def test_a_year_of_days_is_thinned_out() -> None:
    assert len(kept_days(Keep(), range(365))) == 7 + 3 + 11


def test_a_labelled_one_stays_for_its_time_and_takes_no_place() -> None:
    ours = [manifest(timedelta(days=age), label="before-seizure") for age in (1, 89, 91)]
    stay = _backupplan.staying([*ours, *days(0, 2)], replace(NOTHING, last=2, labelled_days=90), NOW)
    assert stay == {one.name for one in [*ours[:2], *days(0, 2)]}


def test_a_fresh_one_is_left_and_an_old_one_is_followed_by_another() -> None:
    assert back_up(Memory(manifest(timedelta(hours=23))))["changed"] is False
    made = back_up(Memory(manifest(timedelta(hours=25))))
    assert [step["verb"] for step in made["operations"]] == ["back_up"]
    assert made["backup"]["age_hours"] == 0


def test_one_is_made_whatever_there_is() -> None:
    assert back_up(Memory(manifest()), max_age=0)["changed"] is True


@pytest.mark.parametrize("other", [manifest(label="before-level"), manifest(recipients=[KEY])])
def test_another_label_or_key_does_not_count(other: Manifest) -> None:
    assert [step["verb"] for step in back_up(Memory(other))["operations"]] == ["back_up"]


def test_retention_counts_the_new_one() -> None:
    place = Memory(*days(2, 3, 4))
    back_up(place, keep=replace(NOTHING, last=2))
    assert sorted(place.kept, key=lambda one: one.created) == days(2, 0)


def test_check_mode_makes_and_removes_nothing() -> None:
    place = Memory(*days(2, 3, 4))
    told = back_up(place, keep=replace(NOTHING, last=2), check_mode=True)
    assert place.kept == days(2, 3, 4)
    assert [step["verb"] for step in told["operations"]] == ["back_up", "remove", "remove"]


@pytest.mark.parametrize(
    ("options", "fault"),
    [
        ({"recipients": ["AGE-SECRET-KEY-1"]}, "private key"),
        ({"recipients": ["age1short"]}, "neither"),
        ({"directory": "backups"}, "absolute"),
        ({"directory": "/var/lib/samba/backups"}, "each backup would hold"),
        ({"keep": Keep(daily=-1)}, "keep.daily"),
    ],
)
def test_options_that_cannot_work_are_refused(
    options: dict[str, Any], fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shutil.which", lambda *_words, **_options: "/usr/bin/age")
    with pytest.raises(ResourceError, match=fault):
        _backup.check(replace(Settings(), **options), "")


def test_keys_of_age_and_ssh_are_taken() -> None:
    assert _backupplan.recipient_fault(KEY) is None
    assert _backupplan.recipient_fault("ssh-ed25519 " + "A" * 68 + " admin@example.test") is None


def test_a_label_is_a_word() -> None:
    with pytest.raises(ResourceError, match="label"):
        _backup.check(Settings(), "../x")


def test_a_manifest_comes_back_as_it_was_written() -> None:
    assert _backupplan.manifest_of(manifest(label="x").text()) == manifest(label="x")


@pytest.mark.parametrize(
    "change", [{"format": 2}, {"file": "../etc/passwd"}, {"created": "today"}, {"size": None, "more": 1}]
)
def test_a_manifest_that_is_not_ours_is_none(change: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"format|file|complete"):
        _backupplan.manifest_of(json.dumps({**json.loads(manifest().text()), **change}))


def test_only_what_is_whole_is_listed(tmp_path: Path) -> None:
    put(tmp_path, manifest())
    put(tmp_path, manifest(timedelta(days=1)), b"cut")
    (tmp_path / "later.tar.bz2.age").write_bytes(b"no manifest")
    (tmp_path / "broken.json").write_text("{")
    listing = Shelf(str(tmp_path)).listing()
    assert listing.complete == [manifest()]
    assert sorted(listing.broken) == [
        "broken.json",
        f"{manifest(timedelta(days=1)).name}.json",
        manifest(timedelta(days=1)).file,
        "later.tar.bz2.age",
    ]


def test_a_directory_that_is_not_there_has_none(tmp_path: Path) -> None:
    assert Shelf(str(tmp_path / "none")).listing().complete == []


def test_what_a_killed_run_left_goes_with_the_next(tmp_path: Path) -> None:
    shelf = Shelf(str(tmp_path))
    (tmp_path / ".unfinished-1").mkdir()
    with shelf.locked(), shelf.workspace() as work:
        assert [path for path in tmp_path.iterdir() if path.is_dir()] == [work]
    assert [path for path in tmp_path.iterdir() if path.is_dir()] == []


def test_two_at_once_are_refused(tmp_path: Path) -> None:
    with Shelf(str(tmp_path)).locked(), pytest.raises(ResourceError, match="just now"), Shelf(str(tmp_path)).locked():
        pass


def test_a_backup_is_for_root_alone(tmp_path: Path) -> None:
    shelf = Shelf(str(tmp_path))
    with shelf.locked(), shelf.workspace() as work:
        (work / "archive").write_bytes(b"data")
        path = shelf.commit(work / "archive", manifest())
    assert [oct(one.stat().st_mode & 0o777) for one in (tmp_path, path, path.with_name(f"{manifest().name}.json"))] == [
        "0o700",
        "0o600",
        "0o600",
    ]
    assert shelf.listing().complete == [manifest()]


def test_info_tells_what_is_wrong(tmp_path: Path) -> None:
    put(tmp_path, manifest(timedelta(hours=30)))
    told = _backup.info({"directory": str(tmp_path), "max_age": 26, "verify": True}, now=NOW)
    assert (told["newest"], told["fresh"]) == (None, False)
    assert ["SHA-256" in finding or "no good backup" in finding for finding in told["findings"]] == [True, True]


def test_info_tells_an_old_and_a_readable_one(tmp_path: Path) -> None:
    put(tmp_path, manifest(timedelta(hours=30)))
    told = _backup.info({"directory": str(tmp_path), "max_age": 26, "verify": False}, now=NOW)
    assert told["newest"]["objects"] == 3000
    assert ["30 hours" in told["findings"][0], "not encrypted" in told["findings"][1]] == [True, True]


def packed(names: Sequence[str]) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:bz2") as archive:
        for name in names:
            archive.addfile(tarfile.TarInfo(name))
    return stream.getvalue()


WHOLE = [f"./{name}" for name in sorted(_backupsamba.NEEDED)]


def test_a_whole_archive_has_no_fault() -> None:
    assert _backupsamba.archive_fault(io.BytesIO(packed(WHOLE))) is None


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (packed(WHOLE)[:-8], "end"),
        (b"", "end"),
        (packed(WHOLE[1:]), "lacks"),
        (packed([*WHOLE, "../x"]), "outside"),
        (packed([*WHOLE, "/etc/x"]), "outside"),
    ],
)
def test_an_archive_that_is_not_whole_has_one(data: bytes, fault: str) -> None:
    assert fault in (_backupsamba.archive_fault(io.BytesIO(data)) or "")


def test_a_process_without_samba_says_so(tmp_path: Path) -> None:
    request = {"what": "x", "consequence": "y", "configuration_file": "/dev/null", "kind": "offline", "directory": "/"}
    with pytest.raises(_engine.NotYetKnowable, match="bindings"):
        _sambaprocess.call(_backupsamba.__name__, request, temporary=str(tmp_path), timeout=60)


def test_a_process_that_breaks_off_says_so(tmp_path: Path) -> None:
    with pytest.raises(ResourceError, match="broke off"):
        _sambaprocess.call("no_such_program", {}, temporary=str(tmp_path), timeout=60)
