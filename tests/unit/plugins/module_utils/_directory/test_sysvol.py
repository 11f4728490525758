# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""SYSVOL is taken from one source: whole, verified, or not at all; with a real disk and a source in memory."""

from __future__ import annotations

import ast
import hashlib
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from ansible_collections.mailforest.stack.plugins.module_utils import _engine
from ansible_collections.mailforest.stack.plugins.module_utils._directory import _sysvol, _sysvoldisk
from ansible_collections.mailforest.stack.plugins.module_utils._directory._sysvol import Item, Policy, SysvolResource
from ansible_collections.mailforest.stack.plugins.module_utils._directory._sysvoldisk import SysvolDisk
from ansible_collections.mailforest.stack.plugins.module_utils._engine import ResourceError

COLLECTION = Path(__file__).resolve().parents[5]
DOMAIN = "corp.example.test"
ONE = f"{DOMAIN}/Policies/{{ONE}}"
TWO = f"{DOMAIN}/Policies/{{TWO}}"
ACL = "O:S-1-5-32-544G:S-1-5-32-544D:P(A;OICI;0x001f01ff;;;S-1-5-18)"


class Inodes:
    """ACLs that stay with a file wherever it is moved."""

    def __init__(self) -> None:
        self.held: dict[int, str] = {}

    def read(self, path: Path) -> str:
        return self.held.get(path.stat().st_ino, "")

    def write(self, path: Path, acl: str) -> None:
        self.held[path.stat().st_ino] = acl


class Far:
    """A source in memory: contents by path, None for a directory."""

    name = "dc1"

    def __init__(self) -> None:
        self.content: dict[str, bytes | None] = {}
        self.acls: dict[str, str] = {}
        self.reads: list[str] = []
        self.failures = 0
        for path in ("", DOMAIN, f"{DOMAIN}/Policies", f"{DOMAIN}/scripts"):
            self.content[path] = None
        self.policy(ONE, 1)

    def policy(self, path: str, version: int) -> None:
        self.content.update({path: None, f"{path}/Machine": None, f"{path}/GPT.INI": gpt(version)})

    def tree(self) -> _sysvol.Tree:
        if self.failures:
            self.failures -= 1
            raise ResourceError("SYSVOL of dc1 cannot be read")
        return {
            path: Item(
                directory=text is None, acl=self.acls.get(path, ACL), size=len(text or b""), modified=100 + len(path)
            )
            for path, text in self.content.items()
        }

    def read(self, path: str) -> bytes:
        return self.content[path] or b""

    def digest(self, path: str) -> str:
        self.reads.append(path)
        return hashlib.sha256(self.read(path)).hexdigest()

    def fetch(self, path: str, write: Callable[[bytes], object]) -> None:
        write(self.read(path))


class Near:
    """This controller's directory."""

    own = "dc2"
    dns_domain = DOMAIN

    def __init__(self) -> None:
        self.listed = [Policy(guid="{ONE}", name="First", path=ONE, version=1)]

    def owner(self) -> str:
        return "dc1"

    def fqdn(self, controller: str) -> str:
        return f"{controller}.{DOMAIN}"

    def policies(self) -> list[Policy]:
        return self.listed


class Scene:
    """Two controllers."""

    def __init__(self, base: Path) -> None:
        self.root = base / "sysvol"
        self.root.mkdir()
        self.far, self.near = Far(), Near()
        self.disk = SysvolDisk(self.root, DOMAIN, Inodes())
        self.naps: list[float] = []

    def sync(self, *, check_mode: bool = False, force: bool = False, quick: bool = False, wait: float = 0) -> list[str]:
        """What was done, in words."""
        resource = SysvolResource(
            self.near,
            self.disk,
            self.far,
            force=force,
            quick=quick,
            wait=wait,
            clock=lambda: float(sum(self.naps)),
            sleep=self.naps.append,
        )
        with self.disk.lock():
            outcome = _engine._run(resource, check_mode=check_mode)
        return [f"{step['verb']} {step['target']}" for step in outcome["operations"]]

    def text(self, path: str) -> bytes:
        return (self.root / path).read_bytes()

    def kept(self, path: str) -> bytes:
        return (self.disk.work / "kept" / path).read_bytes()


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path)


