# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Images of blank hosts: the base comes from a registry where one answers, else from debootstrap."""

from __future__ import annotations

import hashlib
import os
import subprocess
import tempfile
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import docker
import requests

from lab import apt
from lab.errors import LabError

LABEL = "mailforest.lab"
"""On every container, network and image of ours; the value is the lab's name, or `shared` for images."""

IMAGES = "mailforest-lab"
"""The names of our images begin with it."""

_INPUTS = "mailforest.lab.inputs"
_SOURCE = Path(__file__).parent / "host"
_REGISTRY_SECONDS = 8
_BUILD_SECONDS = 900
_BASE_PACKAGES = "ca-certificates,dbus,openssh-server,python3,sudo,systemd,systemd-sysv"

Say = Callable[[str], None]


def host_image(release: str) -> str:
    """Name of the image of a blank host."""
    return f"{IMAGES}/host:{release}"


def ensure(client: Any, releases: Iterable[str], *, say: Say, root: Path = Path("/")) -> None:
    """Build the images that are missing or whose sources changed; `root` is where this machine's apt sources lie."""
    mirrors = apt.find(root)
    contexts = {release: _context(mirrors, release) for release in sorted(set(releases))}
    stale = {name: files for name, files in contexts.items() if _label(client, host_image(name)) != _digest(files)}
    if not stale:
        return
    missing = [release for release in stale if _label(client, _base(release)) is None]
    if missing:
        _make_bases(client, missing, mirrors, say=say)
    with ThreadPoolExecutor() as pool:
        list(pool.map(lambda item: _build(client, item[0], item[1], say=say), stale.items()))


def _base(release: str) -> str:
    return f"{IMAGES}/base:{release}"


def _label(client: Any, name: str) -> str | None:
    """The digest of what an image was made from; None without the image, empty for an image of a registry."""
    try:
        return str((client.images.get(name).labels or {}).get(_INPUTS, ""))
    except docker.errors.ImageNotFound:
        return None


def _context(mirrors: apt.Mirrors | None, release: str) -> dict[str, bytes]:
    files = {path.name: path.read_bytes() for path in sorted(_SOURCE.iterdir()) if path.is_file()}
    sources = "" if mirrors is None else apt.render(mirrors=mirrors, release=release)
    return files | {"debian.sources": sources.encode()}  # an empty file leaves the base its own sources


def _digest(files: dict[str, bytes]) -> str:
    digest = hashlib.sha256()
    for name in sorted(files):
        digest.update(name.encode() + b"\0" + files[name] + b"\0")
    return digest.hexdigest()


def _make_bases(client: Any, releases: list[str], mirrors: apt.Mirrors | None, *, say: Say) -> None:
    if _registry_answers(releases[0]):
        for release in releases:
            say(f"pull debian:{release}")
            _pull(client, release)
        return
    if mirrors is None:
        raise LabError(
            "No registry answers, and the apt sources of this machine name no http mirror of Debian, so the lab cannot "
            "know where its hosts' packages come from. Add the mirror to /etc/apt/sources.list.d/debian.sources."
        )
    if os.geteuid() != 0:
        raise LabError("No registry answers, and debootstrap, which makes the base image then, needs root. Use sudo.")
    say(f"no registry answers: debootstrap {', '.join(releases)} (a minute or two, once)")
    with ThreadPoolExecutor() as pool:
        list(pool.map(lambda release: _bootstrap(client, release, mirrors.archive), releases))


def _registry_answers(release: str) -> bool:
    probe = docker.from_env(timeout=_REGISTRY_SECONDS)
    try:
        probe.images.get_registry_data(f"debian:{release}")
    except (docker.errors.DockerException, requests.RequestException):
        return False  # Whatever stands in the way, debootstrap is the other way.
    finally:
        probe.close()
    return True


def _pull(client: Any, release: str) -> None:
    name = f"debian:{release}"
    had = _label(client, name) is not None
    client.images.pull("debian", tag=release).tag(*_base(release).split(":"))
    if not had:
        client.images.remove(name)  # Only the name: the image stays under ours, and `clean` finds it.


def _bootstrap(client: Any, release: str, mirror: str) -> None:
    with tempfile.TemporaryDirectory(prefix="mailforest-lab-") as directory:
        root = Path(directory) / "root"
        archive = Path(directory) / "root.tar"
        options = ["--variant=minbase", f"--include={_BASE_PACKAGES}"]
        _run(["debootstrap", *options, release, str(root), mirror], log=root / "debootstrap/debootstrap.log")
        _run(["tar", "--one-file-system", "-C", str(root), "-cf", str(archive), "."])
        repository, tag = _base(release).split(":")
        changes = [f"LABEL {LABEL}=shared {_INPUTS}=debootstrap"]
        client.api.import_image(src=str(archive), repository=repository, tag=tag, changes=changes)


def _run(command: list[str], *, log: Path | None = None) -> None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_BUILD_SECONDS, check=False)
    except FileNotFoundError:
        raise LabError(f"There is no '{command[0]}', so no base image can be made. Run tools/setup.") from None
    except subprocess.TimeoutExpired:
        raise LabError(f"{command[0]} took over {_BUILD_SECONDS} s. Look whether the package mirror answers.") from None
    if done.returncode:
        details = done.stdout + done.stderr
        if log and log.is_file():
            details += log.read_text(encoding="utf-8", errors="replace")
        raise LabError(f"{' '.join(command)} failed with status {done.returncode}:\n{details[-2000:]}")


def _build(client: Any, release: str, files: dict[str, bytes], *, say: Say) -> None:
    say(f"build {host_image(release)}")
    with tempfile.TemporaryDirectory(prefix="mailforest-lab-") as directory:
        for name, content in files.items():
            path = Path(directory) / name
            path.write_bytes(content)
            path.chmod(0o755 if name.endswith(".sh") else 0o644)
        try:
            client.images.build(
                path=directory,
                tag=host_image(release),
                buildargs={"BASE": _base(release)},
                labels={LABEL: "shared", _INPUTS: _digest(files)},
                network_mode="host",  # so that names resolve as on this machine, whatever its resolver is
                rm=True,
                forcerm=True,
            )
        except docker.errors.BuildError as exc:
            log = "".join(str(line.get("stream", "")) for line in exc.build_log)
            raise LabError(f"The image {host_image(release)} could not be built:\n{log[-2000:]}") from None
