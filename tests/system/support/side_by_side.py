# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tests of one office by two processes of pytest-xdist: side by side what is no trouble to each other, then the rest.

A test waits for hosts more than it computes. A phase has two lists of files, each of which goes through one process;
the next phase begins when both are done. All other files cut tunnels, restart hosts or stop services: they come last,
in one process. Locks hold that, whatever xdist hands out.

Marks and `--dist loadgroup` would do for the lists, but not in xdist 3.8 with pytest 9: it renames tests, which no
longer counts. A scheduler of one's own is a documented way, too (pytest_xdist_make_scheduler).
"""

from __future__ import annotations

import fcntl
from collections.abc import Generator
from contextlib import ExitStack
from pathlib import Path, PurePath
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

_PHASES = (
    (  # users come, are renamed, locked and go; other objects do
        ("test_homes", "test_mail_users"),
        ("test_controllers", "test_objects", "test_sysvol"),
    ),
    (  # users send and read; roles and sites move, with site.yml for the directory, which finds no change of another's
        (
            "test_antispam",
            "test_autoconfig",
            "test_directory",
            "test_mail",
            "test_mail_clients",
            "test_mail_quota",
            "test_mail_sieve",
            "test_open_relay",
            "test_single_sign_on",
            "test_submission_port",
            "test_tls",
        ),
        ("test_backup", "test_operations", "test_placement", "test_roles"),
    ),
    (  # a member joins, and its office's controller is away for a moment; the Internet looks at the gateways
        ("test_member",),
        ("test_probes", "test_published"),
    ),
    (  # ssh of a gateway and a member goes and comes; mail is held back and objects are made elsewhere
        ("test_lockout",),
        ("test_bulk", "test_mail_flow"),
    ),
)
_ALONE = (len(_PHASES), 0)
_PLACES = {name: (n, m) for n, phase in enumerate(_PHASES) for m, names in enumerate(phase) for name in names}


def place(nodeid: str) -> tuple[int, int]:
    """Which phase a test is in, and which list of it."""
    return _PLACES.get(PurePath(nodeid.partition("::")[0]).stem, _ALONE)


class Handing:
    """A plugin for the process that hands the tests out, list by list."""

    def pytest_xdist_make_scheduler(self, config: pytest.Config, log: Any) -> LoadScopeScheduling:
        """A process does list by list. xdist would begin with the longest, which is the one that is to come last."""
        config.option.loadscopereorder = False
        scheduler = LoadScopeScheduling(config, log)
        scheduler._split_scope = lambda nodeid: str(place(nodeid))
        return scheduler


class Doing:
    """A plugin for a process that does them. It holds a lock for each phase that it has not left yet."""

    def __init__(self, directory: Path) -> None:
        self._locks = ExitStack()
        self._files = [self._locks.enter_context((directory / f"tests.{n}").open("a")) for n in range(len(_PHASES))]
        for file in self._files:
            fcntl.flock(file, fcntl.LOCK_SH)
        self._phase = 0

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """In the order of the lists, what must be alone at the end."""
        items.sort(key=lambda item: place(item.nodeid))

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, bool | None, bool | None]:
        """Before the first of a phase wait until the other process has left those before."""
        wanted = place(item.nodeid)[0]
        for file in self._files[self._phase : wanted]:
            fcntl.flock(file, fcntl.LOCK_UN)  # two that wait for each other's shared lock would wait for ever
            fcntl.flock(file, fcntl.LOCK_EX)
            fcntl.flock(file, fcntl.LOCK_UN)
        self._phase = max(self._phase, wanted)
        return (yield)

    def pytest_sessionfinish(self) -> None:
        """It has no more; the process itself stays until all have ended."""
        self._locks.close()


def prepare(config: pytest.Config, directory: Path) -> None:
    """What this process needs where there are several; the locks are in the directory."""
    if hasattr(config, "workerinput"):
        config.pluginmanager.register(Doing(directory))
    elif config.option.numprocesses:
        config.pluginmanager.register(Handing())
