# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Trusts between two forests: made on both sides at once, verified, removed. Private to this collection."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass
from typing import Any, Protocol

from ansible_collections.mailforest.stack.plugins.module_utils._directory import _names
from ansible_collections.mailforest.stack.plugins.module_utils._engine import ResourceError, State, Step

DIRECTIONS = {"inbound": 1, "outbound": 2, "bidirectional": 3}
TYPES = ("external", "forest")
FOREST_TRANSITIVE = 0x8
_OUTBOUND = 2
_CRASHES = "4.17."
_CRASH = (
    "The KDC of Samba 4.17, which this host has, ends at each ticket of a user from a forest whose controllers have"
    " Samba 4.22; it is started again within seconds, and these users do not get in. If the other forest has that"
    " release, remove this trust and bring this forest to it (Debian 13) first."
)
"""Seen with 4.17.12 and 4.22.11: an empty buffer in the ticket's PAC."""

ARGUMENTS: dict[str, dict[str, Any]] = {
    "configuration_file": {"type": "path", "default": "/etc/samba/smb.conf"},
    "name": {"type": "str", "required": True},
    "direction": {"type": "str", "choices": list(DIRECTIONS)},
    "type": {"type": "str", "choices": list(TYPES)},
    "trusted_admin_user": {"type": "str", "default": "Administrator"},
    "trusted_admin_password": {"type": "str", "no_log": True},
    "trusted_server": {"type": "str"},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "verify": {"type": "bool", "default": True},
}


@dataclass(frozen=True, kw_only=True)
class Trust:
    """A trust as this side's directory has it."""

    distinguished_name: str
    name: str
    netbios_name: str
    sid: str
    direction: str
    type: str


@dataclass(frozen=True, kw_only=True)
class Domain:
    """A domain's own names."""

    dns_name: str
    netbios_name: str


class Host(Protocol):
    """The domain controller on this side."""

    def samba_version(self) -> str:
        """Samba's release here."""

    def own(self) -> Domain:
        """This side's domain."""

    def find(self, name: str) -> Trust | None:
        """The trust with a domain."""

    def other(self, name: str, server: str | None) -> Domain:
        """Ask a controller of the other domain for its names."""

    def create(self, options: Mapping[str, Any]) -> None:
        """Make it on both sides, with a secret that nobody else knows."""

    def remove(self, options: Mapping[str, Any]) -> None:
        """Remove it, on both sides where the other's password is given."""

    def verify(self, name: str) -> str | None:
        """Use the trust; why it does not work, or None."""


class TrustResource:
    """The resource of the module `domain_trust`."""

    batch = 1

    def __init__(
        self,
        connect: Callable[[], Host],
        options: Mapping[str, Any],
        *,
        check_mode: bool,
        warn: Callable[[str], None] = lambda _text: None,
    ) -> None:
        """Check the name before Samba is looked for."""
        self._warn = warn
        self._options = {**options, "name": options["name"].lower().rstrip(".")}
        self._name: str = self._options["name"]
        fault = _names.dns_name_fault(self._name)
        if fault:
            raise ResourceError(f"name '{self._name}': {fault}. Nothing was changed. Correct it.")
        self._host = connect()
        self._check_mode = check_mode
        self._present = options["state"] == "present"
        self._trust: Trust | None = None
        self._verified: bool | None = None

    def current(self) -> State:
        """Read this side."""
        if self._host.own().dns_name.lower() == self._name:
            raise ResourceError(
                f"{self._name} is the domain of this host itself. Nothing was changed. Name the other domain."
            )
        self._trust = self._host.find(self._name)
        return asdict(self._trust) if self._trust else {}

    def desired(self, before: State) -> State:
        """A trust stays as it is: Windows too changes neither direction nor type."""
        if not self._present:
            return {}
        if before:
            self._refuse_change(before)
            return before
        return {"name": self._name, "direction": self._options["direction"], "type": self._options["type"]}

    def _refuse_change(self, before: State) -> None:
        faults = [
            f"{key} is {before[key]} and not {self._options[key]}"
            for key in ("direction", "type")
            if self._options[key] not in (None, before[key])
        ]
        if faults:
            raise ResourceError(
                f"The trust with {self._name} exists, and its {', its '.join(faults)}. Nothing was changed: neither can"
                " be changed in place. Remove it first (state: absent), which ends the other domain's access, and make"
                " it anew."
            )

    def plan(self, before: State, after: State) -> list[Step]:
        """Make it, or remove it."""
        if self._present == bool(before):
            return []
        if not self._present:
            both = bool(self._options["trusted_admin_password"])
            return [Step(verb="remove", target=self._name, change={"sides": "both" if both else "this one"})]
        missing = [key for key in ("direction", "type", "trusted_admin_password") if not self._options[key]]
        if missing:
            raise ResourceError(
                f"{', '.join(missing)} must be given, as there is no trust with {self._name} yet. Nothing was changed."
            )
        self._judge_other()
        if DIRECTIONS[self._options["direction"]] & _OUTBOUND and self._host.samba_version().startswith(_CRASHES):
            self._warn(_CRASH)
        return [Step(verb="create", target=self._name, change=after)]

    def _judge_other(self) -> None:
        own, other = self._host.own(), self._host.other(self._name, self._options["trusted_server"])
        if other.dns_name.lower() != self._name:
            raise ResourceError(
                f"The controller that was found serves {other.dns_name} and not {self._name}. Nothing was changed."
                " Correct name or trusted_server."
            )
        if other.netbios_name.upper() == own.netbios_name.upper():
            raise ResourceError(
                f"Both domains have the NetBIOS name {own.netbios_name}. Nothing was changed: they could not tell each"
                " other's accounts apart. A domain cannot be renamed, so there can be no trust between these two."
            )

    def transaction(self) -> AbstractContextManager[object]:
        """Samba takes back what it made when the other side refuses."""
        return nullcontext()

    def apply(self, step: Step) -> None:
        """Carry out one step."""
        if step.verb == "remove":
            self._host.remove(self._options)
            self._trust = None
            return
        self._host.create(self._options)
        self._trust = self._host.find(self._name)
        if self._trust is None:
            raise ResourceError(f"The trust with {self._name} was made without an error and is not there. Run again.")

    def finish(self) -> None:
        """Use it once."""
        if self._trust is None or not self._options["verify"] or not DIRECTIONS[self._trust.direction] & _OUTBOUND:
            return
        fault = self._host.verify(self._name)
        if fault:
            raise ResourceError(
                f"The trust with {self._name} stands in the directory and does not work: {fault}. Check that both sides"
                " resolve each other's names and reach each other's controllers, that the clocks agree, and that the"
                " other side has the trust too. Where an earlier trust with it was removed, restart samba-ad-dc on both"
                " sides: winbind goes on using the former one's secure channel."
            )
        self._verified = True

    def result(self) -> Mapping[str, Any]:
        """The trust, and whether it was seen to work."""
        values: dict[str, Any] = {"verified": self._verified}
        if self._trust:
            values["distinguished_name"] = self._trust.distinguished_name
        return values
