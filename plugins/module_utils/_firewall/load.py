# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Load a ruleset that differs from what rules, behind a switch that takes it back."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .guard import Former, Guard
from .kernel import Kernel, NoNft, Refused
from .listing import flat, shortened
from .model import FirewallError


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What is to rule."""

    ruleset: str
    sysctls: Mapping[str, str]
    seconds: int
    stamp: str


@dataclass(frozen=True, kw_only=True)
class Difference:
    """What rules and what is to rule, both as the same nft writes them."""

    before: str
    after: str
    settings: Mapping[Path, tuple[str, str]]

    def __bool__(self) -> bool:
        return flat(self.before) != flat(self.after) or bool(self.settings)

    def shown(self) -> dict[str, str]:
        """The difference for the user: a line per rule, with its chain."""
        there, due = flat(self.before), flat(self.after)
        before = [f"{file} = {old}" for file, (old, _new) in self.settings.items()]
        after = [f"{file} = {new}" for file, (_old, new) in self.settings.items()]
        return {
            "before_header": "loaded rules",
            "after_header": "rules to load",
            "before": "".join(f"{line}\n" for line in (*before, *shortened(there, due))),
            "after": "".join(f"{line}\n" for line in (*after, *shortened(due, there))),
        }


@contextmanager
def temporary(text: str) -> Iterator[Path]:
    """The text in a file, for nft."""
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", prefix="mailforest-", suffix=".nft") as handle:
        handle.write(text)
        handle.flush()
        yield Path(handle.name)


def compare(wanted: Wanted, kernel: Kernel, file: Path) -> Difference:
    """Load the rules where nobody depends on them, and look at what rules."""
    before = kernel.rules()
    try:
        after = kernel.trial(file)
    except Refused as exc:
        raise FirewallError(
            f"The kernel does not take these rules: {exc}. Nothing was changed. They are tried in a network namespace "
            "of their own first: a refused rule is a mistake in the ruleset; a refused `unshare` means that the host "
            "lacks CAP_SYS_ADMIN, which it needs."
        ) from exc
    return Difference(before=before, after=after, settings=kernel.settings(wanted.sysctls))


def preview(wanted: Wanted, kernel: Kernel) -> dict[str, Any]:
    """What a real run would do."""
    with temporary(wanted.ruleset) as file:
        try:
            difference = compare(wanted, kernel, file)
        except NoNft:
            difference = Difference(before="", after=wanted.ruleset, settings={})
    return {"changed": bool(difference), "diff": difference.shown()}


def load(wanted: Wanted, kernel: Kernel, guard: Guard) -> dict[str, Any]:
    """Arm the switch and load; nothing of it when there is no difference."""
    if not guard.wait(wanted.seconds + 5):
        raise FirewallError(
            "Another run loaded rules and has not confirmed them yet. This one changed nothing. "
            "Run again when the other has ended; without it the former rules come back by themselves."
        )
    with guard.alone(), temporary(wanted.ruleset) as file:
        difference = compare(wanted, kernel, file)
        armed = time.monotonic()
        if difference:
            _exchange(wanted, difference, file, kernel, guard)
    left = wanted.seconds - (time.monotonic() - armed)
    return {"changed": bool(difference), "diff": difference.shown(), "left": round(left, 1)}


def _exchange(wanted: Wanted, difference: Difference, file: Path, kernel: Kernel, guard: Guard) -> None:
    former = Former(rules=difference.before, settings={f: old for f, (old, _new) in difference.settings.items()})
    try:
        guard.arm(wanted.stamp, former, seconds=wanted.seconds)
    except FirewallError as exc:
        raise FirewallError(
            f"The timer that would bring the former rules back cannot be armed: {exc}. Nothing was changed. "
            "See `systemctl status`, and run again."
        ) from exc
    try:
        # The rules first: a gateway never passes on what they have not seen.
        kernel.load(file)
        for setting, (_old, new) in difference.settings.items():
            setting.write_text(f"{new}\n", encoding="ascii")
    except (FirewallError, OSError) as exc:
        guard.revert(wanted.stamp)
        raise FirewallError(
            f"The rules cannot be loaded: {exc}. The former rules are back, and nothing was kept for the next boot. "
            "Mend what the message says, and run again."
        ) from exc
