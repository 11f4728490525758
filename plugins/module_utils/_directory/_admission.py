# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a domain controller may join. Private to this collection."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A host that is to be a domain controller, and what the forest has of its name and address."""

    name: str
    fqdn: str
    address: str
    site: str
    holds_directory: bool
    """Whether a directory lies on its own disk."""
    known: Sequence[str]
    """The controllers that the forest knows."""
    sites: Sequence[str]
    """The sites that the directory has; a site that is made in the same run counts."""
    owners: Mapping[str, str | None]
    accounts: Sequence[str] = ()
    """DNs of the computer accounts of this name."""
    addresses: Sequence[str] = ()
    """What DNS has as addresses of its name."""
    pointers: Sequence[str] = ()
    """What DNS has as names of its address."""
    again: bool = False
    """Whether a former controller of this name may be removed."""

    @property
    def is_known(self) -> bool:
        """Whether the forest has a controller of this name."""
        return self.name.lower() in {name.lower() for name in self.known}


def admission(candidate: Candidate) -> tuple[list[str], str]:
    """Why it may not join, all at once; and, where nothing speaks against it, what will be done."""
    return list(_against(candidate)), _outlook(candidate)


def _against(candidate: Candidate) -> Iterator[str]:
    name, known = candidate.name, candidate.is_known
    if candidate.site.lower() not in {site.lower() for site in candidate.sites}:
        yield (
            f"The directory has no site {candidate.site}, it has {', '.join(candidate.sites)}. A new site comes with"
            " its gateway and controllers by mailforest.stack.site_add."
        )
    if candidate.holds_directory and not known:
        yield (
            f"{name} holds a directory, and the forest does not know it: it was removed, or belongs to another one."
            " It must not serve again. Give it a blank disk first."
        )
    if known and not candidate.holds_directory:
        yield from _against_leftover(candidate)
    if not known and candidate.accounts:
        yield (
            f"The name {name} is taken by the account {candidate.accounts[0]}. Choose another name, or remove the"
            " account (module computer) if its host is gone."
        )
    if foreign := [text for text in candidate.addresses if text != candidate.address]:
        yield (
            f"In DNS {candidate.fqdn} has the address {', '.join(foreign)}, in the inventory {candidate.address}."
            " Correct the inventory, or remove the record (module dns_record)."
        )
    own = candidate.fqdn.lower().rstrip(".")
    if others := [text for text in candidate.pointers if text.lower().rstrip(".") != own]:
        yield (
            f"In DNS the address {candidate.address} is that of {', '.join(others)}. Choose another address, or remove"
            " the record (module dns_record) if that host is gone."
        )


def _against_leftover(candidate: Candidate) -> Iterator[str]:
    """The forest knows a controller of this name, which this host is not: a join that broke off, or a wiped host."""
    name = candidate.name
    roles = sorted(role for role, owner in candidate.owners.items() if (owner or "").lower() == name.lower())
    if roles:
        yield (
            f"A former {name} holds {', '.join(roles)}. Seize them first: mailforest.stack.fsmo_seize, which removes"
            " what is left of it, too."
        )
    elif not candidate.again:
        yield (
            f"The forest knows a controller {name}, and {name} holds no directory: a join broke off, or the host was"
            " wiped. If no other host answers by this name, give -e dc_add_again=true: what is left is removed, and the"
            " host joins anew. To remove it and no more: mailforest.stack.dc_remove_dead."
        )


def _outlook(candidate: Candidate) -> str:
    where = f"{candidate.name} ({candidate.address}), in the site {candidate.site}"
    if candidate.holds_directory:
        return f"{where}, has joined; what an earlier run left open is done."
    if candidate.is_known:
        return f"{where}, joins anew; what is left of the former one is removed before."
    return f"{where}, joins."
