# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a domain controller is well: what dcdiag tells of a Windows one, as data. Private to this collection.

Each check reads facts, and judges them; a check that cannot be made is a problem too. Nothing is changed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Protocol

from ansible_collections.mailforest.stack.plugins.module_utils._engine import ResourceError

_DAY = 86400


@dataclass(frozen=True, kw_only=True)
class Limits:
    """From where on a fact is a problem."""

    replication_age: int
    rids: int
    clock: float
    certificate_days: int
    administrators: Sequence[str]


@dataclass(frozen=True, kw_only=True)
class Clock:
    """This controller's clock and how it serves time; None = not known."""

    pdc: str
    offset: float | None
    """Seconds that the PDC emulator's clock is ahead; None = it does not answer."""
    synchronised: bool
    signed: bool
    """Whether answers are signed for members of the domain, with the signature that they expect."""


@dataclass(frozen=True, kw_only=True)
class Database:
    """What Samba's own check of the database says."""

    objects: int
    errors: int
    messages: Sequence[str]


@dataclass(frozen=True, kw_only=True)
class Certificate:
    """What LDAPS shows to a client that trusts the CA and expects the controller's name."""

    subject: str
    issuer: str
    expires: float


@dataclass(frozen=True, kw_only=True)
class Logins:
    """Who can open a shell here."""

    accounts: Sequence[str]
    """Local accounts with a shell, and a password or a key."""
    directory: Sequence[str]
    """What would let users of the directory in."""


class Health(Protocol):
    """What is known of this controller. Errors are `ResourceError`."""

    own: str

    def replication(self, max_age: int) -> Mapping[str, Any]:
        """What `replication_info` tells; `problems` among it."""

    def rids(self) -> Mapping[str, Any]:
        """What `fsmo_info` tells of the RID pools."""

    def unnamed(self) -> list[str]:
        """The names of this controller that its own DNS lacks."""

    def clock(self) -> Clock:
        """See Clock."""

    def certificate(self) -> Certificate:
        """See Certificate."""

    def exposed(self) -> list[str]:
        """Files and directories that others than root can read or change, each with what is wrong."""

    def logins(self) -> Logins:
        """See Logins."""

    def layout(self) -> Mapping[str, Any]:
        """Sites, subnets, links, servers, levels and disabled users."""

    def database(self) -> Database:
        """Check all objects."""


Told = tuple[Any, list[str]]
"""The facts of one check, and its problems."""


def _replication(health: Health, limits: Limits, now: float) -> Told:
    facts = dict(health.replication(limits.replication_age))
    return facts, [*facts.pop("problems")]


def _rids(health: Health, limits: Limits, now: float) -> Told:
    pool = dict(health.rids())
    problems = []
    if pool["domain_left"] < limits.rids:
        problems.append(
            f"{pool['domain_left']} RIDs are left in the domain, fewer than {limits.rids}: when they are used up, no"
            " user, group or computer can be made any more. Find out what makes so many."
        )
    if pool.get("controller_left") == 0:
        problems.append(
            "This controller has no RIDs left and cannot make users: it got no new block. Check that it reaches the"
            " owner of the RID role."
        )
    return pool, problems


def _dns(health: Health, limits: Limits, now: float) -> Told:
    missing = health.unnamed()
    problems = [
        f"Its DNS has no record of this controller for {', '.join(missing)}, so that clients do not find it there."
        " Run samba_dnsupdate --use-samba-tool, and see /var/log/samba."
    ]
    return {"missing": missing}, problems if missing else []


def _time(health: Health, limits: Limits, now: float) -> Told:
    clock = health.clock()
    problems = []
    if clock.offset is None:
        problems.append(f"The PDC emulator {clock.pdc} does not tell its time. Check that samba-ad-dc runs there.")
    elif abs(clock.offset) > limits.clock:
        problems.append(
            f"The clock of the PDC emulator {clock.pdc} is {clock.offset:.0f} s off this one's, more than"
            f" {limits.clock:g} s; beyond 300 s tickets are refused. See chronyc tracking on both."
        )
    if not clock.signed:
        problems.append(
            "Its time is not signed for members of the domain, which then do not take it. Check chrony's"
            " ntpsigndsocket, its `allow`, and that the directory ntp_signd is of group _chrony (role samba_dc does)."
        )
    return asdict(clock), problems


