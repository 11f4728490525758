# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plan, then apply: the runner beneath the directory modules. Private to this collection.

A resource reads what is, lays the wanted values over it, and turns the difference into steps.
Check mode, the diff, `changed` and the list of operations all come from that one plan,
so that what check mode announces is what a real run does.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NoReturn, Protocol

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule

State = Mapping[str, Any]
"""What is shown to the user as before or after; empty = nothing there. Never holds a secret."""


class ResourceError(Exception):
    """The one error that ends a module. Its text says: fact, consequence, remedy."""

    def __init__(self, message: str, **details: Any) -> None:
        """Keep what else the user should see beside the message."""
        super().__init__(message)
        self.details: dict[str, Any] = details


class NotYetKnowable(ResourceError):
    """What has to be read is not there yet. An error in a real run, an answer in check mode."""


@dataclass(frozen=True, kw_only=True)
class Step:
    """One operation of the plan; `change` is shown to the user, `payload` never is."""

    verb: str
    target: str
    change: Mapping[str, Any] = field(default_factory=dict)
    payload: Any = field(default=None, repr=False, compare=False)

    def shown(self) -> dict[str, Any]:
        """What the result tells of this step."""
        return {"verb": self.verb, "target": self.target, "change": dict(self.change)}


class Resource(Protocol):
    """What the runner needs of a thing that can be brought into a wanted state."""

    batch: int
    """How many steps one transaction holds; a failed one is rolled back, those before it stand."""

    def current(self) -> State:
        """Read what is."""

    def desired(self, before: State) -> State:
        """Lay the options over `before`; what no option names stays."""

    def plan(self, before: State, after: State) -> list[Step]:
        """Turn the difference into steps, in the order in which they are applied."""

    def transaction(self) -> AbstractContextManager[object]:
        """Hold the steps applied inside together."""

    def apply(self, step: Step) -> None:
        """Carry out one step."""

    def finish(self) -> None:
        """What a real run does in the end, changed or not, so that an interrupted one is completed by the next."""

    def result(self) -> Mapping[str, Any]:
        """What else the module returns; called after the steps, in check mode without them."""


def run(module: AnsibleModule, make: Callable[[], Resource]) -> NoReturn:
    """Plan, apply unless in check mode, and end the module."""
    try:
        outcome = _run(make(), check_mode=module.check_mode)
    except NotYetKnowable as exc:
        if not module.check_mode:
            module.fail_json(msg=str(exc), **exc.details)
        module.warn(f"Not known in check mode: {exc}")
        outcome = {"changed": True, "operations": [], "diff": {"before": {}, "after": {}}, "unknown": str(exc)}
    except ResourceError as exc:
        module.fail_json(msg=str(exc), **exc.details)
    module.exit_json(**outcome)
    raise AssertionError("exit_json returned")


def tell(module: AnsibleModule, read: Callable[[], Mapping[str, Any]]) -> NoReturn:
    """End a module that only reads."""
    try:
        facts = read()
    except ResourceError as exc:
        module.fail_json(msg=str(exc), **exc.details)
    module.exit_json(changed=False, **facts)
    raise AssertionError("exit_json returned")


def _run(resource: Resource, *, check_mode: bool) -> dict[str, Any]:
    before = resource.current()
    after = resource.desired(before)
    steps = resource.plan(before, after)
    if not check_mode:
        _apply(resource, steps)
        resource.finish()
    outcome = dict(resource.result())
    outcome.update(
        changed=bool(steps),
        operations=[step.shown() for step in steps],
        diff={"before": dict(before), "after": dict(after)},
    )
    return outcome


def _apply(resource: Resource, steps: Sequence[Step]) -> None:
    done: list[Step] = []
    try:
        for batch in _batches(steps, resource.batch):
            with resource.transaction():
                for step in batch:
                    resource.apply(step)
            done.extend(batch)
    except ResourceError as exc:
        exc.details.update(changed=bool(done), done=[step.shown() for step in done])
        raise


def _batches(steps: Sequence[Step], size: int) -> Iterator[list[Step]]:
    remaining = iter(steps)
    while batch := list(itertools.islice(remaining, size)):
        yield batch
