# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A change of signing keys, one stage after the other, each of which can be repeated. Private to this collection."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

from .._engine import ResourceError, State, Step
from . import dkim
from .selectors import FILE, Selectors, fresh

STAGES = ("begin", "switch", "settle", "end")
ARGUMENTS: dict[str, dict[str, Any]] = {
    **dkim.ARGUMENTS,
    "stage": {"type": "str", "choices": list(STAGES), "required": True},
    "next_selector": {"type": "str"},
}


class RotationResource:
    """The resource of the module `dkim_rotation`."""

    batch = 1

    def __init__(self, options: Mapping[str, Any], *, uid: int = 0, now: Callable[[], float] = time.time) -> None:
        """Read where the change stands, and decide where it goes."""
        self._options, self._uid, self._now = options, uid, now
        self._directory = Path(options["directory"])
        self._present = dkim.DkimResource(options, uid=uid)
        self._before = Selectors.read(self._directory, options["selector"])
        stages = {"begin": self._begin, "switch": self._switch, "settle": self._settle, "end": self._end}
        self._after = stages[options["stage"]]()
        begins = options["stage"] == "begin"
        self._keys = dkim.DkimResource(options, uid=uid, selector=self._after.next) if begins else None

    def _begin(self) -> Selectors:
        if not self._directory.is_dir():
            raise ResourceError(
                f"There is no {self._directory}, so nothing is signed here yet. Nothing was changed. Run site.yml"
                " first."
            )
        if self._before.former:
            raise ResourceError(
                f"The records of the former selector {self._before.former} still stand. Nothing was changed. End that"
                " change of keys first: playbook rotate_dkim does, once they are old enough."
            )
        taken = [path.name.removesuffix(".key") for path in self._directory.glob("*.key")]
        used = [name.removeprefix(f"{domain}.") for name in taken for domain in self._options["domains"]]
        day = time.strftime("%Y%m%d", time.gmtime(self._now()))
        selector = self._options.get("next_selector") or fresh(self._before.base, day, used)
        if wrong := dkim.selector_error(selector):
            raise ResourceError(f"next_selector: {selector!r} cannot be one: {wrong}. Nothing was changed. Correct it.")
        if not self._before.next and selector in (self._before.current, *used):
            raise ResourceError(
                f"next_selector: {selector!r} has a key already, which others may have seen. Nothing was changed."
                " Choose another one, or leave it out."
            )
        return self._before.begun(selector)

    def _switch(self) -> Selectors:
        for domain in self._options["domains"] if self._before.next else ():
            path = dkim.key_path(self._directory, domain, self._before.next)
            if not path.exists():
                raise ResourceError(
                    f"There is no key {path}, so mail of {domain} would not be signed. Nothing was changed. Run the"
                    " stage begin, and publish the record, first."
                )
        return self._before.switched()

    def _settle(self) -> Selectors:
        return self._before.settled_at(self._now())

    def _end(self) -> Selectors:
        if self._before.former and not self._before.since:
            raise ResourceError(
                f"It is not known that {self._before.former} signs nothing any more. Nothing was changed. Have the"
                " daemon take up the new key, and run the stage settle, first."
            )
        return self._before.ended()

    def current(self) -> State:
        """The selectors, and of a next one the keys."""
        return {**(self._keys.current() if self._keys else {}), str(self._directory / FILE): self._shown(self._before)}

    def desired(self, before: State) -> State:
        """Those of the stage."""
        return {
            **(self._keys.desired(before) if self._keys else {}),
            str(self._directory / FILE): self._shown(self._after),
        }

    @staticmethod
    def _shown(found: Selectors) -> dict[str, str]:
        return {**dict(found.used), "signs with the former": "no" if found.since or not found.former else "perhaps"}

    def plan(self, before: State, after: State) -> list[Step]:
        """The selectors first, so that a run that goes on finds the keys of this one; but what ends goes last."""
        steps = [Step(verb="write", target=str(self._directory / FILE), change=self._shown(self._after))]
        steps = steps if self._after != self._before else []
        keys = {path: value for path, value in before.items() if path != str(self._directory / FILE)}
        wanted = {path: value for path, value in after.items() if path != str(self._directory / FILE)}
        made = self._keys.plan(keys, wanted) if self._keys else []
        return [*self._removals(), *steps, *made]

    def _removals(self) -> list[Step]:
        if self._options["stage"] != "end" or not self._before.former:
            return []
        former = self._before.former
        paths = (dkim.key_path(self._directory, domain, former) for domain in self._options["domains"])
        return [Step(verb="remove", target=str(path)) for path in paths if path.exists()]

    def transaction(self) -> AbstractContextManager[object]:
        """Each step by itself; the next run goes on after an interrupted one."""
        return nullcontext()

    def apply(self, step: Step) -> None:
        """Carry out one step."""
        if step.verb == "write":
            self._after.write(self._directory)
        elif step.verb == "remove":
            Path(step.target).unlink(missing_ok=True)
        elif self._keys:
            self._keys.apply(step)

    def finish(self) -> None:
        """Nothing is left to do."""

    def result(self) -> Mapping[str, Any]:
        """As `dkim_key` says it."""
        return self._present.result()
