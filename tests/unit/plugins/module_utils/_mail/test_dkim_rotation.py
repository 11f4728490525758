# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A change of signing keys: its stages in their order, each of them twice, and what is refused."""

from __future__ import annotations

import grp
import os
import pwd
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.mailforest.stack.plugins.module_utils._engine import ResourceError
from ansible_collections.mailforest.stack.plugins.module_utils._mail import dkim
from ansible_collections.mailforest.stack.plugins.module_utils._mail.dkim_rotation import RotationResource
from ansible_collections.mailforest.stack.plugins.module_utils._mail.selectors import FILE, Selectors, fresh

NOON = 1795953600.0
"""2026-11-29 12:00 UTC."""
DAY = 86400


def _options(directory: Path, **changes: Any) -> dict[str, Any]:
    return {
        "domains": ["example.test", "example.org"],
        "selector": "mx1",
        "directory": str(directory),
        "bits": 2048,
        "owner": pwd.getpwuid(os.getuid()).pw_name,
        "group": grp.getgrgid(os.getgid()).gr_name,
        **changes,
    }


@pytest.fixture(name="directory")
def with_keys(tmp_path: Path) -> Path:
    """A host that signs and never changed its keys."""
    _keys(tmp_path / "dkim")
    return tmp_path / "dkim"


def _carry_out(resource: Any) -> list[str]:
    before = resource.current()
    steps = resource.plan(before, resource.desired(before))
    for step in steps:
        resource.apply(step)
    return [f"{step.verb} {Path(step.target).name}" for step in steps]


def _keys(directory: Path, **changes: Any) -> dict[str, Any]:
    """What role rspamd has of it."""
    resource = dkim.DkimResource(_options(directory, **changes), uid=os.getuid())
    _carry_out(resource)
    return dict(resource.result())


def _stage(directory: Path, stage: str, *, now: float = NOON, **changes: Any) -> list[str]:
    options = _options(directory, stage=stage, **changes)
    return _carry_out(RotationResource(options, uid=os.getuid(), now=lambda: now))


def _uses(directory: Path) -> list[str]:
    return [f"{row['use']} {row['selector']}" for row in _keys(directory)["records"] if row["domain"] == "example.test"]


def test_the_stages_in_their_order_and_each_of_them_twice(directory: Path) -> None:
    made = ["write rotation.json", "create example.test.mx1-20261129.key", "create example.org.mx1-20261129.key"]
    assert (_stage(directory, "begin"), _stage(directory, "begin", now=NOON + DAY)) == (made, [])
    assert _uses(directory) == ["current mx1", "next mx1-20261129"]
    assert (_stage(directory, "switch"), _stage(directory, "switch")) == (["write rotation.json"], [])
    assert _uses(directory) == ["current mx1-20261129", "former mx1"]
    assert _keys(directory)["rotation"]["settled"] is False
    assert (_stage(directory, "settle"), _stage(directory, "settle", now=NOON + DAY)) == (["write rotation.json"], [])
    assert Selectors.read(directory, "mx1").shown(NOON + 7.5 * DAY)["former_days"] == 7
    assert _stage(directory, "end") == [
        "remove example.test.mx1.key",
        "remove example.org.mx1.key",
        "write rotation.json",
    ]
    assert (_stage(directory, "end"), _uses(directory)) == ([], ["current mx1-20261129"])
    assert _keys(directory)["selector"] == "mx1-20261129"


def test_the_key_that_signs_is_kept_by_every_stage(directory: Path) -> None:
    key = directory / "example.test.mx1.key"
    content = key.read_bytes()
    for stage in ("begin", "switch", "settle"):
        _stage(directory, stage)
        assert key.read_bytes() == content


def test_what_was_interrupted_goes_on_with_the_same_selector(directory: Path) -> None:
    _stage(directory, "begin")
    (directory / "example.org.mx1-20261129.key").unlink()
    with pytest.raises(ResourceError, match=r"no key .*example\.org.*would not be signed"):
        _stage(directory, "switch")
    assert _stage(directory, "begin", now=NOON + 3 * DAY) == ["create example.org.mx1-20261129.key"]
    assert _stage(directory, "switch") == ["write rotation.json"]


def test_a_selector_is_never_used_twice(directory: Path) -> None:
    for selector in ("mx1-20261129", "mx1-20261129-2"):
        for stage in ("begin", "switch", "settle"):
            _stage(directory, stage)
        assert Selectors.read(directory, "mx1").current == selector
        _stage(directory, "end")
    with pytest.raises(ResourceError, match="has a key already"):
        _stage(directory, "begin", next_selector="mx1-20261129-2")
    assert fresh("mx1", "20261129", []) == "mx1-20261129"


def test_what_cannot_be_is_refused(directory: Path, tmp_path: Path) -> None:
    with pytest.raises(ResourceError, match=r"Run site\.yml first"):
        _stage(tmp_path / "none", "begin")
    with pytest.raises(ResourceError, match="capital letters"):
        _stage(directory, "begin", next_selector="MX")
    _stage(directory, "begin")
    _stage(directory, "switch")
    with pytest.raises(ResourceError, match="former selector mx1 still stand"):
        _stage(directory, "begin")
    with pytest.raises(ResourceError, match="signs nothing any more"):
        _stage(directory, "end")


def test_another_first_selector_begins_anew(directory: Path) -> None:
    _stage(directory, "begin")
    found = _keys(directory, selector="mx9")
    assert (found["selector"], found["rotation"]["next"]) == ("mx9", "")


def test_a_file_that_cannot_be_read_is_refused(directory: Path) -> None:
    _stage(directory, "begin")
    (directory / FILE).write_text('{"base": ')
    with pytest.raises(ResourceError, match="Write into it which selector signs"):
        _keys(directory)


def test_only_root_reads_and_writes_the_file(directory: Path) -> None:
    _stage(directory, "begin")
    assert (directory / FILE).stat().st_mode & 0o777 == 0o600
