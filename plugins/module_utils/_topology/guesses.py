# Copyright: (c) 2026, mailforest.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From where wrong passwords do not count at the mail servers."""

from __future__ import annotations

from collections.abc import Iterator

from .model import Topology, parse_network


def exempt_networks(topology: Topology) -> list[str]:
    """What is given, the administrator's networks, the offices, and the hosts: gateways speak for their offices."""
    return list(dict.fromkeys(_exempt(topology)))


def _exempt(topology: Topology) -> Iterator[str]:
    yield from topology.mail.guesses_exempt
    yield from (text for text in topology.admin_sources if not is_everybody(text))
    yield from (str(network) for site in topology.sites.values() for network in site.networks)
    for host in topology.members:
        yield from filter(None, (host.address, host.public_address))


def is_everybody(text: str) -> bool:
    """Whether the network is the whole Internet, as the sources of administration are by default."""
    network = parse_network(text)
    return network is not None and network.prefixlen == 0
