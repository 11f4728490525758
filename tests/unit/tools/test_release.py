# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A release is made in a clone of this checkout; what speaks against one is named, and nothing is changed then."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.mailforest.stack.tests.unit.tools.programs import program

ROOT = Path(__file__).resolve().parents[3]
FRAGMENTS = "changelogs/fragments"


def _next() -> str:
    """The version that is to be released next: that of galaxy.yml, or, right after a release, the one above it."""
    version = str(yaml.safe_load((ROOT / "galaxy.yml").read_text(encoding="utf-8"))["version"])
    changes = ROOT / "changelogs/changelog.yaml"
    released = yaml.safe_load(changes.read_text(encoding="utf-8"))["releases"] if changes.is_file() else {}
    major, minor, _ = version.split(".")
    return f"{major}.{int(minor) + 1}.0" if version in released else version


VERSION = _next()
PERSON = {f"GIT_{who}_{what}": "test@example.test" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
ENVIRONMENT = {**os.environ, **PERSON, "GIT_CONFIG_GLOBAL": os.devnull}


def git(place: Path, *arguments: str) -> str:
    command = ["git", "-C", str(place), *arguments]
    return subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True, check=True).stdout


def commit(place: Path) -> None:
    git(place, "add", "--all")
    git(place, "commit", "--quiet", "--message", "What stands in the working tree")


def release(place: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(place / "tools/release"), *arguments]
    return subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True, check=False)


def state(place: Path) -> tuple[str, str, str]:
    return git(place, "rev-parse", "HEAD"), git(place, "status", "--porcelain"), git(place, "tag")


@pytest.fixture(scope="module")
def origin(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """This checkout as it would be once its changes were committed to main."""
    place = tmp_path_factory.mktemp("release") / "origin"
    place.mkdir()
    for name in git(ROOT, "ls-files", "-z", "--cached", "--others", "--exclude-standard").split("\0"):
        if name and (ROOT / name).is_file():
            (place / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, place / name)
    if not list(place.glob(f"{FRAGMENTS}/*.yml")):  # right after a release
        (place / FRAGMENTS).mkdir(exist_ok=True)
        told = {"release_summary": "A release.", "minor_changes": ["dovecot - a change."]}
        (place / FRAGMENTS / "one.yml").write_text(yaml.safe_dump(told), encoding="utf-8")
    git(place, "init", "--quiet", "--initial-branch=main")
    commit(place)
    return place


@pytest.fixture
def clone(origin: Path, tmp_path: Path) -> Path:
    place = tmp_path / "clone"
    subprocess.run(["git", "clone", "--quiet", str(origin), str(place)], env=ENVIRONMENT, check=True)
    return place


def tool(place: Path) -> dict[str, Any]:
    return program("release", place)


def fragment(place: Path, kind: str, *, summary: bool = True) -> None:
    """The changelog knows of 1.2.3, and of one change since."""
    for path in (place / "changelogs/fragments").iterdir():
        path.unlink()
    told = {kind: ["dovecot - a change."]} | ({"release_summary": "A release."} if summary else {})
    (place / "changelogs/fragments/one.yml").write_text(yaml.safe_dump(told), encoding="utf-8")
    (place / "changelogs/changelog.yaml").write_text(yaml.safe_dump({"releases": {"1.2.3": {}}}), encoding="utf-8")


def test_it_is_made_once(clone: Path) -> None:
    """The whole way, but for what would leave this machine."""
    before = state(clone)
    looked = release(clone, VERSION, "--check")
    assert looked.returncode == 0, looked.stderr
    assert state(clone) == before
    done = release(clone, VERSION)
    assert done.returncode == 0, done.stderr
    assert git(clone, "tag", "--points-at", "HEAD").split() == [f"v{VERSION}"]
    assert git(clone, "status", "--porcelain") == ""
    assert list((clone / "changelogs/fragments").glob("*.yml")) == []
    changes = yaml.safe_load((clone / "changelogs/changelog.yaml").read_text(encoding="utf-8"))
    assert VERSION in changes["releases"]
    with tarfile.open(clone / f".build/release/mailforest-stack-{VERSION}.tar.gz") as archive:
        assert "plugins/modules/reachable.py" in archive.getnames()
    again = release(clone, VERSION)
    assert again.returncode == 1
    assert f"v{VERSION} is there already" in again.stderr
    assert "nothing to release" in again.stderr


def test_a_step_that_fails_leaves_the_checkout_as_it_was(clone: Path) -> None:
    broken = clone / ".build/venv/bin/ansible-galaxy"
    broken.parent.mkdir(parents=True)
    broken.write_text("#!/bin/sh\necho 'no room left' >&2\nexit 1\n", encoding="utf-8")
    broken.chmod(0o755)
    before = state(clone)
    done = release(clone, VERSION)
    assert done.returncode == 1
    assert "no room left" in done.stderr
    assert state(clone) == before


def test_a_checkout_that_is_not_clean_or_not_main_is_refused(clone: Path) -> None:
    assert list(tool(clone)["of_checkout"](VERSION)) == []
    git(clone, "switch", "--quiet", "--create", "other")
    git(clone, "tag", f"v{VERSION}")
    (clone / "README.md").write_text("changed", encoding="utf-8")
    told = " ".join(tool(clone)["of_checkout"](VERSION))
    assert "README.md" in told
    assert "branch other" in told
    assert "tag" in told


@pytest.mark.parametrize(
    ("kind", "refused", "least"),
    [
        ("bugfixes", (1, 2, 3), (1, 2, 4)),
        ("minor_changes", (1, 2, 4), (1, 3, 0)),
        ("breaking_changes", (1, 3, 0), (2, 0, 0)),
    ],
)
def test_the_version_says_what_has_changed(
    clone: Path, kind: str, refused: tuple[int, int, int], least: tuple[int, int, int]
) -> None:
    fragment(clone, kind)
    judge = tool(clone)["of_version"]
    assert len(list(judge(refused))) == 1
    assert list(judge(least)) == []


def test_a_release_has_a_change_and_a_summary(clone: Path) -> None:
    fragment(clone, "bugfixes", summary=False)
    assert re.search("release_summary", " ".join(tool(clone)["of_version"]((1, 2, 4))))
    fragment(clone, "trivial")
    assert re.search("nothing to release", " ".join(tool(clone)["of_version"]((1, 2, 4))))


def test_what_users_copy_takes_the_version(clone: Path) -> None:
    judge = tool(clone)["of_texts"]
    major, minor, patch = map(int, VERSION.split("."))
    assert list(judge((major, minor, patch))) == []
    assert any("requirements.yml" in fault for fault in judge((2, 0, 0)))
    assert any("version_added" in fault for fault in judge((0, 9, 0)))


@pytest.mark.parametrize("text", ["1.0", "v1.0.0", "1.0.0-rc1", "01.0.0"])
def test_a_version_is_three_numbers(text: str) -> None:
    module = tool(ROOT)
    assert module["numbers"]("1.20.3") == (1, 20, 3)
    with pytest.raises(module["ReleaseError"]):
        module["numbers"](text)
