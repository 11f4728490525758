# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every conversation over one TCP connection has in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from ansible_collections.mailforest.stack.plugins.module_utils._probe.channel import Channel
from ansible_collections.mailforest.stack.plugins.module_utils._probe.text import printable, speaker
from ansible_collections.mailforest.stack.plugins.module_utils._probe.verdict import Judged, Stage, Verdict

MOST_LINES = 256
PROBE_USER = "mailforest-probe"
"""A name nobody has: it is offered only to see whether a login would be looked at before TLS."""

IN_CLEAR = frozenset({"PLAIN", "LOGIN", "XOAUTH2", "OAUTHBEARER", "LOGIN COMMAND", "USER COMMAND"})
"""Ways to log in that send what is secret as it is."""
_MOST_SHOWN, _LONGEST_SHOWN = 100, 500


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What a server said about itself."""

    banner: str = ""
    capabilities: tuple[str, ...] = ()
    mechanisms: tuple[str, ...] = ()
    """SASL mechanisms and other ways to log in that are offered in this state."""
    facts: Mapping[str, Any] = field(default_factory=dict)

    def has(self, capability: str) -> bool:
        """Say whether a capability is there, by its whole line or by its first word."""
        wanted = capability.casefold()
        return any(wanted in (line.casefold(), line.casefold().partition(" ")[0]) for line in self.capabilities)

    def as_dict(self) -> dict[str, Any]:
        """Return what is known, for a result; what is out of all proportion is cut."""
        lists = {"capabilities": self.capabilities, "mechanisms": self.mechanisms}
        shown = {key: [text[:_LONGEST_SHOWN] for text in texts[:_MOST_SHOWN]] for key, texts in lists.items()}
        known = {"banner": self.banner[:_LONGEST_SHOWN], **shown}
        return {key: value for key, value in known.items() if value} | dict(self.facts)


class Dialogue(ABC):
    """One application protocol, spoken just far enough to know it."""

    label: ClassVar[str]
    first_stage: ClassVar[Stage] = Stage.PROTOCOL
    """BANNER where the server speaks first."""
    farewell: ClassVar[bytes] = b""

    async def reply_to_relay(self, channel: Channel) -> str:
        """Ask the server to send on mail of nobody to somewhere else; return the reply to the recipient."""
        raise NotImplementedError

    @abstractmethod
    async def open(self, channel: Channel) -> Answer:
        """Take the greeting, if there is one, and ask the server about itself."""

    async def ask(self, channel: Channel) -> Answer:
        """Ask again, after TLS began."""
        return await self.open(channel)

    async def starttls(self, channel: Channel) -> None:
        """Bring the server to begin TLS."""
        raise NotImplementedError

    async def cleartext_login(self, channel: Channel, answer: Answer) -> str:
        """Try every way to log in as things are; return the reply that shows one was taken up, or nothing."""
        raise NotImplementedError


def not_this(label: str, seen: str | bytes) -> Judged:
    """Return the verdict for an answer in another protocol."""
    other = speaker(seen)
    meaning = f"which is {other}" if other and other != label else f"which is not {label}"
    return Judged(Verdict.WRONG_PROTOCOL, f"answered {printable(seen)}, {meaning}")


def turned_away(label: str, seen: str) -> Judged:
    """Return the verdict for a server that speaks the protocol and will not serve."""
    return Judged(Verdict.UNKNOWN, f"speaks {label} but turned the probe away: {printable(seen)}")


def no_starttls(label: str, seen: str) -> Judged:
    """Return the verdict for a server without STARTTLS."""
    return Judged(Verdict.WRONG_TLS, f"{label} without STARTTLS: {printable(seen)}")
