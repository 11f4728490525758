# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""From Ansible's variables to the raw input."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.mailforest.stack.plugins.module_utils._topology.evaluate import Outcome, evaluate
from ansible_collections.mailforest.stack.plugins.module_utils._topology.model import RawInput
from ansible_collections.mailforest.stack.plugins.module_utils._topology.secrets import Verdict
from ansible_collections.mailforest.stack.plugins.plugin_utils._topology_input import gather, plain
from ansible_collections.mailforest.stack.tests.unit.plugins.plugin_utils.topology_inventory import HOSTS, seen


def raw(directory: Path, changes: dict[str, Any] | None = None, **keywords: Any) -> RawInput:
    """The raw input that follows from the changed inventory."""
    task = seen(directory, changes, **keywords)
    return gather(task.variables, task.templar.template)


def judged(raw_input: RawInput) -> Outcome:
    return evaluate(raw_input, today=date(2026, 11, 23))


def test_templates_are_worked_out_everywhere(tmp_path: Path) -> None:
    result = raw(tmp_path)
    assert result.undefined == {}
    assert result.variables["mailforest_forest"] == {"realm": "CORP.EXAMPLE.TEST", "netbios": "CORP"}
    assert result.variables["mailforest_users"] == [{"name": "alice", "email": "alice@example.test"}]
    assert result.hosts["gw-hq"].variables["mailforest_public_address"] == "198.51.100.2"
    assert judged(result).plan is not None


def test_values_are_plain_data(tmp_path: Path) -> None:
    forest = raw(tmp_path).variables["mailforest_forest"]
    assert type(forest) is dict
    assert {type(item) for pair in forest.items() for item in pair} == {str}


def test_only_hosts_of_our_groups_are_seen(tmp_path: Path) -> None:
    assert list(raw(tmp_path).hosts) == ["dc1", "mx1", "gw-hq", "outside"]


@pytest.mark.parametrize("limit", ["mx1", "outside", "printers"])
def test_a_limit_hides_nothing(tmp_path: Path, limit: str) -> None:
    result = raw(tmp_path, limit=limit)
    assert set(result.hosts) == {"dc1", "mx1", "gw-hq", "outside"}
    assert judged(result).plan is not None


def test_passwords_become_verdicts(tmp_path: Path) -> None:
    result = raw(tmp_path, {"mailforest_ca_passphrase": "short", "mailforest_user_passwords": {"alice": "simple-only"}})
    assert result.secrets == {
        "mailforest_administrator_password": Verdict.OK,
        "mailforest_ca_passphrase": Verdict.SHORT,
        "mailforest_mail_bind_password": Verdict.OK,
        "mailforest_mail_probe_password": Verdict.OK,
    }
    assert result.passwords == {"alice": Verdict.SIMPLE}


def test_no_password_is_in_what_is_gathered_or_compiled(tmp_path: Path) -> None:
    result = raw(tmp_path)
    assert "Secret" not in repr(result) + repr(judged(result))


def test_an_undefined_part_is_named_and_hides_nothing_else(tmp_path: Path) -> None:
    result = raw(
        tmp_path,
        {
            "mailforest_sites": {"hq": {"subnets": ["198.51.100.64/26", "{{ second_net }}"], "gatway": "gw-hq"}},
            "mailforest_administrator_password": "Secret-{{ no_vault }}",
            "mailforest_user_passwords": {"alice": "{{ no_password }}"},
        },
    )
    assert {place: reason.count("undefined") for place, reason in result.undefined.items()} == {
        "mailforest_sites.hq.subnets[1]": 1,
        "mailforest_administrator_password": 1,
        "mailforest_user_passwords.alice": 1,
    }
    errors = judged(result).errors
    assert {(error.rule, error.place) for error in errors} == {
        ("undefined-value", "mailforest_sites.hq.subnets[1]"),
        ("undefined-value", "mailforest_administrator_password"),
        ("undefined-value", "mailforest_user_passwords.alice"),
        ("unknown-key", "mailforest_sites.hq.gatway"),
        ("gateway-is-used", "mailforest_sites.hq.gateway"),
    }
    assert "Secret" not in repr(errors)


def test_an_undefined_variable_of_a_host_is_named(tmp_path: Path) -> None:
    hosts = HOSTS | {
        "mailforest_mail_servers": {"hosts": {"mx1": {"ansible_host": "{{ nowhere }}", "mailforest_site": "hq"}}}
    }
    assert list(raw(tmp_path, hosts=hosts).undefined) == ["mx1.ansible_host"]


@pytest.mark.parametrize("value", [["alice"], "alice", 7])
def test_passwords_of_another_form_are_one_error(tmp_path: Path, value: object) -> None:
    (error,) = judged(raw(tmp_path, {"mailforest_user_passwords": value})).errors
    assert error.rule == "passwords-by-user"


def test_undefined_passwords_are_one_error(tmp_path: Path) -> None:
    (error,) = judged(raw(tmp_path, {"mailforest_user_passwords": "{{ vaulted }}"})).errors
    assert (error.rule, error.place) == ("undefined-value", "mailforest_user_passwords")


def test_unknown_names_are_found_with_their_host(tmp_path: Path) -> None:
    hosts = HOSTS | {
        "mailforest_mail_servers": {
            "hosts": {"mx1": {"ansible_host": "198.51.100.80", "mailforest_site": "hq", "mailforest_role": "x"}}
        },
        "mailforest_fileservers": {"hosts": {"files": {"ansible_host": "198.51.100.81", "mailforest_site": "hq"}}},
    }
    result = raw(tmp_path, {"mailforest_sits": {}, "mailforest_compiled": {}}, hosts=hosts)
    assert result.unknown == {"mailforest_role": "mx1", "mailforest_sits": ""}
    assert {error.rule for error in judged(result).errors} == {"unknown-variable", "unknown-group"}


def test_dates_arrive_as_dates(tmp_path: Path) -> None:
    waiver = {"rule": "pdc-not-on-gateway", "host": "dc1", "reason": "small office", "until": date(2027, 1, 31)}
    result = judged(raw(tmp_path, {"mailforest_waivers": [waiver]}))
    assert (result.errors, [warning.rule for warning in result.warnings]) == ((), ["waiver-unused"])


def test_plain_keeps_values_and_drops_their_types() -> None:
    class Tagged(str):
        pass

    class Counted(int):
        pass

    value = plain({Tagged("a"): (Counted(1), True, None, 1.5, date(2027, 1, 1))})
    assert value == {"a": [1, True, None, 1.5, date(2027, 1, 1)]}
    assert [type(item) for item in value["a"]] == [int, bool, type(None), float, date]
