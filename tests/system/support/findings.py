# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What verify.yml finds, read from what it prints for people."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from .playbook import PLAYBOOKS, Run, play

_HEAD = re.compile(r"^  (ERROR|WARNING) ?([A-Z]+-\d+)?: (.*)$")
_SEEN = re.compile(r"^    Seen from (.*?)\. Expected: (.*)\. Found: (.*)\.$")
_END = re.compile(r"^Verified from \d+ hosts?: ", re.MULTILINE)


@dataclass(frozen=True, kw_only=True)
class Found:
    """A paragraph of the summary."""

    severity: str
    requirement: str
    subject: str
    vantage: str
    found: str

    def __str__(self) -> str:
        """One line."""
        return f"{self.severity} {self.requirement}: {self.subject}, seen from {self.vantage}: {self.found}"


def _paragraphs(lines: Iterable[str]) -> Iterator[Found]:
    head = None
    for line in lines:
        if matched := _HEAD.match(line):
            head = matched
        elif head and (seen := _SEEN.match(line)):
            yield Found(severity=head[1], requirement=head[2] or "", subject=head[3], vantage=seen[1], found=seen[3])
            head = None


def findings(run: Run) -> list[Found]:
    """All findings of a run that came to its end."""
    begin = _END.search(run.output)
    assert begin, run.output[-3000:]
    return list(_paragraphs(run.output[begin.start() :].splitlines()))


def verified_from(hosts: Iterable[str] = ()) -> list[Found]:
    """Run verify.yml from these hosts, or from all."""
    limit = ",".join(hosts)
    return findings(play(PLAYBOOKS / "verify.yml", arguments=[f"--limit={limit}"] if limit else []))
