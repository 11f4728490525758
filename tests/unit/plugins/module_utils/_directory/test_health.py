# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What makes a domain controller unwell, and that all of it is told at once."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.mailforest.stack.plugins.module_utils._directory import _healthdb
from ansible_collections.mailforest.stack.plugins.module_utils._directory._health import (
    CHECKS,
    QUICK,
    Certificate,
    Clock,
    Database,
    Limits,
    Logins,
    examine,
)
from ansible_collections.mailforest.stack.plugins.module_utils._engine import ResourceError

NOW = 1_800_000_000.0
DAY = 86400
LIMITS = Limits(replication_age=900, rids=1000, clock=60, certificate_days=14, administrators=["root"])


class Controller:
    """A controller that is well, but for what is given."""

    own = "dc1"

    def __init__(self, **facts: Any) -> None:
        self.facts = {
            "replication": {"partners": [], "problems": []},
            "rids": {"domain_left": 5000, "controller_left": 400},
            "unnamed": [],
            "clock": Clock(pdc="dc2", offset=0.4, synchronised=True, signed=True),
            "certificate": Certificate(subject="CN=dc1", issuer="CN=CA", expires=NOW + 30 * DAY),
            "exposed": [],
            "logins": Logins(accounts=["root"], directory=[]),
            "layout": {"sites": ["hq"]},
            "database": Database(objects=3000, errors=0, messages=[]),
            **facts,
        }

    def _fact(self, name: str) -> Any:
        if isinstance(self.facts[name], Exception):
            raise self.facts[name]
        return self.facts[name]

    def replication(self, max_age: int) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self._fact("replication")
        return found

    def __getattr__(self, name: str) -> Any:
        return lambda: self._fact(name)


def problems(**facts: Any) -> list[str]:
    found: list[str] = examine(Controller(**facts), list(CHECKS), LIMITS, now=NOW, fail=False)["problems"]
    return found


def test_a_controller_that_is_well() -> None:
    facts = examine(Controller(), list(CHECKS), LIMITS, now=NOW, fail=True)
    assert facts["problems"] == []
    assert facts["certificate"]["days_left"] == 30
    assert facts["time"]["signed"] is True
    assert set(facts) == {"controller", "problems", "problems_by_check", *CHECKS}
    assert facts["layout"] == {"sites": ["hq"]}
    assert {"layout", "database"}.isdisjoint(QUICK)


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({"replication": {"problems": ["DC=x from dc2 failed."]}}, "DC=x from dc2 failed."),
        ({"rids": {"domain_left": 999}}, "999 RIDs are left"),
        ({"rids": {"domain_left": 5000, "controller_left": 0}}, "cannot make users"),
        ({"unnamed": ["_ldap._tcp.corp.example.test"]}, "no record of this controller for _ldap._tcp"),
        ({"clock": Clock(pdc="dc2", offset=-90, synchronised=True, signed=True)}, "-90 s off"),
        ({"clock": Clock(pdc="dc2", offset=None, synchronised=True, signed=True)}, "dc2 does not tell its time"),
        ({"clock": Clock(pdc="dc2", offset=0, synchronised=True, signed=False)}, "not signed"),
        ({"certificate": Certificate(subject="", issuer="", expires=NOW + 3 * DAY)}, "expires in 3 days"),
        ({"exposed": ["/x/sam.ldb has mode 0644"]}, "/x/sam.ldb has mode 0644. Give it to root"),
        ({"logins": Logins(accounts=["anna", "root"], directory=[])}, "anna can open a shell"),
        ({"logins": Logins(accounts=[], directory=["nsswitch asks winbind for users"])}, "users of the directory"),
        ({"database": Database(objects=9, errors=2, messages=[])}, "2 errors in 9 objects"),
        ({"unnamed": ResourceError("No such file.")}, "The check dns could not be made: No such file."),
    ],
)
def test_a_problem_is_told(facts: dict[str, Any], said: str) -> None:
    found = problems(**facts)
    assert len(found) == 1
    assert said in found[0]


def test_problems_are_told_by_check() -> None:
    facts = examine(Controller(exposed=["a is open"]), ["dns", "files"], LIMITS, now=NOW, fail=False)
    assert facts["problems_by_check"] == {"dns": [], "files": facts["problems"]}


def test_all_problems_come_at_once_and_with_the_facts() -> None:
    ill = Controller(exposed=["a is open"], rids={"domain_left": 1})
    with pytest.raises(ResourceError, match=r"1 RIDs are left.* a is open") as caught:
        examine(ill, QUICK, LIMITS, now=NOW, fail=True)
    assert len(caught.value.details["problems"]) == 2
    assert caught.value.details["rids"] == {"domain_left": 1}


def test_a_secret_that_others_can_read_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    private = tmp_path / "private"
    (private / "sam.ldb.d").mkdir(parents=True)
    key = tmp_path / "host.key"
    for path, mode in (
        (private / "sam.ldb", 0o600),
        (private / "sam.ldb.d/DC=CORP.ldb", 0o644),
        (private / "krb5.conf", 0o644),
        (private / "secrets.keytab", 0o604),
        (key, 0o600),
    ):
        path.touch()
        path.chmod(mode)
    private.chmod(0o755)
    me = os.geteuid()
    found = [fault for fault in _healthdb._exposed(private, key) if f"belongs to the user {me}" not in fault]
    assert found == [
        f"{private} has mode 0755",
        f"{private}/sam.ldb.d/DC=CORP.ldb has mode 0644",
        f"{private}/secrets.keytab has mode 0604",
    ]


def test_a_deleted_link_to_what_was_deleted_since_is_no_error() -> None:
    said = "\n".join(
        [
            "WARNING: target DN is deleted for a in object b - <GUID=1>;<RMD_FLAGS=1>;CN=NTDS Settings",
            "WARNING: target DN is deleted for a in object c - <GUID=1>;<RMD_FLAGS=0>;CN=NTDS Settings",
            "NOTE: old string component",
            "Checked 3862 objects (2 errors)",
        ]
    )
    found = _healthdb.database_of(said, 2)
    assert (found.objects, found.errors) == (3862, 1)
    assert [message.split()[9] for message in found.messages] == ["c"]
