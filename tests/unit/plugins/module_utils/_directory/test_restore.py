# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A restore refuses before it changes anything, and judges what Samba made of it."""

from __future__ import annotations

import bz2
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.mailforest.stack.plugins.module_utils import _engine
from ansible_collections.mailforest.stack.plugins.module_utils._directory import _backupsamba, _restore
from ansible_collections.mailforest.stack.plugins.module_utils._directory._backupfiles import sha256
from ansible_collections.mailforest.stack.plugins.module_utils._directory._backupplan import (
    Contents,
    Controller,
    Manifest,
)
from ansible_collections.mailforest.stack.plugins.module_utils._directory._domain import Domain, Found, Settings
from ansible_collections.mailforest.stack.plugins.module_utils._directory._fsmo import ROLES
from ansible_collections.mailforest.stack.plugins.module_utils._directory._restore import (
    LocalHost,
    Restored,
    RestoreResource,
    Wanted,
)
from ansible_collections.mailforest.stack.plugins.module_utils._engine import ResourceError

SID = "S-1-5-21-1-2-3"
MANIFEST = Manifest(
    name="corp.example.test_dc1_20261123T223000Z",
    file="corp.example.test_dc1_20261123T223000Z.tar.bz2",
    size=4,
    sha256="",
    created="20261123T223000Z",
    kind="offline",
    label="",
    recipients=[],
    contents=Contents(
        domain="corp.example.test",
        netbios_name="CORP",
        sid=SID,
        server="dc1",
        samba_version="4.17.12-Debian",
        functional_levels={"domain": 4, "forest": 4},
        roles=dict.fromkeys(ROLES, "dc1"),
        controllers=[
            Controller(name="dc1", site="hq", addresses=[]),
            Controller(name="dc2", site="branch", addresses=[]),
        ],
        objects=3000,
    ),
)
WANTED = Wanted(
    confirm_domain="corp.example.test",
    host_name="dc9",
    host_address="198.51.100.90",
    site=None,
    peers=[],
    rid_gap=100000,
)
GOOD = Restored(
    controllers=["dc9"], owners=dict.fromkeys(ROLES, "dc9"), rid_pool={"domain_next": 101600}, database_errors=0
)


def domain(sid: str = SID, name: str = "corp.example.test") -> Domain:
    return Domain(
        dns_name=name,
        netbios_name="CORP",
        dn="DC=corp",
        sid=sid,
        guid="",
        domain_level=4,
        forest_level=4,
        controller_level=4,
    )


class Blank:
    """A host in memory."""

    def __init__(self, **values: Any) -> None:
        self.holds = Found()
        self.name = "dc9"
        self.backup = MANIFEST
        self.fault: str | None = None
        self.room: str | None = None
        self.version = "4.17.12-Debian"
        self.alive: list[str] = []
        self.configuration: Settings | None = None
        self.makes = GOOD
        self.restored: list[Wanted] = []
        for key, value in values.items():
            setattr(self, key, value)

    def found(self) -> Found:
        return self.holds

    def own_name(self) -> str:
        return self.name

    def manifest(self) -> Manifest:
        return self.backup

    def archive_fault(self, manifest: Manifest) -> str | None:
        return self.fault

    def samba_version(self) -> str:
        return self.version

    def settings(self) -> Settings | None:
        return self.configuration

    def answering(self, manifest: Manifest, peers: Sequence[str]) -> list[str]:
        return self.alive

    def room_fault(self, manifest: Manifest) -> str | None:
        return self.room

    def restore(self, wanted: Wanted, manifest: Manifest, judge: Callable[[Restored], None]) -> Restored:
        judge(self.makes)
        self.restored.append(wanted)
        return self.makes


def restore(host: Blank, wanted: Wanted = WANTED, *, check_mode: bool = False) -> dict[str, Any]:
    return _engine._run(RestoreResource(host, wanted), check_mode=check_mode)


