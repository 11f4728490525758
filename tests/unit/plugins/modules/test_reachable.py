# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module: its results on success and on failure, and documentation that agrees with the code."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import pytest
import yaml
from ansible.module_utils.testing import patch_module_args
from ansible_collections.mailforest.stack.plugins.module_utils._probe import Check, Limits, Result, Verdict
from ansible_collections.mailforest.stack.plugins.module_utils._probe.protocols import PROTOCOLS
from ansible_collections.mailforest.stack.plugins.module_utils._probe.spec import READERS, TLS_MODES, TLS_VERSIONS
from ansible_collections.mailforest.stack.plugins.modules import reachable
from ansible_collections.mailforest.stack.tests.unit.plugins.module_utils._probe import fakes

OPTIONS = yaml.safe_load(reachable.DOCUMENTATION)["options"]
KEYS = OPTIONS["checks"]["suboptions"]


def run(capsys: pytest.CaptureFixture[str], **options: Any) -> dict[str, Any]:
    """Run the module and return what it prints."""
    with patch_module_args(options), pytest.raises(SystemExit):
        reachable.main()
    returned: dict[str, Any] = json.loads(capsys.readouterr().out)
    return returned


def test_success(capsys: pytest.CaptureFixture[str]) -> None:
    with fakes.listening(fakes.smtp()) as port:
        checks = [
            {"host": "127.0.0.1", "port": port, "protocol": "smtp"},
            {"host": "127.0.0.1", "port": fakes.unused_port(), "expect": "closed"},
        ]
        returned = run(capsys, checks=checks)
    assert not returned.get("failed")
    assert returned["changed"] is False
    assert [result["verdict"] for result in returned["results"]] == ["open", "refused"]
    assert returned["msg"] == "2 of 2 checks passed."


def test_failure_returns_the_results_too(capsys: pytest.CaptureFixture[str]) -> None:
    returned = run(capsys, checks=[{"host": "127.0.0.1", "port": fakes.unused_port(), "requirement": "AD-9"}])
    assert returned["failed"] is True
    assert returned["results"][0]["verdict"] == "refused"
    assert returned["msg"].startswith("0 of 1 checks passed.\n")
    assert returned["msg"].endswith("[AD-9]")


def test_a_failure_says_what_follows_and_what_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    (result,) = run(capsys, checks=[{"host": "127.0.0.1", "port": fakes.unused_port()}])["results"]
    assert result["consequence"] == "Nothing listens there, so no client gets in."
    assert result["remedy"].startswith("Start the service")


def test_who_judges_later_gets_the_failures_without_a_failure(capsys: pytest.CaptureFixture[str]) -> None:
    returned = run(capsys, checks=[{"host": "127.0.0.1", "port": fakes.unused_port()}], fail=False)
    assert "failed" not in returned
    assert returned["failed_checks"] == 1
    assert returned["results"][0]["passed"] is False


def test_check_mode_checks(capsys: pytest.CaptureFixture[str]) -> None:
    checks = [{"host": "127.0.0.1", "port": fakes.unused_port(), "expect": "closed"}]
    assert run(capsys, checks=checks, _ansible_check_mode=True)["checked"] == 1


def test_bad_input_is_refused_before_anything_is_probed(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    probed: list[Check] = []
    monkeypatch.setattr(reachable, "probe", lambda checks, limits: probed.extend(checks))
    returned = run(capsys, checks=[{"host": "h", "port": 1}, {"host": "h", "port": 0}])
    assert returned["failed"] is True
    assert returned["msg"] == (
        "Nothing was probed, as the checks are not valid.\nchecks[1].port: 0 is not a port (1 to 65535)."
    )
    assert probed == []


def test_options_reach_the_run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[Limits] = []

    def probe(checks: list[Check], limits: Limits) -> list[Result]:
        given.append(limits)
        return []

    monkeypatch.setattr(reachable, "probe", probe)
    run(capsys, checks=[], deadline=1, retries=2, delay=3, concurrency=4)
    assert given == [Limits(deadline=1.0, retries=2, delay=3.0, concurrency=4)]


def test_documented_keys_are_those_of_the_code() -> None:
    assert set(KEYS) == set(READERS) == {field.name for field in dataclasses.fields(Check)}


def test_documented_defaults_are_those_of_the_code() -> None:
    plain = parse_plain()
    for key, documented in KEYS.items():
        if "default" in documented:
            assert plain[key] == documented["default"], key
    limits = dataclasses.asdict(Limits())
    assert {key: OPTIONS[key]["default"] for key in limits} == limits
    assert {key: spec.get("default") for key, spec in reachable.ARGUMENTS.items()} == {
        key: option.get("default") for key, option in OPTIONS.items()
    }


def parse_plain() -> dict[str, Any]:
    """Return a check without options, in the types of YAML."""
    values = dataclasses.asdict(Check(host="h", port=1))
    return {key: sorted(value) if isinstance(value, tuple | frozenset) else value for key, value in values.items()}


@pytest.mark.parametrize(
    ("key", "choices"),
    [
        ("protocol", list(PROTOCOLS)),
        ("tls", list(TLS_MODES)),
        ("tls_minimum", list(TLS_VERSIONS)),
        ("accept", [str(verdict) for verdict in Verdict]),
    ],
)
def test_documented_choices_are_those_of_the_code(key: str, choices: list[str]) -> None:
    assert KEYS[key]["choices"] == choices


def test_documented_result_is_what_is_returned(capsys: pytest.CaptureFixture[str]) -> None:
    documented = yaml.safe_load(reachable.RETURN)
    returned = run(capsys, checks=[{"host": "127.0.0.1", "port": fakes.unused_port(), "expect": "closed"}])
    assert set(returned) - {"changed", "invocation"} == set(documented)
    assert set(returned["results"][0]) == set(documented["results"]["contains"])


def test_the_examples_are_valid(monkeypatch: pytest.MonkeyPatch) -> None:
    from ansible_collections.mailforest.stack.plugins.module_utils._probe import parse_all, spec

    monkeypatch.setitem(spec.READERS, "ca_file", str)
    for task in yaml.safe_load(reachable.EXAMPLES):
        checks = task["mailforest.stack.reachable"]["checks"]
        assert len(parse_all(checks)) == len(checks)
