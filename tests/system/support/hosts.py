# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host as testinfra reaches it: its inventory, its CA, its state as a whole."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from typing import Any

import testinfra
from testinfra.host import Host

from . import adhoc

_SNAPSHOT = r"""
find /etc -xdev -type f -exec sha256sum {} + | sort -k2
find /etc -xdev -printf '%p %y %m %u %g %l\n' | sort
systemctl list-unit-files --no-legend --no-pager --plain
systemctl list-units --all --no-legend --no-pager --plain --type=service,socket,timer |
  awk '{ sub(/^(de)?activating$/, "inactive", $3); print $1, $2, $3 }' | sort
dpkg-query -W -f '${Package} ${Version} ${Status}\n'
"""


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a host is."""

    name: str
    address: str
    fqdn: str


def at(name: str) -> Host:
    """A host by its inventory name."""
    return testinfra.get_host(f"ansible://{name}")


def release(host: Host) -> str:
    """Of Debian, as a number."""
    return root_shell(host, ". /etc/os-release; echo $VERSION_ID").strip()


def module(host: Host, name: str, /, **arguments: Any) -> dict[str, Any]:
    """The result of one of the collection's modules, run on the host."""
    found = _run(host, name, arguments)
    assert "msg" not in found, found["msg"]  # the result has no word of failure; ours say something only then
    return found


def refusal(host: Host, name: str, /, **arguments: Any) -> str:
    """What a module says that refuses."""
    found = _run(host, name, arguments)
    assert found.get("changed", False) is False
    return str(found["msg"])


def _run(host: Host, name: str, arguments: dict[str, Any]) -> dict[str, Any]:
    inventory = host.backend.ansible_runner.inventory_file
    return adhoc.server().run(host.backend.host, f"mailforest.stack.{name}", arguments, inventory=inventory or "")


def variables(host: Host) -> dict[str, Any]:
    """The host's inventory variables as they stand, not templated."""
    found: dict[str, Any] = host.ansible.get_variables()
    return found


def solo(host: Host) -> Place:
    """Where a host of the role scenarios is; the names are those of inventory/group_vars/solo.yml."""
    known = variables(host)
    name = str(known["inventory_hostname"])
    return Place(name=name, address=str(known["ansible_host"]), fqdn=f"{name}.{name}.example.test")


def client_context(host: Host) -> ssl.SSLContext:
    """A client that trusts the CA of the host, and nobody else."""
    return ssl.create_default_context(cadata=host.file("/etc/ssl/mailforest/ca.crt").content_string)


def snapshot(host: Host) -> list[str]:
    """All of /etc, the packages, the units and their states; what a timer has just set to work counts as at rest."""
    result = host.run(_SNAPSHOT)
    assert result.rc == 0, result.stderr
    return sorted(str(result.stdout).splitlines())


def root_shell(host: Host, script: str) -> str:
    """The output of a script that must succeed."""
    result = host.run(script)
    assert result.rc == 0, f"{script}\n{result.stdout}{result.stderr}"
    return str(result.stdout)
