# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from pathlib import Path

import pytest

from lab import apt

ONE_LINE = """
# deb http://old.example.test/debian bookworm main
deb-src http://source.example.test/debian bookworm main
deb [arch=amd64 signed-by=/usr/share/keyrings/x.gpg] http://mirror.example.test/debian/ bookworm main contrib
deb http://mirror.example.test/debian-security bookworm-security main
deb http://packages.example.test/tool tool-bookworm main
"""
DEB822 = """
Types: deb deb-src
# a comment in between
URIs: http://mirror.example.test/debian
Suites: trixie trixie-updates
Components: main

Types: deb
URIs:
 http://mirror.example.test/debian-security
Suites: trixie-security
Components: main
"""
DISABLED = """
Enabled: no
Types: deb
URIs: http://disabled.example.test/debian
Suites: bookworm bookworm-security
Components: main

"""
FOREIGN = "Types: deb\nURIs: https://other.example.test/node\nSuites: nodistro\nComponents: main\n"
CLOUD = """
Types: deb
URIs: mirror+file:/etc/apt/mirrors/debian.list
Suites: bookworm bookworm-updates
Components: main

Types: deb
URIs: mirror+file:/etc/apt/mirrors/debian-security.list
Suites: bookworm-security
Components: main
"""
EXPECTED = apt.Mirrors(
    archive="http://mirror.example.test/debian", security="http://mirror.example.test/debian-security"
)


def machine(root: Path, files: dict[str, str]) -> Path:
    for name, content in files.items():
        path = root / "etc/apt" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
    return root


@pytest.mark.parametrize(
    "files",
    [
        {"sources.list": ONE_LINE},
        {"sources.list.d/extra.list": ONE_LINE},
        {"sources.list.d/debian.sources": DEB822},
        {"sources.list.d/a.sources": FOREIGN + DISABLED, "sources.list.d/debian.sources": DEB822},
        {"sources.list": "", "sources.list.d/debian.sources": DISABLED + DEB822},
        {
            "sources.list.d/debian.sources": CLOUD,
            "mirrors/debian.list": "# nearest\nhttp://mirror.example.test/debian/ priority:1\n",
            "mirrors/debian-security.list": "http://mirror.example.test/debian-security\n",
        },
    ],
    ids=["one line", "one line, own file", "deb822", "foreign and disabled before", "disabled before", "cloud image"],
)
def test_the_mirrors_are_found(tmp_path: Path, files: dict[str, str]) -> None:
    assert apt.find(machine(tmp_path, files)) == EXPECTED


@pytest.mark.parametrize(
    "files",
    [
        {},
        {"sources.list.d/node.sources": FOREIGN},
        {"sources.list": "deb cdrom:[disc] bookworm main"},
        {"sources.list": "deb http://mirror.example.test/debian bookworm contrib"},
        {"sources.list.d/debian.sources": CLOUD},
        {"sources.list.d/ubuntu.sources": DEB822.replace("trixie", "noble")},
    ],
    ids=["nothing", "foreign", "disc", "no main", "list is missing", "ubuntu"],
)
def test_sources_without_a_mirror_of_debian_give_none(tmp_path: Path, files: dict[str, str]) -> None:
    assert apt.find(machine(tmp_path, files)) is None


def test_a_machine_without_security_archive_gets_hosts_without(tmp_path: Path) -> None:
    mirrors = apt.find(machine(tmp_path, {"sources.list": "deb http://mirror.example.test/debian bookworm main"}))
    assert mirrors is not None
    assert mirrors == apt.Mirrors(archive="http://mirror.example.test/debian", security=None)
    assert "security" not in apt.render(mirrors=mirrors, release="bookworm")


def test_a_hosts_sources_name_both_archives() -> None:
    text = apt.render(mirrors=EXPECTED, release="trixie")
    assert "URIs: http://mirror.example.test/debian\nSuites: trixie trixie-updates\n" in text
    assert "URIs: http://mirror.example.test/debian-security\nSuites: trixie-security\n" in text


def test_what_is_rendered_can_be_read(tmp_path: Path) -> None:
    text = apt.render(mirrors=EXPECTED, release="bookworm")
    assert apt.find(machine(tmp_path, {"sources.list.d/debian.sources": text})) == EXPECTED
