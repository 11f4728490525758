# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Probe one TCP port as its client would, and as somebody who should be turned away."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from dataclasses import dataclass
from typing import Any

from ansible_collections.mailforest.stack.plugins.module_utils._probe import identity, trust
from ansible_collections.mailforest.stack.plugins.module_utils._probe.certificate import describe
from ansible_collections.mailforest.stack.plugins.module_utils._probe.channel import Channel
from ansible_collections.mailforest.stack.plugins.module_utils._probe.dialogue import (
    IN_CLEAR,
    Answer,
    Dialogue,
)
from ansible_collections.mailforest.stack.plugins.module_utils._probe.hello import offer_older
from ansible_collections.mailforest.stack.plugins.module_utils._probe.protocols import PROTOCOLS
from ansible_collections.mailforest.stack.plugins.module_utils._probe.spec import Check
from ansible_collections.mailforest.stack.plugins.module_utils._probe.text import printable
from ansible_collections.mailforest.stack.plugins.module_utils._probe.verdict import Judged, Progress, Stage, Verdict

_DIAGNOSIS_SECONDS = 2.0
_TLS_RECORDS = range(0x14, 0x18)


def _looks_like_tls(data: bytes) -> bool:
    return len(data) > 1 and data[0] in _TLS_RECORDS and data[1] == 3


