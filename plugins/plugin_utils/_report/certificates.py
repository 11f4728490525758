# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to the collection: the certificates that a vantage point was shown, each once, the first to end first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.mailforest.stack.plugins.plugin_utils._answers import Answers


@dataclass(frozen=True, kw_only=True)
class Certificate:
    """A certificate, and where it was served."""

    subject: str
    issuer: str
    not_after: str
    """When it ends, in ISO 8601; "" where only the days are known."""
    days_left: int
    seen_at: tuple[str, ...]


def certificates(answers: Answers) -> list[Certificate]:
    """Those that the ports showed; of a controller whose ports were not reported, the one that it told of itself."""
    places: dict[tuple[str, str, str, int], list[str]] = {}
    for key, place in _served(answers):
        places.setdefault(key, []).append(place)
    subjects = {key[0] for key in places}
    for key, place in _told(answers):
        if key[0] not in subjects:
            places.setdefault(key, []).append(place)
    rows = [
        Certificate(subject=subject, issuer=issuer, not_after=end, days_left=days, seen_at=tuple(dict.fromkeys(seen)))
        for (subject, issuer, end, days), seen in places.items()
    ]
    return sorted(rows, key=lambda row: (row.days_left, row.subject))


_Key = tuple[str, str, str, int]


def _served(answers: Answers) -> Iterator[tuple[_Key, str]]:
    for host in answers.by_host.values():
        for result in (host.get("__ports") or {}).get("results", []):
            shown: Mapping[str, Any] = result.get("certificate") or {}
            if shown.get("days_left") is not None:
                yield _key(shown), str(result["name"]).removesuffix(f"/{result['transport']}")


def _told(answers: Answers) -> Iterator[tuple[_Key, str]]:
    for host, answer in answers.given("__health", "certificate").items():
        if (shown := answer["certificate"]) and shown.get("days_left") is not None:
            yield _key(shown), f"{host} ldaps"


def _key(shown: Mapping[str, Any]) -> _Key:
    end = str(shown.get("not_after") or "")
    return _common_name(shown.get("subject")), _common_name(shown.get("issuer")), end, int(shown["days_left"])


def _common_name(text: object) -> str:
    """The name alone, whichever way the module writes it."""
    return str(text or "").removeprefix("CN=").removeprefix("commonName=")
