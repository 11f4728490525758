# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the collection says of itself is true: action group, attributes, README, what the tarball holds."""

from __future__ import annotations

import ast
import fnmatch
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
MODULES = sorted(path.stem for path in (ROOT / "plugins/modules").glob("*.py") if path.stem != "__init__")
ROLES = sorted(path.name for path in (ROOT / "roles").iterdir() if path.is_dir())
PLAYBOOKS = sorted(path.stem for path in (ROOT / "playbooks").glob("*.yml"))
READERS = {
    *("findings", "keytab", "object_info", "summary", "topology"),
    *("fsmo_info", "seizure_info", "replication_info", "replication_sync", "site_tunnel_info"),
    *("dc_info", "dc_locator", "dns_lookup", "dns_published", "domain_backup_info", "gpo_info", "host_health"),
    "maintenance_info",
    *("mail_flow", "mail_tables_info", "open_relay", "reachable", "submission_port", "sysvol_info", "firewall_info"),
}
"""Modules that change nothing, so have no difference to show."""
SHIPPED = {
    *("plugins", "roles", "playbooks", "meta", "docs", "changelogs"),
    *("README.md", "LICENSE", "CHANGELOG.md", "galaxy.yml"),
}
"""What a user of the collection needs."""


def _yaml(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def _version(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split("."))


def _documentation(module: str) -> dict[str, Any]:
    tree = ast.parse((ROOT / f"plugins/modules/{module}.py").read_text(encoding="utf-8"))
    for node in tree.body:
        names = [target.id for target in getattr(node, "targets", []) if isinstance(target, ast.Name)]
        if names == ["DOCUMENTATION"] and isinstance(node, ast.Assign):
            loaded: dict[str, Any] = yaml.safe_load(ast.literal_eval(node.value))
            return loaded
    raise AssertionError(f"{module} has no DOCUMENTATION")


def _fragment(name: str) -> dict[str, Any]:
    """A documentation fragment of this collection, `mailforest.stack.<file>[.<part>]`."""
    file, _, part = name.removeprefix("mailforest.stack.").partition(".")
    tree = ast.parse((ROOT / f"plugins/doc_fragments/{file}.py").read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        names = [target.id for target in getattr(node, "targets", []) if isinstance(target, ast.Name)]
        if names == [part.upper() or "DOCUMENTATION"] and isinstance(node, ast.Assign):
            loaded: dict[str, Any] = yaml.safe_load(ast.literal_eval(node.value))
            return loaded
    raise AssertionError(f"There is no documentation fragment {name}")


def _fragments(module: str) -> list[str]:
    used = _documentation(module).get("extends_documentation_fragment", [])
    return [used] if isinstance(used, str) else list(used)


def _attributes(module: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name in _fragments(module):
        if name.startswith("mailforest.stack."):
            found |= _fragment(name).get("attributes", {})
    for name, attribute in _documentation(module).get("attributes", {}).items():
        found[name] = {**found.get(name, {}), **attribute}
    return found


def test_the_action_group_is_the_modules_that_use_the_fragment() -> None:
    group = _yaml(ROOT / "meta/runtime.yml")["action_groups"]["directory"]
    using = [module for module in MODULES if any("_directory" in name for name in _fragments(module))]
    assert sorted(group) == sorted(using)


@pytest.mark.parametrize("module", MODULES)
def test_a_module_is_full_in_every_mode(module: str) -> None:
    attributes = _attributes(module)
    allowed = {
        "check_mode": {"full"},
        "diff_mode": {"none", "N/A"} if module in READERS else {"full"},
        "idempotent": {"full"},
    }
    support = {name: attributes.get(name, {}).get("support") for name in allowed}
    assert {name: value for name, value in support.items() if value not in allowed[name]} == {}


@pytest.mark.parametrize("module", MODULES)
def test_a_module_says_where_it_comes_from(module: str) -> None:
    documentation = _documentation(module)
    assert documentation["module"] == module
    added, current = documentation["version_added"], _yaml(ROOT / "galaxy.yml")["version"]
    assert _version("1.0.0") <= _version(added) <= _version(current), "docs/releasing.md says which version it is"


def test_what_was_never_released_had_no_faults() -> None:
    """Before the first release its users have seen nothing that could have been mended."""
    if not (ROOT / "changelogs/changelog.yaml").exists():
        told = {path.name: _yaml(path) for path in (ROOT / "changelogs/fragments").glob("*.yml")}
        assert told and [name for name, kinds in told.items() if {"bugfixes", "security_fixes"} & kinds.keys()] == []


@pytest.mark.parametrize(
    "name",
    [
        *(f"`mailforest.stack.{playbook}`" for playbook in PLAYBOOKS),
        *(f"[`{role}`](roles/{role}/README.md)" for role in ROLES),
        *(f"`{module}`" for module in MODULES),
    ],
)
def test_the_readme_names(name: str) -> None:
    assert name in (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_tarball_holds_what_users_need() -> None:
    ignored: list[str] = _yaml(ROOT / "galaxy.yml")["build_ignore"]
    listed = subprocess.run(
        ["git", "-C", str(ROOT), "ls-files", "--cached", "--others", "--exclude-standard"],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    top = {line.split("/")[0] for line in listed.stdout.splitlines()}
    kept = {name for name in top if not any(fnmatch.fnmatch(name, pattern) for pattern in ignored)}
    assert kept <= SHIPPED
    assert {"plugins", "roles", "playbooks", "meta", "README.md", "LICENSE"} <= kept


def test_what_tools_leave_in_a_checkout_stays_out_of_the_tarball() -> None:
    """Directories that git ignores wherever they are; those of Python's own files hold nothing that is taken."""
    ignored: list[str] = _yaml(ROOT / "galaxy.yml")["build_ignore"]
    left = re.findall(r"(?m)^([^/*\n]+)/$", (ROOT / ".gitignore").read_text(encoding="utf-8"))
    assert ".hypothesis" in left
    assert set(left) - {"__pycache__"} <= set(ignored)


def test_the_changelog_fragments_stay_out_of_the_tarball() -> None:
    ignored: list[str] = _yaml(ROOT / "galaxy.yml")["build_ignore"]
    assert "changelogs/fragments" in ignored


def test_changelog_fragments_have_no_markup_of_module_documentation() -> None:
    """It would stand in the changelog as it is: code has two backticks there."""
    markup = re.compile(r"\b[BCEILMORUV]\([^)]*\)")
    assert markup.search("see C(site.yml)")
    texts = {path.name: path.read_text(encoding="utf-8") for path in (ROOT / "changelogs/fragments").glob("*.yml")}
    assert [name for name, text in texts.items() if markup.search(text)] == []
