# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Both languages say everything, with the same gaps to fill, and count as their speakers do."""

from __future__ import annotations

from dataclasses import fields
from string import Formatter

import pytest
from ansible_collections.mailforest.stack.plugins.plugin_utils._report.english import ENGLISH
from ansible_collections.mailforest.stack.plugins.plugin_utils._report.languages import CATALOGUE
from ansible_collections.mailforest.stack.plugins.plugin_utils._report.russian import RUSSIAN
from ansible_collections.mailforest.stack.plugins.plugin_utils._report.texts import Texts, counted
from ansible_collections.mailforest.stack.plugins.plugin_utils._report.words import age, moment

FORMS = {"en": 2, "ru": 3}


def gaps(text: str) -> set[str]:
    return {name for _literal, name, _spec, _conversion in Formatter().parse(text) if name is not None}


@pytest.mark.parametrize("name", [field.name for field in fields(Texts)])
def test_both_languages_have_the_text(name: str) -> None:
    one, other = getattr(ENGLISH, name), getattr(RUSSIAN, name)
    assert one and other
    if isinstance(one, str):
        assert gaps(one) == gaps(other)
    elif isinstance(one, tuple):
        assert (len(one), len(other)) == (FORMS["en"], FORMS["ru"])
        assert len({frozenset(gaps(form)) for form in (*one, *other)}) == 1
    else:
        assert set(one) == set(other)


def test_the_languages_are_those_of_the_catalogue() -> None:
    assert set(CATALOGUE) == set(FORMS)
    assert all(language == texts.language for language, texts in CATALOGUE.items())


@pytest.mark.parametrize(
    ("number", "english", "russian"),
    [
        (0, "0 checks", "0 проверок"),
        (1, "1 check", "1 проверка"),
        (2, "2 checks", "2 проверки"),
        (5, "5 checks", "5 проверок"),
        (11, "11 checks", "11 проверок"),
        (12, "12 checks", "12 проверок"),
        (21, "21 checks", "21 проверка"),
        (111, "111 checks", "111 проверок"),
        (122, "122 checks", "122 проверки"),
    ],
)
def test_numbers(number: int, english: str, russian: str) -> None:
    assert counted(ENGLISH, ENGLISH.checks, number) == english
    assert counted(RUSSIAN, RUSSIAN.checks, number) == russian


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(None, "never"), (0, "0 s"), (119, "119 s"), (120, "2 min"), (7199, "119 min"), (7200, "2 h"), (172_800, "2 d")],
)
def test_ages(seconds: int | None, text: str) -> None:
    assert age(seconds, ENGLISH) == text


def test_moments_are_in_utc() -> None:
    assert moment("2026-11-29T06:30:00Z") == "2026-11-29 06:30 UTC"
