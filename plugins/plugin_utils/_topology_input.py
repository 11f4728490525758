# Copyright: (c) 2026, mailforest.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From Ansible's variables to the topology's raw input: the one place that knows both sides.

It takes the inventory's groups and the `mailforest_*` names, templated, and nothing else. Passwords become verdicts
here, before anything looks at them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from ansible.errors import AnsibleError
from ansible_collections.mailforest.stack.plugins.module_utils._topology.evaluate import Outcome, evaluate
from ansible_collections.mailforest.stack.plugins.module_utils._topology.model import HostInput, RawInput
from ansible_collections.mailforest.stack.plugins.module_utils._topology.schema import (
    GROUP_ABOUT,
    HOST_VARIABLES,
    PREFIX,
    SECRETS,
    USER_PASSWORDS,
    VARIABLES,
    known_names,
)
from ansible_collections.mailforest.stack.plugins.module_utils._topology.secrets import Verdict, judge

_HOST_NAMES = ("ansible_host", *(variable.name for variable in HOST_VARIABLES))

Template = Callable[[Any], Any]


def compile_input(variables: Mapping[str, Any], template: Template) -> Outcome:
    """Gather, judge and compile, as of today."""
    return evaluate(gather(variables, template), today=date.today())


def gather(variables: Mapping[str, Any], template: Template) -> RawInput:
    """The raw input from a task's variables; all hosts of the inventory are seen, whatever `--limit` says."""
    resolver = _Resolver(template=template)
    hosts = _hosts(variables, resolver)
    found = {
        variable.name: resolver.resolve(variables[variable.name], variable.name)
        for variable in VARIABLES
        if variable.name in variables
    }
    return RawInput(
        hosts={name: host for name, (host, _names) in hosts.items()},
        variables=found,
        secrets=_secrets(variables, resolver),
        passwords=_passwords(variables, resolver),
        unknown=_unknown(variables, {name: names for name, (_host, names) in hosts.items()}),
        undefined=resolver.undefined,
    )


@dataclass
class _Resolver:
    """Works templates out, and notes those that it cannot."""

    template: Template
    undefined: dict[str, str] = field(default_factory=dict)

    def resolve(self, value: Any, place: str) -> Any:
        """The value as plain data; where a part cannot be worked out, that part is nothing."""
        try:
            return plain(self.template(value))
        except AnsibleError as error:
            if isinstance(value, Mapping):
                return {str(key): self.resolve(item, f"{place}.{key}") for key, item in value.items()}
            if isinstance(value, list | tuple):
                return [self.resolve(item, f"{place}[{index}]") for index, item in enumerate(value)]
            self.undefined[place] = _reason(error)
            return None

    def item(self, values: Mapping[str, Any], name: str, place: str) -> Any:
        """One of a host's variables, which are worked out on access."""
        try:
            return self.resolve(values[name], place)
        except AnsibleError as error:
            self.undefined[place] = _reason(error)
            return None

    def verdict(self, value: Any, place: str, length: int) -> Verdict:
        """The verdict on a password, whose value is dropped here."""
        password = self.resolve(value, place)
        return Verdict.UNDEFINED if place in self.undefined else judge(password, length=length)


def _reason(error: AnsibleError) -> str:
    """The first line of what Ansible says, without excerpts of files that may hold passwords."""
    return str(error.message).strip().splitlines()[0]


def plain(value: Any) -> Any:
    """The value in Python's own types: Ansible's carry their origin along, and work templates out late."""
    if isinstance(value, Mapping):
        return {plain(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, bool) or value is None:
        return value
    for kind in (str, int, float):
        if isinstance(value, kind):
            return kind(value)
    return value


def _hosts(variables: Mapping[str, Any], resolver: _Resolver) -> dict[str, tuple[HostInput, list[str]]]:
    """The hosts of all `mailforest_*` groups, and the names of the `mailforest_*` variables of each."""
    groups: dict[str, list[str]] = {}
    inventory: Mapping[str, Iterable[str]] = variables["groups"]
    reserved = [*GROUP_ABOUT, *(name for name in inventory if name.startswith(PREFIX) and name not in GROUP_ABOUT)]
    for group in reserved:
        for host in inventory.get(group, ()):
            groups.setdefault(str(host), []).append(str(group))
    found = {}
    for host, names in groups.items():
        values = variables["hostvars"][host]
        own = {name: resolver.item(values, name, f"{host}.{name}") for name in _HOST_NAMES if name in values}
        given = [str(name) for name in values if name.startswith(PREFIX)]
        found[host] = (HostInput(groups=tuple(names), variables=own), given)
    return found


def _unknown(variables: Mapping[str, Any], hosts: Mapping[str, Iterable[str]]) -> dict[str, str]:
    """Unknown `mailforest_*` names, each with a host that has it ("" when it is set for all)."""
    known = known_names()
    found = {name: host for host, names in hosts.items() for name in names if name not in known}
    found |= {str(name): "" for name in variables if name.startswith(PREFIX) and name not in known}
    return dict(sorted(found.items()))


def _secrets(variables: Mapping[str, Any], resolver: _Resolver) -> dict[str, Verdict]:
    """A verdict for every password with a variable of its own, and on the form of the users' passwords."""
    verdicts = {
        secret.name: resolver.verdict(variables[secret.name], secret.name, secret.length)
        for secret in SECRETS
        if secret.name in variables
    }
    passwords = resolver.resolve(variables.get(USER_PASSWORDS.name), USER_PASSWORDS.name)
    if USER_PASSWORDS.name in resolver.undefined:
        verdicts[USER_PASSWORDS.name] = Verdict.UNDEFINED
    elif not isinstance(passwords, Mapping | None):
        verdicts[USER_PASSWORDS.name] = Verdict.WRONG_TYPE
    return verdicts


def _passwords(variables: Mapping[str, Any], resolver: _Resolver) -> dict[str, Verdict]:
    """A verdict for every user's initial password."""
    given = resolver.resolve(variables.get(USER_PASSWORDS.name), USER_PASSWORDS.name)
    if not isinstance(given, Mapping):
        return {}
    return {
        str(user): Verdict.UNDEFINED
        if (place := f"{USER_PASSWORDS.name}.{user}") in resolver.undefined
        else resolver.verdict(password, place, USER_PASSWORDS.length)
        for user, password in given.items()
    }
