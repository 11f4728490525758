# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong with the limits on wrong passwords, which `login_guard` keeps on the mail server."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from ipaddress import ip_network


def guess_errors(limits: Mapping[str, int], exempt: Sequence[str]) -> Iterator[str]:
    """What is wrong with the limits on wrong passwords."""
    for key in ("per_address", "per_account"):
        if limits[key] and not 3 <= limits[key] <= 1000:
            yield f"dovecot_guesses_{key}: {limits[key]} is not within 3 to 1000. Use 10 to 30, or 0 for none."
    if not 1 <= limits["minutes"] <= 1440:
        yield f"dovecot_guesses_minutes: {limits['minutes']} is not within 1 to 1440. Use 10."
    for value in exempt:
        try:
            everybody = ip_network(value).prefixlen == 0
        except ValueError as exc:
            yield f"dovecot_guesses_exempt: {value!r} is no network: {exc}. Write an address, or address/prefix."
        else:
            if everybody:
                yield f"dovecot_guesses_exempt: {value} is everybody. Name the networks, or set both limits to 0."
