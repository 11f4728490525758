# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Samba's Python bindings, which exist on domain controllers only. Private to this collection."""

from __future__ import annotations

from typing import Any

from ansible_collections.mailforest.stack.plugins.module_utils._engine import NotYetKnowable, ResourceError

try:
    import ldb
    import samba
    from samba.auth import system_session
    from samba.ndr import ndr_pack, ndr_unpack
    from samba.param import LoadParm
    from samba.samdb import SamDB
except ImportError as exc:
    MISSING: str | None = str(exc)
    ldb = samba = system_session = ndr_pack = ndr_unpack = LoadParm = SamDB = None
else:
    MISSING = None

__all__ = [
    "MISSING",
    "LoadParm",
    "SamDB",
    "ldb",
    "load_settings",
    "ndr_pack",
    "ndr_unpack",
    "require",
    "samba",
    "system_session",
]


def require() -> None:
    """End with the remedy when the bindings are not there."""
    if MISSING:
        raise NotYetKnowable(
            f"Samba's Python bindings are not installed on this host ({MISSING}), so its directory can be neither read"
            " nor changed. Install the packages python3-samba and samba-ad-provision (role samba_dc does)."
        )


def load_settings(path: str) -> Any:
    """Read smb.conf, as Samba itself reads it."""
    settings = LoadParm()
    try:
        settings.load(path)
    except RuntimeError as exc:
        raise ResourceError(f"{path} cannot be loaded: {exc}. Nothing was changed. Check it with testparm.") from exc
    return settings
