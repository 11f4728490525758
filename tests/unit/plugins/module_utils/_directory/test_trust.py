# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A trust is made once, on both sides, used in every run, and never changed in place."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from ansible_collections.mailforest.stack.plugins.module_utils import _engine
from ansible_collections.mailforest.stack.plugins.module_utils._directory import _trust
from ansible_collections.mailforest.stack.plugins.module_utils._engine import ResourceError

OPTIONS: dict[str, Any] = {
    "name": "partner.example.test",
    "direction": "bidirectional",
    "type": "forest",
    "trusted_admin_user": "Administrator",
    "trusted_admin_password": "Sesame-1",
    "trusted_server": None,
    "state": "present",
    "verify": True,
}
TRUST = _trust.Trust(
    distinguished_name="CN=partner.example.test,CN=System,DC=corp,DC=example,DC=test",
    name="partner.example.test",
    netbios_name="PARTNER",
    sid="S-1-5-21-4-5-6",
    direction="bidirectional",
    type="forest",
)


class FakeController:
    """A domain controller and its partner, in memory."""

    def __init__(
        self,
        trust: _trust.Trust | None = None,
        *,
        netbios: str = "PARTNER",
        fault: str | None = None,
        version: str = "4.22.11-Debian",
    ) -> None:
        self.version = version
        self.trust = trust
        self.netbios = netbios
        self.fault = fault
        self.calls: list[str] = []

    def samba_version(self) -> str:
        return self.version

    def own(self) -> _trust.Domain:
        return _trust.Domain(dns_name="corp.example.test", netbios_name="CORP")

    def find(self, name: str) -> _trust.Trust | None:
        assert name == "partner.example.test"
        return self.trust

    def other(self, name: str, server: str | None) -> _trust.Domain:
        return _trust.Domain(dns_name=server or name, netbios_name=self.netbios)

    def create(self, options: Mapping[str, Any]) -> None:
        self.calls.append("create")
        self.trust = TRUST

    def remove(self, options: Mapping[str, Any]) -> None:
        self.calls.append("remove")
        self.trust = None

    def verify(self, name: str) -> str | None:
        self.calls.append("verify")
        return self.fault


def outcome(controller: FakeController, *, check_mode: bool = False, **options: Any) -> dict[str, Any]:
    resource = _trust.TrustResource(lambda: controller, OPTIONS | options, check_mode=check_mode)
    return _engine._run(resource, check_mode=check_mode)


def test_a_trust_is_made_and_used() -> None:
    controller = FakeController()
    found = outcome(controller)
    assert controller.calls == ["create", "verify"]
    assert found["verified"] is True
    assert "Sesame" not in str(found)


@pytest.mark.parametrize(
    ("direction", "version", "warned"),
    [
        ("outbound", "4.17.12-Debian", True),
        ("bidirectional", "4.17.12-Debian", True),
        ("inbound", "4.17.12-Debian", False),
        ("outbound", "4.22.11-Debian", False),
    ],
)
def test_a_samba_that_ends_at_tickets_of_newer_ones_brings_a_warning(
    direction: str, version: str, warned: bool
) -> None:
    said: list[str] = []
    controller = FakeController(version=version)
    options = OPTIONS | {"direction": direction}
    resource = _trust.TrustResource(lambda: controller, options, check_mode=True, warn=said.append)
    _engine._run(resource, check_mode=True)
    assert bool(said) is warned


def test_a_trust_is_used_in_every_run_and_needs_no_password() -> None:
    controller = FakeController(TRUST)
    found = outcome(controller, trusted_admin_password=None, direction=None, type=None)
    assert (found["changed"], controller.calls) == (False, ["verify"])


def test_check_mode_makes_nothing() -> None:
    controller = FakeController()
    assert outcome(controller, check_mode=True)["changed"]
    assert controller.calls == []


def test_a_trust_that_does_not_work_is_told() -> None:
    with pytest.raises(ResourceError, match="does not work: NO_LOGON_SERVERS"):
        outcome(FakeController(TRUST, fault="NO_LOGON_SERVERS"))


@pytest.mark.parametrize(
    ("controller", "options", "said"),
    [
        (FakeController(TRUST), {"direction": "inbound"}, "direction is bidirectional and not inbound"),
        (FakeController(TRUST), {"type": "external"}, "type is forest and not external"),
        (FakeController(), {"trusted_admin_password": None}, "trusted_admin_password must be given"),
        (FakeController(), {"direction": None, "type": None}, "direction, type must be given"),
        (FakeController(), {"name": "corp.example.test"}, "is the domain of this host itself"),
        (FakeController(), {"name": "partner"}, "single label"),
        (FakeController(), {"trusted_server": "third.test"}, "serves third.test and not partner.example.test"),
        (FakeController(netbios="corp"), {}, "Both domains have the NetBIOS name CORP"),
    ],
)
def test_refusals(controller: FakeController, options: dict[str, Any], said: str) -> None:
    with pytest.raises(ResourceError, match=said):
        outcome(controller, **options)
    assert controller.calls == []


def test_a_trust_is_removed_once() -> None:
    controller = FakeController(TRUST)
    found = outcome(controller, state="absent")
    assert found["operations"][0]["change"] == {"sides": "both"}
    assert not outcome(controller, state="absent")["changed"]
    assert controller.calls == ["remove"]


def test_without_a_password_this_side_alone_is_removed() -> None:
    found = outcome(FakeController(TRUST), state="absent", trusted_admin_password=None)
    assert found["operations"][0]["change"] == {"sides": "this one"}
