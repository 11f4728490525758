# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the kernel has loaded, and what it would have: rules by `nft`, settings in /proc/sys."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from .listing import without_learnt
from .model import FirewallError
from .ruleset import TABLE

_TIMEOUT = 60.0
_WIDTH, _LINES = 300, 20
# A network namespace of its own, which ends with the command: whatever is loaded there concerns nobody.
_TRIAL = 'nft -f "$1" && nft -s list table ' + TABLE
NO_TABLE = f"table {TABLE}\ndelete table {TABLE}\n"
"""A ruleset that takes the table away, whether it is there or not."""


class NoNft(FirewallError):
    """nft is not installed (yet)."""


class Refused(FirewallError):
    """A program ended with an error; the text is what it said."""


@dataclass(frozen=True, kw_only=True)
class Kernel:
    """The host's packet filter and kernel settings."""

    proc_sys: Path = Path("/proc/sys")

    def rules(self) -> str:
        """Our table as nft writes it, without counts and what it learnt; empty when it is not there."""
        tables = (entry.get("table") for entry in json.loads(_run("nft", "--json", "list", "tables"))["nftables"])
        if not any(table and f"{table['family']} {table['name']}" == TABLE for table in tables):
            return ""
        return without_learnt(_run("nft", "--stateless", "list", "table", *TABLE.split()))

    def trial(self, file: Path) -> str:
        """How nft would write our table with this ruleset; it is loaded where nothing depends on it."""
        return _run("unshare", "--net", "--", "/bin/sh", "-c", _TRIAL, "sh", str(file))

    def load(self, file: Path) -> None:
        """Replace our table in one transaction."""
        _run("nft", "--file", str(file))

    def settings(self, sysctls: Mapping[str, str]) -> dict[Path, tuple[str, str]]:
        """The settings that differ: file to what it is and what it should be."""
        wanted = {file: value for name, value in sorted(sysctls.items()) for file in self._files(name)}
        found = {file: file.read_text(encoding="ascii").strip() for file in wanted}
        return {file: (found[file], value) for file, value in wanted.items() if found[file] != value}

    def _files(self, name: str) -> list[Path]:
        """The files of a setting, which may be a pattern; a pattern that matches nothing is satisfied."""
        files = sorted(self.proc_sys.glob(name.replace(".", "/")))
        if not files and "*" not in name:
            raise FirewallError(f"This host's kernel has no setting {name}, which the rules need. Nothing was changed.")
        return files


def _run(*argv: str) -> str:
    try:
        done = subprocess.run(
            argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=_TIMEOUT, check=False
        )
    except FileNotFoundError as exc:
        raise NoNft(
            f"{argv[0]} is not installed, so the rules cannot be loaded. Nothing was changed. "
            "Install the packages nftables and util-linux; the role firewall does."
        ) from exc
    except (OSError, subprocess.TimeoutExpired) as exc:
        raise Refused(f"{argv[0]}: {exc}") from exc
    if done.returncode != 0:
        raise Refused(f"{argv[0]}: {_cut(done.stderr or done.stdout)}")
    return done.stdout


def _cut(said: str) -> str:
    """What nft said, without the whole of a line that has ten thousand addresses."""
    return "\n".join(line.rstrip()[:_WIDTH] for line in said.strip().splitlines()[:_LINES])
