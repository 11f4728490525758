# Copyright: (c) 2026, mailforest.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Say how far a long run is."""

from __future__ import annotations

DOCUMENTATION = r"""
name: progress
type: notification
author: mailforest.stack contributors (@mailforest)
version_added: 1.0.0
short_description: Say how far a long run is
description:
  - When a play begins, says which of how many it is, on which hosts, how long the run has taken, how long this play
    took last time, and about how long the rest will take. At the end, each play with its time beside the last one.
  - It works with any playbook and beside any callback for standard output. Plays without hosts are not counted, those
    of which no task runs are not told.
  - Times are compared with the last run of the same playbook with the same tags, limit and mode. A play that failed is
    no time to compare with.
requirements:
  - C(callbacks_enabled = mailforest.stack.progress) in C(ansible.cfg).
options:
  cache_file:
    description:
      - The file that keeps the times, on the controller, with playbooks' paths and plays' names and nothing else.
        By default it is C(mailforest/progress.json) in E(XDG_CACHE_HOME), or in C(~/.cache) where that is not set.
      - Where it cannot be read or written, nothing is told of the last time.
    type: path
    env:
      - name: MAILFOREST_PROGRESS_CACHE_FILE
    ini:
      - section: mailforest_progress
        key: cache_file
  quiet:
    description:
      - Whether only the table at the end is printed. With V(auto) it is so where the environment variable E(CI) is set.
    type: str
    choices: ["auto", "always", "never"]
    default: auto
    env:
      - name: MAILFOREST_PROGRESS_QUIET
    ini:
      - section: mailforest_progress
        key: quiet
"""

EXAMPLES = r"""
example: |
  # ansible.cfg
  [defaults]
  callbacks_enabled = mailforest.stack.progress
"""

import os
import time
from pathlib import Path
from typing import Any

from ansible import constants as C
from ansible import context
from ansible.plugins.callback import CallbackBase
from ansible_collections.mailforest.stack.plugins.plugin_utils._progress import Cache, Progress, kind_of_run


class CallbackModule(CallbackBase):
    """Listens to plays and to the first task of each."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "mailforest.stack.progress"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self) -> None:
        super().__init__()
        self._plays: list[Any] = []
        self._playbook = ""
        self._progress: Progress | None = None
        self._current = ""
        self._untold: list[str] = []

    def v2_playbook_on_start(self, playbook: Any) -> None:
        """Remember what is to come. Of several playbooks in one command each is a run of its own."""
        self._finish(done=True)
        self._plays = playbook.get_plays()
        self._playbook = str(Path(playbook._file_name).resolve())

    def v2_playbook_on_play_start(self, play: Any) -> None:
        """A phase begins; with `serial` a play starts more than once, and is one phase."""
        hosts = _hosts(play)
        if not hosts or play._uuid == self._current:
            return
        self._current = play._uuid
        if self._progress is None:
            before = self._cache().read(self._kind())
            total = sum(bool(_hosts(each)) for each in self._plays)
            self._progress = Progress(total=total, before=before, now=time.monotonic)
        self._progress.begin(play.get_name())
        self._untold = hosts

    def v2_playbook_on_task_start(self, task: Any, is_conditional: bool) -> None:
        """Now it is certain that the phase does something."""
        if self._progress and self._untold and not self._quiet():
            self._display.display(self._progress.headline(self._untold), color=C.COLOR_HIGHLIGHT)
        self._untold = []

    def v2_playbook_on_stats(self, stats: Any) -> None:
        """The run is over."""
        self._finish(done=not (stats.failures or stats.dark))

    def _finish(self, *, done: bool) -> None:
        if self._progress is None:
            return
        self._display.display("\n".join(self._progress.table()), color=C.COLOR_HIGHLIGHT)
        self._cache().write(self._kind(), self._progress.completed(done=done))
        self._progress = None

    def _kind(self) -> str:
        return kind_of_run(self._playbook, context.CLIARGS)

    def _cache(self) -> Cache:
        home = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache")
        return Cache(Path(self.get_option("cache_file") or home / "mailforest" / "progress.json").expanduser())

    def _quiet(self) -> bool:
        chosen: str = self.get_option("quiet")
        return chosen == "always" or (chosen == "auto" and bool(os.environ.get("CI")))


def _hosts(play: Any) -> list[str]:
    """The hosts of the play, under `--limit` too, whether they still take part or not."""
    variables = play.get_variable_manager().get_vars(play=play, include_hostvars=False)
    return [str(name) for name in variables.get("ansible_play_hosts_all", [])]
