# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to the collection: the map. The Internet is above; tunnels are on one side, site links on the other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from ansible_collections.mailforest.stack.plugins.plugin_utils._report.drawing import drawing, element, icon, sign, text
from ansible_collections.mailforest.stack.plugins.plugin_utils._report.record import Host, Record, Tunnel
from ansible_collections.mailforest.stack.plugins.plugin_utils._report.texts import Texts

CARD, GAP, PADDING, HEAD = 206, 14, 18, 52
_CARD_HEIGHT, _LINE = 70, 15
_LANE, _MARGIN, _BETWEEN = 30, 10, 46
_ROLE_LETTERS = 24
_BESIDE_EACH_OTHER = 6
"""So many tunnels reach a gateway side by side; further ones share their places."""
_RANK = ("unknown", "error", "warning", "ok")


@dataclass(frozen=True)
class _Box:
    x: float
    y: float
    width: float
    height: float

    @property
    def bottom(self) -> float:
        return self.y + self.height

    @property
    def middle(self) -> float:
        return self.x + self.width / 2


def _wrapped(words: Sequence[str]) -> list[str]:
    """Role names in lines as long as a card is wide."""
    lines: list[str] = []
    for word in words:
        if lines and len(lines[-1]) + len(word) + 2 <= _ROLE_LETTERS:
            lines[-1] += f", {word}"
        else:
            lines.append(word)
    return lines