def test_a_blank_host_gets_the_forest() -> None:
    host = Blank()
    told = restore(host)
    assert host.restored == [WANTED]
    assert (told["changed"], told["controllers"], told["database_errors"]) == (True, ["dc9"], 0)
    assert told["operations"][0]["change"]["removed_controllers"] == ["dc1", "dc2"]


CONFIGURED = Settings(
    server_role="active directory domain controller",
    realm="CORP.EXAMPLE.TEST",
    workgroup="CORP",
    netbios_name="DC9",
    sysvol="/var/lib/samba/sysvol",
    netlogon="/var/lib/samba/sysvol/corp.example.test/scripts",
    controller_level=None,
)
HIGHER = replace(MANIFEST, contents=replace(MANIFEST.contents, functional_levels={"domain": 7, "forest": 7}))


@pytest.mark.parametrize(
    ("backup", "changes", "said"),
    [
        (MANIFEST, {"realm": "OTHER.TEST"}, "realm is 'OTHER.TEST' and must be 'CORP.EXAMPLE.TEST'"),
        (MANIFEST, {"workgroup": "OFFICE"}, "workgroup is 'OFFICE' and must be 'CORP'"),
        (HIGHER, {}, "'ad dc functional level' is below that of the domain"),
    ],
)
def test_a_configuration_that_nobody_could_log_in_with_is_refused(
    backup: Manifest, changes: dict[str, Any], said: str
) -> None:
    host = Blank(backup=backup, configuration=replace(CONFIGURED, **changes))
    with pytest.raises(ResourceError, match=f"nothing was changed.*{said}"):
        restore(host)
    assert host.restored == []


@pytest.mark.parametrize(
    ("backup", "configuration"),
    [
        (MANIFEST, CONFIGURED),
        (HIGHER, replace(CONFIGURED, controller_level="2016")),
        (HIGHER, replace(CONFIGURED, server_role="standalone server", workgroup="WORKGROUP", realm="")),
    ],
)
def test_a_fitting_configuration_and_that_of_the_package_are_taken(backup: Manifest, configuration: Settings) -> None:
    assert restore(Blank(backup=backup, configuration=configuration))["changed"]


def test_what_was_restored_is_left() -> None:
    host = Blank(holds=Found(domain=domain()), fault="gone")
    assert restore(host)["changed"] is False
    assert host.restored == []


def test_check_mode_restores_nothing() -> None:
    host = Blank()
    assert restore(host, check_mode=True)["changed"] is True
    assert host.restored == []


@pytest.mark.parametrize(
    ("host", "said"),
    [
        (Blank(alive=["198.51.100.70"]), "alive"),
        (Blank(fault="it was cut"), "cut"),
        (Blank(room="full"), "full"),
        (Blank(version="4.16.4"), "newer"),
        (Blank(holds=Found(domain=domain(sid="S-1-5-21-9"))), "blank host"),
        (Blank(holds=Found(domain=domain()), name="dc1"), "blank host"),
        (Blank(holds=Found(fault="no secret")), "complete"),
    ],
)
def test_a_restore_that_does_harm_is_refused(host: Blank, said: str) -> None:
    with pytest.raises(ResourceError, match=said):
        restore(host)
    assert host.restored == []


@pytest.mark.parametrize("check_mode", [True, False])
def test_check_mode_refuses_the_same(*, check_mode: bool) -> None:
    with pytest.raises(ResourceError, match="alive"):
        restore(Blank(alive=["198.51.100.70"]), check_mode=check_mode)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"confirm_domain": "other.example.test"}, "confirm_domain"),
        ({"host_name": "DC1"}, "name of a controller"),
        ({"host_name": "a-name-that-is-too-long"}, "15"),
        ({"host_address": "127.0.0.1"}, "loopback"),
        ({"rid_gap": -1}, "between"),
    ],
)
def test_options_that_do_harm_are_refused(change: dict[str, Any], said: str) -> None:
    host = Blank()
    with pytest.raises(ResourceError, match=said):
        restore(host, replace(WANTED, **change))
    assert host.restored == []


