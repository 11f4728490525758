# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Replication as this domain controller sees it: what came when from whom, and bringing it up to date. Private.

Nothing here writes an object. Samba's own services are asked to pull, and to compute who pulls from whom.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

from ansible_collections.mailforest.stack.plugins.module_utils._directory._kcc import (
    Layout,
    layout_faults,
    layout_shown,
)
from ansible_collections.mailforest.stack.plugins.module_utils._engine import ResourceError

_FILE: dict[str, Any] = {"type": "path", "default": "/etc/samba/smb.conf"}
INFO_ARGUMENTS: dict[str, dict[str, Any]] = {
    "configuration_file": _FILE,
    "max_age": {"type": "int", "default": 0},
    "compare": {"type": "bool", "default": False},
    "fail": {"type": "bool", "default": True},
}
SYNC_ARGUMENTS: dict[str, dict[str, Any]] = {
    "configuration_file": _FILE,
    "wait": {"type": "int", "default": 180},
    "without": {"type": "list", "elements": "str", "default": []},
}
REMEDY = (
    "Check that samba-ad-dc runs on these controllers and that they reach each other on 88, 135, 389 and the dynamic"
    " RPC ports."
)
_PAUSE = 1.0
_TRANSIENT = 2
"""Failures in a row that a restart of the partner explains."""
_KCC_EVERY = 5
"""Rounds between computations of the topology, each of which takes Samba some seconds."""

Cursors = Mapping[str, int]
"""Up to which update sequence number the changes of a controller are known, by its invocation id."""


@dataclass(frozen=True, kw_only=True)
class Controller:
    """Another domain controller of the forest."""

    name: str
    fqdn: str
    site: str
    settings_guid: str
    invocation_id: str


@dataclass(frozen=True, kw_only=True)
class Partner:
    """From whom this controller pulls one naming context, and how that goes."""

    naming_context: str
    controller: str
    last_success: float | None
    last_attempt: float | None
    failures: int
    result: str

    def shown(self, now: float) -> dict[str, Any]:
        """What the module tells of it."""
        return {
            "partition": self.naming_context,
            "controller": self.controller,
            "last_success": _iso(self.last_success),
            "last_attempt": _iso(self.last_attempt),
            "age": None if self.last_success is None else max(int(now - self.last_success), 0),
            "failures": self.failures,
            "result": self.result,
        }


class Replication(Protocol):
    """What the directory of this controller knows of replication. Errors are `ResourceError`."""

    own: str
    """This controller's short name, in lower case."""
    site: str

    def naming_contexts(self) -> list[str]:
        """DNs of the naming contexts that this controller holds."""

    def controllers(self) -> list[Controller]:
        """The other controllers."""

    def partners(self) -> list[Partner]:
        """From whom what is pulled."""

    def layout(self) -> Layout:
        """The sites, and the connections that the topology generator has made."""

    def cursors(self, naming_context: str) -> Cursors:
        """What this controller has."""

    def cursors_of(self, controller: Controller, naming_context: str) -> Cursors:
        """What another controller has, as it says itself."""

    def pull(self) -> list[str]:
        """Have everything pulled from all partners now; what went wrong."""

    def pull_from(self, controller: Controller, naming_contexts: Sequence[str]) -> list[str]:
        """Have these pulled from one that need not be a partner, if it answers; what went wrong."""

    def ask(self, controller: Controller) -> None:
        """Have another controller pull everything from all its partners."""

    def compute(self) -> None:
        """Have the topology computed: from whom this controller pulls."""

    def compute_at(self, controller: Controller) -> None:
        """Have another controller compute from whom it pulls."""


def describe(replication: Replication, *, max_age: int, compare: bool, now: float) -> dict[str, Any]:
    """What the module `replication_info` returns; `problems` is empty when all is well."""
    others, partners, layout = replication.controllers(), replication.partners(), replication.layout()
    problems = [*_without_partner(replication, others, partners), *_bad_partners(partners, max_age=max_age, now=now)]
    problems += layout_faults(layout)
    lag: dict[str, list[str]] = {}
    if compare:
        targets, faults = _targets(replication, others)
        lag = lacking(replication, targets)
        problems += faults
        problems += _lag_told(lag)
    return {
        "controller": replication.own,
        "site": replication.site,
        "controllers": {other.name: other.site for other in others},
        "naming_contexts": replication.naming_contexts(),
        "partners": [partner.shown(now) for partner in partners],
        "topology": layout_shown(layout),
        "lacking": lag,
        "problems": problems,
    }


