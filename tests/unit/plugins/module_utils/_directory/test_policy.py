# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The domain's password policy: read, judged as a whole, written in the directory's own units."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Any

import pytest
from ansible_collections.mailforest.stack.plugins.module_utils._directory._policy import PolicyResource
from ansible_collections.mailforest.stack.plugins.module_utils._directory._store import Entry
from ansible_collections.mailforest.stack.plugins.module_utils._engine import ResourceError

DAY = 864_000_000_000
MINUTE = 600_000_000
NEW_DOMAIN = {
    "minPwdLength": 7,
    "pwdHistoryLength": 24,
    "minPwdAge": -DAY,
    "maxPwdAge": -42 * DAY,
    "lockoutThreshold": 0,
    "lockoutDuration": -30 * MINUTE,
    "lockOutObservationWindow": -30 * MINUTE,
    "pwdProperties": 1,
}


class Head:
    """The head of a domain."""

    domain_dn = "DC=corp,DC=example,DC=test"

    def __init__(self, **values: int) -> None:
        self.values = {**NEW_DOMAIN, **values}

    def read(self, dn: str, attributes: list[str]) -> Entry:
        assert dn == self.domain_dn
        return Entry(dn=dn, attributes={name: (str(self.values[name]).encode(),) for name in attributes})

    def modify(self, dn: str, changes: list[Any]) -> None:
        self.values.update({change.attribute: int(change.values[0]) for change in changes})

    def transaction(self) -> AbstractContextManager[None]:
        return nullcontext()


def brought(head: Head, **options: Any) -> list[dict[str, Any]]:
    """Run the plan; what its steps changed."""
    resource = PolicyResource(lambda: head, options)  # type: ignore[arg-type,return-value]
    before = resource.current()
    steps = resource.plan(before, resource.desired(before))
    for step in steps:
        resource.apply(step)
    return [dict(step.change) for step in steps]


def test_what_is_asked_for_is_written_once() -> None:
    head = Head()
    wanted = {
        "min_password_length": 12,
        "max_password_age": 0,
        "lockout_threshold": 10,
        "lockout_duration": 15,
        "lockout_observation_window": 10,
        "complexity_enabled": False,
        "reversible_encryption_enabled": True,
    }
    assert brought(head, **wanted) == [wanted]
    assert head.values == {
        **NEW_DOMAIN,
        "minPwdLength": 12,
        "maxPwdAge": -(2**63),
        "lockoutThreshold": 10,
        "lockoutDuration": -15 * MINUTE,
        "lockOutObservationWindow": -10 * MINUTE,
        "pwdProperties": 0x10,
    }
    assert brought(head, **wanted) == []


def test_what_is_not_asked_for_stays() -> None:
    head = Head(pwdProperties=0x21)
    assert brought(head, complexity_enabled=True, min_password_age=1) == []
    assert brought(head, complexity_enabled=False) == [{"complexity_enabled": False}]
    assert head.values["pwdProperties"] == 0x20


def test_a_lockout_without_end_is_read_as_zero() -> None:
    assert brought(Head(lockoutDuration=-(2**63)), lockout_duration=0) == []


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"min_password_length": 15}, "min_password_length 15 is not from 0 to 14"),
        ({"password_history_count": -1}, "password_history_count -1"),
        ({"min_password_age": 50}, "is not below max_password_age 42"),
        ({"lockout_duration": 10}, "lockout_observation_window 30 is above lockout_duration 10"),
    ],
)
def test_what_cannot_work_is_refused(options: dict[str, Any], said: str) -> None:
    head = Head()
    with pytest.raises(ResourceError, match=said):
        brought(head, **options)
    assert head.values == NEW_DOMAIN