def gpt(version: int) -> bytes:
    return b"[General]\r\nVersion=%d\r\n" % version


def test_all_is_taken_once(scene: Scene) -> None:
    first = scene.sync()
    assert f"add {ONE}" in first
    assert scene.text(f"{ONE}/GPT.INI") == gpt(1)
    assert scene.disk.tree()[f"{ONE}/Machine"].acl == ACL
    assert scene.sync() == []


def test_check_mode_tells_the_same_and_writes_nothing(scene: Scene) -> None:
    told = scene.sync(check_mode=True)
    assert list(scene.root.iterdir()) == []
    assert scene.sync() == told


def test_a_local_edit_is_replaced_and_kept(scene: Scene) -> None:
    scene.sync()
    (scene.root / ONE / "GPT.INI").write_bytes(gpt(1) + b"; mine")
    (scene.root / ONE / "Machine" / "stray").write_bytes(b"x")
    assert scene.sync() == [f"replace {ONE}"]
    assert scene.text(f"{ONE}/GPT.INI") == gpt(1)
    assert not (scene.root / ONE / "Machine" / "stray").exists()
    assert scene.kept(f"{ONE}/GPT.INI") == gpt(1) + b"; mine"
    assert scene.kept(f"{ONE}/Machine/stray") == b"x"


def test_only_the_policy_that_differs_is_touched(scene: Scene) -> None:
    scene.far.policy(TWO, 1)
    scene.sync()
    before = (scene.root / ONE).stat().st_ino
    scene.far.policy(TWO, 2)
    assert scene.sync() == [f"replace {TWO}"]
    assert (scene.root / ONE).stat().st_ino == before


def test_an_acl_alone_is_a_difference(scene: Scene) -> None:
    scene.sync()
    scene.far.acls[f"{ONE}/GPT.INI"] = ACL.replace("OICI", "CI")
    scene.far.acls[f"{DOMAIN}/Policies"] = ACL.replace("OICI", "OI")
    assert scene.sync() == [f"settle {DOMAIN}/Policies", f"replace {ONE}"]
    assert scene.sync() == []


def test_scripts_are_swapped_one_by_one(scene: Scene) -> None:
    scene.far.content[f"{DOMAIN}/scripts/logon.bat"] = b"1"
    scene.sync()
    before = (scene.root / DOMAIN / "scripts").stat().st_ino
    scene.far.content[f"{DOMAIN}/scripts/logon.bat"] = b"2"
    assert scene.sync() == [f"replace {DOMAIN}/scripts/logon.bat"]
    assert (scene.root / DOMAIN / "scripts").stat().st_ino == before
    assert scene.kept(f"{DOMAIN}/scripts/logon.bat") == b"1"


def test_what_the_source_no_longer_has_is_removed_and_kept(scene: Scene) -> None:
    scene.far.policy(TWO, 1)
    scene.sync()
    for path in [path for path in scene.far.content if path.startswith(TWO)]:
        del scene.far.content[path]
    assert scene.sync() == [f"remove {TWO}"]
    assert not (scene.root / TWO).exists()
    assert scene.kept(f"{TWO}/GPT.INI") == gpt(1)


def test_a_source_without_a_listed_policy_is_refused(scene: Scene) -> None:
    scene.sync()
    scene.near.listed.append(Policy(guid="{TWO}", name="Second", path=TWO, version=1))
    scene.far.content[f"{DOMAIN}/scripts/new"] = b"x"
    with pytest.raises(ResourceError, match=r"lacks \{TWO\}"):
        scene.sync()
    assert not (scene.root / DOMAIN / "scripts" / "new").exists()
    assert scene.sync(force=True) == [f"add {DOMAIN}/scripts/new"]


