# Copyright: (c) 2026, mailforest.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules on passwords. They see verdicts only."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..findings import Severity, Violation
from ..model import Topology
from ..schema import SECRETS, USER_PASSWORDS
from ..secrets import Verdict
from .registry import rule

_RECIPIENT = re.compile(r"age1[02-9ac-hj-np-z]{58}|ssh-(ed25519|rsa) [A-Za-z0-9+/]{60,}={0,2}( \S.*)?")
_FOREIGN = frozenset(secret.name for secret in SECRETS if secret.foreign)
_WEAK = frozenset({Verdict.SHORT, Verdict.SIMPLE, Verdict.WRONG_TYPE})


def _verdicts(topology: Topology) -> Iterator[tuple[str, Verdict, int]]:
    """Every password that the topology needs: place, verdict, shortest length."""
    for secret in SECRETS:
        unused = secret.foreign and not any(relay.user for relay in topology.mail.relay.values())
        if not unused and (topology.mail_servers or not secret.name.startswith("mailforest_mail_")):
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
        if verdict in _WEAK and place not in _FOREIGN:
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


@rule("backup-recipients-legal", "AD-12", "Backups are encrypted for public keys of age or SSH.")
def backup_recipients_legal(topology: Topology) -> Iterator[Violation]:
    """A private key here would lie beside what it opens."""
    for index, key in enumerate(topology.backup_recipients):
        if key and not _RECIPIENT.fullmatch(key):
            private = "PRIVATE" in key.upper() or key.upper().startswith("AGE-SECRET-KEY")
            yield Violation(
                place=f"mailforest_backup_recipients[{index}]",
                value=None if private else key,
                message="This is a private key: it belongs nowhere near the backups."
                if private
                else "This is no public key of age (age1...) or SSH (ssh-ed25519, ssh-rsa).",
                remedy="Give the public key that age-keygen printed, and keep the private one away from these hosts.",
            )
