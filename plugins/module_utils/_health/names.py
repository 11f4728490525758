# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to the collection: whom this host asks for names, and whether it gets an answer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from .problem import Problem


def judge(asked: Sequence[str], wanted: Sequence[str], answer: str, domain: str) -> Iterator[Problem]:
    """`asked`: the name servers of the host; `wanted`: those that come first; `answer`: why the domain is unknown."""
    ours = [server for server in wanted if server in asked]
    if wanted and (not asked or asked[0] != wanted[0]):
        yield Problem(
            requirement="AD-52",
            subject="name servers of the host",
            expected=f"{wanted[0]} first",
            found=", ".join(asked) or "none",
            cause="DHCP or somebody has written /etc/resolv.conf." if not ours else "Their order was changed by hand.",
            remedy="Run site.yml with the tag host; others know nothing of the forest.",
        )
    if answer:
        yield Problem(
            requirement="AD-52",
            subject=f"domain controllers of {domain} in DNS",
            expected="an answer",
            found=answer,
            cause="The name servers in /etc/resolv.conf are down, out of reach, or others than the domain controllers.",
            remedy="Compare /etc/resolv.conf; systemctl status samba-ad-dc on the domain controllers.",
        )