@dataclass(frozen=True)
class TopologyMap:
    """The map of one run; `beside` puts the sites beside each other, else one is below the other."""

    record: Record
    texts: Texts
    columns: int
    beside: bool
    name: str

    def draw(self) -> str:
        """The SVG."""
        parts = [
            *(part for index in range(len(self.record.links)) for part in self._link(index)),
            *self._internet(),
            *(part for name in self._boxes for part in self._site(name)),
            *(self._tunnel(index, row) for index, row in enumerate(self._tunnels)),
            *(self._card(host) for hosts in self._hosts.values() for host in hosts),
        ]
        domain = self.record.forest["dns_domain"]
        title = f"{self.texts.map}: {domain}"
        return drawing(self.name, self._width, self._height, title, self._description, parts)

    @cached_property
    def _roles(self) -> dict[str, list[str]]:
        """Host to the roles that any controller says it owns; as declared where nobody was asked."""
        found: dict[str, list[str]] = {}
        for role in self.record.roles:
            for owner in dict.fromkeys(role.seen.values() or [role.declared]):
                found.setdefault(owner, []).append(role.name)
        return found

    @cached_property
    def _tunnels(self) -> list[tuple[Tunnel, str]]:
        """Each tunnel once, with the worse state of its two ends."""
        rows: dict[frozenset[str], tuple[Tunnel, str]] = {}
        drawn = {host.name for host in self.record.hosts}
        for tunnel in (row for row in self.record.tunnels if {row.host, row.peer} <= drawn):
            ends = frozenset((tunnel.host, tunnel.peer))
            known = rows.get(ends)
            worse = min(
                filter(None, (tunnel.state, known and known[1])), key=("error", "warning", "unknown", "ok").index
            )
            rows[ends] = (known[0] if known else tunnel, worse)
        return list(rows.values())

    @cached_property
    def _hosts(self) -> dict[str, list[Host]]:
        """Site to its hosts, gateways first; "" has the observers."""
        found: dict[str, list[Host]] = {"": [], **{site.name: [] for site in self.record.sites}}
        for host in self.record.hosts:
            found[host.site].append(host)
        for hosts in found.values():
            hosts.sort(key=lambda host: "gateway" not in host.functions)
        return found

    # Where everything is

    @cached_property
    def _sky(self) -> _Box:
        """The Internet."""
        rows = -(-len(self._hosts[""]) // self._sky_columns)
        height = 34 + rows * (_CARD_HEIGHT + GAP) + (6 if rows else 0)
        return _Box(self._left, _MARGIN, self._width - self._left - self._right, height)

    @property
    def _sky_columns(self) -> int:
        sites = len(self.record.sites) if self.beside else 1
        return max(1, self.columns * sites)

    @property
    def _lanes(self) -> float:
        return _LANE * len(self._tunnels) + (14 if self._tunnels else 0)

    @property
    def _left(self) -> float:
        return _MARGIN + (0 if self.beside else self._lanes)

    @property
    def _right(self) -> float:
        return _MARGIN + (0 if self.beside else _LANE * len(self.record.links))

    @property
    def _site_width(self) -> float:
        return self.columns * CARD + (self.columns - 1) * GAP + 2 * PADDING

    @cached_property
    def _width(self) -> float:
        sites = max(1, len(self.record.sites))
        inner = sites * self._site_width + (sites - 1) * _BETWEEN if self.beside else self._site_width
        return self._left + inner + self._right

    @cached_property
    def _height(self) -> float:
        bottom = max((box.bottom for box in self._boxes.values()), default=self._sky.bottom)
        links = 46 * len(self.record.links) if self.beside else 0
        return bottom + links + _MARGIN

    @cached_property
    def _boxes(self) -> dict[str, _Box]:
        """Site to its place."""
        found: dict[str, _Box] = {}
        x, y = self._left, self._sky.bottom + (max(self._lanes, 22) if self.beside else 26)
        for site in self.record.sites:
            rows = self._rows(site.name)
            height = HEAD + sum(self._row_height(row) + GAP for row in rows) - GAP + PADDING if rows else HEAD + PADDING
            found[site.name] = _Box(x, y, self._site_width, height)
            if self.beside:
                x += self._site_width + _BETWEEN
            else:
                y += height + 26
        if self.beside and found:
            highest = max(box.height for box in found.values())
            found = {name: _Box(box.x, box.y, box.width, highest) for name, box in found.items()}
        return found

    def _rows(self, site: str) -> list[list[Host]]:
        hosts = self._hosts[site]
        return [hosts[index : index + self.columns] for index in range(0, len(hosts), self.columns)]

    def _row_height(self, row: Iterable[Host]) -> float:
        return max(self._card_height(host) for host in row)

    def _card_height(self, host: Host) -> float:
        lines = len(_wrapped(self._roles.get(host.name, [])))
        return _CARD_HEIGHT + (lines * _LINE + 8 if lines else 0)

    @cached_property
    def _places(self) -> dict[str, _Box]:
        """Host to its card."""
        found: dict[str, _Box] = {}
        for index, host in enumerate(self._hosts[""]):
            row, column = divmod(index, self._sky_columns)
            x = self._sky.x + PADDING + column * (CARD + GAP)
            found[host.name] = _Box(x, self._sky.y + 34 + row * (_CARD_HEIGHT + GAP), CARD, _CARD_HEIGHT)
        for site, box in self._boxes.items():
            y = box.y + HEAD
            for hosts in self._rows(site):
                for column, host in enumerate(hosts):
                    x = box.x + PADDING + column * (CARD + GAP)
                    found[host.name] = _Box(x, y, CARD, self._row_height(hosts))
                y += self._row_height(hosts) + GAP
        return found

    # What is drawn

    def _internet(self) -> Iterator[str]:
        sky = self._sky
        yield element("rect", x=sky.x, y=sky.y, width=sky.width, height=sky.height, rx=12, class_="sky")
        yield text(self.texts.internet, sky.x + PADDING, sky.y + 23, "place")

    def _site(self, name: str) -> Iterator[str]:
        box, subnets = self._boxes[name], {site.name: site.subnets for site in self.record.sites}
        yield element("rect", x=box.x, y=box.y, width=box.width, height=box.height, rx=12, class_="site")
        yield text(name, box.x + PADDING, box.y + 25, "place")
        yield text(", ".join(subnets[name]), box.x + PADDING, box.y + 42, "fine")

    def _card(self, host: Host) -> str:
        box = self._places[host.name]
        functions = ", ".join(self.texts.functions[function] for function in host.functions)
        state = getattr(self.texts, host.state)
        roles = _wrapped(self._roles.get(host.name, []))
        parts = [
            element("title", f"{host.name}: {functions}, {state}"),
            element("rect", x=box.x, y=box.y, width=box.width, height=box.height, rx=8, class_="card"),
            icon(host.functions[0], box.x + 12, box.y + 13),
            text(host.name, box.x + 46, box.y + 24, "name"),
            text(functions, box.x + 46, box.y + 40, "fine"),
            text(host.address or host.public_address, box.x + 46, box.y + 57, "fine mono"),
            sign(host.state, box.x + box.width - 18, box.y + 19),
        ]
        for index, line in enumerate(roles):
            parts.append(text(line, box.x + 46, box.y + 79 + index * _LINE, "owner"))
        if roles:
            parts.append(
                element(
                    "path",
                    d="M0 -6 1.8 -1.9 6 -1.9 2.7 0.9 3.8 5.2 0 2.8 -3.8 5.2 -2.7 0.9 -6 -1.9 -1.8 -1.9Z",
                    class_="star",
                    transform=f"translate({box.x + 24:g} {box.y + 75:g})",
                )
            )
        return element("g", parts, class_=f"host {host.state}", data_host=host.name)

    def _tunnel(self, index: int, row: tuple[Tunnel, str]) -> str:
        """From gateway to gateway: over the sites, or at their left."""
        tunnel, state = row
        one, other = self._places[tunnel.host], self._places[tunnel.peer]
        label, shift = self._tunnel_label(tunnel), 8 * (index % _BESIDE_EACH_OTHER)
        if self.beside:
            y = self._sky.bottom + 22 + index * _LANE
            x1, x2 = (card.x + card.width - 44 - shift for card in (one, other))
            path, place = f"M{x1:g} {one.y:g}V{y:g}H{x2:g}V{other.y:g}", ((x1 + x2) / 2, y)
        else:
            x = self._left - 16 - index * _LANE
            y1, y2 = one.y + 22 + shift, other.y + 22 + shift
            path, place = f"M{one.x:g} {y1:g}H{x:g}V{y2:g}H{other.x:g}", (x, (y1 + y2) / 2)
        parts = [
            element("title", f"{self.texts.tunnel} {tunnel.host} - {tunnel.peer}: {getattr(self.texts, state)}"),
            element("path", d=path, class_="way"),
        ]
        if self.beside:
            parts.append(text(label, place[0] + 14, place[1] - 6, "fine", "start"))
        return element(
            "g", [*parts, sign(state, *place)], class_=f"tunnel {state}", data_tunnel=f"{tunnel.host} {tunnel.peer}"
        )

    def _tunnel_label(self, tunnel: Tunnel) -> str:
        trip = (
            ""
            if tunnel.round_trip_ms is None
            else f", {self.texts.milliseconds.format(n=round(tunnel.round_trip_ms, 1))}"
        )
        return f"{self.texts.tunnel}{trip}"

    def _link(self, index: int) -> Iterator[str]:
        """A dashed line that joins the sites of a link: below them, or at their right."""
        link = self.record.links[index]
        boxes = [self._boxes[site] for site in link.sites]
        interval = self.texts.every_minutes.format(n=link.interval)
        label = f"{link.name}: {self.texts.cost} {link.cost}, {interval}"
        if self.beside:
            y = boxes[0].bottom + 22 + 46 * index
            ends = sorted(box.middle - 12 * index for box in boxes)
            path = f"M{ends[0]:g} {y:g}H{ends[-1]:g}" + "".join(f"M{x:g} {boxes[0].bottom:g}V{y:g}" for x in ends)
            place = text(label, (ends[0] + ends[-1]) / 2, y + 17, "fine", "middle")
        else:
            x = self._width - self._right + 18 + _LANE * index
            ends = sorted(box.y + box.height / 2 for box in boxes)
            edge = self._width - self._right
            path = f"M{x:g} {ends[0]:g}V{ends[-1]:g}" + "".join(f"M{edge:g} {y:g}H{x:g}" for y in ends)
            place = ""
        yield element("g", [element("title", label), element("path", d=path, class_="path"), place], class_="link")

    @property
    def _description(self) -> str:
        """The map in words."""
        sentences = []
        for site in self.record.sites:
            hosts = ", ".join(f"{host.name} ({getattr(self.texts, host.state)})" for host in self._hosts[site.name])
            sentences.append(f"{self.texts.site} {site.name}: {hosts}.")
        for tunnel, state in self._tunnels:
            sentences.append(f"{self.texts.tunnel} {tunnel.host} - {tunnel.peer}: {getattr(self.texts, state)}.")
        return " ".join(sentences)
