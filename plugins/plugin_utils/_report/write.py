# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to the collection: the files of a report, and those of earlier runs beside them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkstemp

from ansible_collections.mailforest.stack.plugins.plugin_utils._report.history import Run, as_run, read, surplus
from ansible_collections.mailforest.stack.plugins.plugin_utils._report.junit import junit
from ansible_collections.mailforest.stack.plugins.plugin_utils._report.page import page
from ansible_collections.mailforest.stack.plugins.plugin_utils._report.record import Record

_DIRECTORY_MODE, _FILE_MODE = 0o750, 0o640


@dataclass(frozen=True, kw_only=True)
class Formats:
    """How the report is to be written."""

    language: str
    keep: int
    warnings_fail: bool


def write(directory: Path, record: Record, summary: Sequence[str], formats: Formats) -> list[Path]:
    """Write every format, and this run into the history. Returns the files; the page first."""
    history = directory / "history"
    for path in (directory, history):
        path.mkdir(mode=_DIRECTORY_MODE, parents=True, exist_ok=True)
    document = record.as_json()
    runs: list[Run] = [*read(history), as_run(record)]
    texts = {
        "report.html": page(record, runs[-formats.keep :], language=formats.language),
        "report.json": document,
        "report.xml": junit(record.checks, record.findings, time=record.time, warnings_fail=formats.warnings_fail),
        "report.txt": "\n".join(summary) + "\n",
        f"history/{record.time.replace(':', '')}.json": document,
    }
    paths = [_replace(directory / name, text) for name, text in texts.items()]
    for path in surplus(history.glob("*.json"), keep=formats.keep):
        path.unlink(missing_ok=True)
    return paths


def _replace(path: Path, text: str) -> Path:
    """Whoever reads it meanwhile sees the old one or the new one, whole; so does another run that writes it, too."""
    descriptor, name = mkstemp(prefix=f".{path.name}.", dir=path.parent)
    new = Path(name)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        new.chmod(_FILE_MODE)
        new.replace(path)
    except BaseException:
        new.unlink(missing_ok=True)
        raise
    return path
