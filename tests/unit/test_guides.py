# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the guides name is there: files of the hosts, playbooks with their variables, other guides."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
GUIDES = sorted(
    [
        *ROOT.glob("*.md"),
        *(ROOT / ".github").glob("*.md"),
        *(ROOT / "docs").rglob("*.md"),
        *(ROOT / "roles").glob("*/README.md"),
    ]
)
PLAYBOOKS = sorted((ROOT / "playbooks").glob("*.yml"))
OPERATIONS = (ROOT / "docs/operations/README.md").read_text(encoding="utf-8")
SECRETS = (ROOT / "docs/security-model.md").read_text(encoding="utf-8")
_LINK = re.compile(r"\]\((?!https?\\?:|mailto:)([^)#\s]*)(?:#([^)\s]*))?\)")
_FENCE = re.compile(r"^( *)```.*?^\1```", re.MULTILINE | re.DOTALL)


@cache
def _anchors(path: Path) -> frozenset[str]:
    """What a heading is linked by, as GitHub and the site make it; the changelog writes names of its own."""
    text = _FENCE.sub("", path.read_text(encoding="utf-8"))
    heads = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    named = re.findall(r'<a id="([^"]+)">', text)
    return frozenset([*named, *(re.sub(r"[^\w\- ]", "", head.lower()).strip().replace(" ", "-") for head in heads)])


@cache
def _code() -> str:
    """What roles, modules and playbooks say, in one text."""
    parts = [path for folder in ("roles", "plugins", "playbooks") for path in (ROOT / folder).rglob("*")]
    wanted = [path for path in parts if path.suffix in (".yml", ".py", ".j2")]
    return "\n".join(path.read_text(encoding="utf-8") for path in wanted)


@pytest.mark.parametrize("path", GUIDES, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(path: Path) -> None:
    broken = []
    for file, anchor in _LINK.findall(_FENCE.sub("", path.read_text(encoding="utf-8"))):
        target = (path.parent / file).resolve() if file else path
        if not target.exists() or (anchor and target.suffix == ".md" and anchor not in _anchors(target)):
            broken.append(f"{file}#{anchor}")
    assert broken == []


def test_a_broken_link_would_be_found(tmp_path: Path) -> None:
    guide = tmp_path / "guide.md"
    guide.write_text(
        '# One head, of `two` words\n<a id="v1-0-0"></a>\n[a](#one-head-of-two-words) [b](#another)\n', encoding="utf-8"
    )
    assert _anchors(guide) == {"one-head-of-two-words", "v1-0-0"}
    assert _LINK.findall(guide.read_text(encoding="utf-8")) == [("", "one-head-of-two-words"), ("", "another")]


@pytest.mark.parametrize("playbook", PLAYBOOKS, ids=lambda path: path.stem)
def test_the_russian_readme_names_every_playbook(playbook: Path) -> None:
    assert f"`mailforest.stack.{playbook.stem}`" in (ROOT / "docs/ru/README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("folder", ["docs", "docs/decisions", "docs/operations"])
def test_an_index_names_every_page(folder: str) -> None:
    index = (ROOT / folder / "README.md").read_text(encoding="utf-8")
    pages = [path.name for path in sorted((ROOT / folder).glob("*.md")) if path.name != "README.md"]
    assert pages
    assert [page for page in pages if f"]({page})" not in index and f"]({page}#" not in index] == []


@pytest.mark.parametrize("playbook", PLAYBOOKS, ids=lambda path: path.stem)
def test_operations_name_every_playbook(playbook: Path) -> None:
    assert f"`mailforest.stack.{playbook.stem}`" in OPERATIONS


def test_operations_name_variables_that_there_are() -> None:
    prefixes = tuple(f"{path.stem.removesuffix('_domain').removesuffix('_mailbox')}_" for path in PLAYBOOKS)
    named = {
        name for name in re.findall(r"`([a-z_]+)(?:=\w+)?`", OPERATIONS) if name.startswith((*prefixes, "dc_remove_"))
    }
    books = {path.stem for path in PLAYBOOKS}
    assert named - books, "the table names none"
    assert {name for name in named - books if not re.search(rf"\b{name}\b", _code())} == set()


def test_the_security_model_names_files_that_the_code_writes() -> None:
    named = set(re.findall(r"`(/(?:etc|var)/[^`<]*?)(?:\.demoted-<time>)?`", SECRETS))
    assert len(named) > 10
    folders = {path: [part for part in (path, path.rpartition("/")[0]) if part.count("/") > 1] for path in named}
    assert {path for path, parts in folders.items() if not any(part in _code() for part in parts)} == set()
