# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A profile of Debian's pam-auth-update, which alone writes /etc/pam.d/common-*. Private to this collection."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any, Protocol

from ansible_collections.mailforest.stack.plugins.module_utils._engine import ResourceError, State, Step

ARGUMENTS: dict[str, dict[str, Any]] = {
    "name": {"type": "str", "required": True},
    "content": {"type": "str"},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
}
_NAME = re.compile(r"[a-z][a-z0-9-]{0,40}")
_MODULE_LINE = re.compile(r"^\s+\S.*\bpam_\w+\.so\b.*$", re.MULTILINE)


class Host(Protocol):
    """The profiles, and what pam-auth-update has made of them."""

    def profile(self, name: str) -> str | None:
        """The text of a profile; None = there is none."""

    def applied(self) -> set[str]:
        """The lines that stand in /etc/pam.d now, as pam-auth-update remembers them."""

    def write(self, name: str, content: str) -> None:
        """Write a profile."""

    def remove(self, name: str) -> None:
        """Take a profile out of use, and delete it."""

    def update(self, name: str) -> None:
        """Have pam-auth-update use it."""


def lines_of(profile: str) -> set[str]:
    """The lines of a profile that name a module, without what is between their words."""
    return {" ".join(line.split()) for line in _MODULE_LINE.findall(profile)}


class ProfileResource:
    """The resource of the module `pam_profile`."""

    batch = 2

    def __init__(self, host: Host, options: Mapping[str, Any]) -> None:
        """Check the name, as it becomes a file's."""
        self._host = host
        self._name: str = options["name"]
        self._content: str = options["content"] or ""
        self._present = options["state"] == "present"
        if not _NAME.fullmatch(self._name):
            raise ResourceError(
                f"name '{self._name}' is no name of a profile: small letters, digits and hyphens. Nothing was changed."
            )
        if self._present and not lines_of(self._content):
            raise ResourceError(
                f"The content of the profile {self._name} names no module. Nothing was changed. Give the whole profile,"
                " as in /usr/share/pam-configs."
            )
        self._found: str | None = None

    def current(self) -> State:
        """The profile, and whether it is in use."""
        self._found = self._host.profile(self._name)
        if self._found is None:
            return {}
        return {"content": self._found, "in_use": lines_of(self._found) <= self._host.applied()}

    def desired(self, before: State) -> State:
        """In use as given, or not there."""
        return {"content": self._content, "in_use": True} if self._present else {}

    def plan(self, before: State, after: State) -> list[Step]:
        """Write it and use it, each where that is missing."""
        if not self._present:
            return [Step(verb="remove", target=self._name)] if before else []
        steps = [] if self._found == self._content else [Step(verb="write", target=self._name)]
        if steps or not before["in_use"]:
            steps.append(Step(verb="use", target=self._name))
        return steps

    def transaction(self) -> AbstractContextManager[object]:
        """Each step by itself; the next run completes an interrupted one."""
        return nullcontext()

    def apply(self, step: Step) -> None:
        """Carry out one step."""
        if step.verb == "write":
            self._host.write(self._name, self._content)
        elif step.verb == "remove":
            self._host.remove(self._name)
        else:
            self._host.update(self._name)
            if not lines_of(self._content) <= self._host.applied():
                raise ResourceError(
                    f"pam-auth-update did not take the profile {self._name}: /etc/pam.d/common-* was changed by hand."
                    " The profile is not in use. Run 'pam-auth-update --force' once, which takes those changes back,"
                    " and then this again."
                )

    def finish(self) -> None:
        """Nothing is left to do."""

    def result(self) -> Mapping[str, Any]:
        """Nothing beyond the plan."""
        return {}


class DebianPam:
    """The files of Debian's pam-auth-update."""

    def __init__(self, run: Callable[[Sequence[str]], tuple[int, str]], root: Path = Path("/")) -> None:
        """`run` runs a command, and tells its exit code and what it said."""
        self._run = run
        self._profiles = root / "usr/share/pam-configs"
        self._memory = root / "var/lib/pam"

    def profile(self, name: str) -> str | None:
        """Read the profile."""
        try:
            return (self._profiles / name).read_text(encoding="utf-8")
        except FileNotFoundError:
            return None

    def applied(self) -> set[str]:
        """It remembers the lines of every profile in use, by type."""
        files = [self._memory / kind for kind in ("account", "auth", "password", "session", "session-noninteractive")]
        texts = [file.read_text(encoding="utf-8") for file in files if file.exists()]
        return {" ".join(line.split()) for text in texts for line in text.splitlines()}

    def write(self, name: str, content: str) -> None:
        """Write it beside, and rename it."""
        self._profiles.mkdir(parents=True, exist_ok=True)
        new = self._profiles / f".{name}.new"
        new.write_text(content, encoding="utf-8")
        new.chmod(0o644)
        new.replace(self._profiles / name)

    def remove(self, name: str) -> None:
        """pam-auth-update needs the profile to take it out."""
        self._call("--package", "--remove", name)
        (self._profiles / name).unlink(missing_ok=True)

    def update(self, name: str) -> None:
        """Use it, and write what changed in it."""
        self._call("--enable", name)

    def _call(self, *words: str) -> None:
        code, said = self._run(["pam-auth-update", *words])
        if code:
            raise ResourceError(f"pam-auth-update {' '.join(words)} failed: {said.strip()}. Cure the cause; run again.")
