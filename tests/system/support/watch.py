# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where passwords must not be: in processes, journals, files that others can read, in what Ansible prints."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from testinfra.host import Host

from .hosts import at, root_shell

_UNIT = "mailforest-watch"
_SEEN = "/run/mailforest-watch"
_PAUSE = 0.01
_WATCHER = f"""
import os, time
seen, known = open("{_SEEN}", "wb", 0), set()
os.chmod("{_SEEN}", 0o600)
mine = str(os.getpid())
while True:
    for pid in filter(str.isdigit, os.listdir("/proc")):
        if pid == mine:
            continue
        for kind in ("cmdline", "environ"):
            try:
                text = open(f"/proc/{{pid}}/{{kind}}", "rb").read()
            except OSError:
                continue
            if text and (pid, text) not in known:
                known.add((pid, text))
                seen.write(kind.encode() + b" " + text.replace(b"\\0", b" ").replace(b"\\n", b" ") + b"\\n")
    time.sleep({_PAUSE})
"""
_READABLE = """
find / /run /dev/shm -xdev -type f -perm /o+r -size -16M -newermt @{since} -print0 \
  | xargs -0 --no-run-if-empty grep -lF -f {file} || true
"""


def words(office: Path) -> list[str]:
    """All passwords of a scenario, from its vault."""
    return sorted(set(_texts(yaml.safe_load((office / "secrets.yml").read_text(encoding="utf-8")))))


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    for inner in value.values() if isinstance(value, Mapping) else ():
        yield from _texts(inner)


@contextlib.contextmanager
def watched(names: Iterable[str]) -> Iterator[None]:
    """Note every command line and environment on the hosts, a hundred times a second.

    What lives for less than that may go unseen.
    """
    hosts = [at(name) for name in names]
    for host in hosts:
        root_shell(host, f"rm -f {_SEEN}; systemd-run --quiet --collect --unit={_UNIT} python3 -c '{_WATCHER}'")
    try:
        yield
    finally:
        for host in hosts:
            root_shell(host, f"systemctl stop {_UNIT}")


def seen(host: Host) -> list[str]:
    """What `watched` noted."""
    return root_shell(host, f"cat {_SEEN}").splitlines()


def leaks(lines: Iterable[str], secrets: Sequence[str]) -> list[str]:
    """Lines with a secret in them, the secrets themselves left out."""
    return [_hidden(line, secrets)[:300] for line in lines if any(secret in line for secret in secrets)]


def _hidden(line: str, secrets: Sequence[str]) -> str:
    for secret in secrets:
        line = line.replace(secret, "<secret>")
    return line


def readable_files(host: Host, secrets: Sequence[str], *, since: float) -> list[str]:
    """Files younger than that moment which hold a secret and which others can read."""
    return _with_words(host, secrets, _READABLE.replace("{since}", str(int(since)))).splitlines()


def journal(host: Host, secrets: Sequence[str], *, since: float) -> int:
    """How many lines of the journal hold a secret."""
    return int(_with_words(host, secrets, f"journalctl --since=@{int(since)} | grep -cF -f {{file}} || true"))


def _with_words(host: Host, secrets: Sequence[str], script: str) -> str:
    """Run a script with a file of the secrets, which only root can read and which comes by no command line."""
    file = "/run/mailforest-words"
    copied = host.ansible(
        "ansible.builtin.copy",
        json.dumps({"content": "\n".join(secrets) + "\n", "dest": file, "mode": "0600"}),
        check=False,
        become=True,
    )
    assert "checksum" in copied
    try:
        return root_shell(host, script.replace("{file}", file))
    finally:
        root_shell(host, f"rm -f {file}")
