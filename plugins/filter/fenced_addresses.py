# Copyright: (c) 2026, mailforest.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The addresses of controllers that must not come back as they were."""

from __future__ import annotations

DOCUMENTATION = r"""
name: fenced_addresses
author: mailforest.stack contributors
version_added: 1.0.0
short_description: The addresses of controllers that must not come back as they were
description:
  - Makes the addresses to fence from what the domain controllers know of seizures.
  - A seizure counts until another controller has taken the dead one's name, or until the host of that name is blank
    now, so that it can be joined anew. An address that another host of the inventory has now is not fenced.
positional: addresses
options:
  _input:
    description: What M(mailforest.stack.seizure_info) said on each domain controller.
    type: list
    elements: dict
    required: true
  addresses:
    description: The address of each host of the inventory, by name.
    type: dict
    required: true
"""

EXAMPLES = r"""
- name: Fence who was seized from
  ansible.builtin.include_role:
    name: mailforest.stack.firewall
  vars:
    known: "{{ [ansible_facts.mailforest_seizures] }}"
    firewall_fenced: "{{ (known | mailforest.stack.fenced_addresses({'dc1': '198.51.100.70'})).addresses }}"
"""

RETURN = r"""
_value:
  description: >-
    C(known), whether a controller that serves was among those asked; without one nothing is known, and fences stay as
    they are. C(addresses), what to fence. C(lifted), what a seizure names and need not be fenced, as its host is blank.
  type: dict
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any


def fenced_addresses(answers: Sequence[Mapping[str, Any]], addresses: Mapping[str, str]) -> dict[str, Any]:
    """See DOCUMENTATION."""
    serving = [answer for answer in answers if answer.get("serving")]
    asked = {answer["host"]: answer for answer in answers}
    fenced: set[str] = set()
    lifted: set[str] = set()
    for answer in serving:
        for seizure in answer["seizures"]:
            if not seizure["open"]:
                continue
            name = seizure["name"]
            found = {*seizure["addresses"], *([addresses[name]] if name in addresses else [])}
            found -= {address for other, address in addresses.items() if other != name}
            host = asked.get(name)
            blank = host is not None and host["settings_guid"] != seizure["settings_guid"]
            (lifted if blank else fenced).update(found)
    return {"known": bool(serving), "addresses": sorted(fenced), "lifted": sorted(lifted - fenced)}


class FilterModule:
    """The filter `fenced_addresses`."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Name the filter."""
        return {"fenced_addresses": fenced_addresses}
