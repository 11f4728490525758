# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to the collection: files that were changed by hand, and keys that others can read."""

from __future__ import annotations

import hashlib
import re
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from ansible_collections.mailforest.stack.plugins.module_utils._config_tree.state import (
    Layout,
    Written,
    load_written,
)

from .problem import Problem

AREAS = {
    "autoconfig": "MAIL-17",
    "backup": "AD-15",
    "certificates": "AD-12",
    "dovecot": "MAIL-26",
    "firewall": "AD-10",
    "host": "MAIL-21",
    "mail_tables": "MAIL-13",
    "postfix": "MAIL-10",
    "rspamd": "MAIL-24",
    "samba_dc": "AD-13",
    "samba_member": "AD-39",
    "site_tunnel": "AD-11",
    "sysvol_sync": "AD-42",
    "tls_tunnel": "AD-11",
}
"""Role to the requirement that its files serve."""
SECRETS = ("/etc/ssl/mailforest", "/etc/ssl/mailforest-ca", "/etc/ssl/mailforest-dkim", "/etc/dovecot", "/etc/samba")
_SECRET = re.compile(r".*\.(key|keytab)")


@dataclass(frozen=True, kw_only=True)
class Drift:
    """A file that is not as its role wrote it."""

    tree: str
    path: str
    found: str


def _area(tree: str) -> str:
    role = re.split(r"[-.]", tree)[0]
    return next((AREAS[name] for name in sorted(AREAS, reverse=True) if role.startswith(name)), "AD-13")


def compare(path: Path, written: Written) -> str:
    """What is wrong with a file; "" when it is as written."""
    try:
        state = path.stat()
        content = path.read_bytes()
    except FileNotFoundError:
        return "it is not there"
    except OSError as exc:
        return f"it cannot be read: {exc.strerror}"
    if hashlib.sha256(content).hexdigest() != written.sha256:
        return "its content is another"
    mode = stat.S_IMODE(state.st_mode)
    return "" if mode == written.mode else f"its mode is {mode:04o}, not {written.mode:04o}"


def drifts(layout: Layout) -> Iterator[Drift]:
    """Every file of every tree that `config_tree` has written on this host."""
    for state_file in sorted(layout.state.glob("*.json")):
        for path, written in sorted(load_written(layout, state_file.stem).items()):
            if found := compare(Path(path), written):
                yield Drift(tree=state_file.stem, path=path, found=found)


def judge(found: Iterable[Drift]) -> Iterator[Problem]:
    """What was changed by hand."""
    for drift in found:
        yield Problem(
            requirement=_area(drift.tree),
            subject=f"file {drift.path}",
            expected="as the last run wrote it",
            found=drift.found,
            cause="Somebody, or a package's upgrade, changed it.",
            remedy="site.yml --check --diff shows the difference, site.yml takes it back; what is to stay belongs into"
            " the inventory.",
        )


def exposed(places: Iterable[str]) -> Iterator[Problem]:
    """Private keys and keytabs that everybody on the host can read, or that others than root can change."""
    for place in places:
        for path in sorted(Path(place).rglob("*")) if Path(place).is_dir() else ():
            if path.is_symlink() or not path.is_file() or not _SECRET.fullmatch(path.name):
                continue
            mode = stat.S_IMODE(path.stat().st_mode)
            if mode & 0o027:
                yield Problem(
                    requirement="AD-12",
                    subject=f"key {path}",
                    expected="for its service alone",
                    found=f"mode {mode:04o}",
                    cause="Somebody changed its mode, or copied it here.",
                    remedy="Run site.yml, which sets the mode; renew the key, as others may have read it.",
                )
