# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tables say what look-ups in the directory would."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.mailforest.stack.plugins.module_utils._mail.tables import (
    CLOSED,
    ELSEWHERE,
    HERE,
    HOMELESS,
    KNOWN,
    LIMITED,
    Entry,
    Found,
    Settings,
    Tables,
    compile_tables,
    normal,
)

BASE = "DC=corp,DC=example,DC=test"
MAIL_USERS = f"CN=mail-users,CN=Users,{BASE}"
SETTINGS = Settings(
    uris=("ldaps://dc1.corp.example.test",),
    base_dn=BASE,
    bind_dn=f"CN=svc-mail,CN=Users,{BASE}",
    ca_file="/etc/ssl/ca.crt",
    mailbox_attribute="adminDescription",
    home_attribute="adminDisplayName",
    quota_attribute="maxStorage",
    quota_field="quota_rule=*:bytes=",
    group_dn=MAIL_USERS,
    domains=frozenset({"example.test"}),
    hostname="mx1.corp.example.test",
    mail_root="/var/vmail",
)
PEERS = replace(SETTINGS, peers=frozenset({"mx2.corp.example.test"}))


def user(name: str, **attributes: list[str]) -> Entry:
    """A person in the mail group, with a mailbox of the same name."""
    known = {
        "samaccountname": [name],
        "mail": [f"{name}@example.test"],
        "memberof": [MAIL_USERS],
        "admindescription": [f"box-{name}"],
        "admindisplayname": ["mx1.corp.example.test"],
    }
    return Entry(f"CN={name},CN=Users,{BASE}", known | attributes)


def group(name: str, **attributes: list[str]) -> Entry:
    """A group."""
    return Entry(f"CN={name},CN=Users,{BASE}", attributes)


def tables(
    *people: Entry, settings: Settings = SETTINGS, groups: tuple[Entry, ...] = (), **more: tuple[Entry, ...]
) -> Tables:
    """The tables of these."""
    return compile_tables(settings, Found(people, groups, **more))


def test_every_address_of_a_user_has_the_mailbox_and_may_be_sent_from() -> None:
    made = tables(
        user(
            "Alice",
            userprincipalname=["a.archer@EXAMPLE.test"],
            proxyaddresses=["SMTP:boss@example.test", "smtp:Chief@example.test", "x500:/o=x", "smtp:a@elsewhere.test"],
        )
    )
    addresses = {f"{name}@example.test" for name in ("alice", "a.archer", "boss", "chief")}
    assert made.postfix["users"] == dict.fromkeys(addresses, "Alice")
    assert made.postfix["aliases"] == {address: address for address in addresses}
    assert made.postfix["recipients"] == dict.fromkeys(addresses, KNOWN)
    row = "::::/var/vmail/box-Alice::userdb_user=alice userdb_quota_rule=*:bytes=0"
    assert made.delivery == dict.fromkeys(addresses, row)


@pytest.mark.parametrize(
    "left_out",
    [
        user("carol", memberof=[f"CN=others,{BASE}"]),
        user("carol", mail=["carol@elsewhere.test"]),
        user("carol", mail=['"carol x"@example.test']),
        user("carol", mail=["carol"]),
        user("carol", samaccountname=["has space"]),
    ],
)
def test_who_is_no_mail_user_is_in_no_table(left_out: Entry) -> None:
    made = tables(left_out, user("alice"))
    assert set(made.postfix["users"]) == {"alice@example.test"}
    assert set(made.delivery) == {"alice@example.test"}


def test_a_member_of_a_member_group_is_a_mail_user_and_circles_end() -> None:
    nested = group("nested", memberof=[f"cn=mail-users, cn=users,{BASE.lower()}", f"CN=nested,CN=Users,{BASE}"])
    made = tables(user("alice", memberof=[nested.dn]), groups=(nested,))
    assert "alice@example.test" in made.postfix["users"]


def test_without_a_group_everybody_is_one() -> None:
    made = tables(user("alice", memberof=[]), settings=replace(SETTINGS, group_dn=""))
    assert "alice@example.test" in made.postfix["users"]


def test_a_list_goes_to_members_and_to_contacts() -> None:
    night = group("night", memberof=[f"CN=staff,CN=Users,{BASE}"])
    staff = group("staff", mail=["Staff@example.test"], proxyaddresses=["smtp:all@example.test"])
    contact = Entry(f"CN=c,{BASE}", {"mail": ["c@elsewhere.test"], "memberof": [staff.dn]})
    people = (
        user("alice", memberof=[MAIL_USERS, staff.dn]),
        user("boris", memberof=[MAIL_USERS, night.dn]),
        user("dora"),
    )
    made = tables(*people, groups=(staff, night), contacts=(contact,))
    members = "alice@example.test, boris@example.test, c@elsewhere.test"
    assert made.postfix["aliases"]["staff@example.test"] == members
    assert made.postfix["aliases"]["all@example.test"] == members
    assert made.postfix["recipients"]["staff@example.test"] == KNOWN
    assert "staff@example.test" not in made.postfix["users"]


