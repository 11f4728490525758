# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role host: values that cannot work, and what follows from those that can."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.mailforest.stack.plugins.filter import host_errors as errors_filter
from ansible_collections.mailforest.stack.plugins.filter import host_nameservers as nameservers_filter
from ansible_collections.mailforest.stack.plugins.filter import host_update_time as time_filter
from ansible_collections.mailforest.stack.plugins.module_utils._host.settings import (
    host_errors,
    host_nameservers,
    host_update_time,
)

GOOD: dict[str, Any] = {
    "fqdn": "mx1.corp.example.test",
    "address": "198.51.100.68",
    "entries": [{"address": "198.51.100.66", "names": ["dc1.corp.example.test", "dc1"]}],
    "resolvers": ["198.51.100.66"],
    "upstreams": ["2001:db8::53"],
    "ntp_servers": ["dc1.corp.example.test", "198.51.100.66"],
    "ntp_clients": ["198.51.100.64/26", "2001:db8::/64"],
    "updates_time": "03:30",
}


def test_good_values() -> None:
    assert host_errors(GOOD) == []
    empty: dict[str, Any] = {name: [] for name, value in GOOD.items() if isinstance(value, list)}
    assert host_errors({**GOOD, **empty, "updates_time": ""}) == []


@pytest.mark.parametrize(
    ("change", "place"),
    [
        pytest.param({"fqdn": "mx1"}, "host_fqdn: 'mx1'", id="short name"),
        pytest.param({"fqdn": "mx_1.example.test"}, "host_fqdn", id="underscore"),
        pytest.param({"fqdn": "198.51.100.68"}, "host_fqdn", id="address as name"),
        pytest.param({"fqdn": "a." * 130 + "test"}, "host_fqdn", id="too long"),
        pytest.param({"address": ""}, "host_address: ''", id="no address"),
        pytest.param({"address": "127.0.1.1"}, "loopback", id="loopback"),
        pytest.param(
            {"entries": [{"address": "dc1", "names": ["dc1"]}]}, "host_entries[0].address", id="entry's address"
        ),
        pytest.param(
            {"entries": [{"address": "198.51.100.6", "names": []}]}, "host_entries[0].names", id="entry without name"
        ),
        pytest.param({"entries": [{"address": "198.51.100.6", "names": ["a b"]}]}, "'a b'", id="entry's name"),
        pytest.param({"resolvers": ["dc1"]}, "host_resolvers[0]: 'dc1'", id="resolver by name"),
        pytest.param({"upstreams": ["198.51.100.1", "x"]}, "host_upstreams[1]", id="upstream by name"),
        pytest.param({"ntp_servers": ["a b"]}, "host_ntp_servers[0]", id="time server"),
        pytest.param({"ntp_clients": ["198.51.100.65/26"]}, "host_ntp_clients[0]", id="time client with host bits"),
        pytest.param({"updates_time": "3:30"}, "host_updates_time: '3:30'", id="time of day"),
        pytest.param({"updates_time": "24:00"}, "host_updates_time", id="no such time"),
    ],
)
def test_faults(change: dict[str, Any], place: str) -> None:
    found = host_errors({**GOOD, **change})
    assert len(found) == 1
    assert place in found[0]


def test_all_faults_at_once() -> None:
    assert len(host_errors({**GOOD, "fqdn": "x", "address": "x", "resolvers": ["a", "b"]})) == 4


@pytest.mark.parametrize(
    ("resolvers", "upstreams", "present", "expected"),
    [
        pytest.param(["1.1.1.1"], ["9.9.9.9"], ["8.8.8.8"], ["1.1.1.1", "9.9.9.9"], id="given upstream"),
        pytest.param(["1.1.1.1"], [], ["8.8.8.8"], ["1.1.1.1", "8.8.8.8"], id="the host's own stays"),
        pytest.param(["1.1.1.1"], [], ["1.1.1.1", "8.8.8.8"], ["1.1.1.1", "8.8.8.8"], id="second run"),
        pytest.param(["1", "2", "3"], ["9"], [], ["1", "2", "9"], id="last place for an upstream"),
        pytest.param(["1", "2", "3", "4"], [], ["127.0.0.1", "::1"], ["1", "2", "3"], id="no upstream at all"),
        pytest.param(["1"], [], ["127.0.0.53"], ["1", "127.0.0.53"], id="a resolver of the system stays"),
        pytest.param(["1"], ["1", "9"], [], ["1", "9"], id="resolver that is upstream too"),
        pytest.param([], ["9", "8", "7", "6"], ["5"], ["9", "8", "7"], id="upstreams only"),
    ],
)
def test_nameservers(resolvers: list[str], upstreams: list[str], present: list[str], expected: list[str]) -> None:
    first = host_nameservers(resolvers, upstreams, present)
    assert first == expected
    assert host_nameservers(resolvers, upstreams, first) == expected


def test_update_times_are_stable_at_night_and_spread() -> None:
    times = [host_update_time(f"dc{number}") for number in range(60)]
    assert times == [host_update_time(f"dc{number}") for number in range(60)]
    assert all("02:00" <= time <= "05:59" for time in times)
    assert len(set(times)) > 40


def test_filters() -> None:
    assert errors_filter.FilterModule().filters()["host_errors"](GOOD) == []
    assert nameservers_filter.FilterModule().filters()["host_nameservers"](["1"], [], ["2"]) == ["1", "2"]
    assert time_filter.FilterModule().filters()["host_update_time"]("dc1") == host_update_time("dc1")
