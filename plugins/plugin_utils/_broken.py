# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to the collection: what is said of a task that did not come to an answer."""

from __future__ import annotations

from ansible_collections.mailforest.stack.plugins.plugin_utils._answers import Registered
from ansible_collections.mailforest.stack.plugins.plugin_utils._finding import Finding

_BROKE_OFF = "See the journal of the service on the host; ansible-playbook -vvv shows where the module broke off."


def line(text: str) -> str:
    """The text in one line, without what Ansible puts before it."""
    return " ".join(text.split()).removeprefix("Task failed: ")


def broken(requirement: str, host: str, subject: str, answer: Registered) -> Finding:
    """A task that did not come to an answer."""
    return Finding(
        requirement=requirement,
        vantage=host,
        subject=subject,
        expected="an answer",
        found=line(answer.get("msg") or "none: the module broke off"),
        cause="The service that it asks is down, or a program or library that it needs is not there.",
        remedy=_BROKE_OFF,
    )
