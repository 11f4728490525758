# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to the collection: has every service of a host loaded the certificate that the host has now?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ansible_collections.mailforest.stack.plugins.plugin_utils._answers import Answers
from ansible_collections.mailforest.stack.plugins.plugin_utils._finding import Finding


def of_certificates(answers: Answers) -> Iterator[Finding]:
    """A host has one certificate, so a port that shows an older one belongs to a service that has not loaded it."""
    for name, rows in sorted(_by_name(answers).items()):
        newest = max(rows, key=lambda row: row["not_after"])
        old = [row for row in rows if row["fingerprint_sha256"] != newest["fingerprint_sha256"]]
        if not old:
            continue
        ports = ", ".join(sorted({row["name"] for row in old}))
        yield Finding(
            requirement=old[0]["requirement"],
            vantage=", ".join(sorted({row["vantage"] for row in old})),
            subject=f"certificate of {name}",
            expected=f"the same at all ports, valid until {newest['not_after']}",
            found=f"an older one at {ports}, valid until {min(row['not_after'] for row in old)}",
            remedy="Restart the service there. The role certificates does so on a renewal, unless its run breaks off.",
        )


def _by_name(answers: Answers) -> dict[str, list[dict[str, Any]]]:
    """Host name to what its ports showed. Certificates of other names are told of port by port."""
    found: dict[str, list[dict[str, Any]]] = {}
    for vantage, answer in answers.given("__ports", "certificates").items():
        for row in answer["certificates"]:
            if row["server_name"] in row.get("names", []):
                found.setdefault(row["server_name"], []).append({**row, "vantage": vantage})
    return found
