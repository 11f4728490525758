# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the timer of role `backup` runs: a backup, and retention. Private to this collection."""

from __future__ import annotations

import sys

from ansible_collections.mailforest.stack.plugins.module_utils._directory._backup import (
    BackupResource,
    LocalPlace,
    configured,
)
from ansible_collections.mailforest.stack.plugins.module_utils._engine import ResourceError


def main() -> None:
    """Make one now; what is printed goes to the journal."""
    try:
        settings = configured()
        resource = BackupResource(LocalPlace(settings), settings, label="", max_age=0)
        before = resource.current()
        for step in resource.plan(before, resource.desired(before)):
            resource.apply(step)
            sys.stdout.write(f"{step.verb} {step.target}\n")
        backup = resource.result()["backup"]
    except ResourceError as exc:
        log = "\n".join(exc.details.get("log", []))
        raise SystemExit(f"{exc}\n{log}".strip()) from None
    sys.stdout.write(f"{backup['path']}: {backup['size']} bytes, {backup['objects']} objects\n")


if __name__ == "__main__":
    main()
