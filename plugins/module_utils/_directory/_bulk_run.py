# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the options of the bulk module to its resource. Private to this collection."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from ansible_collections.mailforest.stack.plugins.module_utils._directory._bulk import BulkObjects, Tree, rows_of
from ansible_collections.mailforest.stack.plugins.module_utils._directory._bulk_kinds import COLUMNS, FLAGS, LISTS
from ansible_collections.mailforest.stack.plugins.module_utils._directory._bulk_plan import Defaults
from ansible_collections.mailforest.stack.plugins.module_utils._directory._bulk_progress import Progress
from ansible_collections.mailforest.stack.plugins.module_utils._directory._bulk_rows import ATTRIBUTE, Sheet, listed
from ansible_collections.mailforest.stack.plugins.module_utils._directory._bulk_secrets import Hands
from ansible_collections.mailforest.stack.plugins.module_utils._directory._bulk_write import Writer
from ansible_collections.mailforest.stack.plugins.module_utils._directory._bulkdb import BulkStore
from ansible_collections.mailforest.stack.plugins.module_utils._engine import ResourceError, run

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule


def tree_of(params: Mapping[str, Any]) -> Tree:
    """All that the options want."""
    sheet = _sheet(params)
    users = params["users"] or []
    names = {str(name) for user in users for name in user.get("attributes") or {}}
    names |= {name[len(ATTRIBUTE) :] for name in sheet.header() if name.startswith(ATTRIBUTE)} if sheet else set()
    return Tree(
        ous=tuple(listed("ous", params["ous"])),
        groups=tuple(listed("groups", params["groups"])),
        people=rows_of(lambda: listed("users", users), sheet.rows if sheet else lambda: iter(())),
        has_people=bool(users) or sheet is not None,
        attributes=frozenset(names),
        exact=params["memberships"] == "set",
        purge=params["purge"],
        user_defaults=Defaults(
            path=params["user_path"],
            initial_password=params["initial_password"],
            update_password=params["update_password"],
            guid_attribute=params["guid_attribute"],
            home_attribute=params["home_attribute"],
        ),
        group_defaults=Defaults(path=params["group_path"]),
        chunk=_chunk(params["chunk"]),
    )


def _chunk(size: int) -> int:
    if not 1 <= size <= 5000:
        raise ResourceError(f"chunk is {size}. Nothing was changed. Give a number from 1 to 5000.")
    return size


def _sheet(params: Mapping[str, Any]) -> Sheet | None:
    if not params["people"]:
        return None
    return Sheet(
        path=Path(params["people"]),
        name=str(params["people"]),
        columns=COLUMNS,
        flags=FLAGS,
        lists=LISTS,
        delimiter=params["people_delimiter"],
    )


def has_passwords(params: Mapping[str, Any]) -> bool:
    """Whether any new user may get one."""
    sheet = _sheet(params)
    given = any(user.get("password") for user in params["users"] or ())
    return bool(params["initial_password"]) or given or (sheet is not None and "password" in sheet.header())


def _quiet(_line: str) -> None:
    """Check mode leaves no line in the journal."""


def run_bulk(module: AnsibleModule) -> NoReturn:
    """Build the resource and hand it to the runner."""
    params = module.params
    hands: list[Hands] = []

    def make() -> BulkObjects:
        tree = tree_of(params)
        reason = "key_derivation is samba" if params["key_derivation"] == "samba" else None
        if not reason and has_passwords(params) and not module.check_mode:
            hands.append(Hands())  # before the database is open
        store = BulkStore(params["configuration_file"])
        if hands and store.policy().has_script:
            reason = "a check password script is set"
            hands.pop().close()
        progress = (
            Progress(None, _quiet) if module.check_mode else Progress(params["progress_file"] or None, module.log)
        )
        return BulkObjects(store, tree, Writer(store, hands[0] if hands else None, reason), progress)

    try:
        run(module, make)
    finally:
        for hand in hands:
            hand.close()
