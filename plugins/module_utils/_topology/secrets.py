# Copyright: (c) 2026, mailforest.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Judge a password at once and forget it: nothing behind this file ever sees one."""

from __future__ import annotations

from enum import StrEnum


class Verdict(StrEnum):
    """All that the topology learns about a password."""

    OK = "ok"
    MISSING = "missing"
    UNDEFINED = "undefined"
    WRONG_TYPE = "not a string"
    SHORT = "too short"
    SIMPLE = "too simple"


STRONG_LENGTH = 12
"""For the Administrator, the CA's key and service accounts: nobody types these daily."""
USER_LENGTH = 7
"""Samba's own default for users (`samba-tool domain passwordsettings show`)."""
_CLASSES_NEEDED = 3


def classes(password: str) -> int:
    """How many of Samba's character classes the password uses: a-z, A-Z, 0-9, other ASCII, other alphabets."""
    ascii_part = [character for character in password if character.isascii()]
    return sum(
        (
            any(character.islower() for character in ascii_part),
            any(character.isupper() for character in ascii_part),
            any(character.isdigit() for character in ascii_part),
            any(not character.isalnum() for character in ascii_part),
            any(not character.isascii() and character.isalpha() for character in password),
        )
    )


def judge(value: object, *, length: int) -> Verdict:
    """Whether the password is one that Samba takes and that has at least `length` characters."""
    if value is None or value == "":
        return Verdict.MISSING
    if not isinstance(value, str):
        return Verdict.WRONG_TYPE
    if len(value) < length:
        return Verdict.SHORT
    return Verdict.OK if classes(value) >= _CLASSES_NEEDED else Verdict.SIMPLE
