# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What happens to the two offices of the example while they work: how it begins, and how it ends.

It ends by itself where that is to be shown, else by the operation that the runbook names.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .certificates import expired
from .directory import owners
from .faults import Sign
from .faults.fault import shell
from .faults.hosts import false_time
from .hosts import at, module, root_shell
from .lab import cut_power, give_power, renew
from .lockout import locked_out
from .mail_faults import DOVECOTS_LMTP, fill, postfix_unit, small_disk
from .network import ldap_time, tcp
from .office import Office
from .playbook import PLAYBOOKS, ROOT, Run, eventually, play
from .traffic import Row, traffic
from .tunnel_faults import line_cut

RUN_SECONDS = 3000
"""For a playbook on offices that work meanwhile, on two cores."""
BACK_SECONDS = 600
"""Postfix waits up to five minutes before it asks again where nobody answered, and so does Samba's replication."""
_KILLS = 5
_AGENTS = "pgrep --count --exact --euid postfix 'lmtp|smtp' || true"
_ROOM = 24
"""Megabytes that a small disk has beside what is there."""
_JUMP = 3600


@dataclass
class Toll:
    """Deliveries that were, or may have been, cut off: each may double its message."""

    deliveries: int = 0

    def hit(self, office: Office) -> None:
        """Whatever is being delivered now, at any server."""
        self.deliveries += sum(int(root_shell(at(name), _AGENTS)) for name in office.mail_servers)


Strike = Callable[[Office, Toll], AbstractContextManager[None]]


@dataclass(frozen=True, kw_only=True)
class Trouble:
    """A fault under traffic."""

    name: str
    strike: Strike
    sign: Sign | None = None
    """What verify.yml says meanwhile; nothing, where it is over before anybody could look."""
    mail_pause: float = 1.0
    change_pause: float = 1.0
    """Seconds that a client waits between two messages or changes; hardly any where it is to be hit in the middle."""


def survived(
    office: Office,
    trouble: Trouble,
    *,
    told: Callable[[Row], None],
    meanwhile: Callable[[], None] = lambda: None,
    hurried: bool = False,
) -> None:
    """Strike while both offices work: nothing is lost, nothing doubled beyond one for each delivery that was hit.

    In a hurry replication is asked for at the end; by itself it takes some minutes.
    """
    toll = Toll()
    with traffic(office, mail_pause=trouble.mail_pause, change_pause=trouble.change_pause) as under_way:
        with trouble.strike(office, toll):
            meanwhile()
        under_way.flowing(seconds=BACK_SECONDS)
    for name in office.controllers if hurried else ():
        module(at(name), "replication_sync")
    row = under_way.row(trouble.name)
    told(row)
    assert row.accepted and row.changes, row
    assert (row.lost, row.refused) == (0, 0), row
    assert row.doubled <= toll.deliveries + row.unanswered, (row, toll)
    assert row.changes_found == row.changes, row
    under_way.clear()


def operation(playbook: Path, *arguments: str, **extra: Any) -> Run:
    """A playbook that must succeed."""
    run = play(playbook, arguments=arguments, extra_vars=extra, seconds=RUN_SECONDS)
    assert run.code == 0, run.explain()
    return run


def _off(*names: str, seconds: float = 0) -> Strike:
    """No power for so long at least."""

    @contextmanager
    def struck(office: Office, toll: Toll) -> Iterator[None]:
        begun = time.monotonic()
        if not set(names) <= set(office.controllers):
            toll.hit(office)
        cut_power(names)
        try:
            yield
            time.sleep(max(0.0, begun + seconds - time.monotonic()))
        finally:
            give_power(office, names)

    return struck


@contextmanager
def _gone_for_good(office: Office, _toll: Toll) -> Iterator[None]:
    """The runbook: the roles are seized, and a blank host joins in its place. Clients write at other controllers."""
    dead, survivor = office.fsmo["pdc"], office.controllers[0]
    wanted = {"fsmo_seize_dead": dead, "fsmo_seize_confirm": dead, "fsmo_seize_survivor": survivor}
    cut_power([dead])
    try:
        yield
        operation(ROOT / "playbooks/fsmo_seize.yml", **wanted)
        assert owners(at(survivor))["pdc"] == survivor
    finally:
        _whole_again(office, dead, survivor)
    assert owners(at(dead)) == office.fsmo


