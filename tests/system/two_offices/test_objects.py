# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Objects on real domain controllers of both releases: what is accepted, what is refused, what Samba makes of it."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from itertools import product
from typing import Any

import pytest
from ansible_collections.mailforest.stack.tests.system.support import office as offices
from ansible_collections.mailforest.stack.tests.system.support.hosts import at, module, refusal, root_shell
from ansible_collections.mailforest.stack.tests.system.support.network import ldap_bind
from ansible_collections.mailforest.stack.tests.system.support.office import Office
from testinfra.host import Host

SCOPES = ("global", "domainlocal", "universal")
KINDS = tuple(product(SCOPES, ("security", "distribution")))
# Microsoft, "Nesting in native mode": the scopes alone decide.
FORBIDDEN = {("global", "domainlocal"), ("global", "universal"), ("universal", "domainlocal")}
PASSWORD = "Sesame-open-1"
LOCKED_AFTER = 2
INVALID = 49


FIRST, SECOND = offices.current().controllers[:2]
on_the_first = pytest.mark.parametrize("controller", [FIRST], indirect=True)
on_the_second = pytest.mark.parametrize("controller", [SECOND], indirect=True)


@pytest.fixture(params=[FIRST, SECOND])
def controller(request: pytest.FixtureRequest) -> str:
    """The domain controllers of the first office, one of each release of Debian."""
    return str(request.param)


@pytest.fixture
def host(controller: str) -> Host:
    """It as testinfra reaches it."""
    return at(controller)


@pytest.fixture
def unit(controller: str, host: Host, office: Office) -> Iterator[str]:
    """A unit that goes in the end with all that is in it."""
    top = ",".join(f"DC={label}" for label in office.dns_domain.split("."))
    dn = f"OU=trial-{controller},{top}"
    module(host, "ou", name=f"trial-{controller}")
    try:
        yield dn
    finally:
        root_shell(host, f"samba-tool ou delete '{dn}' --force-subtree-delete")


def _group(prefix: str, kind: tuple[str, str]) -> str:
    return f"{prefix}-{'-'.join(kind)}"


def test_all_36_pairs_of_groups(controller: str, host: Host, unit: str) -> None:
    """AD-2, AD-3, AD-4: all that Microsoft allows is done, all that it forbids is named, though Samba would do it."""
    outer, inner = f"{controller}-outer", f"{controller}-inner"
    groups = [
        {"name": _group(prefix, kind), "scope": kind[0], "category": kind[1], "path": unit}
        for prefix, kind in product((outer, inner), KINDS)
    ]
    module(host, "group", groups=groups)
    legal = {kind: [other for other in KINDS if (kind[0], other[0]) not in FORBIDDEN] for kind in KINDS}
    assert sum(map(len, legal.values())) == 24
    wanted = [
        {"name": _group(outer, kind), "members": {"set": [_group(inner, other) for other in others]}}
        for kind, others in legal.items()
    ]
    module(host, "group", groups=wanted)
    for kind, others in legal.items():
        held = root_shell(host, f"samba-tool group listmembers {_group(outer, kind)}").splitlines()
        assert sorted(held) == sorted(_group(inner, other) for other in others)
    illegal = {kind: [other for other in KINDS if other not in others] for kind, others in legal.items()}
    wanted = [
        {"name": _group(outer, kind), "members": {"add": [_group(inner, other) for other in others]}}
        for kind, others in illegal.items()
    ]
    said = refusal(host, "group", groups=wanted)
    rules = {"global": "AD-3", "universal": "AD-2"}
    for kind, others in illegal.items():
        for other in others:
            text = f"'{_group(inner, other)}' ({other[0]}) in '{_group(outer, kind)}' ({kind[0]}): rule group-nesting"
            assert f"{text} ({rules[kind[0]]})" in said
    assert said.count("rule group-nesting") == 12
    control = (("global", "security"), ("domainlocal", "security"))
    root_shell(host, f"samba-tool group addmembers {_group(outer, control[0])} {_group(inner, control[1])}")


@on_the_second
def test_a_groups_scope_and_category_change(controller: str, host: Host, unit: str) -> None:
    """Directly, by way of universal, and not where its members or its groups forbid it."""
    name, holder = f"{controller}-changing", f"{controller}-holder"
    made = module(host, "group", groups=[{"name": name, "path": unit}, {"name": holder, "path": unit}])
    for change in ({"scope": "domainlocal"}, {"category": "distribution"}, {"scope": "global", "category": "security"}):
        assert module(host, "group", name=name, **change)["changed"]
        assert not module(host, "group", name=name, **change)["changed"]
    assert "groupType: -2147483646" in root_shell(host, f"samba-tool group show {name}")
    module(host, "group", name=holder, members={"add": [name]})
    assert "AD-3" in refusal(host, "group", name=name, scope="universal")
    assert "member of itself" in refusal(host, "group", name=name, members={"add": [name]})
    assert "hold each other" in refusal(host, "group", name=name, members={"add": [holder]})
    module(host, "group", name=holder, members={"set": []})
    renamed = module(host, "group", identity=name, name=f"{name}-2", sam_account_name=f"{name}-2")
    assert renamed["object_guid"] == made["objects"][0]["object_guid"]