@dataclass(frozen=True, kw_only=True)
class TcpProbe:
    """All that is asked of one port at one address."""

    check: Check
    address: str
    progress: Progress

    async def run(self) -> None:
        """Return when the port is open in every way the check asks for; raise what was found otherwise."""
        try:
            await self._as_client()
        except ssl.SSLCertVerificationError:
            await self._look_at_certificate()
            raise
        if self.check.cleartext_auth:
            await self._try_cleartext_login()
        if self.check.tls_minimum:
            await self._try_older_tls()

    def _dialogue(self) -> Dialogue | None:
        make = PROTOCOLS[self.check.protocol].dialogue
        return make(self.check.argument) if make else None

    async def _dial(self) -> Channel:
        return await Channel.dial(self.address, self.check.port)

    async def _dial_again(self) -> Channel:
        """Another connection, after one was taken."""
        try:
            return await self._dial()
        except OSError as error:
            raise Judged(Verdict.UNKNOWN, f"took a connection, but not the next one: {error.strerror}") from error

    async def _as_client(self) -> None:
        channel: Channel | None = None
        try:
            async with asyncio.timeout(self.check.timeout):
                self.progress.stage = Stage.CONNECT
                async with await self._dial() as channel:
                    await self._visit(channel)
        except (TimeoutError, EOFError, ConnectionError, Judged) as error:
            if channel and (other := await self._other_side_of_tls(channel)):
                raise Judged(Verdict.WRONG_TLS, other) from error
            if channel and isinstance(error, TimeoutError):
                raise Judged(Verdict.UNKNOWN, self._unfinished(channel)) from error
            raise

    def _unfinished(self, channel: Channel) -> str:
        """What there was when the time was over."""
        seconds = f"{self.check.timeout:g} s"
        if channel.heard:
            what = f"sent {channel.heard} bytes in {seconds}, and no whole answer: {printable(channel.said)}"
        elif channel.first:
            what = f"did not finish the TLS handshake in {seconds}"
        else:
            what = "said nothing in time"
        return f"accepted the connection, then {what}"

    async def _visit(self, channel: Channel) -> None:
        if self.check.tls == "implicit":
            await self._handshake(channel)
        if (dialogue := self._dialogue()) is None:
            return
        try:
            await self._converse(channel, dialogue)
        finally:
            await _take_leave(channel, dialogue)

    async def _converse(self, channel: Channel, dialogue: Dialogue) -> None:
        progress = self.progress
        progress.stage = dialogue.first_stage
        answer = await dialogue.open(channel)
        before: dict[str, Any] = {}
        if self.check.tls == "starttls":
            before = {"before_tls": answer.as_dict()}
            progress.answer = dict(before)
            if self.check.auth_offered is False:
                self._judge_mechanisms(answer, "before TLS")
            await dialogue.starttls(channel)
            await self._handshake(channel)
            answer = await dialogue.ask(channel)
        progress.stage = Stage.PROTOCOL
        progress.answer = {**answer.as_dict(), **before}
        self._judge_greeting(answer)
        self._judge(answer)
        if self.check.relay_reply:
            self._judge_relay(await dialogue.reply_to_relay(channel))

    async def _other_side_of_tls(self, channel: Channel) -> str:
        """Say what a port that gave nothing does when it is addressed with TLS instead of without, or without."""
        in_clear = channel.tls is None
        if in_clear and (not channel.first or _looks_like_tls(channel.first)) and await self._wants_tls():
            return f"TLS from the first byte, where the check has tls {self.check.tls}"
        if not in_clear and not channel.first and self.check.tls == "implicit" and await self._speaks_plainly():
            return f"{self.check.protocol} in the clear, where TLS was expected"
        return ""

    async def _handshake(self, channel: Channel) -> None:
        check = self.check
        self.progress.stage = Stage.TLS
        context = trust.verifying(check.ca_file) if check.verify_chain else trust.trusting()
        try:
            tls = await channel.start_tls(context, check.tls_name)
        except ssl.SSLCertVerificationError:
            raise
        except ssl.SSLError as error:
            if channel.first and not _looks_like_tls(channel.first):
                raise Judged(
                    Verdict.WRONG_TLS, f"plain text where TLS was expected: {printable(channel.first)}"
                ) from error
            raise
        self._record(tls)
        if wrong := "; ".join(identity.faults(self.progress.certificate, check)):
            raise Judged(Verdict.BAD_CERTIFICATE, wrong)

    def _record(self, tls: ssl.SSLObject) -> None:
        cipher = tls.cipher()
        self.progress.tls = {"version": tls.version(), "cipher": cipher[0] if cipher else ""}
        self.progress.certificate = describe(tls.getpeercert(binary_form=True) or b"")

    def _judge(self, answer: Answer) -> None:
        if self.check.auth_offered is not None:
            self._judge_mechanisms(answer, "after TLS" if self.check.tls != "none" else "in the clear")
        if absent := [name for name in self.check.mechanisms if name not in map(str.upper, answer.mechanisms)]:
            offered = ", ".join(answer.mechanisms) or "none"
            raise Judged(Verdict.WRONG_PROTOCOL, f"does not offer {', '.join(absent)} to log in; offers {offered}")
        if missing := [name for name in self.check.capabilities if not answer.has(name)]:
            raise Judged(Verdict.WRONG_PROTOCOL, f"lacks {', '.join(missing)}; has {', '.join(answer.capabilities)}")

    def _judge_greeting(self, answer: Answer) -> None:
        name = answer.banner.partition(" ")[0].lower()
        if self.check.greeting and name != self.check.greeting.lower():
            raise Judged(Verdict.WRONG_PROTOCOL, f"greets as {printable(name)}, not as {self.check.greeting}")

    def _judge_relay(self, reply: str) -> None:
        expected = self.check.relay_reply
        if not f"{reply} ".startswith(f"{expected} "):
            detail = f"mail for elsewhere, without a login, is answered {printable(reply)}, not {expected}"
            raise Judged(Verdict.WRONG_PROTOCOL, detail)

    def _judge_mechanisms(self, answer: Answer, when: str) -> None:
        offered = ", ".join(answer.mechanisms)
        if offered and not self.check.auth_offered:
            raise Judged(Verdict.WRONG_PROTOCOL, f"offers a login {when} ({offered}), which it should not")
        if not offered and self.check.auth_offered:
            raise Judged(Verdict.WRONG_PROTOCOL, f"offers no login {when}")

    async def _try_cleartext_login(self) -> None:
        if (dialogue := self._dialogue()) is None:
            return
        self.progress.stage = dialogue.first_stage
        async with asyncio.timeout(self.check.timeout), await self._dial_again() as channel:
            answer = await dialogue.open(channel)
            try:
                taken_up = await dialogue.cleartext_login(channel, answer)
            except (EOFError, ConnectionError):
                taken_up = ""  # hanging up on somebody who wants to log in without TLS is a refusal too
            await _take_leave(channel, dialogue)
        if taken_up:
            raise Judged(Verdict.WRONG_TLS, f"takes up a login before TLS: {taken_up}")
        if offered := ", ".join(name for name in answer.mechanisms if name.upper() in IN_CLEAR):
            raise Judged(Verdict.WRONG_TLS, f"offers before TLS what gives passwords away: {offered}")
        self.progress.stage = Stage.PROTOCOL

    async def _try_older_tls(self) -> None:
        check, dialogue = self.check, self._dialogue()
        self.progress.stage = Stage.TLS
        async with asyncio.timeout(check.timeout), await self._dial_again() as channel:
            if check.tls == "starttls" and dialogue:
                await dialogue.open(channel)
                await dialogue.starttls(channel)
            taken = await offer_older(channel, check.tls_minimum, check.tls_name)
        if taken:
            raise Judged(Verdict.WRONG_TLS, f"accepts {taken}, which is older than {check.tls_minimum}")
        self.progress.stage = Stage.PROTOCOL if dialogue else Stage.TLS

    async def _plain_handshake(self, channel: Channel, context: ssl.SSLContext) -> ssl.SSLObject:
        if self.check.tls == "starttls" and (dialogue := self._dialogue()):
            await dialogue.open(channel)
            await dialogue.starttls(channel)
        return await channel.start_tls(context, self.check.tls_name)

    async def _look_at_certificate(self) -> None:
        """Connect again without judging, only to say what is wrong with the certificate."""
        with contextlib.suppress(OSError, EOFError, Judged):
            async with asyncio.timeout(_DIAGNOSIS_SECONDS), await self._dial() as channel:
                self._record(await self._plain_handshake(channel, trust.trusting()))

    async def _wants_tls(self) -> bool:
        with contextlib.suppress(OSError, EOFError):
            async with asyncio.timeout(_DIAGNOSIS_SECONDS), await self._dial() as channel:
                await channel.start_tls(trust.trusting(), self.check.tls_name)
                return True
        return False

    async def _speaks_plainly(self) -> bool:
        if (dialogue := self._dialogue()) is None:
            return False
        with contextlib.suppress(OSError, EOFError, Judged):
            async with asyncio.timeout(_DIAGNOSIS_SECONDS), await self._dial() as channel:
                await dialogue.open(channel)
                return True
        return False


async def _take_leave(channel: Channel, dialogue: Dialogue) -> None:
    """Say goodbye, so that the server's log does not tell of a lost connection."""
    if dialogue.farewell:
        with contextlib.suppress(OSError, EOFError):
            await channel.write(dialogue.farewell)