def checked(facts: dict[str, Any], *, fail: bool) -> dict[str, Any]:
    """The facts, or an error with them when there are problems."""
    if fail and facts["problems"]:
        told = dict(facts)
        raise ResourceError(f"Replication to {facts['controller']}: {' '.join(facts['problems'])} {REMEDY}", **told)
    return facts


def _without_partner(replication: Replication, others: Sequence[Controller], partners: Iterable[Partner]) -> list[str]:
    if not others:
        return []
    served = {partner.naming_context for partner in partners}
    return [
        f"{context} is pulled from nobody, so that changes of {', '.join(other.name for other in others)} do not"
        " arrive; run mailforest.stack.replication_sync."
        for context in replication.naming_contexts()
        if context not in served
    ]


def _bad_partners(partners: Sequence[Partner], *, max_age: int, now: float) -> list[str]:
    def fresh(partner: Partner) -> bool:
        return partner.last_success is not None and now - partner.last_success <= max_age

    served = {partner.naming_context for partner in partners if fresh(partner)}
    problems = []
    for partner in partners:
        what = f"{partner.naming_context} from {partner.controller}"
        # A partner that was restarted, or that the topology has just added, is tried anew within five minutes.
        starting = partner.last_success is None and partner.naming_context in served
        if max_age and partner.failures <= _TRANSIENT and (fresh(partner) or starting):
            continue
        if partner.failures or partner.result:
            why = partner.result or "unknown"
            problems.append(f"{what} failed {partner.failures} times in a row, last with {why}.")
        elif max_age:
            problems.append(
                f"{what} last succeeded {_iso(partner.last_success) or 'never'}, more than {max_age} s ago."
            )
    return problems


def _targets(
    replication: Replication, others: Iterable[Controller]
) -> tuple[dict[str, dict[str, tuple[str, int]]], list[str]]:
    """Per controller and naming context the invocation id and the number to have; and who could not be asked."""
    targets: dict[str, dict[str, tuple[str, int]]] = {}
    faults = []
    for other in others:
        try:
            found = {context: replication.cursors_of(other, context) for context in replication.naming_contexts()}
        except ResourceError as exc:
            faults.append(str(exc))
            continue
        targets[other.name] = {
            context: (other.invocation_id, cursors.get(other.invocation_id, 0)) for context, cursors in found.items()
        }
    return targets, faults


def lacking(replication: Replication, targets: Mapping[str, Mapping[str, tuple[str, int]]]) -> dict[str, list[str]]:
    """Per controller the naming contexts of which this one has not yet got everything."""
    have = {context: replication.cursors(context) for context in replication.naming_contexts()}
    lag = {
        name: [context for context, (source, number) in wanted.items() if have[context].get(source, 0) < number]
        for name, wanted in targets.items()
    }
    return {name: contexts for name, contexts in lag.items() if contexts}


def _lag_told(lag: Mapping[str, Sequence[str]]) -> list[str]:
    return [f"{name} has changes of {', '.join(contexts)} that are not here." for name, contexts in lag.items()]