@on_the_first
def test_units_computers_and_other_objects(controller: str, host: Host, unit: str) -> None:
    """AD-16, AD-42, AD-44."""
    inner = f"OU=inner,{unit}"
    unit_options: dict[str, Any] = {"name": "inner", "path": unit, "protect_from_deletion": True, "city": "Riga"}
    guid = module(host, "ou", **unit_options)["object_guid"]
    assert not module(host, "ou", **unit_options)["changed"]
    assert "protected from deletion" in refusal(host, "ou", identity=guid, state="absent")
    assert "(D;;" in root_shell(host, f"samba-tool dsacl get --objectdn='{inner}'")
    computer: dict[str, Any] = {
        "name": f"{controller}-pc",
        "path": inner,
        "location": "attic",
        "kerberos_encryption_types": {"set": ["aes256"]},
        "spn": {"set": [f"HTTP/{controller}-pc"]},
    }
    module(host, "computer", **computer)
    assert not module(host, "computer", **computer)["changed"]
    shown = root_shell(host, f"samba-tool computer show {controller}-pc")
    assert "msDS-SupportedEncryptionTypes: 16" in shown
    assert "location: attic" in shown
    assert "is not empty" in refusal(host, "ou", identity=guid, state="absent", protect_from_deletion=False)
    module(host, "object", name="printer", type="contact", path=unit)
    change = {"set": {"description": "all of them"}}
    several = module(
        host, "object", ldap_filter="(|(cn=printer)(objectClass=computer))", search_base=unit, attributes=change
    )
    assert len(several["objects"]) == 2
    found = module(
        host, "object_info", ldap_filter="(description=all of them)", search_base=unit, properties=["location"]
    )
    assert [one["properties"] for one in found["objects"]] == [{"location": "attic"}, {"location": None}]
    moved = module(host, "ou", identity=guid, name="renamed", protect_from_deletion=False)
    assert moved["object_guid"] == guid
    assert f"OU=renamed,{unit}" in root_shell(host, f"samba-tool computer show {controller}-pc")


def test_a_password_policy_locks_and_the_module_unlocks(controller: str, host: Host, unit: str, office: Office) -> None:
    """The policy holds for a group's members alone; a locked account is free again at once."""
    user, group, policy = f"{controller}-user", f"{controller}-strict", f"trial-{controller}"
    module(host, "user", name=user, path=unit, password=PASSWORD)
    module(host, "group", name=group, path=unit, members={"set": [user]})
    options: dict[str, Any] = {
        "name": policy,
        "precedence": 7,
        "lockout_threshold": LOCKED_AFTER,
        "lockout_duration": 30,
        "lockout_observation_window": 30,
        "min_password_length": 20,
        "subjects": [group],
    }
    try:
        module(host, "pso", **options)
        assert not module(host, "pso", **options)["changed"]
        assert policy in root_shell(host, f"samba-tool domain passwordsettings pso show-user {user}")
        assert "20 characters" in refusal(host, "user", name=user, password=PASSWORD, update_password="always")
        address, login = office.addresses[controller], f"{user}@{office.dns_domain}"
        context = ssl.create_default_context(cafile=str(office.ca_file))

        def bind(password: str) -> int:
            return ldap_bind(address, user=login, password=password, name=office.fqdn(controller), context=context)

        assert bind(PASSWORD) == 0
        assert [bind("wrong") for _ in range(LOCKED_AFTER)] == [INVALID] * LOCKED_AFTER
        assert bind(PASSWORD) == INVALID
        assert module(host, "user", name=user, account_locked=False)["changed"]
        assert not module(host, "user", name=user, account_locked=False)["changed"]
        assert bind(PASSWORD) == 0
        for lock, key in (
            ({"account_expires": "2001-01-01"}, {"account_expires": "never"}),
            ({"password_expired": True}, {"password_expired": False}),
        ):
            module(host, "user", name=user, **lock)
            assert bind(PASSWORD) == INVALID
            module(host, "user", name=user, **key)
            assert bind(PASSWORD) == 0
        local = f"{controller}-local"
        module(host, "group", name=local, scope="domainlocal", path=unit)
        assert "global security groups only" in refusal(host, "pso", name=policy, subjects=[local])
    finally:
        module(host, "pso", name=policy, state="absent")


@on_the_first
def test_what_samba_would_refuse_is_said_first(controller: str, host: Host, unit: str, office: Office) -> None:
    """With all reasons at once, and with nothing done."""
    name = f"{controller}-first"
    module(host, "user", name=name, path=unit, password=PASSWORD, upn=f"{name}@{office.mail_domain}")
    users = [
        {"name": f"{controller}-weak", "path": unit, "password": "Xy7"},
        {"name": f"{controller}-upn", "path": unit, "upn": f"{name}@{office.mail_domain}"},
    ]
    said = refusal(host, "user", users=users)
    assert f"'{controller}-weak': its password is shorter than the" in said
    assert f"UPN '{name}@{office.mail_domain}' belongs to CN={name}" in said
    assert "longer than 20 characters" in refusal(host, "user", name=f"{name}-{'x' * 20}")
    assert f"{controller}-weak" not in root_shell(host, "samba-tool user list").splitlines()
