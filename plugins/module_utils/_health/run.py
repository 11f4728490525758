# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to the collection: look at everything that is asked for; what cannot be looked at is a problem too."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from ansible_collections.mailforest.stack.plugins.module_utils._config_tree.state import Layout
from ansible_collections.mailforest.stack.plugins.module_utils._probe.lookup import Dns, system_servers

from . import backup, clock, files, names, ports, queue, served, space, units
from .problem import Problem

_SECONDS = 20
_CERTIFICATE = Path("/etc/ssl/mailforest/host.crt")
Options = Mapping[str, Any]


def _output(*command: str) -> str:
    """What a program prints; nothing it says on its error output."""
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=_SECONDS, check=False, stdin=subprocess.DEVNULL
    )
    if done.returncode and not done.stdout:
        raise OSError(f"{command[0]}: {done.stderr.strip() or f'ended with {done.returncode}'}")
    return done.stdout


def _units(options: Options) -> Iterator[Problem]:
    wanted = [units.Unit(**row) for row in options["units"]]
    listed = _output("systemctl", "list-units", "--state=failed", "--no-legend", "--plain", "--no-pager")
    failed = [line.split()[0] for line in listed.splitlines() if line.strip()]
    show = ["systemctl", "show", "--no-pager", f"--property={','.join(units.PROPERTIES)}"]
    names_asked = [*units.asked(wanted), *failed]
    yield from units.judge(wanted, units.read(_output(*show, *names_asked)) if names_asked else {}, failed)


def _space(options: Options) -> Iterator[Problem]:
    table = Path("/proc/self/mounts").read_text(encoding="utf-8")
    limits = space.Limits(warning=options["free_percent"])
    yield from space.judge(space.look(space.mounts(table)), limits)


def _clock(options: Options) -> Iterator[Problem]:
    yield from clock.judge(clock.look(options["time_servers"]), options["clock_offset"])


def _queue(options: Options) -> Iterator[Problem]:
    if options["queue"]:
        limits = queue.Limits(messages=options["queue_messages"], age=options["queue_age"])
        yield from queue.judge(queue.read(_output("postqueue", "-j")), limits, time.time())


def _files(_options: Options) -> Iterator[Problem]:
    yield from files.judge(files.drifts(Layout()))
    yield from files.exposed(files.SECRETS)


def _certificates(options: Options) -> Iterator[Problem]:
    if options["address"] and options["certificates"]:
        yield from served.judge(
            _CERTIFICATE,
            options["address"],
            options["certificates"],
            days=options["certificate_days"],
            requirement="MAIL-6" if options["queue"] else "AD-10",
        )


def _ports(options: Options) -> Iterator[Problem]:
    if options["ports"]:
        yield from ports.judge(ports.look(), options["ports"])


def _names(options: Options) -> Iterator[Problem]:
    servers = system_servers()
    answer = ""
    if options["domain"]:
        answer = Dns(servers=servers, timeout=2).lookup(f"_ldap._tcp.{options['domain']}", "SRV").error
    yield from names.judge(servers, options["resolvers"], answer, options["domain"])


def _backup(options: Options) -> Iterator[Problem]:
    if options["backup_directory"]:
        directory = Path(options["backup_directory"])
        made = backup.newest(directory)
        yield from backup.judge(directory, made, hours=options["backup_hours"], now=time.time())


LOOKS: Mapping[str, tuple[str, Callable[[Options], Iterator[Problem]]]] = {
    "units": ("AD-13", _units),
    "space": ("MAIL-13", _space),
    "clock": ("AD-14", _clock),
    "queue": ("MAIL-13", _queue),
    "files": ("AD-13", _files),
    "certificates": ("AD-10", _certificates),
    "ports": ("AD-10", _ports),
    "names": ("AD-52", _names),
    "backup": ("AD-15", _backup),
}
"""What is looked at, and what is not known to hold when that cannot be done."""


def look(options: Options) -> list[Problem]:
    """All problems of the host."""
    found: list[Problem] = []
    for name, (requirement, looked) in LOOKS.items():
        try:
            found += looked(options)
        except (OSError, ValueError, subprocess.SubprocessError) as exc:
            found.append(
                Problem(
                    requirement=requirement,
                    subject=f"{name} of the host",
                    expected="an answer",
                    found=f"it cannot be looked at: {exc}",
                    remedy="See whether the program that is named runs on the host.",
                )
            )
    return found