def test_a_source_with_an_older_policy_is_refused(scene: Scene) -> None:
    scene.sync()
    (scene.root / ONE / "GPT.INI").write_bytes(gpt(3))
    scene.near.listed = [Policy(guid="{ONE}", name="First", path=ONE, version=3)]
    with pytest.raises(ResourceError, match=r"version 1 .* here is 3"):
        scene.sync()
    assert scene.text(f"{ONE}/GPT.INI") == gpt(3)
    assert scene.sync(force=True) == [f"replace {ONE}"]


def test_a_local_edit_of_the_version_alone_is_no_newer_policy(scene: Scene) -> None:
    scene.sync()
    (scene.root / ONE / "GPT.INI").write_bytes(gpt(9))
    scene.near.listed = [Policy(guid="{ONE}", name="First", path=ONE, version=12)]
    assert scene.sync() == [f"replace {ONE}"]


def test_a_file_that_changes_while_it_is_read_is_not_taken(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    scene.sync()
    scene.far.policy(ONE, 2)
    monkeypatch.setattr(scene.far, "fetch", lambda path, write: write(b"half"))
    with pytest.raises(ResourceError, match="changed while it was read"):
        scene.sync()
    assert scene.text(f"{ONE}/GPT.INI") == gpt(1)


@pytest.mark.parametrize("where", ["_exchange", "_keep"])
def test_interrupted_and_run_again_it_ends_the_same(
    scene: Scene, where: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    scene.sync()
    scene.far.policy(ONE, 2)

    def cut(*_given: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(SysvolDisk if where == "_keep" else _sysvoldisk, where, cut)
        with pytest.raises(KeyboardInterrupt):
            scene.sync()
    assert scene.text(f"{ONE}/GPT.INI") == gpt(1)
    assert scene.sync() == [f"replace {ONE}"]
    assert scene.text(f"{ONE}/GPT.INI") == gpt(2)
    assert not scene.disk.stage.exists()


def test_a_quick_run_reads_nothing_that_looks_the_same(scene: Scene) -> None:
    scene.sync()
    scene.far.reads.clear()
    assert scene.sync(quick=True) == []
    assert scene.far.reads == []
    (scene.root / ONE / "GPT.INI").write_bytes(gpt(7))
    assert scene.sync(quick=True) == [f"replace {ONE}"]


def test_a_source_that_does_not_answer_is_asked_again(scene: Scene) -> None:
    scene.far.failures = 2
    assert scene.sync(wait=30)
    assert len(scene.naps) == 2
    scene.far.failures = 99
    with pytest.raises(ResourceError, match="cannot be read"):
        scene.sync(wait=30)


def test_a_policy_that_is_no_longer_listed_ends_the_refusal(scene: Scene) -> None:
    scene.near.listed.append(Policy(guid="{TWO}", name="Second", path=TWO, version=1))
    resource = SysvolResource(
        scene.near, scene.disk, scene.far, wait=30, refresh=scene.near.listed.pop, sleep=scene.naps.append
    )
    assert _engine._run(resource, check_mode=True)["changed"]
    assert len(scene.naps) == 1


def test_a_link_in_the_place_of_a_file_is_replaced(scene: Scene, tmp_path: Path) -> None:
    scene.sync()
    (tmp_path / "other").write_bytes(b"secret")
    (scene.root / ONE / "GPT.INI").unlink()
    (scene.root / ONE / "GPT.INI").symlink_to(tmp_path / "other")
    assert scene.sync() == [f"replace {ONE}"]
    assert (tmp_path / "other").read_bytes() == b"secret"
    assert not (scene.root / ONE / "GPT.INI").is_symlink()


def test_the_owner_has_nothing_to_do(scene: Scene) -> None:
    resource = SysvolResource(scene.near, scene.disk, None)
    outcome = _engine._run(resource, check_mode=False)
    assert (outcome["changed"], outcome["own"]) == (False, True)


def test_the_source_is_the_owner_unless_another_is_named(scene: Scene) -> None:
    assert _sysvol.choose(scene.near, None) == f"dc1.{DOMAIN}"
    assert _sysvol.choose(scene.near, "DC3") == f"dc3.{DOMAIN}"
    with pytest.raises(ResourceError, match="is this controller itself"):
        _sysvol.choose(scene.near, "dc2.corp.example.test")


def test_information_names_versions_and_strays(scene: Scene) -> None:
    scene.far.policy(TWO, 1)
    scene.sync()
    scene.near.listed = [Policy(guid="{ONE}", name="First", path=ONE.lower(), version=4)]
    told = _sysvol.info(scene.near, scene.disk)
    assert told["policies"]["{ONE}"]["version_gpt"] == 1
    assert told["unlisted"] == [TWO]
    assert _sysvol.problems({**told, "acl_fault": ""}) == ["{ONE} (First) has version 1, the directory 4"]
    shutil.rmtree(scene.root / ONE)
    told = _sysvol.info(scene.near, scene.disk)
    assert told["policies"]["{ONE}"]["sha256"] is None
    assert "no GPT.INI" in _sysvol.problems({**told, "acl_fault": ""})[0]


@pytest.mark.parametrize(
    ("path", "unit", "container"),
    [
        ("", "", True),
        (DOMAIN, DOMAIN, True),
        (f"{DOMAIN}/Policies", f"{DOMAIN}/Policies", True),
        (f"{DOMAIN}/policies/{{X}}/a/b", f"{DOMAIN}/policies/{{X}}", False),
        (f"{DOMAIN}/scripts/logon.bat", f"{DOMAIN}/scripts/logon.bat", False),
        (f"{DOMAIN}/StarterGPOs/x/y", f"{DOMAIN}/StarterGPOs", False),
    ],
)
def test_what_is_swapped_as_a_whole(path: str, unit: str, container: bool) -> None:
    assert _sysvol.unit_of(path) == unit
    assert _sysvol.is_container(path) is container


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (b"[General]\r\nVersion=65537\r\n", 65537),
        ("[General]\nversion = 3".encode("utf-16"), 3),
        (b"[General]\r\n", None),
    ],
)
def test_the_version_in_a_gpt_ini(text: bytes, found: int | None) -> None:
    assert _sysvol.version(text) == found


def test_each_half_of_a_version_counts_for_itself() -> None:
    assert _sysvol.older(0x00020001, 0x00010002)
    assert not _sysvol.older(0x00020002, 0x00010002)


def test_a_policy_outside_sysvol_is_refused() -> None:
    assert _sysvol.relative(f"\\\\{DOMAIN}\\SysVol\\{DOMAIN}\\Policies\\{{ONE}}", "x") == ONE
    for path in ("\\\\other\\share\\x", f"\\\\{DOMAIN}\\sysvol\\..\\etc"):
        with pytest.raises(ResourceError, match="not in SYSVOL"):
            _sysvol.relative(path, "x")


def test_the_role_installs_all_that_its_program_imports() -> None:
    """Each module's imports of the collection are among the files of the role."""
    variables = yaml.safe_load((COLLECTION / "roles/sysvol_sync/vars/main.yml").read_text())
    installed = set(variables["__sysvol_sync_modules"])
    base = COLLECTION / "plugins/module_utils"
    wanted = {"_directory/_sysvolrun.py", "_directory/__init__.py"}
    done: set[str] = set()
    while wanted - done:
        name = (wanted - done).pop()
        done.add(name)
        for node in ast.walk(ast.parse((base / name).read_text())):
            if isinstance(node, ast.ImportFrom) and node.module and ".plugins.module_utils" in node.module:
                parts = node.module.partition(".plugins.module_utils")[2].strip(".").split(".")
                named = [f"{'/'.join([*filter(None, parts), alias.name])}.py" for alias in node.names]
                found = [path for path in [f"{'/'.join(parts)}.py", *named] if (base / path).is_file()]
                assert found, node.module
                wanted.update(found)
    assert installed == done
