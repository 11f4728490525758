# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Commands as somebody types them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from ansible_collections.mailforest.stack.tests.system.support.terminal import Typed, typed


def _type(line: str, place: Path, *, seconds: float = 30) -> Typed:
    return typed(line, place=place, environment=os.environ, password="of the vault", seconds=seconds)


def test_a_question_for_a_password_is_answered_each_time(tmp_path: Path) -> None:
    ask = "read -rsp 'New Vault password: ' a && echo && read -rsp 'Confirm New Vault password: ' b && echo \"=$a=$b=\""
    done = _type(ask, tmp_path)
    assert done.code == 0
    assert "=of the vault=of the vault=" in done.output


def test_what_only_speaks_of_a_password_is_not_answered(tmp_path: Path) -> None:
    done = _type("echo 'the password: is asked for later'; read -r -t 1 said; echo \"<$said>\"; exit 3", tmp_path)
    assert (done.code, done.output.splitlines()[-1]) == (3, "<>")


def test_it_is_typed_where_it_should_be(tmp_path: Path) -> None:
    assert _type("pwd && test -t 0", tmp_path).output.strip() == str(tmp_path)


def test_what_takes_too_long_is_ended(tmp_path: Path) -> None:
    with pytest.raises(TimeoutError, match="still runs"):
        _type("sleep 60", tmp_path, seconds=0.5)
