# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to the collection: what the page says, in each of its languages. What was found stays English."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

Forms = tuple[str, ...]
"""A text for each of the language's numbers, with {n} in it: 1 dog, 2 dogs; 1 собака, 2 собаки, 5 собак."""


@dataclass(frozen=True, kw_only=True)
class Texts:
    """All texts of one language; a missing one does not type-check, nor start."""

    language: str
    title: str
    # The headline
    all_well: str
    not_well: Forms
    only_warnings: Forms
    checks_from: str
    checks: Forms
    hosts: Forms
    errors: Forms
    warnings: Forms
    skipped: Forms
    verified_at: str
    level: str
    # Navigation and sections
    skip_to_content: str
    contents: str
    map: str
    findings: str
    ports: str
    roles: str
    replication: str
    certificates: str
    mail: str
    history: str
    # States
    ok: str
    warning: str
    error: str
    unknown: str
    # Map
    map_about: str
    internet: str
    site: str
    host: str
    function: str
    address: str
    state: str
    tunnel: str
    cost: str
    every_minutes: str
    round_trip: str
    peer: str
    functions: Mapping[str, str]
    hosts_caption: str
    tunnels_caption: str
    links_caption: str
    link: str
    sites: str
    link_cost: str
    interval: str
    milliseconds: str
    # Findings
    no_findings: str
    severity: str
    requirement: str
    seen_from: str
    expected: str
    found: str
    cause: str
    remedy: str
    filter: str
    any: str
    search: str
    reset: str
    shown: str
    findings_caption: str
    about: str
    new: str
    # Ports
    ports_about: str
    ports_caption: str
    from_vantage: str
    target: str
    open_well: str
    closed_well: str
    wrong: str
    not_looked_at: str
    not_declared: str
    declared: str
    was: str
    open: str
    closed: str
    ports_as_declared: str
    ports_wrong: Forms
    none_seen: str
    # Roles
    roles_caption: str
    role: str
    declared_owner: str
    as_seen_by: str
    nobody: str
    # Replication
    replication_about: str
    replication_caption: str
    controller: str
    pulls_from: str
    partitions: str
    age: str
    failures: str
    never: str
    seconds: str
    minutes: str
    hours: str
    days: str
    # Certificates
    certificates_caption: str
    subject: str
    issuer: str
    served_at: str
    ends: str
    days_left: Forms
    ended: str
    # Mail
    mail_about: str
    from_to: str
    submitted: str
    read_at: str
    mail_unread: str
    copies: Forms
    second_short: str
    # History
    history_about: str
    first_run: str
    since: str
    better: str
    worse: str
    unseen: str
    no_change: str
    runs_caption: str
    # Footer
    made_by: str


def _form(language: str, number: int) -> int:
    """Which of the forms a number takes (Unicode CLDR, plural rules)."""
    if language != "ru":
        return 0 if number == 1 else 1
    tens, units = number % 100, number % 10
    if units == 1 and tens != 11:
        return 0
    return 1 if units in (2, 3, 4) and tens not in (12, 13, 14) else 2


def counted(texts: Texts, forms: Forms, number: int) -> str:
    """The form for the number, with the number in it."""
    return forms[_form(texts.language, number)].format(n=number)
