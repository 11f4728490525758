# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module on servers of loopback: what it returns, and when it fails."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.module_utils.testing import patch_module_args
from ansible_collections.mailforest.stack.plugins.module_utils._mail import ports
from ansible_collections.mailforest.stack.plugins.modules import submission_port
from ansible_collections.mailforest.stack.tests.unit.plugins.module_utils._probe import fakes
from ansible_collections.mailforest.stack.tests.unit.plugins.module_utils._probe.fakes import NAME, Authority

OPTIONS = yaml.safe_load(submission_port.DOCUMENTATION)["options"]


def run(capsys: pytest.CaptureFixture[str], **options: Any) -> dict[str, Any]:
    """Run the module and return what it prints."""
    with patch_module_args({"timeout": 2, **options}), pytest.raises(SystemExit):
        submission_port.main()
    returned: dict[str, Any] = json.loads(capsys.readouterr().out)
    return returned


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """The CA that is trusted."""
    return Authority(Path(tmp_path_factory.mktemp("ca")), "trusted")


@pytest.fixture
def server(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[int, int]]:
    """A server with 587 and 25 and without 465 and 2525, on loopback: each port by one that stands for it."""
    with ExitStack() as stack:
        greeting = "250-mx1.example.test\n250 SIZE 10240000"
        served = {
            587: stack.enter_context(fakes.listening(fakes.smtp(context=authority.context()))),
            25: stack.enter_context(
                fakes.listening(fakes.smtp(context=authority.context(), after_tls={"EHLO": greeting}))
            ),
        }
        stand_ins = served | dict.fromkeys((465, 2525), fakes.unused_port())
        real = ports.submission_checks

        def checks(*args: Any, **options: Any) -> list[Any]:
            return [dataclasses.replace(check, port=stand_ins[check.port]) for check in real(*args, **options)]

        monkeypatch.setattr(ports, "submission_checks", checks)
        yield stand_ins


def test_the_port_that_works_and_why(
    capsys: pytest.CaptureFixture[str], server: dict[int, int], authority: Authority
) -> None:
    returned = run(capsys, server="127.0.0.1", server_name=NAME, ca_file=authority.ca_file)
    assert not returned.get("failed")
    assert returned["changed"] is False
    assert returned["recommended"] == {"port": 587, "tls": "starttls"}
    assert "465 is refused" in returned["reason"]
    assert [(one["port"], one["works"], one["verdict"]) for one in returned["ports"]] == [
        (465, False, "refused"),
        (587, True, "open"),
        (2525, False, "refused"),
        (25, False, "open"),
    ]
    assert returned["ports"][3]["detail"] == "offers no login"
    assert returned["port_25"]["state"] == "open"
    assert returned["problems"] == []


def test_no_port_is_a_failure_that_returns_what_was_seen(
    capsys: pytest.CaptureFixture[str], server: dict[int, int], authority: Authority
) -> None:
    returned = run(capsys, server="127.0.0.1", server_name="other.example.test", ca_file=authority.ca_file)
    assert returned["failed"] is True
    assert returned["msg"].startswith("No port of 127.0.0.1 takes mail from users here: 465 is refused")
    assert returned["recommended"] is None
    assert returned["ports"][1]["verdict"] == "bad-certificate"


def test_who_judges_later_gets_the_problem_without_a_failure(
    capsys: pytest.CaptureFixture[str], server: dict[int, int]
) -> None:
    returned = run(capsys, server="127.0.0.1", server_name=NAME, fail=False)
    assert "failed" not in returned
    assert returned["problems"] == [returned["reason"]]


def test_outgoing_alone(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    with fakes.listening(fakes.smtp()) as port:
        monkeypatch.setattr(ports, "SMTP", port)
        returned = run(capsys, outgoing=["127.0.0.1"])
    assert returned["outgoing"]["state"] == "open"
    assert returned["outgoing"]["servers"][0]["banner"] == "mx1.example.test ESMTP"
    assert "recommended" not in returned


def test_outgoing_that_is_blocked_is_a_failure(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with fakes.listening(fakes.silence) as port:
        monkeypatch.setattr(ports, "SMTP", fakes.unused_port())
        monkeypatch.setattr(ports, "CONTROLS", (port,))
        returned = run(capsys, outgoing=["127.0.0.1"])
    assert returned["failed"] is True
    assert returned["outgoing"]["servers"][0]["other_port"] == port
    assert "blocks it" in returned["msg"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "server and outgoing are empty"),
        ({"server": ""}, "server and outgoing are empty"),
        (
            {"server": "mx 1"},
            "Nothing was tried, as the options are not valid.\nserver.host: 'mx 1' is not a host name",
        ),
    ],
)
def test_what_cannot_be_asked_is_refused(
    capsys: pytest.CaptureFixture[str], options: dict[str, Any], message: str
) -> None:
    returned = run(capsys, **options)
    assert returned["failed"] is True
    assert message in returned["msg"]


def test_documented_defaults_are_those_of_the_code() -> None:
    assert {key: spec.get("default") for key, spec in submission_port.ARGUMENTS.items()} == {
        key: option.get("default") for key, option in OPTIONS.items()
    }
