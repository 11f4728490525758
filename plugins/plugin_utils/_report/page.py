# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to the collection: the report as one page of HTML, which needs nothing but itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ansible_collections.mailforest.stack.plugins.plugin_utils._finding import ERROR, Paragraph, paragraphs
from ansible_collections.mailforest.stack.plugins.plugin_utils._report.checks import Outcome
from ansible_collections.mailforest.stack.plugins.plugin_utils._report.drawing import element, sign
from ansible_collections.mailforest.stack.plugins.plugin_utils._report.history import Changes, Run, compare
from ansible_collections.mailforest.stack.plugins.plugin_utils._report.languages import CATALOGUE
from ansible_collections.mailforest.stack.plugins.plugin_utils._report.record import OK, Port, Record, about
from ansible_collections.mailforest.stack.plugins.plugin_utils._report.replication_graph import ReplicationGraph
from ansible_collections.mailforest.stack.plugins.plugin_utils._report.texts import Texts, counted
from ansible_collections.mailforest.stack.plugins.plugin_utils._report.topology_map import TopologyMap
from ansible_collections.mailforest.stack.plugins.plugin_utils._report.words import age, day, moment
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

_TEMPLATES = Path(__file__).parent / "templates"
_SOON, _CLOSE = 30, 14
_SIDE_BY_SIDE = 2
"""More sites than this do not fit beside each other."""


@dataclass(frozen=True, kw_only=True)
class Told:
    """Findings that are told together, and what they are filtered by."""

    text: Paragraph
    hosts: tuple[str, ...]
    new: bool


@dataclass(frozen=True)
class Matrix:
    """The ports as one vantage point was to find them: a row for each address, a column for each service."""

    vantage: str
    ports: Sequence[Port]

    @property
    def columns(self) -> list[tuple[int, str, str]]:
        """Port, transport and service of each column."""
        return sorted({(port.port, port.transport, port.service) for port in self.ports})

    @property
    def rows(self) -> Iterator[tuple[str, str, list[Port | None]]]:
        """Target, its address, and a cell for each column."""
        places: dict[tuple[str, str], dict[tuple[int, str, str], Port]] = {}
        for port in self.ports:
            column = (port.port, port.transport, port.service)
            places.setdefault((port.target, port.address), {})[column] = port
        for (target, address), cells in places.items():
            yield target, address, [cells.get(column) for column in self.columns]

    def count(self, *outcomes: Outcome) -> int:
        """How many came out so."""
        return sum(port.outcome in outcomes for port in self.ports)

    @property
    def wrong(self) -> list[Port]:
        """Those that are not as declared."""
        return [port for port in self.ports if port.outcome in (Outcome.FAILED, Outcome.WARNED)]


def page(record: Record, runs: Sequence[Run], *, language: str) -> str:
    """The page. `runs`: the history, this run last."""
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    texts = CATALOGUE[language]
    environment.filters |= {"moment": moment, "day": day, "short": lambda name: str(name).partition(".")[0]}
    changes = compare(runs[-2], runs[-1]) if len(runs) > 1 else None
    return environment.get_template("page.html.j2").render(_context(record, runs, changes, texts))


def _context(record: Record, runs: Sequence[Run], changes: Changes | None, texts: Texts) -> dict[str, Any]:
    told = _told(record, changes)
    return {
        "r": record,
        "t": texts,
        "runs": runs,
        "changes": changes,
        "headline": _headline(record, texts),
        "told": told,
        "requirements": list(dict.fromkeys(row.text.requirement for row in told if row.text.requirement)),
        "concerned": sorted({host for row in told for host in row.hosts}),
        "maps": [Markup(drawn) for drawn in _maps(record, texts)],
        "graph": Markup(ReplicationGraph(record, texts).draw()),
        "matrices": _matrices(record),
        "controllers": list(dict.fromkeys(host for role in record.roles for host in role.seen)),
        "n": lambda forms, number: counted(texts, forms, number),
        "age": lambda seconds: age(seconds, texts),
        "sign": _sign,
        "urgency": _urgency,
        "outcome": Outcome,
        "css": Markup((_TEMPLATES / "page.css").read_text(encoding="utf-8")),
        "script": Markup((_TEMPLATES / "page.js").read_text(encoding="utf-8")),
    }


def _sign(state: str) -> Markup:
    """A state's sign within text, which says the same in words beside it."""
    return Markup(element("svg", sign(state, 9, 9), viewBox="0 0 18 18", width=18, height=18, aria_hidden="true"))


def _urgency(days: int) -> str:
    return OK if days >= _SOON else "warning" if days >= _CLOSE else ERROR


def _headline(record: Record, texts: Texts) -> str:
    counts = record.counts
    if counts.errors:
        return counted(texts, texts.not_well, counts.errors)
    return counted(texts, texts.only_warnings, counts.warnings) if counts.warnings else texts.all_well


def _told(record: Record, changes: Changes | None) -> list[Told]:
    names = [host.name for host in record.hosts]
    worse = {(change.vantage, change.subject) for change in changes.worse} if changes else set()
    concern = {(finding.vantage, finding.subject): about(finding, names) for finding in record.findings}
    rows = []
    for text in paragraphs(record.findings):
        keys = [(vantage, subject) for vantage in text.vantages for subject in text.subjects]
        hosts = dict.fromkeys(host for key in keys for host in concern.get(key, ()))
        rows.append(Told(text=text, hosts=tuple(hosts), new=any(key in worse for key in keys)))
    return rows


def _maps(record: Record, texts: Texts) -> Iterator[str]:
    """One map for wide screens, one for narrow ones; the style shows one of them."""
    beside = len(record.sites) <= _SIDE_BY_SIDE
    columns = 2 if beside and len(record.sites) > 1 else 4
    yield TopologyMap(record, texts, columns=columns, beside=beside, name="map-wide").draw()
    yield TopologyMap(record, texts, columns=1, beside=False, name="map-narrow").draw()


def _matrices(record: Record) -> list[Matrix]:
    """Those with something wrong first, else as the hosts stand."""
    rows: Mapping[str, list[Port]] = _by_vantage(record.ports)
    found = [Matrix(vantage, ports) for vantage, ports in rows.items()]
    return sorted(found, key=lambda matrix: not matrix.wrong)


def _by_vantage(ports: Iterable[Port]) -> dict[str, list[Port]]:
    found: dict[str, list[Port]] = {}
    for port in ports:
        found.setdefault(port.vantage, []).append(port)
    return found
