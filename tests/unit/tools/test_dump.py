# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What two like offices have in common is the measure of a third: what differs there is told, and nothing else."""

from __future__ import annotations

import json

import pytest
from ansible_collections.mailforest.stack.tests.system.support.dump import Measure, of_directory, of_host

MEASURE = Measure(
    first={"file a": "1", "key": "x", "only here": ""}, second={"file a": "1", "key": "y", "only there": ""}
)


@pytest.mark.parametrize(
    ("found", "told"),
    [
        ({"file a": "1", "key": "z", "only here": "", "only there": ""}, []),
        ({"file a": "2"}, ["file a: 2 instead of 1"]),
        ({}, ["file a: not there instead of 1"]),
        ({"file a": "1", "file b": "1"}, ["file b: left over"]),
    ],
)
def test_only_what_both_agree_on_counts(found: dict[str, str], told: list[str]) -> None:
    assert MEASURE.differences(found) == told


def test_what_every_installation_has_anew_is_one_name() -> None:
    first = "file /etc/x/20261129120000\td\nunit a-0b1c2d3e-0000-1111-2222-333344445555.service\tenabled\n"
    second = "file /etc/x/20261130130101\td\nunit a-ffffffff-0000-1111-2222-333344445555.service\tenabled\n"
    assert dict(of_host("dc1", first)) == dict(of_host("dc1", second))
    assert dict(of_host("dc1", first)) != dict(of_host("dc1", first.replace("enabled", "disabled")))


def _objects(*rows: tuple[str, dict[str, list[str]]]) -> dict[str, str]:
    return dict(of_directory("dc1", "\n".join(json.dumps(row) for row in rows)))


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        (
            ("CN=DC1,OU=Domain Controllers,DC=x", {"servicePrincipalName": ["HOST/dc1"]}),
            ("CN=DC1,OU=Domain Controllers,DC=x", {"servicePrincipalName": ["HOST/dc1", "GC/dc1/x"]}),
            True,
        ),
        (
            ("CN=MX1,CN=Computers,DC=x", {"servicePrincipalName": ["HOST/mx1"]}),
            ("CN=MX1,CN=Computers,DC=x", {"servicePrincipalName": ["HOST/mx1", "imap/mx1"]}),
            False,
        ),
        (
            ("CN=krbtgt_31337,CN=Users,DC=x", {"description": ["of krbtgt_31337"]}),
            ("CN=krbtgt_4711,CN=Users,DC=x", {"description": ["of krbtgt_4711"]}),
            True,
        ),
        (
            ("CN=ann,DC=x", {"options": ["b0b1c2d3-0000-1111-2222-333344445555", "c"]}),
            ("CN=ann,DC=x", {"options": ["ffffffff-0000-1111-2222-333344445555", "c"]}),
            True,
        ),
        (("CN=ann,DC=x", {"mail": ["a"]}), ("CN=ann,DC=x", {"mail": ["b"]}), False),
    ],
)
def test_objects_are_compared_without_what_samba_adds_in_its_own_time(
    first: tuple[str, dict[str, list[str]]], second: tuple[str, dict[str, list[str]]], same: bool
) -> None:
    assert (_objects(first) == _objects(second)) is same
