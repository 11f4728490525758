# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Debian mirror that this machine uses, read from its apt sources in both formats."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_ARCHIVE = re.compile(r"(bullseye|bookworm|trixie|forky|sid|oldstable|stable|testing|unstable)")
_SECURITY = re.compile(_ARCHIVE.pattern + r"(-security|/updates)")
_KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"


@dataclass(frozen=True, kw_only=True)
class Mirrors:
    """Addresses of the Debian archive and of its security archive, where this machine has one."""

    archive: str
    security: str | None


@dataclass(frozen=True)
class _Source:
    uris: tuple[str, ...]
    suites: tuple[str, ...]
    components: tuple[str, ...]


def find(root: Path = Path("/")) -> Mirrors | None:
    """Read the mirrors from the apt sources below `root`; None without one of Debian, as on Ubuntu."""
    apt = root / "etc/apt"
    one_line = [apt / "sources.list", *sorted((apt / "sources.list.d").glob("*.list"))]
    text = [source for path in one_line if path.is_file() for source in _one_line(path.read_text(encoding="utf-8"))]
    deb822 = sorted((apt / "sources.list.d").glob("*.sources"))
    text += [source for path in deb822 for source in _deb822(path.read_text(encoding="utf-8"))]
    archive = _first(text, _ARCHIVE, root)
    return None if archive is None else Mirrors(archive=archive, security=_first(text, _SECURITY, root))


def render(*, mirrors: Mirrors, release: str) -> str:
    """The sources file of a lab host, in the form that Debian's cloud images have."""
    parts = [(mirrors.archive, f"{release} {release}-updates")]
    if mirrors.security is not None:
        parts.append((mirrors.security, f"{release}-security"))
    return "\n".join(
        f"Types: deb\nURIs: {uri}\nSuites: {suites}\nComponents: main\nSigned-By: {_KEYRING}\n" for uri, suites in parts
    )


def _first(sources: list[_Source], suite: re.Pattern[str], root: Path) -> str | None:
    for source in sources:
        if "main" in source.components and any(suite.fullmatch(name) for name in source.suites):
            for uri in source.uris:
                address = _resolve(uri, root)
                if address is not None:
                    return address.rstrip("/")
    return None


def _resolve(uri: str, root: Path) -> str | None:
    """Cloud images name a file with a list of mirrors (`mirror+file:`); the first of the list counts."""
    if uri.startswith(("http://", "https://")):
        return uri
    path = root / uri.removeprefix("mirror+file:").lstrip("/")
    if uri.startswith("mirror+file:") and path.is_file():
        for line in path.read_text(encoding="utf-8").splitlines():
            if line.startswith(("http://", "https://")):
                return line.split()[0]
    return None


def _one_line(text: str) -> Iterator[_Source]:
    for line in text.splitlines():
        words = re.sub(r"\[[^]]*\]", " ", line.split("#")[0]).split()
        if len(words) > 3 and words[0] == "deb":
            yield _Source((words[1],), (words[2],), tuple(words[3:]))


def _deb822(text: str) -> Iterator[_Source]:
    uncommented = "\n".join(line for line in text.splitlines() if not line.startswith("#"))
    for stanza in re.split(r"\n\s*\n", uncommented):
        fields: dict[str, str] = {}
        key = ""
        for line in stanza.splitlines():
            if line[:1].isspace():
                fields[key] = fields.get(key, "") + " " + line.strip()
            elif ":" in line:
                key, value = line.split(":", 1)
                key = key.lower()
                fields[key] = value.strip()
        enabled = fields.get("enabled", "yes").lower() not in ("no", "false", "0")
        if enabled and "deb" in fields.get("types", "").split():
            yield _Source(*(tuple(fields.get(name, "").split()) for name in ("uris", "suites", "components")))
