# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to the collection: SVG, so far as the report needs it. Colours and fonts are classes of the page's style."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from html import escape

SIGNS: Mapping[str, str] = {
    "ok": "M-4.2 0.3 -1.2 3.3 4.4 -3",
    "warning": "M0 -4.2V1M0 3.6V3.9",
    "error": "M-3.2 -3.2 3.2 3.2M3.2 -3.2 -3.2 3.2",
    "unknown": "M-2.4 -2.2A2.5 2.5 0 1 1 0 0.6V1.4M0 3.9V4.1",
}
"""A sign for each state, within a circle around 0, 0: state is never told by colour alone."""
_ICONS: Mapping[str, str] = {
    "gateway": "M3 12H21M3 12L7 8M3 12L7 16M21 12L17 8M21 12L17 16M12 4V20",
    "domain_controller": "M12 3V9M5 21V15H19V21M12 9V15M9 3H15V9H9ZM2 21H8M16 21H22",
    "mail_server": "M3 5H21V19H3ZM3 6L12 13L21 6",
    "member": "M3 4H21V16H3ZM8 20H16M12 16V20",
    "observer": "M2 12C6 5 18 5 22 12C18 19 6 19 2 12ZM12 9A3 3 0 1 1 12 15A3 3 0 1 1 12 9",
}


def _value(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def element(name: str, content: Iterable[str] | str = "", **attributes: object) -> str:
    """An element; `class_` is class, `aria_label` is aria-label."""
    given = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(_value(value))}"' for key, value in attributes.items()
    )
    inner = content if isinstance(content, str) else "".join(content)
    return f"<{name}{given}>{inner}</{name}>" if inner else f"<{name}{given}/>"


def text(content: str, x: float, y: float, class_: str = "", anchor: str = "start") -> str:
    """A line of text."""
    return element("text", escape(content), x=x, y=y, class_=class_, text_anchor=anchor)


def sign(state: str, x: float, y: float) -> str:
    """A state's sign."""
    parts = [element("circle", r=8), element("path", d=SIGNS[state])]
    return element("g", parts, class_=f"sign {state}", transform=f"translate({x:g} {y:g})")


def icon(function: str, x: float, y: float) -> str:
    """A function's icon, 24 wide and high."""
    return element("path", d=_ICONS[function], class_="icon", transform=f"translate({x:g} {y:g})")


def drawing(name: str, width: float, height: float, title: str, description: str, parts: Iterable[str]) -> str:
    """A whole drawing; title and description are what a screen reader tells of it."""
    head = [
        element("title", escape(title), id=f"{name}-title"),
        element("desc", escape(description), id=f"{name}-desc"),
    ]
    return element(
        "svg",
        [*head, *parts],
        class_=f"drawing {name}",
        viewBox=f"0 0 {width:g} {height:g}",
        width=width,
        height=height,
        role="img",
        aria_labelledby=f"{name}-title {name}-desc",
    )
