# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to the collection: times and numbers as the page's language has them."""

from __future__ import annotations

from datetime import datetime

from ansible_collections.mailforest.stack.plugins.plugin_utils._report.texts import Texts


def age(seconds: int | None, texts: Texts) -> str:
    """How long ago, in the one unit that fits."""
    if seconds is None:
        return texts.never
    for size, form in ((86400, texts.days), (3600, texts.hours), (60, texts.minutes)):
        if seconds >= 2 * size:
            return form.format(n=seconds // size)
    return texts.seconds.format(n=seconds)


def moment(time: str) -> str:
    """A time of day with its date, in UTC."""
    return datetime.fromisoformat(time).strftime("%Y-%m-%d %H:%M UTC")


def day(time: str) -> str:
    """The date alone."""
    return time[:10]