def test_a_list_that_is_closed_says_so() -> None:
    board = group("board", mail=["board@example.test"])
    settings = replace(SETTINGS, closed_lists=frozenset({board.dn.lower()}))
    made = tables(user("alice", memberof=[MAIL_USERS, board.dn]), groups=(board,), settings=settings)
    assert made.postfix["recipients"]["board@example.test"] == CLOSED
    assert made.postfix["recipients"]["alice@example.test"] == KNOWN


@pytest.mark.parametrize(
    "groups",
    [
        (group("a", mail=["list@example.test"]),),
        (group("staff", mail=["list@example.test"]), group("b", mail=["list@example.test"])),
    ],
    ids=["of nobody", "of two groups"],
)
def test_the_directory_is_asked_for_a_list_in_doubt(groups: tuple[Entry, ...]) -> None:
    member = user(
        "alice", memberof=[MAIL_USERS, f"CN=staff,CN=Users,{BASE}"], proxyaddresses=["smtp:list@example.test"]
    )
    made = tables(member, groups=groups)
    assert "list@example.test" not in made.postfix["aliases"]
    assert "list@example.test" not in made.postfix["recipients"]
    assert "alice@example.test" in made.postfix["aliases"]


def test_the_directory_is_asked_for_the_mailbox_of_an_address_of_two() -> None:
    shared = ["smtp:office@example.test"]
    made = tables(user("alice", proxyaddresses=shared), user("boris", proxyaddresses=shared), settings=PEERS)
    assert made.postfix["users"]["office@example.test"] == "alice,boris"
    assert "office@example.test" not in made.delivery
    assert "office@example.test" not in made.postfix["homes"]
    assert "alice@example.test" in made.delivery


def test_a_mailbox_that_the_table_cannot_hold_is_looked_up() -> None:
    made = tables(user("alice", admindescription=["a:b"]), user("boris"))
    assert set(made.delivery) == {"boris@example.test"}
    assert set(made.postfix["users"]) == {"alice@example.test", "boris@example.test"}


@pytest.mark.parametrize(
    ("own", "common", "limit", "kind"),
    [
        ([], "", "0", KNOWN),
        ([], "1G", "1G", LIMITED),
        (["5000"], "", "5000", LIMITED),
        (["0"], "1G", "0", KNOWN),
    ],
)
def test_a_limit_is_the_users_own_or_that_of_all(own: list[str], common: str, limit: str, kind: str) -> None:
    made = tables(user("alice", maxstorage=own), settings=replace(SETTINGS, quota=common))
    assert made.delivery["alice@example.test"].endswith(f"userdb_quota_rule=*:bytes={limit}")
    assert made.postfix["recipients"]["alice@example.test"] == kind


def test_without_an_attribute_for_limits_none_is_told_and_room_is_asked_for() -> None:
    made = tables(user("alice"), settings=replace(SETTINGS, quota_attribute="", quota="1G"))
    assert made.delivery["alice@example.test"] == "::::/var/vmail/box-alice::userdb_user=alice"
    assert made.postfix["recipients"]["alice@example.test"] == LIMITED


def test_homes_are_here_at_a_peer_or_unknown() -> None:
    people = (
        user("alice"),
        user("boris", admindisplayname=["MX2.corp.example.test"]),
        user("carol", admindisplayname=[]),
        user("dora", admindisplayname=["mx9.corp.example.test"]),
    )
    staff = group("staff", mail=["staff@example.test"])
    made = tables(*people, user("emil", memberof=[MAIL_USERS, staff.dn]), groups=(staff,), settings=PEERS)
    assert made.postfix["homes"] == {
        "alice@example.test": HERE,
        "boris@example.test": "peer:[mx2.corp.example.test]:25",
        "carol@example.test": HOMELESS,
        "dora@example.test": HOMELESS,
        "emil@example.test": HERE,
        "staff@example.test": HERE,
    }
    assert made.postfix["elsewhere"] == dict.fromkeys(
        [f"{n}@example.test" for n in ("boris", "carol", "dora")], ELSEWHERE
    )
    assert set(made.delivery) == {"alice@example.test", "emil@example.test"}


def test_alone_a_server_is_everybodys_home() -> None:
    made = tables(user("alice", admindisplayname=[]))
    assert (made.postfix["homes"], made.postfix["elsewhere"]) == ({}, {})
    assert set(made.delivery) == {"alice@example.test"}


def test_the_same_people_in_another_order_make_the_same_files() -> None:
    people = [user("alice"), user("boris")]
    assert tables(*people).texts() == tables(*reversed(people)).texts()
    assert tables(*people).texts()["users"] == "alice@example.test alice\nboris@example.test boris\n"
    assert tables(*people).texts()["delivery"].startswith("alice@example.test:::::/var/vmail/box-alice::")


def test_names_are_compared_whatever_their_letters_and_blanks() -> None:
    assert normal(r"CN=A\, B, OU=x,DC=y") == r"cn=a\, b,ou=x,dc=y"
