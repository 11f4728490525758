# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to the collection: the controllers on a circle, an arrow from each that gives to the one that pulls."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from ansible_collections.mailforest.stack.plugins.plugin_utils._report.drawing import drawing, element, sign, text
from ansible_collections.mailforest.stack.plugins.plugin_utils._report.record import Pull, Record
from ansible_collections.mailforest.stack.plugins.plugin_utils._report.texts import Texts
from ansible_collections.mailforest.stack.plugins.plugin_utils._report.words import age

MOST = 12
"""More controllers than this are told by the table alone."""
_WIDE, _HIGH, _EDGE = 104, 38, 30
_STRETCH = 1.9
_NAME = "replication-graph"


@dataclass(frozen=True)
class ReplicationGraph:
    """The graph of one run."""

    record: Record
    texts: Texts

    @cached_property
    def controllers(self) -> list[str]:
        """Those that are declared, and those that are only heard of."""
        declared = [host.name for host in self.record.hosts if "domain_controller" in host.functions]
        heard = [pull.source for pull in self.record.replication]
        return list(dict.fromkeys([*declared, *heard]))

    def draw(self) -> str:
        """The SVG; nothing for one controller or too many."""
        if not 1 < len(self.controllers) <= MOST:
            return ""
        marker = element("path", d="M0 0 8 4 0 8Z", class_="head")
        arrow = element(
            "marker",
            marker,
            id="arrow",
            viewBox="0 0 8 8",
            refX=7,
            refY=4,
            markerWidth=7,
            markerHeight=7,
            orient="auto",
        )
        parts = [
            element("defs", arrow),
            *(part for pull in self.record.replication for part in self._arrow(pull)),
            *(self._node(name) for name in self.controllers),
        ]
        words = " ".join(
            f"{pull.controller} {self.texts.pulls_from} {pull.source}: {age(pull.age, self.texts)}."
            for pull in self.record.replication
        )
        width = max(x for x, _y in self._places.values()) + _WIDE / 2 + _EDGE
        height = max(y for _x, y in self._places.values()) + _HIGH / 2 + _EDGE
        return drawing(_NAME, width, height, self.texts.replication, words, parts)

    @cached_property
    def _radius(self) -> float:
        return max(96.0, 34.0 * len(self.controllers))

    @cached_property
    def _places(self) -> dict[str, tuple[float, float]]:
        """The middle of each node: on a circle that is wider than high, for screens are."""
        step = 2 * math.pi / len(self.controllers)
        begin = -math.pi / 2 if len(self.controllers) > 2 else math.pi
        circle = {
            name: (_STRETCH * self._radius * math.cos(begin + row * step), self._radius * math.sin(begin + row * step))
            for row, name in enumerate(self.controllers)
        }
        left, top = min(x for x, _y in circle.values()), min(y for _x, y in circle.values())
        return {
            name: (round(x - left + _WIDE / 2 + _EDGE, 1), round(y - top + _HIGH / 2 + _EDGE, 1))
            for name, (x, y) in circle.items()
        }

    def _node(self, name: str) -> str:
        x, y = self._places[name]
        known = next((host for host in self.record.hosts if host.name == name), None)
        state = known.state if known else "unknown"
        parts = [
            element("title", f"{name}: {getattr(self.texts, state)}"),
            element("rect", x=x - _WIDE / 2, y=y - _HIGH / 2, width=_WIDE, height=_HIGH, rx=8, class_="card"),
            text(name, x - 10, y + 5, "name", "middle"),
            sign(state, x + _WIDE / 2 - 16, y),
        ]
        return element("g", parts, class_=f"host {state}")

    def _arrow(self, pull: Pull) -> Iterator[str]:
        """Bent to its right, so that both directions are seen."""
        (x1, y1), (x2, y2) = self._places[pull.source], self._places[pull.controller]
        length = math.hypot(x2 - x1, y2 - y1)
        across, along = ((y1 - y2) / length, (x2 - x1) / length), ((x2 - x1) / length, (y2 - y1) / length)
        bend = 26.0
        middle = ((x1 + x2) / 2 + across[0] * bend, (y1 + y2) / 2 + across[1] * bend)
        begin, end = _edge(x1, y1, *middle), _edge(x2, y2, *middle)
        state = "error" if pull.failures or pull.age is None else "ok"
        path = f"M{begin[0]:.1f} {begin[1]:.1f}Q{middle[0]:.1f} {middle[1]:.1f} {end[0]:.1f} {end[1]:.1f}"
        label = age(pull.age, self.texts)
        x, y = (middle[0] + (x1 + x2) / 2) / 2 + along[0] * 8, (middle[1] + (y1 + y2) / 2) / 2 + along[1] * 8
        away = 26 if state == "error" else 18
        title = f"{pull.controller} {self.texts.pulls_from} {pull.source}: {label}"
        yield element(
            "g",
            [
                element("title", title),
                element("path", d=path, class_="way", marker_end="url(#arrow)"),
                sign(state, x, y) if state == "error" else element("circle", cx=x, cy=y, r=3, class_="dot"),
                text(label, x + across[0] * (away + 4), y + across[1] * away + 4, "fine halo", "middle"),
            ],
            class_=f"pull {state}",
        )


def _edge(x: float, y: float, to_x: float, to_y: float) -> tuple[float, float]:
    """Where the line from a node's middle leaves its card."""
    dx, dy = to_x - x, to_y - y
    room_x, room_y = _WIDE / 2 + 5, _HIGH / 2 + 5
    scale = min(room_x / abs(dx) if dx else math.inf, room_y / abs(dy) if dy else math.inf)
    return x + dx * scale, y + dy * scale