def _whole_again(office: Office, dead: str, survivor: str) -> None:
    """However far the seizure came: a host that the directory has forgotten comes back blank, any other as it was."""
    base = ",".join(["CN=Sites,CN=Configuration", *(f"DC={label}" for label in office.dns_domain.split("."))])
    found = module(at(survivor), "object_info", ldap_filter="(objectClass=nTDSDSA)", search_base=base)["objects"]
    if any(row["distinguished_name"].lower().startswith(f"cn=ntds settings,cn={dead},") for row in found):
        give_power(office, [dead])
    else:
        renew(dead)
    operation(PLAYBOOKS / "office.yml")


@contextmanager
def _cut_for_a_minute(office: Office, toll: Toll) -> Iterator[None]:
    begun = time.monotonic()
    toll.hit(office)
    with line_cut(office, office.gateways[-1]):
        yield
        time.sleep(max(0.0, begun + 60 - time.monotonic()))


@contextmanager
def _disk_full(office: Office, toll: Toll) -> Iterator[None]:
    """The mailboxes' disk; what is in the way is removed, as an administrator would."""
    host = at(office.mail_servers[0])
    used = int(root_shell(host, "du --summarize --block-size=1M /var/vmail").split()[0])
    toll.hit(office)
    with small_disk(host, "/var/vmail", used + _ROOM):
        fill(host, "/var/vmail")
        try:
            yield
        finally:
            root_shell(host, "rm -f /var/vmail/filler")
            toll.hit(office)


@contextmanager
def _lmtp_killed(office: Office, toll: Toll) -> Iterator[None]:
    one = f"for pid in $({DOVECOTS_LMTP}); do kill -KILL $pid && echo killed; done"
    for name in office.mail_servers:
        said = root_shell(at(name), f"for turn in $(seq 30); do {one}; sleep 0.1; done")
        toll.deliveries += said.count("killed")
    assert toll.deliveries, "no delivery was hit"
    yield


def _kill(name: str, unit: str, who: str = "all") -> None:
    """Ends when systemd has started the unit anew."""
    asked = f"systemctl show --property=InvocationID --property=ActiveState --value {unit}"

    def state() -> set[str]:
        return set(root_shell(at(name), asked).split())

    before = state()
    root_shell(at(name), f"systemctl kill --signal=KILL --kill-who={who} {unit}")
    eventually(lambda: "active" in state() and not state() & (before - {"active"}), seconds=120)


@contextmanager
def _postfix_killed(office: Office, toll: Toll) -> Iterator[None]:
    for name in office.mail_servers:
        for who in ("main", "all"):
            toll.hit(office)
            _kill(name, postfix_unit(at(name)), who)
    yield


@contextmanager
def _samba_killed(office: Office, _toll: Toll) -> Iterator[None]:
    """Again and again, in both offices, while clients write without a pause."""
    for _turn in range(_KILLS):
        for name in (office.controllers[0], office.controllers[-1]):
            _kill(name, "samba-ad-dc.service")
        time.sleep(5)
    yield


@contextmanager
def _daemons_killed(office: Office, toll: Toll) -> Iterator[None]:
    """One kind after the other, each back before the next."""
    for strike in (_lmtp_killed, _postfix_killed, _samba_killed):
        with strike(office, toll):
            pass
    yield


_DROP_IN = "/etc/systemd/system/samba-ad-dc.service.d/zz-mailforest-test.conf"
_CLOCK = "/run/mailforest-test-clock"
_FAKED = f"""
set -e
apt-get --quiet update
DEBIAN_FRONTEND=noninteractive apt-get install --quiet --yes --no-install-recommends libfaketime
library=$(dpkg -L libfaketime | grep -m1 'libfaketimeMT.so.1$')
echo +0 > {_CLOCK}
cat > {_DROP_IN} << END
[Service]
Environment=LD_PRELOAD=$library FAKETIME_TIMESTAMP_FILE={_CLOCK}
Environment=FAKETIME_CACHE_DURATION=1 NO_FAKE_STAT=1 FAKETIME_DONT_FAKE_MONOTONIC=1
END
systemctl daemon-reload
systemctl restart samba-ad-dc
"""
_TRUE = f"""
echo +0 > {_CLOCK}
sleep 3
rm -f {_DROP_IN}
systemctl daemon-reload
systemctl restart samba-ad-dc
DEBIAN_FRONTEND=noninteractive apt-get purge --quiet --yes libfaketime
rm -f {_CLOCK}
"""


