# Copyright: (c) 2026, mailforest.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The controller's half of firewall_load: let the host load behind a timer, log in anew, and say that all is well."""

from __future__ import annotations

import secrets
import socket
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from ansible.errors import AnsibleActionFail, AnsibleConnectionFailure
from ansible.plugins.action import ActionBase

_MODULE = "mailforest.stack.firewall_load"
_OPTIONS = frozenset({"ruleset", "sysctls", "confirm_seconds", "confirm_through"})
_SECONDS = range(5, 601)
_PATIENCE = 90.0
"""Seconds that the host has to answer again after its timer: a connection that was dead tries only now and then."""
_PAUSE = 1.0
_BACK = "The former rules are back, and nothing was kept for the next boot."
_REMEDY = (
    "Compare firewall_admin_sources, firewall_ssh_ports and firewall_tunnelled with the way you reach this host "
    "(`--check --diff` shows the rules), and run again."
)


@dataclass(frozen=True)
class _Place:
    """A TCP port that this controller reaches, perhaps through the host."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"

    def answers(self) -> bool:
        try:
            socket.create_connection((self.host, self.port), timeout=3).close()
        except OSError:
            return False
        return True


def _answering(places: Sequence[_Place]) -> list[_Place]:
    if not places:
        return []
    with ThreadPoolExecutor(min(len(places), 32)) as pool:
        return [place for place, answers in zip(places, pool.map(_Place.answers, places), strict=True) if answers]


class _NotConfirmed(Exception):
    """Why the new rules were not confirmed."""


class ActionModule(ActionBase):
    """The action `firewall_load`."""

    _supports_check_mode = True
    _requires_connection = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return the module's result; changed only when the new rules were confirmed."""
        super().run(tmp, task_vars)
        self._variables = task_vars or {}
        self._arguments = _checked(self._task.args)
        self._stamp = secrets.token_hex(8)
        seconds = int(self._arguments.get("confirm_seconds", 30))
        if self._task.check_mode:
            return self._ask("load")
        before = _answering(_places(self._arguments.get("confirm_through") or []))
        begin = time.monotonic()
        try:
            result = self._ask("load")
            if result.get("failed") or not result.get("changed"):
                return result
            self._confirm(str(result["login"]), before, deadline=time.monotonic() + float(result["left"]))
        except AnsibleConnectionFailure as exc:
            return self._failure(f"The connection broke while the new rules were loaded ({exc}).", seconds)
        except _NotConfirmed as exc:
            fact = f"The new rules were loaded, but not confirmed within {seconds} seconds: {exc}."
            return self._failure(fact, seconds)
        result["confirmed_after"] = round(time.monotonic() - begin, 2)
        result["reached"] = [str(place) for place in before]
        return result

    def _ask(self, stage: str, **more: str) -> dict[str, Any]:
        arguments = {**self._arguments, "stage": stage, "stamp": self._stamp, **more}
        result: dict[str, Any] = self._execute_module(
            module_name=_MODULE, module_args=arguments, task_vars=self._variables
        )
        return result

    def _confirm(self, login: str, before: Sequence[_Place], *, deadline: float) -> None:
        """Log in anew until the host has taken the confirmation, or the time is up."""
        why = "no new login succeeded"
        while True:
            try:
                self._connection.reset()
                if lost := _lost(before):
                    why = f"{', '.join(map(str, lost))} no longer answered this controller, but had before"
                else:
                    answer = self._ask("confirm", former_login=login)
                    if answer.get("state") == "confirmed":
                        return
                    if answer.get("state") in ("fired", "restored", "unknown"):
                        break  # too late; what was wrong until then is the reason
                    why = _reason(answer)
            except AnsibleConnectionFailure as exc:
                why = f"no new login succeeded ({exc})"
            if time.monotonic() + _PAUSE > deadline:
                break
            time.sleep(_PAUSE)
        raise _NotConfirmed(why)

    def _failure(self, fact: str, seconds: int) -> dict[str, Any]:
        """Wait until the former rules are back, and say so; or that the host did not come back."""
        deadline = time.monotonic() + seconds + _PATIENCE
        answer: Mapping[str, Any] = {}
        while time.monotonic() < deadline:
            try:
                self._connection.reset()
                answer = self._ask("revert")
            except AnsibleConnectionFailure as exc:
                answer = {"msg": str(exc)}
            if answer.get("state") in ("restored", "unknown", "confirmed"):
                break
            time.sleep(_PAUSE)
        return {"failed": True, "changed": False, "msg": f"{fact} {_outcome(answer)}"}


def _outcome(answer: Mapping[str, Any]) -> str:
    match answer.get("state"):
        case "restored":
            return f"{_BACK} {_REMEDY}"
        case "unknown":
            return f"Nothing of this run is left on the host, which may have been restarted. {_REMEDY}"
        case "confirmed":
            return "The host took the confirmation all the same: the new rules stay. Run again to complete the rest."
    return (
        f"Since then the host did not say that the former rules are back ({answer.get('msg', 'no answer')}). "
        "Nothing was kept for the next boot. On its console run `sh /run/mailforest/firewall/restore`, or restart it. "
        f"{_REMEDY}"
    )


def _reason(answer: Mapping[str, Any]) -> str:
    """Why an answer is no confirmation."""
    if answer.get("anew") is False:
        return "the connection could not be made anew, as something keeps it open for all logins"
    return f"the new login could not confirm ({answer.get('msg', answer.get('state', 'no answer'))})"


def _lost(before: Sequence[_Place]) -> list[_Place]:
    after = _answering(before)
    return [place for place in before if place not in after]


def _places(entries: Sequence[Mapping[str, Any]]) -> list[_Place]:
    return [_Place(str(entry["host"]), int(entry.get("port") or 22)) for entry in entries]


def _checked(arguments: Mapping[str, Any]) -> dict[str, Any]:
    unknown = sorted(set(arguments) - _OPTIONS)
    if unknown:
        raise AnsibleActionFail(f"Unknown options: {', '.join(unknown)}. Supported are {', '.join(sorted(_OPTIONS))}.")
    seconds = arguments.get("confirm_seconds", 30)
    if int(seconds) not in _SECONDS:
        raise AnsibleActionFail(
            f"confirm_seconds is {seconds}. Nothing was changed. Use {_SECONDS.start} to {_SECONDS.stop - 1} seconds."
        )
    return dict(arguments)
