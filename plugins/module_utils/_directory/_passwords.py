# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Password policies: of the domain, and those for some users and groups (PSO). Private to this collection."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.mailforest.stack.plugins.module_utils._directory._kinds import PSO
from ansible_collections.mailforest.stack.plugins.module_utils._directory._store import Entry, Store, guid_dn

_COMPLEX = 0x1
_REVERSIBLE = 0x10
_DAY = 24 * 60 * 60 * 10_000_000
_MINUTE = 60 * 10_000_000
_NEVER = 1 << 63
_SIGNS = frozenset("~!@#$%^&*_-+=`|\\(){}[]:;\"'<>,.?/")
_CATEGORIES = 3
_DOMAIN = (
    "pwdProperties",
    "minPwdLength",
    "pwdHistoryLength",
    "minPwdAge",
    "maxPwdAge",
    "lockoutThreshold",
    "lockoutDuration",
    "lockOutObservationWindow",
)
MAX_LENGTH = 255
MAX_HISTORY = 1024


@dataclass(frozen=True, kw_only=True)
class Policy:
    """What of a policy concerns a password that an administrator sets."""

    length: int = 0
    complex: bool = False

    def fault(self, password: str) -> str | None:
        """Why the directory refuses the password, or None; as Samba counts, in UTF-16 and by kinds of characters."""
        if len(password.encode("utf-16-le")) // 2 < self.length:
            return f"is shorter than the {self.length} characters that the policy asks for"
        if self.complex and not _is_complex(password):
            return (
                "does not meet the policy's complexity; use three of: upper case, lower case, digits, signs, other"
                " characters"
            )
        return None


def _is_complex(password: str) -> bool:
    kinds = set()
    for letter in password:
        if letter.isascii() and letter.isdigit():
            kinds.add("digit")
        elif letter.isupper():
            kinds.add("upper")
        elif letter.islower():
            kinds.add("lower")
        elif letter in _SIGNS:
            kinds.add("sign")
        elif not letter.isascii():
            kinds.add("other")
    return len(kinds) >= _CATEGORIES


def policy_of(store: Store, account: Entry | None) -> Policy:
    """The policy that holds for an account; a new one is made under the domain's."""
    entry = store.read(guid_dn(account.guid), ["msDS-ResultantPSO"]) if account else None
    own = entry.text("msDS-ResultantPSO") if entry else None
    if own and (pso := store.read(own, ["msDS-MinimumPasswordLength", "msDS-PasswordComplexityEnabled"])):
        judged = pso.text("msDS-PasswordComplexityEnabled") == "TRUE" and not store.password_script
        return Policy(length=pso.number("msDS-MinimumPasswordLength"), complex=judged)
    domain = store.read(store.domain_dn, _DOMAIN)
    if domain is None:
        return Policy()
    judged = bool(domain.number("pwdProperties") & _COMPLEX) and not store.password_script
    return Policy(length=domain.number("minPwdLength"), complex=judged)


def domain_settings(store: Store) -> dict[str, Any]:
    """The domain's own policy in the options of the module `pso`."""
    domain = store.read(store.domain_dn, _DOMAIN) or Entry(dn=store.domain_dn, attributes={})
    properties = domain.number("pwdProperties")
    return {
        "min_password_length": domain.number("minPwdLength"),
        "complexity_enabled": bool(properties & _COMPLEX),
        "reversible_encryption_enabled": bool(properties & _REVERSIBLE),
        "password_history_count": domain.number("pwdHistoryLength"),
        "min_password_age": _units(domain.number("minPwdAge"), _DAY),
        "max_password_age": _units(domain.number("maxPwdAge"), _DAY),
        "lockout_threshold": domain.number("lockoutThreshold"),
        "lockout_duration": _units(domain.number("lockoutDuration"), _MINUTE),
        "lockout_observation_window": _units(domain.number("lockOutObservationWindow"), _MINUTE),
    }


def _units(ticks: int, unit: int) -> int:
    return 0 if abs(ticks) >= _NEVER else abs(ticks) // unit


def settings_faults(label: str, want: Mapping[str, Any], entry: Entry | None) -> Iterator[str]:
    """What is wrong with a policy as a whole, as Microsoft documents ([MS-ADTS] 3.1.1.5.2.2); Samba checks little."""
    final = {option: _final(option, want, entry) for option in PSO.values}
    if final["precedence"] is None:
        yield f"'{label}': a new policy needs `precedence`; of two, the one with the lower number holds"
    elif final["precedence"] < 1:
        yield f"'{label}': precedence must be 1 or more"
    if final["min_password_length"] > MAX_LENGTH:
        yield f"'{label}': min_password_length is above {MAX_LENGTH}"
    if final["password_history_count"] > MAX_HISTORY:
        yield f"'{label}': password_history_count is above {MAX_HISTORY}"
    if 0 < final["max_password_age"] <= final["min_password_age"]:
        yield f"'{label}': min_password_age must be less than max_password_age (or this one 0, for never)"
    if 0 < final["lockout_duration"] < final["lockout_observation_window"]:
        yield f"'{label}': lockout_duration must not be less than lockout_observation_window (or 0, for ever)"


def _final(option: str, want: Mapping[str, Any], entry: Entry | None) -> Any:
    if want.get(option) is not None:
        return want[option]
    attribute = PSO.values[option].attribute
    if entry is None or not entry.values(attribute):
        return None if option == "precedence" else 0
    if PSO.values[option].type == "bool":
        return entry.text(attribute) == "TRUE"
    unit = {"age": _DAY, "duration": _MINUTE, "window": _MINUTE}.get(option.rpartition("_")[2], 1)
    return _units(entry.number(attribute), unit)
