# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A synchronisation of SYSVOL, as the modules and the timer's service run it. Private to this collection."""

from __future__ import annotations

import argparse
import contextlib
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ansible_collections.mailforest.stack.plugins.module_utils._directory import _sysvol
from ansible_collections.mailforest.stack.plugins.module_utils._directory._sysvolsamba import Sysvol
from ansible_collections.mailforest.stack.plugins.module_utils._engine import ResourceError

RECORD = Path("/var/lib/mailforest/sysvol_sync.json")


class RecordedResource(_sysvol.SysvolResource):
    """One that leaves word of its success."""

    def finish(self) -> None:
        """A complete run."""
        super().finish()
        record(str(self.result()["source"]), "")


def make(
    options: Mapping[str, Any],
    held: contextlib.ExitStack,
    *,
    check_mode: bool,
    refresh: Callable[[], object] = lambda: None,
) -> RecordedResource:
    """Open everything; the lock is held until the stack is left."""
    sysvol = Sysvol(options["configuration_file"])
    fqdn = _sysvol.choose(sysvol.directory, options["source"])
    if not check_mode:
        held.enter_context(sysvol.disk.lock())
    return RecordedResource(
        sysvol.directory,
        sysvol.disk,
        sysvol.source(fqdn) if fqdn else None,
        force=options["force"],
        quick=options["quick"],
        wait=options["wait"],
        refresh=refresh,
    )


def record(source: str, fault: str) -> None:
    """What the last run came to; a fault does not hide when the last good one was."""
    now = datetime.now(UTC).isoformat(timespec="seconds")
    told = {**last(), "time": now, "source": source, "fault": fault}
    if not fault:
        told["good"] = now
    RECORD.parent.mkdir(parents=True, exist_ok=True)
    new = RECORD.with_suffix(".new")
    new.write_text(json.dumps(told), encoding="utf-8")
    new.replace(RECORD)


def last() -> dict[str, str]:
    """What was recorded."""
    try:
        found: dict[str, str] = json.loads(RECORD.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found


def info(configuration_file: str) -> dict[str, Any]:
    """What `sysvol_info` returns."""
    sysvol = Sysvol(configuration_file)
    found = _sysvol.info(sysvol.directory, sysvol.disk)
    acls = sysvol.check()
    return {**found, "acl_fault": acls, "last": last(), "problems": _sysvol.problems({**found, "acl_fault": acls})}


def main(arguments: Sequence[str] | None = None) -> int:
    """The timer's service: one quick run; what it says goes to the journal."""
    parser = argparse.ArgumentParser(prog="mailforest-sysvol-sync", description=__doc__)
    parser.add_argument("--configuration-file", default="/etc/samba/smb.conf")
    parser.add_argument("--full", action="store_true", help="compare contents, not sizes and times")
    given = parser.parse_args(arguments)
    options = {
        "configuration_file": given.configuration_file,
        "source": None,
        "force": False,
        "quick": not given.full,
        "wait": 0,
    }
    try:
        with contextlib.ExitStack() as held:
            _carry_out(make(options, held, check_mode=False))
    except ResourceError as exc:
        record("", str(exc))
        sys.stderr.write(f"{exc}\n")
        return 1
    return 0


def _carry_out(resource: RecordedResource) -> None:
    before = resource.current()
    for step in resource.plan(before, resource.desired(before)):
        resource.apply(step)
        sys.stdout.write(f"{step.verb} {step.target}, as on {resource.result()['source']}\n")
    resource.finish()