def test_a_newer_samba_takes_it() -> None:
    assert restore(Blank(version="4.22.11-Debian"))["changed"] is True


@pytest.mark.parametrize(
    "made",
    [replace(GOOD, controllers=["dc1", "dc9"]), replace(GOOD, owners={**GOOD.owners, "rid": "dc1"})],
)
def test_what_is_not_right_is_thrown_away(made: Restored) -> None:
    host = Blank(makes=made)
    with pytest.raises(ResourceError, match="thrown away"):
        restore(host)
    assert host.restored == []


def lying(directory: Path, data: bytes) -> Manifest:
    file = directory / MANIFEST.file
    file.write_bytes(data)
    manifest = replace(MANIFEST, size=len(data), sha256=sha256(file))
    (directory / f"{MANIFEST.name}.json").write_text(manifest.text())
    return manifest


def local(directory: Path, **options: Any) -> LocalHost:
    values = {"identity": None, "checksum": None, "timeout": 60, **options}
    return LocalHost("/etc/samba/smb.conf", str(directory / MANIFEST.file), **values)


def test_the_manifest_lies_beside(tmp_path: Path) -> None:
    assert local(tmp_path).archive_fault(MANIFEST) is not None
    with pytest.raises(ResourceError, match="never completed"):
        local(tmp_path).manifest()
    manifest = lying(tmp_path, b"data")
    assert local(tmp_path).manifest() == manifest


def test_an_archive_that_was_altered_has_a_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_backupsamba, "archive_fault", lambda _stream: None)
    manifest = lying(tmp_path, bz2.compress(b"data"))
    assert local(tmp_path).archive_fault(manifest) is None
    assert local(tmp_path, checksum=f"sha256:{manifest.sha256}").archive_fault(manifest) is None
    assert "checksum" in (local(tmp_path, checksum="0" * 64).archive_fault(manifest) or "")
    (tmp_path / MANIFEST.file).write_bytes(b"DATA")
    assert "altered" in (local(tmp_path).archive_fault(manifest) or "")


def test_an_encrypted_one_needs_a_key(tmp_path: Path) -> None:
    manifest = replace(lying(tmp_path, b"data"), recipients=["age1x"])
    assert "identity" in (local(tmp_path).archive_fault(manifest) or "")


def test_what_is_restored_takes_the_place_of_what_a_package_brought(tmp_path: Path) -> None:
    (tmp_path / "new/sam.ldb.d").mkdir(parents=True)
    (tmp_path / "new/sam.ldb").write_text("new")
    (tmp_path / "new").chmod(0o700)
    (tmp_path / "old/msg.sock").mkdir(parents=True)
    (tmp_path / "old/left.tdb").write_text("old")
    _restore._put(tmp_path / "new", tmp_path / "old", last="sam.ldb")
    assert sorted(path.name for path in (tmp_path / "old").iterdir()) == ["sam.ldb", "sam.ldb.d"]
    assert (tmp_path / "old").stat().st_mode & 0o777 == 0o700


def test_what_makes_a_controller_comes_last(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    moved: list[str] = []
    monkeypatch.setattr(Path, "rename", lambda self, _target: moved.append(self.name))
    (tmp_path / "old").mkdir()
    (tmp_path / "new").mkdir()
    for name in ("zone", "sam.ldb", "idmap.ldb"):
        (tmp_path / "new" / name).touch()
    _restore._put(tmp_path / "new", tmp_path / "old", last="sam.ldb")
    assert (sorted(moved[:2]), moved[2]) == (["idmap.ldb", "zone"], "sam.ldb")


def test_the_site_is_that_of_the_controller_that_was_backed_up() -> None:
    assert _restore._first_site(MANIFEST) == "hq"
