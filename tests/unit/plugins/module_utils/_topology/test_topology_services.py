# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the catalogue of ports says."""

from __future__ import annotations

from ansible_collections.mailforest.stack.plugins.module_utils._topology.services import CATALOGUE


def test_what_stays_closed_says_why() -> None:
    assert all(bool(row.why) is not bool(row.audiences) for row in CATALOGUE)
    assert {24, 137, 138, 139, 5722, 9389, 11332, 11333, 11334} <= {row.port for row in CATALOGUE if row.why}