@contextmanager
def _clock_jumps(office: Office, _toll: Toll) -> Iterator[None]:
    """Of a controller that runs, by an hour, and back. A false time server joins in: chrony would correct itself."""
    name = office.controllers[-1]
    host, address = at(name), office.addresses[name]

    def ahead() -> bool:
        return abs(ldap_time(address) - time.time() - _JUMP) < 60

    try:
        root_shell(host, _FAKED)
        eventually(lambda: tcp(address, 389) == "open", seconds=120)
        assert not ahead()
        root_shell(host, f"echo +{_JUMP} > {_CLOCK}")
        eventually(ahead, seconds=60)
        with false_time(name, _JUMP)():
            yield
    finally:
        root_shell(host, _TRUE)


@contextmanager
def _dns_hangs(office: Office, _toll: Toll) -> Iterator[None]:
    """Whatever has port 53 of the branch's own controller: it takes questions, and answers none."""
    found = "ss -Htulnp 'sport = :53' | grep -o 'pid=[0-9]*' | cut -d= -f2 | sort -u"
    listens = root_shell(at(office.controllers[-1]), found).split()
    assert listens, "nobody has port 53"
    pids = " ".join(listens)
    with shell(office.controllers[-1], f"kill -STOP {pids}", f"kill -CONT {pids}")():
        yield


@contextmanager
def _certificate_expires(office: Office, toll: Toll) -> Iterator[None]:
    """The runbook: it is issued anew."""
    name = office.mail_servers[0]
    toll.hit(office)
    try:
        expired(office, name)
        yield
    finally:
        operation(ROOT / "playbooks/rotate_certificates.yml", f"--limit={name}")


@contextmanager
def _wrong_rules(office: Office, toll: Toll) -> Iterator[None]:
    """They keep everybody out of a gateway, and everything from passing it, until the host takes them back itself."""
    toll.hit(office)
    with locked_out(office, office.gateways[-1], seconds=300):
        yield


_GATEWAY_GONE = Sign(host="gw-branch", requirement="AD-11", about=r"^gw-branch: ", seen_from=("gw-hq", "gw-branch"))
TROUBLES = (
    Trouble(
        name="a domain controller loses its power and returns",
        strike=_off("dc3"),
        sign=Sign(host="dc3", requirement="AD-13", about=r"^dc3: ", seen_from=("dc1", "dc3")),
    ),
    Trouble(
        name="the tunnel is cut for a minute",
        strike=_cut_for_a_minute,
        sign=Sign(host="gw-branch", requirement="AD-11", about=r"^tunnels to linked sites"),
    ),
    Trouble(name="a gateway loses its power and returns", strike=_off("gw-branch"), sign=_GATEWAY_GONE),
    Trouble(
        name="the mailboxes' disk is full",
        strike=_disk_full,
        sign=Sign(host="mx1", requirement="MAIL-13", about=r"^file system /var/vmail"),
    ),
    Trouble(name="LMTP is killed", strike=_lmtp_killed, mail_pause=0.05),
    Trouble(name="Postfix is killed", strike=_postfix_killed, mail_pause=0.05),
    Trouble(name="Samba is killed", strike=_samba_killed, change_pause=0.02),
    Trouble(
        name="a controller's clock jumps by an hour",
        strike=_clock_jumps,
        sign=Sign(host="dc3", requirement="AD-14", about=r"^clock of dc3", seen_from=("member1",)),
    ),
    Trouble(
        name="DNS of the site's own controller is down",
        strike=_dns_hangs,
        sign=Sign(host="dc3", requirement="AD-10", about=r"dc3 dns/", seen_from=("mx2", "dc3")),
    ),
    Trouble(
        name="a mail server's certificate expires",
        strike=_certificate_expires,
        sign=Sign(host="mx1", requirement="MAIL-6", about=r"^certificate /etc/ssl/mailforest/host.crt: expired"),
    ),
    Trouble(name="a wrong rule set is pushed", strike=_wrong_rules, sign=_GATEWAY_GONE),
    Trouble(
        name="the branch is off for ten minutes",
        strike=_off("gw-branch", "dc3", "mx2", "member1", seconds=600),
        sign=_GATEWAY_GONE,
    ),
    Trouble(
        name="the PDC emulator's host is gone for good",
        strike=_gone_for_good,
        sign=Sign(host="dc2", requirement="AD-13", about=r"^dc2: ", seen_from=("dc1", "dc2")),
    ),
)
DAEMONS_KILLED = Trouble(
    name="LMTP, Postfix and Samba are killed", strike=_daemons_killed, mail_pause=0.1, change_pause=0.1
)
"""Three of these at once, in the time that CI has."""