class Catcher:
    """Brings this controller up to date: it has all that any other one had when this began."""

    def __init__(
        self,
        replication: Replication,
        *,
        wait: int,
        without: Iterable[str] = (),
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Nothing is asked yet. Those that are out of service are not waited for."""
        self._replication = replication
        self._wait = wait
        self._without = {name.lower() for name in without}
        self._clock = clock
        self._sleep = sleep
        self._targets: dict[str, dict[str, tuple[str, int]]] = {}
        self._faults: list[str] = []
        self._computed = False

    def run(self) -> dict[str, Any]:
        """Pull until everything is there; what the module `replication_sync` returns."""
        replication, begun = self._replication, self._clock()
        before = _pairs(replication.partners())
        rounds = 0
        while not self._round(rounds):
            if self._clock() - begun >= self._wait:
                raise self._late()
            self._sleep(_PAUSE)
            rounds += 1
        after = _pairs(replication.partners())
        return {
            "changed": self._computed and before != after,
            "controllers": sorted(self._targets),
            "rounds": rounds + 1,
            "seconds": round(self._clock() - begun, 1),
            "partners": sorted({controller for _context, controller in after}),
        }

    def _round(self, number: int) -> bool:
        """Whether nothing is lacking any more."""
        others = [other for other in self._replication.controllers() if other.name not in self._without]
        new, asking = _targets(self._replication, [other for other in others if other.name not in self._targets])
        self._targets |= new
        failed = self._replication.pull()
        lag = lacking(self._replication, self._targets)
        unserved = _without_partner(self._replication, others, self._replication.partners())
        self._faults = [*asking, *failed, *unserved]
        self._faults += [
            f"{name} has changes of {', '.join(missing)} that are not here." for name, missing in lag.items()
        ]
        done = not (asking or lag or unserved)
        # What flows now may flow by what a join left; the connections that last are the generator's. Where these lead
        # everywhere, a change that was just made elsewhere comes by them, and nothing is computed for it.
        broken = bool(unserved or layout_faults(self._replication.layout()))
        in_vain = not done and number > 0 and number % _KCC_EVERY == 0
        if in_vain:
            self._compute_elsewhere(others)
            self._past_partners(others, lag)
        if in_vain or (broken and not self._computed):
            self._compute()
        if done:
            return True
        self._faults += _of_each(others, self._replication.ask)
        return False

    def _compute(self) -> None:
        try:
            self._replication.compute()
            self._computed = True
        except ResourceError as exc:
            self._faults.append(str(exc))

    def _compute_elsewhere(self, others: Iterable[Controller]) -> None:
        """What others' changes come through is a controller that Samba draws by lot; it may not know yet that it is."""
        self._faults += _of_each(others, self._replication.compute_at)

    def _past_partners(self, others: Iterable[Controller], lag: Mapping[str, Sequence[str]]) -> None:
        """What would come through one that is out of service comes from its origin, which has answered just now.

        Samba looks for another way by itself after two hours ([MS-ADTS] 6.2.2.3.1, 6.2.2.3.4.4).
        """
        for other in others:
            if other.name in lag:
                self._faults += self._replication.pull_from(other, lag[other.name])

    def _late(self) -> ResourceError:
        faults = list(dict.fromkeys(self._faults))
        return ResourceError(
            f"After {self._wait} s {self._replication.own} still lacks what other domain controllers have:"
            f" {' '.join(faults)} {REMEDY} A controller that is gone for good has to be removed from the directory"
            " (samba-tool domain demote --remove-other-dead-server).",
            problems=faults,
        )


def ask_others(replication: Replication) -> list[str]:
    """Have all other controllers pull; who does not."""
    return _of_each(replication.controllers(), replication.ask)


def _of_each(controllers: Iterable[Controller], call: Callable[[Controller], None]) -> list[str]:
    """Ask each of them; who could not be asked."""
    faults = []
    for controller in controllers:
        try:
            call(controller)
        except ResourceError as exc:
            faults.append(str(exc))
    return faults


def force(replication: Replication) -> list[str]:
    """Have everything pulled, by the others first; where a partner fails, from each of them. What went wrong."""
    faults = [*ask_others(replication), *replication.pull()]
    if faults:
        contexts = replication.naming_contexts()
        faults += [fault for other in replication.controllers() for fault in replication.pull_from(other, contexts)]
    return faults


def _pairs(partners: Iterable[Partner]) -> set[tuple[str, str]]:
    return {(partner.naming_context, partner.controller) for partner in partners}


def _iso(moment: float | None) -> str:
    return "" if moment is None else datetime.fromtimestamp(moment, tz=UTC).isoformat(timespec="seconds")
