# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the bulk module needs of a domain controller's database beyond a `Store`. Private to this collection."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ansible_collections.mailforest.stack.plugins.module_utils._directory import _bindings
from ansible_collections.mailforest.stack.plugins.module_utils._directory._bindings import ldb
from ansible_collections.mailforest.stack.plugins.module_utils._directory._bulk_keys import Realm
from ansible_collections.mailforest.stack.plugins.module_utils._directory._bulk_secrets import Example, Policy, Secret
from ansible_collections.mailforest.stack.plugins.module_utils._directory._samdb import SamStore, _entry, _translated
from ansible_collections.mailforest.stack.plugins.module_utils._directory._store import Entry, Values

_BYPASS = "local_oid:1.3.6.1.4.1.7165.4.3.12:0"
"""Samba's own control by which whole sets of keys are written (DSDB_CONTROL_BYPASS_PASSWORD_HASH_OID)."""
_PAGE = 1000
_COMPLEX = 1
_LOW = 0xFFFFFFFF
_FIRST_RID = 1000
"""Below are the accounts that every domain has ([MS-SAMR] 3.1.1.9.2.1)."""
_NTTIME_EPOCH = 11644473600


class BulkStore(SamStore):
    """The local directory, for many objects at once."""

    # Passwords

    def policy(self) -> Policy:
        """The domain's password policy, as Samba holds a new account against it."""
        domain = self.read(self.domain_dn, ["minPwdLength", "pwdProperties", "pwdHistoryLength"])
        properties, length, history = (
            domain.number(name) if domain else 0 for name in ("pwdProperties", "minPwdLength", "pwdHistoryLength")
        )
        return Policy(
            min_length=length,
            is_complex=bool(properties & _COMPLEX),
            history=history,
            has_script=bool(self.settings.get("check password script")),
            is_good=lambda password: bool(_bindings.samba.check_password_quality(password)),
        )

    def realm(self) -> Realm:
        """What of the domain goes into the keys."""
        netbios = str(self.sam.domain_netbios_name())
        return Realm(dns=self.dns_domain.lower(), netbios=netbios)

    def example(self, dn: str) -> tuple[Example, bytes, bytes]:
        """What Samba stored of a password: the keys, the NT hash, the history."""
        names = ["supplementalCredentials", "unicodePwd", "ntPwdHistory"]
        entry = self.read(dn, names)
        keys, nt_hash, history = (b"".join(entry.values(name)) if entry else b"" for name in names)
        return Example(keys), nt_hash, history

    def add_with_keys(self, dn: str, attributes: Mapping[str, Values], secret: Secret, *, history: bool) -> None:
        """Add a user whose keys are derived already; Samba still checks their form."""
        now = int((time.time() + _NTTIME_EPOCH) * 10_000_000)
        values = {
            **attributes,
            "unicodePwd": (secret.nt_hash,),
            "supplementalCredentials": (secret.credentials,),
            "pwdLastSet": (str(now).encode(),),
        }
        if history:
            values["ntPwdHistory"] = (secret.nt_hash,)
        message = ldb.Message(ldb.Dn(self.sam, dn))
        for name, held in values.items():
            message[name] = ldb.MessageElement(list(held), ldb.FLAG_MOD_ADD, name)
        with _translated("add", dn):
            self.sam.add(message, controls=[_BYPASS])

    # RIDs

    def rids_left(self) -> int | None:
        """How many accounts this controller can make before it is given more RIDs; None = it gives them itself."""
        manager = self._rid_manager("fSMORoleOwner")
        own = str(self.sam.get_dsServiceName())
        owner = manager.text("fSMORoleOwner") if manager else None
        if owner is None or self.key(owner) == self.key(own):
            return None
        server = self.read(self.parent(own), ["serverReference"])
        computer = self.read((server and server.text("serverReference")) or own, ["rIDSetReferences"])
        reference = computer.text("rIDSetReferences") if computer else None
        if reference is None:
            return 0
        names = ["rIDAllocationPool", "rIDPreviousAllocationPool", "rIDNextRID"]
        pools = self.read(reference, names)
        return _left(pools) if pools else 0

    def accounts(self) -> int:
        """As many as RIDs were ever given, deleted ones included, as the database keeps those for months."""
        manager = self._rid_manager("rIDAvailablePool")
        return max((manager.number("rIDAvailablePool") & _LOW) - _FIRST_RID, 0) if manager else 0

    def _rid_manager(self, attribute: str) -> Entry | None:
        return self.read(f"CN=RID Manager$,CN=System,{self.domain_dn}", [attribute])

    # Reading much

    def find_any(self, attribute: str, values: Sequence[str], attributes: Sequence[str]) -> list[Entry]:
        """Objects of which an attribute has any of the values, with one search over its index."""
        terms = "".join(f"({attribute}={ldb.binary_encode(value)})" for value in values)
        with _translated("read", self.domain_dn):
            found = self.sam.search(
                base=self.domain_dn, scope=ldb.SCOPE_SUBTREE, expression=f"(|{terms})", attrs=list(attributes)
            )
        return [_entry(message, attributes) for message in found]

    def below(self, base: str, wanted: str, attributes: list[str]) -> Iterator[Entry]:
        """All objects of a class below a container, page by page."""
        cookie = ""
        while True:
            with _translated("read", base):
                found = self.sam.search(
                    base=base,
                    scope=ldb.SCOPE_SUBTREE,
                    expression=f"(objectClass={wanted})",
                    attrs=attributes,
                    controls=[f"paged_results:1:{_PAGE}{cookie}"],
                )
            yield from (_entry(message, attributes) for message in found)
            cookie = _cookie(found.controls)
            if not cookie:
                return


def _left(pools: Entry) -> int:
    current, next_pool = (pools.number(name) for name in ("rIDPreviousAllocationPool", "rIDAllocationPool"))
    if not current:
        return _size(next_pool)
    left = max(0, (current >> 32) - pools.number("rIDNextRID"))
    return left + (_size(next_pool) if next_pool != current else 0)


def _size(pool: int) -> int:
    return (pool >> 32) - (pool & _LOW) + 1 if pool else 0


def _cookie(controls: list[Any]) -> str:
    """Where the next page begins, as the control's text has it."""
    for control in controls:
        parts = str(control).split(":")
        if parts[0] == "paged_results":
            return f":{parts[3]}" if len(parts) == 4 and parts[3] else ""
    return ""
