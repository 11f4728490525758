# Copyright: (c) 2026, mailforest.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules on passwords. They see verdicts only."""

from __future__ import annotations

from collections.abc import Iterator

from ..findings import Severity, Violation
from ..model import Topology
from ..schema import SECRETS, USER_PASSWORDS
from ..secrets import Verdict
from .registry import rule

_WEAK = frozenset({Verdict.SHORT, Verdict.SIMPLE, Verdict.WRONG_TYPE})


def _verdicts(topology: Topology) -> Iterator[tuple[str, Verdict, int]]:
    """Every password that the topology needs: place, verdict, shortest length."""
    for secret in SECRETS:
        if topology.mail_servers or not secret.name.startswith("mailforest_mail_"):
            yield secret.name, topology.secrets.get(secret.name, Verdict.MISSING), secret.length
    if USER_PASSWORDS.name in topology.secrets:
        return
    for user in topology.users:
        if user.name:
            place = f"{USER_PASSWORDS.name}.{user.name}"
            yield place, topology.passwords.get(user.name, Verdict.MISSING), USER_PASSWORDS.length


@rule("missing-secret", "AD-1", "Every password that the topology needs is given.")
def missing_secret(topology: Topology) -> Iterator[Violation]:
    """A run that stops half-way for a password leaves half a system."""
    for place, verdict, _length in _verdicts(topology):
        if verdict is Verdict.MISSING:
            yield Violation(
                place=place,
                value=None,
                message="The password is missing.",
                remedy="Set it in a vault that the inventory loads (ansible-vault edit).",
            )


@rule("weak-secret", "AD-1", "Every password is one that Samba takes, and long enough for what it protects.")
def weak_secret(topology: Topology) -> Iterator[Violation]:
    """Samba refuses a weak one when the run has long begun."""
    for place, verdict, length in _verdicts(topology):
        if verdict in _WEAK:
            yield Violation(
                place=place,
                value=None,
                message=f"The password is {verdict.value}.",
                remedy=f"Use text of {length} characters or more, with three of: a-z, A-Z, 0-9, other characters.",
            )


@rule("passwords-by-user", "AD-1", "Initial passwords are a mapping from user to password.")
def passwords_by_user(topology: Topology) -> Iterator[Violation]:
    """A list, say, does not tell whose password is whose."""
    if topology.secrets.get(USER_PASSWORDS.name) is Verdict.WRONG_TYPE:
        yield Violation(
            place=USER_PASSWORDS.name,
            value=None,
            message="This is no mapping from user to password.",
            remedy="Write one line per user: 'alice: password'.",
        )


@rule("password-without-user", "AD-42", "Every initial password is for a declared user.", severity=Severity.WARNING)
def password_without_user(topology: Topology) -> Iterator[Violation]:
    """A password nobody uses is one that can leak."""
    known = {user.name for user in topology.users}
    for name in topology.passwords:
        if name not in known:
            yield Violation(
                place=f"{USER_PASSWORDS.name}.{name}",
                value=None,
                message="No user of this name is declared.",
                remedy="Remove the password, or correct the name.",
            )
