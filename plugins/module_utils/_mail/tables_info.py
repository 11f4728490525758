# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the values of role mail_tables can work, and its tables are as old as the directory."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from .settings import directory_errors
from .tables_service import STATUS

_SHORTEST, _LONGEST = 5, 50
_LOOK = "See the journal of mailforest-mail-tables on the host"


def mail_tables_errors(settings: Mapping[str, Any]) -> list[str]:
    """What cannot work in the role's values."""
    return list(_errors(settings))


def _errors(settings: Mapping[str, Any]) -> Iterator[str]:
    if not settings["directory"]:
        yield "mail_tables_directory is empty, and the tables are made of one. Give it, or leave the role out."
    yield from directory_errors("mail_tables", settings["directory"], settings["password"])
    if not settings["domains"]:
        yield "mail_tables_domains is empty, so nobody would be in the tables. Name the mail domains."
    if settings["peers"] and not settings["directory"].get("home_attribute"):
        yield (
            "mail_tables_peers are given, and nothing says whose mailbox is where. Give "
            "mail_tables_directory.home_attribute."
        )
    if not _SHORTEST <= settings["interval"] <= _LONGEST:
        yield (
            f"mail_tables_interval: {settings['interval']} is not within {_SHORTEST} to {_LONGEST}. So long a disabled "
            "user still gets mail, and as often the directory is asked: take 15."
        )


def tables_info(path: Path, max_age: int, now: datetime) -> dict[str, Any]:
    """What the service says of its tables, and what is wrong with them."""
    try:
        told: dict[str, Any] = json.loads((path / STATUS).read_text(encoding="utf-8"))
    except (OSError, ValueError) as exc:
        return {"age": None, "problems": [f"There are no tables yet, or nothing tells of them ({exc}). {_LOOK}."]}
    checked = str(told["checked"])
    if not checked:
        return {**told, "age": None, "problems": [f"No domain controller was read yet: {told['fault']}. {_LOOK}."]}
    age = int((now.astimezone(UTC) - datetime.fromisoformat(checked)).total_seconds())
    return {**told, "age": age, "problems": list(_old(age, max_age, str(told["fault"])))}


def _old(age: int, max_age: int, fault: str) -> Iterator[str]:
    if age > max_age:
        why = fault or "the service does not run"
        yield f"The tables are {age} s old, and may be {max_age} s: {why}. {_LOOK}."
