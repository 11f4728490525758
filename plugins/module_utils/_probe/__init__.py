# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Probes that tell the truth about a port, for the module `reachable`, for pytest and for other Python code."""

from __future__ import annotations

from typing import Any

from ansible_collections.mailforest.stack.plugins.module_utils._probe.result import Limits, Result
from ansible_collections.mailforest.stack.plugins.module_utils._probe.runner import probe, probe_async
from ansible_collections.mailforest.stack.plugins.module_utils._probe.spec import Check, SpecError, parse_all
from ansible_collections.mailforest.stack.plugins.module_utils._probe.verdict import (
    Expectation,
    Finding,
    Stage,
    Verdict,
)

__all__ = [
    "Check",
    "Expectation",
    "Finding",
    "Limits",
    "Result",
    "SpecError",
    "Stage",
    "Verdict",
    "check",
    "parse_all",
    "probe",
    "probe_async",
]


def check(**keys: Any) -> Result:
    """Run one check, given by the keys of the module's checks."""
    return probe(parse_all([keys]))[0]
