# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import io
import shlex
import socket
import tarfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from docker.errors import NotFound

from lab import access, definition
from lab.errors import LabError

LAB = definition.parse(
    name="small",
    content={
        "networks": {"lan": {"subnet": "192.0.2.0/26"}, "wan": {"subnet": "192.0.2.64/26"}},
        "hosts": {"gw": {"release": "trixie", "addresses": {"wan": "192.0.2.66", "lan": "192.0.2.2"}}},
    },
)
KEYS = "/home/debian/.ssh/authorized_keys"


class Container:
    """An engine's container that has files, and nothing else."""

    def __init__(self) -> None:
        self.files: dict[str, str] = {}

    def get_archive(self, path: str) -> tuple[Iterator[bytes], dict[str, str]]:
        if path not in self.files:
            raise NotFound("no such file")
        content = self.files[path].encode()
        stream = io.BytesIO()
        with tarfile.open(fileobj=stream, mode="w") as archive:
            entry = tarfile.TarInfo(Path(path).name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
        return iter([stream.getvalue()[:700], stream.getvalue()[700:]]), {}

    def put_archive(self, path: str, data: bytes) -> None:
        with tarfile.open(fileobj=io.BytesIO(data)) as archive:
            for member in archive.getmembers():
                assert (member.mode, member.uid) == (0o600, 1000)
                content = archive.extractfile(member)
                assert content is not None
                self.files[f"{path}/{member.name}"] = content.read().decode()


def test_the_key_is_let_in_once() -> None:
    container = Container()
    assert [
        access.authorize(container, "ssh-ed25519 AAAA lab"),
        access.authorize(container, "ssh-ed25519 AAAA lab"),
    ] == [
        True,
        False,
    ]
    assert container.files[KEYS] == "ssh-ed25519 AAAA lab\n"


def test_a_new_key_replaces_the_old() -> None:
    container = Container()
    container.files[KEYS] = "ssh-ed25519 BBBB other\n"
    assert access.authorize(container, "ssh-ed25519 AAAA lab")
    assert container.files[KEYS] == "ssh-ed25519 AAAA lab\n"


def test_host_keys_stand_under_every_address_and_the_name() -> None:
    container = Container()
    container.files["/etc/ssh/ssh_host_ed25519_key.pub"] = "ssh-ed25519 AAAA root@gw\n"
    container.files["/etc/ssh/ssh_host_rsa_key.pub"] = "ssh-rsa BBBB root@gw\n"
    assert access.known_hosts(container, LAB.hosts["gw"]).splitlines() == [
        "192.0.2.66,192.0.2.2,gw ssh-ed25519 AAAA",
        "192.0.2.66,192.0.2.2,gw ssh-rsa BBBB",
    ]


def test_the_inventory_checks_host_keys_and_survives_spaces_in_paths() -> None:
    content = yaml.safe_load(access.inventory(LAB, Path("/srv/my lab")))["all"]
    assert "hosts" not in content, "addresses stand in the user's own inventory; the lab must not override them"
    assert content["vars"]["ansible_ssh_private_key_file"] == "/srv/my lab/id_ed25519"
    arguments = shlex.split(content["vars"]["ansible_ssh_common_args"])
    assert "StrictHostKeyChecking=yes" in arguments
    assert "UserKnownHostsFile=/srv/my lab/known_hosts" in arguments


def test_the_key_pair_is_made_once(tmp_path: Path) -> None:
    first = access.ensure_key_pair(tmp_path / "small")
    assert first.startswith("ssh-ed25519 ")
    assert access.ensure_key_pair(tmp_path / "small") == first
    assert (tmp_path / "small/id_ed25519").stat().st_mode & 0o777 == 0o600


def test_a_file_is_written_only_when_it_differs(tmp_path: Path) -> None:
    path = tmp_path / "file"
    assert [access.write(path, content) for content in ("a", "a", "b")] == [True, False, True]
    assert path.read_text(encoding="utf-8") == "b"


def test_a_host_that_does_not_answer_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise ConnectionRefusedError("refused")

    monkeypatch.setattr(socket, "create_connection", refuse)
    with pytest.raises(LabError, match=r"gw \(192\.0\.2\.66\) does not answer over SSH: refused"):
        access.wait_for_ssh(LAB.hosts["gw"], deadline=time.monotonic() + 0.3)
