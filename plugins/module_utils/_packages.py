# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to the collection: which of some packages dpkg has installed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

LISTS = Path("/var/lib/apt/lists")
"""Where apt keeps the archives' lists, sources.list(5)."""

QUERY = ("dpkg-query", "--show", "--showformat", r"${db:Status-Abbrev}\t${Package}\n")
"""dpkg-query(1): one line a package, the state first; the form is ours, so nothing of it is guessed."""

Run = Callable[[list[str]], tuple[int, str, str]]


def missing(names: Sequence[str], *, run: Run) -> list[str]:
    """Name the packages that are not installed, in the order given.

    `run` executes an argument list and returns exit status, standard output and standard error. dpkg-query exits with 1
    when it does not know one of the names, and still says what it knows of the others.
    """
    _status, output, _error = run([*QUERY, *names])
    installed = {
        package
        for state, _tab, package in (line.partition("\t") for line in output.splitlines())
        if state.startswith("ii") or state.startswith("hi")
    }
    return [name for name in dict.fromkeys(names) if name not in installed]


def lists_fetched(directory: Path = LISTS) -> bool:
    """Whether any archive's list of packages was ever fetched.

    The age of the directory, which is what ansible.builtin.apt looks at, says nothing where it is young and empty: on a
    host that was made within the last hour.
    """
    return any("_Packages" in path.name for path in directory.glob("*"))
