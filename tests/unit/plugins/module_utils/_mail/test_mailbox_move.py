# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A mailbox that is carried to another host in turns is there what it was here, whatever happened in between."""

from __future__ import annotations

import getpass
import json
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.mailforest.stack.plugins.module_utils._mail import mailbox_move as move


@pytest.fixture
def mailbox(tmp_path: Path) -> Path:
    """Two folders, a rule and its link, and what stays: an index, an unfinished message."""
    home = tmp_path / "here"
    for path, text in {
        "Maildir/cur/1.a:2,S": "read",
        "Maildir/new/2.a": "new",
        "Maildir/tmp/3.a": "unfinished",
        "Maildir/.Work/cur/4.a:2,": "work",
        "Maildir/dovecot-uidlist": "3 V1 N5",
        "Maildir/dovecot.index.log": "index",
        "sieve/rules.sieve": "keep;",
    }.items():
        (home / path).parent.mkdir(parents=True, exist_ok=True)
        (home / path).write_text(text, encoding="utf-8")
    (home / ".dovecot.sieve").symlink_to("sieve/rules.sieve")
    return home


def _turn(mailbox: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    there, pieces = mailbox.parent / "there", mailbox.parent / "pieces"
    packed = move.pack(mailbox, pieces, move.known(there))
    return packed, move.unpack(there, pieces, getpass.getuser())


def test_it_is_the_same_there(mailbox: Path) -> None:
    packed, unpacked = _turn(mailbox)
    assert (packed["messages"], unpacked["messages"], unpacked["missing"]) == (3, 3, 0)
    assert packed["digest"] == unpacked["digest"]
    there = mailbox.parent / "there"
    assert (there / "Maildir/cur/1.a:2,S").read_text(encoding="utf-8") == "read"
    assert (there / ".dovecot.sieve").read_text(encoding="utf-8") == "keep;"
    assert not (there / "Maildir/dovecot.index.log").exists()
    assert not (there / "Maildir/tmp/3.a").exists()


def test_the_next_turn_brings_what_has_changed_and_only_that(mailbox: Path) -> None:
    _turn(mailbox)
    assert _turn(mailbox)[0]["changed"] == 0
    (mailbox / "Maildir/new/2.a").rename(mailbox / "Maildir/cur/2.a:2,RS")
    (mailbox / "Maildir/.Work/cur/4.a:2,").unlink()
    (mailbox / "Maildir/.Work/cur").rmdir()
    (mailbox / "Maildir/new/5.a").write_text("newer", encoding="utf-8")
    packed, unpacked = _turn(mailbox)
    assert packed["changed"] == 2
    assert packed["digest"] == unpacked["digest"]
    there = {str(path.relative_to(mailbox.parent / "there")) for path in (mailbox.parent / "there").rglob("*.a*")}
    assert there == {"Maildir/cur/1.a:2,S", "Maildir/cur/2.a:2,RS", "Maildir/new/5.a"}


def test_what_changes_while_it_is_packed_comes_with_the_next_turn(
    mailbox: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = move._piece

    def busy(directory: Path, piece: Path, names: list[str]) -> None:
        (mailbox / "Maildir/new/2.a").unlink(missing_ok=True)
        (mailbox / "Maildir/dovecot-uidlist").write_text("3 V1 N6", encoding="utf-8")
        real(directory, piece, names)

    monkeypatch.setattr(move, "_piece", busy)
    packed, unpacked = _turn(mailbox)
    assert unpacked["missing"] == 1
    assert packed["digest"] != unpacked["digest"]
    packed, unpacked = _turn(mailbox)
    assert packed["digest"] == unpacked["digest"]
    assert (mailbox.parent / "there/Maildir/dovecot-uidlist").read_text(encoding="utf-8") == "3 V1 N6"


def test_pieces_are_small(mailbox: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(move, "PIECE", 5)
    packed, unpacked = _turn(mailbox)
    assert len(packed["pieces"]) > 3
    assert packed["digest"] == unpacked["digest"]


def test_the_commands_do_it(mailbox: Path, capsys: pytest.CaptureFixture[str]) -> None:
    there, pieces, other = (str(mailbox.parent / name) for name in ("there", "pieces", "other.json"))
    assert move.main(["known", there]) == 0
    Path(other).write_text(capsys.readouterr().out, encoding="utf-8")
    assert move.main(["pack", str(mailbox), pieces, other]) == 0
    packed = json.loads(capsys.readouterr().out)
    assert move.main(["unpack", there, pieces, getpass.getuser()]) == 0
    assert json.loads(capsys.readouterr().out)["digest"] == packed["digest"]


@pytest.fixture
def postfix(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Programs of Postfix's names; the second of two tables knows the address."""
    for name, text in {
        "postconf": "echo 'texthash:/one, proxy:ldap:/two'",
        "postmap": '[ "$3" = proxy:ldap:/two ] && [ "$2" = a@example.test ] && echo "retry:4.3.5 unknown" || exit 1',
    }.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    return tmp_path


@pytest.mark.usefixtures("postfix")
def test_the_first_table_that_knows_says_where_mail_goes() -> None:
    assert move.route("a@example.test") == "retry:4.3.5 unknown"
    assert move.route("b@example.test") == ""


def test_a_table_that_cannot_be_read_is_no_answer(postfix: Path) -> None:
    """Else mail would be taken for delivered here while the directory is away."""
    (postfix / "postmap").write_text("#!/bin/sh\necho 'table lookup problem' >&2; exit 1\n", encoding="utf-8")
    with pytest.raises(SystemExit, match="lookup problem"):
        move.route("a@example.test")
