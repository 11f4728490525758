# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Taking a controller out of the directory, with all that refers to it. Private to this collection.

Used where a controller is dead, was seized from, is demoted, or is replaced by another one of its name. The directory
is given: the local one with the system's rights, or another's by LDAP as an administrator.
"""

from __future__ import annotations

import contextlib
import io
import logging
import re
import uuid
from collections.abc import Iterator
from typing import Any

from ansible_collections.mailforest.stack.plugins.module_utils._directory._bindings import ldb
from ansible_collections.mailforest.stack.plugins.module_utils._engine import ResourceError

_REPLICAS = "msDS-NC-Replica-Locations"
_ADDRESS_TYPES = (1, 28)


def remove_controller(sam: Any, name: str, *, consequence: str = "") -> list[str]:
    """Remove a controller by its short name or the GUID of its NTDS Settings; returns what was done, as Samba logs it.

    As `samba-tool domain demote --remove-other-dead-server` does, and what that leaves: the links to it in the list of
    replicas, and its address under the name of the forest's global catalogs. Run again after an interruption, it ends
    the same. Roles that the controller still holds pass to the controller whose directory this is.
    """
    from samba.remove_dc import remove_dc

    with quiet() as (log, logger):
        try:
            addresses = _addresses(sam, name)
            for server in servers(sam, name):
                _forget_replicas(sam, f"CN=NTDS Settings,{server.dn}")
            remove_dc(sam, logger, name)
            _forget_catalog(sam, addresses)
        except Exception as exc:  # Samba raises bare classes of many modules here
            with contextlib.suppress(Exception):
                sam.transaction_cancel()
            raise ResourceError(
                f"The controller {name} was not wholly removed from the directory: {type(exc).__name__}: {text(exc)}."
                f"{consequence and ' '}{consequence} Cure the cause and run again.",
                log=log.getvalue().splitlines()[-20:],
            ) from exc
    return log.getvalue().splitlines()


def servers(sam: Any, name: str) -> list[Any]:
    """The server objects of a short name, in whatever site, or of the GUID of an NTDS Settings object."""
    if _is_guid(name):
        found = sam.search(
            base=sites_container(sam), expression=f"(&(objectClass=nTDSDSA)(objectGUID={name}))", attrs=[]
        )
        return [
            message
            for settings in found
            for message in sam.search(base=settings.dn.parent(), scope=ldb.SCOPE_BASE, attrs=["cn", "dNSHostName"])
        ]
    return list(
        sam.search(
            base=sites_container(sam),
            scope=ldb.SCOPE_SUBTREE,
            expression=f"(&(objectClass=server)(cn={ldb.binary_encode(name)}))",
            attrs=["cn", "dNSHostName"],
        )
    )


def sites_container(sam: Any) -> str:
    """The container of all sites."""
    return f"CN=Sites,{sam.get_config_basedn()}"


def _is_guid(name: str) -> bool:
    with contextlib.suppress(ValueError):
        return len(name) == 36 and bool(uuid.UUID(name))
    return False


def _forget_replicas(sam: Any, settings: str) -> None:
    """Samba's own removal leaves these links, which nothing else cleans up."""
    found = sam.search(
        base=sam.get_partitions_dn(),
        scope=ldb.SCOPE_ONELEVEL,
        expression=f"({_REPLICAS}={ldb.binary_encode(settings)})",
        attrs=["cn"],
    )
    for message in found:
        change = ldb.Message(message.dn)
        change[_REPLICAS] = ldb.MessageElement([settings], ldb.FLAG_MOD_DELETE, _REPLICAS)
        sam.modify(change)


def _addresses(sam: Any, name: str) -> set[tuple[int, str]]:
    """What DNS has as addresses of the controller."""
    names = {str(server["dNSHostName"][0]) for server in servers(sam, name) if "dNSHostName" in server}
    return {(int(record.wType), str(record.data)) for host in names for record in _records(sam, host)}


def _records(sam: Any, name: str) -> list[Any]:
    """The address records of a name; none when there is no such name."""
    with contextlib.suppress(RuntimeError):
        return [record for record in sam.dns_lookup(name)[1] if record.wType in _ADDRESS_TYPES]
    return []


def _forget_catalog(sam: Any, addresses: set[tuple[int, str]]) -> None:
    """A client that asks for any global catalog is not sent there any more."""
    name = f"gc._msdcs.{sam.forest_dns_name()}"
    present = _records(sam, name)
    kept = [record for record in present if (int(record.wType), str(record.data)) not in addresses]
    if len(kept) != len(present):
        sam.dns_replace(name, kept)


@contextlib.contextmanager
def quiet() -> Iterator[tuple[io.StringIO, logging.Logger]]:
    """Keep what Samba prints or logs, for an error."""
    log = io.StringIO()
    logger = logging.Logger("samba")
    logger.addHandler(logging.StreamHandler(log))
    with contextlib.redirect_stdout(log):
        yield log, logger


def text(exc: Exception) -> str:
    """An exception of Samba's in one line."""
    return re.sub(r"\s+", " ", str(exc.args[-1] if exc.args else exc)).strip()
