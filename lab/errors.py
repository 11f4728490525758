# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The error that every part of the lab raises; its text says the fact, the consequence and the remedy."""

from __future__ import annotations


class LabError(Exception):
    """Something that the person who called must put right."""
