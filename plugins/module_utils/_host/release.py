# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Debian's next release in place of this one, by the host's own package sources. Private to this collection.

The upgrade itself runs in a unit of systemd, so that a lost connection does not end it half-way. What is left to do is
always read from the host: a run that was interrupted anywhere is completed by the next one.
"""

from __future__ import annotations

import fcntl
import re
import shutil
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from .._engine import ResourceError, State, Step

Run = Callable[..., tuple[int, str, str]]
"""AnsibleModule.run_command."""
UNIT = "mailforest-release-upgrade.service"
CODENAMES = {"12": "bookworm", "13": "trixie"}
FREE_MEGABYTES = 3000
"""For the packages, and for what they unpack to beside what is there."""
_ONE_LINE = re.compile(r"^(?P<head>\s*deb(?:-src)?\s+(?:\[[^]]*\]\s+)?\S+\s+)(?P<suite>\S+)(?P<tail>.*)$")
_SUITES = re.compile(r"^(?P<head>Suites:)(?P<suites>.*)$", re.IGNORECASE)
_OPTIONS = "--yes --option=Dpkg::Options::=--force-confdef --option=Dpkg::Options::=--force-confold"
_SCRIPT = f"""#!/bin/sh
set -e
export DEBIAN_FRONTEND=noninteractive NEEDRESTART_MODE=l APT_LISTCHANGES_FRONTEND=none LC_ALL=C.UTF-8
dpkg --force-confdef --force-confold --configure -a
apt-get {_OPTIONS} --fix-broken install
apt-get {_OPTIONS} update
apt-get {_OPTIONS} upgrade --without-new-pkgs
apt-get {_OPTIONS} full-upgrade
"""


def switched(text: str, old: str, new: str) -> str:
    """The text of a file of package sources, with the suites of one release replaced by those of another."""
    return "".join(_switched_line(line, old, new) for line in text.splitlines(keepends=True))


def _switched_line(line: str, old: str, new: str) -> str:
    if one := _ONE_LINE.match(line):
        return f"{one['head']}{_suite(one['suite'], old, new)}{line[one.end('suite') :]}"
    if several := _SUITES.match(line):
        words = [_suite(word, old, new) for word in several["suites"].split()]
        return f"{several['head']} {' '.join(words)}{line[several.end() :]}"
    return line


def _suite(word: str, old: str, new: str) -> str:
    return new + word[len(old) :] if re.fullmatch(rf"{old}(?:[-/].*)?", word) else word


def suites(text: str) -> list[str]:
    """The suites that a file of package sources names."""
    found = [(_ONE_LINE.match(line), _SUITES.match(line)) for line in text.splitlines()]
    return [
        suite
        for one, several in found
        for suite in ([one["suite"]] if one else several["suites"].split() if several else [])
    ]


def strangers(found: Iterable[str], old: str, new: str) -> list[str]:
    """Suites that are of neither release: `stable` changes by itself, and of others nobody knows what they hold."""
    return sorted({word for word in found if not re.fullmatch(rf"(?:{old}|{new})(?:[-/].*)?", word)})


def origins(lists: Path) -> dict[str, str]:
    """Who signs each archive that the host knows: `Origin` by the name of the list."""
    found = {}
    for path in sorted(lists.glob("*Release")):
        origin = re.search(r"^Origin: *(.*)$", path.read_text(encoding="utf-8", errors="replace"), re.MULTILINE)
        found[path.name] = origin[1].strip() if origin else ""
    return found


def simulated(text: str) -> tuple[list[str], list[str]]:
    """The packages that `apt-get --simulate` would install and remove."""
    return (re.findall(r"^Inst (\S+)", text, re.MULTILINE), re.findall(r"^(?:Remv|Purg) (\S+)", text, re.MULTILINE))


@dataclass
class ReleaseUpgrade:
    """The host's release as a resource of the engine."""

    target: str
    units: Sequence[str]
    keep: Sequence[str]
    run: Run = field(repr=False)
    root: Path = Path("/")
    pause: float = 5.0
    batch: int = 1
    _began: str = ""
    _lock: IO[str] | None = field(default=None, repr=False)

    @property
    def _state(self) -> Path:
        """What must be known after an interruption: the sources as they were, and that an upgrade was begun."""
        return self.root / "var/lib/mailforest/release-upgrade"

    @property
    def _sources(self) -> list[Path]:
        apt = self.root / "etc/apt"
        found = [
            apt / "sources.list",
            *(apt / "sources.list.d").glob("*.list"),
            *(apt / "sources.list.d").glob("*.sources"),
        ]
        return sorted(path for path in found if path.is_file())

    def current(self) -> State:
        """The release, and what is in the way of another."""
        self._alone()
        self._settle()
        self._began = self._release()
        state = {"release": self._began, "sources": self._suites(), "begun": self._state.is_dir()}
        if self._began != self.target or state["begun"]:
            self._refuse_surprises()
        return state

    def desired(self, before: State) -> State:
        """The target, by the same sources."""
        if before["release"] == self.target and not before["begun"]:
            return before
        old, new = self._names()
        sources = {path: [_suite(word, old, new) for word in words] for path, words in before["sources"].items()}
        return {"release": self.target, "sources": sources, "begun": False}

    def plan(self, before: State, after: State) -> list[Step]:
        """Sources, a look at what would happen, services off, packages, services free to start again."""
        if before == after:
            return []
        changed = [path for path in before["sources"] if before["sources"][path] != after["sources"][path]]
        return [
            *(Step(verb="switch", target=path, change={"suites": after["sources"][path]}) for path in changed),
            Step(verb="look", target="what the upgrade would remove"),
            *(Step(verb="hold", target=unit) for unit in self.units),
            Step(verb="upgrade", target=f"Debian {before['release']} to {self.target}"),
            *(Step(verb="release", target=unit) for unit in self.units),
        ]

    def transaction(self) -> AbstractContextManager[object]:
        """Nothing holds these steps together."""
        return nullcontext()

    def apply(self, step: Step) -> None:
        """Carry out one step."""
        steps = {
            "switch": self._switch,
            "look": self._look,
            "hold": self._hold,
            "upgrade": self._upgrade,
            "release": self._let_go,
        }
        steps[step.verb](step.target)

    def finish(self) -> None:
        """Forget that something was begun; what was written down for the way back is not needed any more."""
        shutil.rmtree(self._state, ignore_errors=True)

    def result(self) -> Mapping[str, Any]:
        """Where it began."""
        return {"began_with": self._began, "reboot": self._began != self.target}

    def _names(self) -> tuple[str, str]:
        return CODENAMES[str(int(self.target) - 1)], CODENAMES[self.target]

    def _release(self) -> str:
        found = dict(
            line.partition("=")[::2] for line in (self.root / "etc/os-release").read_text(encoding="utf-8").splitlines()
        )
        release = found.get("VERSION_ID", "").strip('"')
        if found.get("ID") != "debian" or release not in (str(int(self.target) - 1), self.target):
            raise ResourceError(
                f"This host has {found.get('PRETTY_NAME', 'an unknown system')}, nothing was changed. "
                f"Debian {self.target} is reached from Debian {int(self.target) - 1} alone."
            )
        return release

    def _suites(self) -> dict[str, list[str]]:
        found = {f"/{path.relative_to(self.root)}": suites(path.read_text(encoding="utf-8")) for path in self._sources}
        return {path: words for path, words in found.items() if words}

    def _refuse_surprises(self) -> None:
        errors = [
            error
            for look in (self._controller, self._foreign, self._unfinished, self._held, self._space)
            if (error := look())
        ]
        if errors:
            raise ResourceError(f"Nothing was changed. {' '.join(errors)}", errors=errors)

    def _controller(self) -> str:
        if not (self.root / "var/lib/samba/private/sam.ldb").exists():
            return ""
        return (
            "This host is a domain controller, which is not upgraded in place: it leaves the directory, is installed "
            "anew and joins again (mailforest.stack.release_upgrade, docs/operations/controller-release.md)."
        )

    def _foreign(self) -> str:
        old, new = self._names()
        words = strangers((word for words in self._suites().values() for word in words), old, new)
        others = [name for name, origin in origins(self.root / "var/lib/apt/lists").items() if origin != "Debian"]
        if not words and not others:
            return ""
        return (
            f"The package sources are not Debian's alone, or do not name the release: {', '.join(words + others)}. "
            "What is installed from there may not fit the new release: take them away, or name the release in them."
        )

    def _unfinished(self) -> str:
        found = self._said("dpkg", "--audit").strip()
        if not found or self._state.is_dir():
            return ""
        return f"dpkg has unfinished packages; mend them first (dpkg --configure -a): {found[:300]}"

    def _held(self) -> str:
        found = self._said("apt-mark", "showhold").split()
        return (
            f"Packages are held back: {', '.join(found)}. Let go of them (apt-mark unhold), or remove them."
            if found
            else ""
        )

    def _space(self) -> str:
        free = min(shutil.disk_usage(self.root / path).free for path in ("", "var")) // 1_000_000
        return f"{free} MB are free, {FREE_MEGABYTES} are needed; make room." if free < FREE_MEGABYTES else ""

    def _switch(self, path: str) -> None:
        old, new = self._names()
        file, kept = self.root / path.lstrip("/"), self._state / path.strip("/").replace("/", "!")
        self._state.mkdir(parents=True, exist_ok=True, mode=0o700)
        text = file.read_text(encoding="utf-8")
        _written(kept, text)
        _written(file, switched(text, old, new))

    def _look(self, _target: str) -> None:
        """Abort, with the sources as they were, when the archive does not answer or what is needed would go."""
        self._state.mkdir(parents=True, exist_ok=True, mode=0o700)
        code, output, error = self.run(["apt-get", "update", "--option=APT::Update::Error-Mode=any"])
        if code:
            self._back(f"The new release's packages could not be listed: {(error or output).strip()[-500:]}")
        removed = sorted(set(self._pending()[1]) & set(self.keep))
        if removed:
            self._back(f"The upgrade would remove {', '.join(removed)}.")

    def _back(self, reason: str) -> None:
        if self._release() == self.target:
            raise ResourceError(f"{reason} The upgrade had begun. Mend that, and run this again.")
        for kept in self._state.glob("etc!apt!*"):
            _written(self.root / kept.name.replace("!", "/"), kept.read_text(encoding="utf-8"))
        self.run(["apt-get", "update"])
        for unit in self.units:
            self._start_again(unit)
        shutil.rmtree(self._state, ignore_errors=True)
        raise ResourceError(f"{reason} The package sources are as they were, and nothing was upgraded.")

    def _hold(self, unit: str) -> None:
        """Stopped, and not started by a package or at boot: its configuration is not yet for the new release."""
        for verb in ("stop", "mask"):
            self.run(["systemctl", verb, unit])
        if self.run(["systemctl", "is-active", "--quiet", unit])[0] == 0:
            raise ResourceError(f"{unit} could not be stopped; no package was upgraded. Stop it, and run this again.")

    def _start_again(self, unit: str) -> None:
        """What an earlier run has stopped; a unit that somebody else stopped is not ours to start."""
        if self.run(["systemctl", "is-enabled", unit])[1].strip() == "masked":
            self._let_go(unit)
            self.run(["systemctl", "start", unit])

    def _let_go(self, unit: str) -> None:
        self.run(["systemctl", "unmask", unit])

    def _upgrade(self, _target: str) -> None:
        script = self._state / "upgrade"
        _written(script, _SCRIPT, mode=0o700)
        log = "append:/var/log/mailforest-release-upgrade.log"
        self.run(["systemctl", "reset-failed", UNIT])
        self._said(
            *("systemd-run", f"--unit={UNIT}", f"--property=StandardOutput={log}", f"--property=StandardError={log}"),
            *("/bin/sh", f"/{script.relative_to(self.root)}"),
        )
        self._settle()
        pending, unfinished = self._pending()[0], self._said("dpkg", "--audit").strip()
        if self._release() != self.target or pending or unfinished:
            raise ResourceError(
                f"The upgrade stopped half-way: {len(pending)} packages wait. {unfinished[:300]} See the end of "
                "/var/log/mailforest-release-upgrade.log, mend what it says, and run this again. "
                f"{', '.join(self.units)} stay stopped until then, and other servers keep the mail for this one."
            )

    def _alone(self) -> None:
        """Wait for a run that lost its connection, and goes on by itself. The kernel lets go when this process ends."""
        path = self.root / "run/mailforest-release-upgrade.lock"
        path.parent.mkdir(exist_ok=True)
        self._lock = path.open("w", encoding="utf-8")
        fcntl.flock(self._lock, fcntl.LOCK_EX)

    def _settle(self) -> None:
        """Wait for an upgrade that is under way, by this run or by one that was interrupted.

        While it replaces systemd and the bus there is no answer, which does not mean that it has ended.
        """
        while self.run(["systemctl", "is-active", UNIT])[1].strip() not in ("inactive", "failed"):
            time.sleep(self.pause)

    def _pending(self) -> tuple[list[str], list[str]]:
        return simulated(self._said("apt-get", "--simulate", "full-upgrade"))

    def _said(self, *words: str) -> str:
        code, output, error = self.run(list(words))
        if code:
            raise ResourceError(
                f"{' '.join(words)} failed: {(error or output).strip()[-500:]} Mend that, and run this again."
            )
        return output


def _written(path: Path, text: str, *, mode: int = 0o644) -> None:
    """Whole or not at all."""
    new = path.with_name(f"{path.name}.mailforest-new")
    new.write_text(text, encoding="utf-8")
    new.chmod(mode)
    new.replace(path)