def _certificate(health: Health, limits: Limits, now: float) -> Told:
    certificate = health.certificate()
    days = int((certificate.expires - now) // _DAY)
    facts = {"subject": certificate.subject, "issuer": certificate.issuer, "days_left": days}
    if days >= limits.certificate_days:
        return facts, []
    return facts, [
        f"The certificate of LDAPS expires in {days} days, sooner than in {limits.certificate_days}. Renew it (role"
        " certificates does) and restart samba-ad-dc."
    ]


def _files(health: Health, limits: Limits, now: float) -> Told:
    exposed = health.exposed()
    return {"exposed": exposed}, [f"{fault}. Give it to root alone (role samba_dc does)." for fault in exposed]


def _logins(health: Health, limits: Limits, now: float) -> Told:
    logins = health.logins()
    problems = [
        f"{reason}, so that users of the directory could open a shell on this controller. Take it out."
        for reason in logins.directory
    ]
    others = sorted(set(logins.accounts) - set(limits.administrators))
    if limits.administrators and others:
        problems.append(
            f"{', '.join(others)} can open a shell on this controller and are not among its administrators. Lock these"
            " accounts, or name them."
        )
    return asdict(logins), problems


def _layout(health: Health, limits: Limits, now: float) -> Told:
    """Facts alone: only who knows what is declared can judge them."""
    return dict(health.layout()), []


def _database(health: Health, limits: Limits, now: float) -> Told:
    found = health.database()
    problems = [
        f"The check of the database found {found.errors} errors in {found.objects} objects. See them with samba-tool"
        " dbcheck --cross-ncs; back the directory up before you have them mended with --fix."
    ]
    return asdict(found), problems if found.errors else []


CHECKS: Mapping[str, Callable[[Health, Limits, float], Told]] = {
    "replication": _replication,
    "rids": _rids,
    "dns": _dns,
    "time": _time,
    "certificate": _certificate,
    "files": _files,
    "logins": _logins,
    "layout": _layout,
    "database": _database,
}
QUICK = [name for name in CHECKS if name not in ("layout", "database")]
ARGUMENTS: dict[str, dict[str, Any]] = {
    "configuration_file": {"type": "path", "default": "/etc/samba/smb.conf"},
    "checks": {"type": "list", "elements": "str", "choices": list(CHECKS), "default": QUICK},
    "address": {"type": "str"},
    "max_age": {"type": "int", "default": 900},
    "minimum_rids": {"type": "int", "default": 1_000_000},
    "maximum_clock_offset": {"type": "float", "default": 60.0},
    "minimum_certificate_days": {"type": "int", "default": 14},
    "administrators": {"type": "list", "elements": "str", "default": []},
    "fail": {"type": "bool", "default": True},
}


def limits_of(params: Mapping[str, Any]) -> Limits:
    """Take the limits from the module's options."""
    return Limits(
        replication_age=params["max_age"],
        rids=params["minimum_rids"],
        clock=params["maximum_clock_offset"],
        certificate_days=params["minimum_certificate_days"],
        administrators=params["administrators"],
    )


def examine(health: Health, checks: Sequence[str], limits: Limits, *, now: float, fail: bool) -> dict[str, Any]:
    """What the module `dc_info` returns; an error with the same when there are problems and `fail`."""
    facts: dict[str, Any] = {"controller": health.own}
    problems: list[str] = []
    by_check: dict[str, list[str]] = {}
    for name in checks:
        try:
            facts[name], found = CHECKS[name](health, limits, now)
        except ResourceError as exc:
            facts[name], found = None, [f"The check {name} could not be made: {exc}"]
        problems += found
        by_check[name] = found
    facts |= {"problems": problems, "problems_by_check": by_check}
    if fail and problems:
        raise ResourceError(f"{health.own} is not well: {' '.join(problems)}", **facts)
    return facts
