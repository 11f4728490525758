# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What goes wrong inside any host: units, room, files, keys, names, clocks."""

from __future__ import annotations

from .fault import Fault, Injection, shell, stopped, with_copy

_FULL = "/srv/mailforest-full"
_KEY = "/etc/ssl/mailforest/host.key"
_FALSE_TIME = """
import socket, struct, time
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
    server.bind(("", 123))
    while True:
        asked, client = server.recvfrom(512)
        now = struct.pack("!II", int(time.time()) + 2208988800 + SECONDS, 0)
        server.sendto(b"\\x24\\x02" + bytes(22) + asked[40:48] + now + now, client)
"""


def false_time(host: str, seconds: int) -> Injection:
    """A host says that its clock is so far ahead; the kernel's clock is that of all hosts of the lab."""
    script = _FALSE_TIME.replace("SECONDS", str(seconds))
    return shell(
        host,
        f"systemctl stop chrony && systemd-run --unit=mailforest-fault python3 -c '{script}'; sleep 1",
        "systemctl stop mailforest-fault.service; systemctl start chrony",
    )


def _unit(name: str, host: str, unit: str, requirement: str) -> Fault:
    return Fault(name=name, host=host, requirement=requirement, about=rf"^unit {unit}", inject=stopped(host, unit))


HOSTS = (
    _unit("Postfix stopped", "mx2", "postfix.service", "MAIL-1"),
    _unit("Dovecot stopped", "mx1", "dovecot.service", "MAIL-2"),
    _unit("rspamd stopped", "mx2", "rspamd.service", "MAIL-24"),
    _unit("chrony stopped", "member1", "chrony.service", "AD-14"),
    _unit("Samba stopped on a domain controller", "dc3", "samba-ad-dc.service", "AD-13"),
    _unit("winbind stopped", "member1", "winbind.service", "AD-39"),
    _unit("file server stopped", "member1", "smbd.service", "AD-38"),
    _unit("firewall stopped", "member1", "mailforest-firewall.service", "AD-10"),
    Fault(
        name="timer of SYSVOL's synchronisation disabled",
        host="dc3",
        requirement="AD-42",
        about=r"^unit mailforest-sysvol-sync.timer",
        inject=shell(
            "dc3",
            "systemctl disable --now mailforest-sysvol-sync.timer",
            "systemctl enable --now mailforest-sysvol-sync.timer",
        ),
    ),
    Fault(
        name="unit does not start at the next boot",
        host="mx2",
        requirement="MAIL-24",
        about=r"^unit rspamd.service: disabled",
        inject=shell("mx2", "systemctl disable rspamd.service", "systemctl enable rspamd.service"),
    ),
    Fault(
        name="another unit failed",
        host="gw-hq",
        requirement="AD-13",
        about=r"^unit mailforest-fault.service: failed",
        inject=shell(
            "gw-hq",
            "systemd-run --unit=mailforest-fault false; sleep 1",
            "systemctl reset-failed mailforest-fault.service",
        ),
    ),
    Fault(
        name="file system nearly full",
        host="mx1",
        requirement="MAIL-13",
        about=rf"^file system {_FULL}",
        inject=shell(
            "mx1",
            f"mkdir -p {_FULL} && mount -t tmpfs -o size=8m tmpfs {_FULL} && head -c 8100000 /dev/zero >{_FULL}/x",
            f"umount {_FULL} && rmdir {_FULL}",
        ),
    ),
    Fault(
        name="file system without inodes",
        host="dc1",
        requirement="MAIL-13",
        about=rf"^file system {_FULL}: .*inodes",
        inject=shell(
            "dc1",
            f"mkdir -p {_FULL} && mount -t tmpfs -o size=8m,nr_inodes=40 tmpfs {_FULL}; touch $(seq -f {_FULL}/%g 38)",
            f"umount {_FULL} && rmdir {_FULL}",
        ),
    ),
    Fault(
        name="private key readable by everybody",
        host="gw-branch",
        requirement="AD-12",
        about=rf"^key {_KEY}: mode 0644",
        inject=shell("gw-branch", f"chmod 644 {_KEY}", f"chmod 600 {_KEY}"),
    ),
    Fault(
        name="the directory's database readable by others",
        host="dc2",
        requirement="AD-12",
        about=r"sam.ldb has mode 0664",
        inject=shell("dc2", "chmod 664 /var/lib/samba/private/sam.ldb", "chmod 600 /var/lib/samba/private/sam.ldb"),
    ),
    Fault(
        name="name servers of the Internet",
        host="member1",
        requirement="AD-52",
        about=r"^name servers of the host: 10\.255\.255\.53",
        inject=with_copy("member1", "/etc/resolv.conf", "echo nameserver 10.255.255.53 >/etc/resolv.conf"),
    ),
    Fault(
        name="name resolution broken",
        host="gw-branch",
        requirement="AD-52",
        about=r"^domain controllers of .* in DNS",
        inject=with_copy("gw-branch", "/etc/resolv.conf", "echo nameserver 198.51.100.190 >/etc/resolv.conf"),
    ),
    Fault(
        name="program that waits at a further port",
        host="member1",
        requirement="AD-10",
        about=r"^port 8080/tcp of the host: python3",
        inject=shell(
            "member1",
            "systemd-run --unit=mailforest-fault python3 -m http.server 8080; sleep 2",
            "systemctl stop mailforest-fault.service",
        ),
    ),
    Fault(
        name="clock of a domain controller ten minutes ahead",
        host="dc3",
        requirement="AD-14",
        about=r"^clock of dc3.*600 s ahead",
        seen_from=("member1",),
        inject=false_time("dc3", 600),
    ),
    Fault(
        name="time no longer signed",
        host="dc2",
        requirement="AD-14",
        about=r"not signed for members",
        inject=with_copy(
            "dc2",
            "/etc/chrony/conf.d/samba.conf",
            "sed -i /ntpsigndsocket/d /etc/chrony/conf.d/samba.conf",
            "systemctl restart chrony",
        ),
    ),
    Fault(
        name="weak option in smb.conf",
        host="dc3",
        requirement="AD-13",
        about=r"^file /etc/samba/smb.conf: its content is another",
        inject=with_copy(
            "dc3", "/etc/samba/smb.conf", "sed -i 's/ntlm auth = .*/ntlm auth = yes/' /etc/samba/smb.conf"
        ),
    ),
    Fault(
        name="configuration of Postfix edited by hand",
        host="mx2",
        requirement="MAIL-10",
        about=r"^file /etc/postfix/main.cf: its content is another",
        inject=with_copy("mx2", "/etc/postfix/main.cf", "postconf -e message_size_limit=1000000", "postfix reload"),
    ),
    Fault(
        name="file of a role removed",
        host="member1",
        requirement="MAIL-21",
        about=r"^file /etc/apt/apt.conf.d/20auto-upgrades: it is not there",
        inject=with_copy("member1", "/etc/apt/apt.conf.d/20auto-upgrades", "rm /etc/apt/apt.conf.d/20auto-upgrades"),
    ),
    Fault(
        name="login for a user of the directory on a domain controller",
        host="dc1",
        requirement="AD-14",
        about=r"nsswitch.conf asks winbind",
        inject=with_copy("dc1", "/etc/nsswitch.conf", "sed -i 's/^passwd:.*/& winbind/' /etc/nsswitch.conf"),
    ),
)
