# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which roles an operation moves, and where to. Private to this collection."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from ansible_collections.mailforest.stack.plugins.module_utils._directory._fsmo import ROLES
from ansible_collections.mailforest.stack.plugins.module_utils._engine import ResourceError


def moved(
    owners: Mapping[str, str | None],
    *,
    controllers: Sequence[str],
    to: str,
    source: str = "",
    roles: Iterable[str] | str = (),
) -> dict[str, str]:
    """The map of roles to move: those that are named (a text has commas), else those of `source`, else all seven."""
    names = {name.lower() for name in controllers}
    for given, about in ((to, "the new owner"), (source, "the one that gives its roles away")):
        if given and given.lower() not in names:
            raise ResourceError(
                f"'{given}', {about}, is no domain controller of the inventory. Nothing was changed. "
                f"Choose from: {', '.join(controllers)}."
            )
    wanted = [role.strip() for role in (roles.split(",") if isinstance(roles, str) else roles) if role.strip()]
    if unknown := [role for role in wanted if role not in ROLES]:
        raise ResourceError(
            f"There is no role {', '.join(unknown)}. Nothing was changed. The roles are: {', '.join(ROLES)}."
        )
    if wanted and source:
        raise ResourceError("Roles are named, and a controller that gives all of its away. Give one of the two.")
    if not wanted:
        wanted = [role for role in ROLES if not source or (owners.get(role) or "").lower() == source.lower()]
    return dict.fromkeys(wanted, to.lower())


def relieved(leaving: str, *, controllers: Sequence[str], sites: Mapping[str, str]) -> str:
    """The controller that takes the roles of one that leaves for a while: one of its own site, else the first other.

    Nothing where there is no other.
    """
    others = [name for name in controllers if name != leaving]
    return next((name for name in others if sites.get(name) == sites.get(leaving)), next(iter(others), ""))
