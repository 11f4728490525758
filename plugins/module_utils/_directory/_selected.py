# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The same change for several objects: those named, or those that a filter finds. Private to this collection."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.mailforest.stack.plugins.module_utils._directory._kinds import OBJECT, entries
from ansible_collections.mailforest.stack.plugins.module_utils._directory._objects import DirectoryObjects
from ansible_collections.mailforest.stack.plugins.module_utils._directory._store import Store
from ansible_collections.mailforest.stack.plugins.module_utils._engine import ResourceError


def selected(store: Store, params: Mapping[str, Any]) -> DirectoryObjects:
    """The resource of the module `object`."""
    identities = params["identities"]
    if params["ldap_filter"] is not None:
        if params["state"] == "absent":
            raise ResourceError(
                "A filter does not say what is deleted: it may find more than was meant. Nothing was changed. Name the"
                " objects by `identities`."
            )
        base = params["search_base"] or store.domain_dn
        found = store.query(params["ldap_filter"], attributes=["objectGUID"], base=base, scope="subtree")
        identities = [entry.guid for entry in found]
    if identities is None:
        return DirectoryObjects(store, OBJECT, entries(OBJECT, params), single=params["objects"] is None)
    return DirectoryObjects(
        store, OBJECT, [{**params, "identity": identity} for identity in dict.fromkeys(identities)], single=False
    )
