# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.mailforest.stack.plugins.module_utils._packages import lists_fetched, missing


@pytest.mark.parametrize(
    ("output", "status", "expected"),
    [
        ("ii \tpostfix\nii \tpostfix-ldap\n", 0, []),
        ("hi \tpostfix\nii \tpostfix-ldap\n", 0, []),
        ("ii \tpostfix\n", 1, ["postfix-ldap"]),
        ("rc \tpostfix\nun \tpostfix-ldap\n", 0, ["postfix", "postfix-ldap"]),
        ("iU \tpostfix\niF \tpostfix-ldap\n", 0, ["postfix", "postfix-ldap"]),
        ("", 1, ["postfix", "postfix-ldap"]),
    ],
    ids=["all", "on hold", "one unknown", "removed", "interrupted half-way", "none"],
)
def test_only_what_is_fully_installed_counts(output: str, status: int, expected: list[str]) -> None:
    asked: list[list[str]] = []

    def run(argv: list[str]) -> tuple[int, str, str]:
        asked.append(argv)
        return status, output, ""

    assert missing(["postfix", "postfix-ldap", "postfix"], run=run) == expected
    assert [argv[0] for argv in asked] == ["dpkg-query"]


def test_a_young_and_empty_directory_of_lists_does_not_count_as_fetched(tmp_path: Path) -> None:
    (tmp_path / "partial").mkdir()
    (tmp_path / "lock").touch()
    assert not lists_fetched(tmp_path)
    (tmp_path / "archive_dists_trixie_main_binary-amd64_Packages.lz4").touch()
    assert lists_fetched(tmp_path)
