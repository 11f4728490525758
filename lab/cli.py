# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The command line of the lab."""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import shutil
import sys
import time
import uuid
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import docker

from lab import access, engine, images, resolvers
from lab.definition import RELEASES, Host, Lab, load
from lab.errors import LabError

_ROOT = Path(__file__).resolve().parent.parent
_LABS = _ROOT / "lab" / "labs"
_OUTPUT = _ROOT / ".build" / "lab"
_SSH_SECONDS = 120


def main(arguments: Sequence[str]) -> int:
    """Run one command; 0 when it did what it says."""
    options = _parser().parse_args(arguments)
    begun = time.monotonic()
    try:
        client = engine.connect()
        with _alone():
            options.run(client, options)
    except (LabError, docker.errors.DockerException) as exc:
        print(f"lab: {exc}", file=sys.stderr)
        return 1
    if options.command not in ("status", "free", "evict"):
        _say(f"{options.command} done in {time.monotonic() - begun:.1f} s")
    return 0


@contextlib.contextmanager
def _alone() -> Iterator[None]:
    """Wait for another run on this checkout: two at once would make the same hosts."""
    _OUTPUT.mkdir(parents=True, exist_ok=True)
    with (_OUTPUT.parent / "lab.lock").open("w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="lab/lab.py", description="Blank Debian hosts in containers.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    labs = sorted(path.stem for path in _LABS.glob("*.yml"))
    for name, run, text in (
        ("up", _up, "make and start what is missing; ends when SSH answers on every host"),
        ("down", _down, "remove the hosts and networks"),
        ("restart", _restart, "restart every host; ends when SSH answers on every host"),
    ):
        command = commands.add_parser(name, help=text)
        command.add_argument("lab", choices=labs)
        command.set_defaults(run=run)
    renew = commands.add_parser("renew", help="make some hosts anew, blank; ends when SSH answers on every host")
    renew.add_argument("lab", choices=labs)
    renew.add_argument("hosts", nargs="+", metavar="HOST")
    renew.add_argument("--release", choices=RELEASES, help="with this one instead of what they have")
    renew.set_defaults(run=_renew)
    free = commands.add_parser("free", help="say whether a lab can be made, or which other one is in its way")
    free.add_argument("lab", choices=labs)
    free.set_defaults(run=_free)
    evict = commands.add_parser("evict", help="remove the labs that other checkouts of this repository made")
    evict.set_defaults(run=_evict)
    status = commands.add_parser("status", help="list the hosts that exist")
    status.add_argument("lab", nargs="?", choices=labs)
    status.set_defaults(run=_status)
    clean = commands.add_parser("clean", help="remove every lab, and the images")
    clean.set_defaults(run=_clean)
    return parser


def _up(client: Any, options: argparse.Namespace) -> None:
    lab = load(_LABS / f"{options.lab}.yml")
    _make(client, lab.with_releases(engine.releases(client, lab)))


def _make(client: Any, lab: Lab) -> None:
    images.ensure(client, (host.release for host in lab.hosts.values()), say=_say)
    made = engine.create(client, lab, resolvers=resolvers.upstream(), checkout=checkout())
    key = access.ensure_key_pair(_OUTPUT / lab.name)
    engine.parallel(lambda host: access.authorize(engine.container(client, lab, host), key), lab.hosts.values())
    started = engine.start(client, lab)
    running = len(lab.hosts) - len(started)
    _say(f"{len(lab.hosts)} hosts: {len(made)} made, {len(started)} started, {running} ran already")
    _finish(client, lab)


def _restart(client: Any, options: argparse.Namespace) -> None:
    lab = load(_LABS / f"{options.lab}.yml")
    engine.restart(client, lab)
    _finish(client, lab)


def _renew(client: Any, options: argparse.Namespace) -> None:
    lab = load(_LABS / f"{options.lab}.yml")
    releases = engine.releases(client, lab)
    if options.release:
        releases |= dict.fromkeys(options.hosts, options.release)
    engine.remove_hosts(client, lab, options.hosts)
    _make(client, lab.with_releases(releases))


def _finish(client: Any, lab: Lab) -> None:
    """Wait for every host, then write what a user's inventory needs."""
    deadline = time.monotonic() + _SSH_SECONDS

    def keys(host: Host) -> str:
        access.wait_for_ssh(host, deadline=deadline)
        return access.known_hosts(engine.container(client, lab, host), host)

    directory = _OUTPUT / lab.name
    lines = engine.parallel(keys, lab.hosts.values())
    access.write(directory / "known_hosts", "".join(lines))
    access.write(directory / "inventory.yml", access.inventory(lab, directory))
    _say(f"inventory: {directory / 'inventory.yml'}")


def _down(client: Any, options: argparse.Namespace) -> None:
    engine.remove(client, options.lab)
    _forget(_OUTPUT / options.lab)


def _free(client: Any, options: argparse.Namespace) -> None:
    engine.refuse_neighbours(client, options.lab, checkout=checkout())


def _evict(client: Any, _options: argparse.Namespace) -> None:
    for name in engine.evict(client, checkout=checkout()):
        _say(f"removed the lab '{name}', which another checkout made")


def _status(client: Any, options: argparse.Namespace) -> None:
    found = engine.containers(client, options.lab)
    for item in found:
        settings = item.attrs["NetworkSettings"]["Networks"].values()
        addresses = ", ".join((entry.get("IPAMConfig") or {}).get("IPv4Address", "?") for entry in settings)
        print(f"{item.name:<24} {item.status:<10} {item.attrs['Config']['Image']:<30} {addresses}")
    if not found:
        print("no hosts")


def _clean(client: Any, options: argparse.Namespace) -> None:
    engine.remove_all(client)
    _forget(_OUTPUT)


def checkout() -> str:
    """What tells this checkout from others: hosts have the passwords of the one that made them. It goes with .build."""
    path = _OUTPUT.parent / "checkout"
    if not path.exists():
        access.write(path, uuid.uuid4().hex)
    return path.read_text(encoding="ascii")


def _forget(directory: Path) -> None:
    """Remove what was written for a lab; what cannot be removed is said, for a key lies there."""
    if directory.is_dir():
        shutil.rmtree(directory)


def _say(text: str) -> None:
    print(f"lab: {text}\n", end="", flush=True)  # one piece, because several threads speak
