# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Under which selectors a mail server's keys are, while it changes from one to the next. Private to this collection.

A host that never changed its keys has no file: its selector is the one that it was given. The file belongs to that one;
who gives the host another selector by hand begins anew.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from .._engine import ResourceError

FILE = "rotation.json"
_DAY = 86400


@dataclass(frozen=True, kw_only=True)
class Selectors:
    """What is signed with, what will be, and what was; `since` is when nothing was signed with the former any more."""

    base: str
    current: str
    next: str = ""
    former: str = ""
    since: float = 0

    @classmethod
    def read(cls, directory: Path, base: str) -> Selectors:
        """What the host's file says, if it has one for this selector."""
        path = directory / FILE
        try:
            given = json.loads(path.read_text(encoding="utf-8"))
            found = cls(**given)
        except FileNotFoundError:
            return cls(base=base, current=base)
        except (ValueError, TypeError) as exc:
            raise ResourceError(
                f"{path} cannot be read: {exc}. Nothing was changed. Write into it which selector signs, as"
                f' {{"base": "{base}", "current": "..."}}: its key lies beside it, its record is in DNS.'
            ) from exc
        return found if found.base == base else cls(base=base, current=base)

    def write(self, directory: Path) -> None:
        """Keep it, as a whole or not at all."""
        new = directory / f".{FILE}.new"
        new.unlink(missing_ok=True)
        descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(asdict(self), file)
            file.flush()
            os.fsync(file.fileno())
        new.rename(directory / FILE)

    @property
    def used(self) -> list[tuple[str, str]]:
        """Use and selector of all that others may have to verify by."""
        uses = (("current", self.current), ("next", self.next), ("former", self.former))
        return [(use, selector) for use, selector in uses if selector]

    @property
    def settled(self) -> bool:
        """Whether nothing is under way that must be completed first."""
        return not self.next and not (self.former and not self.since)

    def begun(self, selector: str) -> Selectors:
        """With a next one, which is kept where there is one."""
        return self if self.next else replace(self, next=selector)

    def switched(self) -> Selectors:
        """With the next one as the current."""
        return replace(self, current=self.next, next="", former=self.current, since=0) if self.next else self

    def settled_at(self, now: float) -> Selectors:
        """Since when the former one signs nothing."""
        return replace(self, since=now) if self.former and not self.since else self

    def ended(self) -> Selectors:
        """Without the former one."""
        return replace(self, former="", since=0)

    def shown(self, now: float) -> dict[str, object]:
        """For who decides what comes next; `former_days` is -1 while it may still sign, or where there is none."""
        days = int((now - self.since) // _DAY) if self.former and self.since else -1
        return {"next": self.next, "former": self.former, "former_days": days, "settled": self.settled}


def fresh(base: str, day: str, taken: Iterable[str]) -> str:
    """A selector that was never used: the first one's name with a day, and a number where one day has several."""
    used = set(taken)
    names = (f"{base}-{day}" if number == 1 else f"{base}-{day}-{number}" for number in range(1, 1000))
    return next(name for name in names if name not in used)
