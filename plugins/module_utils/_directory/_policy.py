# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The domain's own password and lockout policy, which stands on the head of the domain. Private to this collection."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

from ansible_collections.mailforest.stack.plugins.module_utils._directory._store import (
    Change,
    Entry,
    Operation,
    Store,
    encode,
)
from ansible_collections.mailforest.stack.plugins.module_utils._engine import ResourceError, State, Step

_TICK = 10_000_000
_DAY, _MINUTE = 86400 * _TICK, 60 * _TICK
_NEVER = -0x8000000000000000
_COMPLEX, _REVERSIBLE = 0x1, 0x10
"""Bits of pwdProperties ([MS-SAMR] 2.2.3.11)."""


@dataclass(frozen=True, kw_only=True)
class _Number:
    """A number in an attribute; with `unit`, a duration that the directory keeps as negative ticks."""

    attribute: str
    largest: int
    unit: int = 0
    zero_is_never: bool = False

    def read(self, entry: Entry) -> int:
        value = entry.number(self.attribute)
        if not self.unit:
            return value
        return 0 if value == _NEVER else -value // self.unit

    def written(self, value: int) -> int:
        if not self.unit:
            return value
        return _NEVER if value == 0 and self.zero_is_never else -value * self.unit


NUMBERS: Mapping[str, _Number] = {
    "min_password_length": _Number(attribute="minPwdLength", largest=14),
    "password_history_count": _Number(attribute="pwdHistoryLength", largest=24),
    "min_password_age": _Number(attribute="minPwdAge", largest=998, unit=_DAY),
    "max_password_age": _Number(attribute="maxPwdAge", largest=999, unit=_DAY, zero_is_never=True),
    "lockout_threshold": _Number(attribute="lockoutThreshold", largest=999),
    "lockout_duration": _Number(attribute="lockoutDuration", largest=99999, unit=_MINUTE, zero_is_never=True),
    "lockout_observation_window": _Number(attribute="lockOutObservationWindow", largest=99999, unit=_MINUTE),
}
FLAGS: Mapping[str, int] = {"complexity_enabled": _COMPLEX, "reversible_encryption_enabled": _REVERSIBLE}
ARGUMENTS: dict[str, dict[str, Any]] = {
    "configuration_file": {"type": "path", "default": "/etc/samba/smb.conf"},
    **{name: {"type": "int", "no_log": False} for name in NUMBERS},
    **{name: {"type": "bool"} for name in FLAGS},
}


class PolicyResource:
    """The resource of the module `password_policy`."""

    batch = 1

    def __init__(self, connect: Callable[[], Store], options: Mapping[str, Any]) -> None:
        """Check the numbers first: nothing of them depends on the host."""
        self._wanted = {name: options[name] for name in (*NUMBERS, *FLAGS) if options.get(name) is not None}
        _fail(_range_faults(self._wanted))
        self._store = connect()
        self._properties = 0

    def current(self) -> State:
        """The policy as it stands."""
        attributes = [*(number.attribute for number in NUMBERS.values()), "pwdProperties"]
        entry = self._store.read(self._store.domain_dn, attributes) or Entry(dn="", attributes={})
        self._properties = entry.number("pwdProperties")
        return {
            **{name: number.read(entry) for name, number in NUMBERS.items()},
            **{name: bool(self._properties & flag) for name, flag in FLAGS.items()},
        }

    def desired(self, before: State) -> State:
        """With the options laid over it, and judged as a whole."""
        after = {**before, **self._wanted}
        _fail(_whole_faults(after))
        return after

    def plan(self, before: State, after: State) -> list[Step]:
        """One modification, of what differs."""
        change = {name: after[name] for name in after if after[name] != before[name]}
        return [Step(verb="set_policy", target=self._store.domain_dn, change=change)] if change else []

    def transaction(self) -> AbstractContextManager[object]:
        """The directory's own."""
        return self._store.transaction()

    def apply(self, step: Step) -> None:
        """Write it."""
        values = {
            number.attribute: number.written(step.change[name])
            for name, number in NUMBERS.items()
            if name in step.change
        }
        flags = [name for name in FLAGS if name in step.change]
        for name in flags:
            kept = self._properties & ~FLAGS[name]
            self._properties = kept | FLAGS[name] if step.change[name] else kept
        if flags:
            values["pwdProperties"] = self._properties
        changes = [
            Change(operation=Operation.REPLACE, attribute=attribute, values=(encode(value),))
            for attribute, value in values.items()
        ]
        self._store.modify(step.target, changes)

    def finish(self) -> None:
        """Nothing is left to do."""

    def result(self) -> Mapping[str, Any]:
        """The policy that stands now."""
        return {"policy": self.current()}


def _range_faults(wanted: Mapping[str, Any]) -> Iterator[str]:
    for name, number in NUMBERS.items():
        value = wanted.get(name)
        if value is not None and not 0 <= value <= number.largest:
            yield f"{name} {value} is not from 0 to {number.largest}"


def _whole_faults(policy: State) -> Iterator[str]:
    """What [MS-ADTS] 3.1.1.5.3.2 has the directory refuse, and Samba takes."""
    if policy["max_password_age"] and policy["min_password_age"] >= policy["max_password_age"]:
        yield (
            f"min_password_age {policy['min_password_age']} is not below max_password_age"
            f" {policy['max_password_age']}, so that nobody could ever change a password in time"
        )
    if policy["lockout_duration"] and policy["lockout_observation_window"] > policy["lockout_duration"]:
        yield (
            f"lockout_observation_window {policy['lockout_observation_window']} is above lockout_duration"
            f" {policy['lockout_duration']}, so that an account would be unlocked with its failures still counted"
        )


def _fail(faults: Iterator[str]) -> None:
    found = list(faults)
    if found:
        told = "; ".join(found)
        raise ResourceError(f"Not a password policy, nothing was changed: {told}. Correct these.", faults=found)
