# Copyright: (c) 2026, mailforest.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Why a site may not go yet."""

from __future__ import annotations

DOCUMENTATION = r"""
name: site_departure
author: mailforest.stack contributors
version_added: 1.0.0
short_description: Why a site may not go yet
description:
  - Judges what the forest and the hosts of a site have said, before anything is changed. A site stays while it holds a
    role, a mailbox, or the last copy of anything.
options:
  _input:
    description: >-
      The C(site), its C(hosts), the C(controllers) that the forest knows with their sites, those C(staying), the
      C(owners) of the roles; per host the number of C(mailboxes) and of C(messages); the hosts that are C(authorities),
      those that serve C(shares), and whether what these hold was C(copied).
    type: dict
    required: true
seealso:
  - module: mailforest.stack.site
"""

EXAMPLES = r"""
- name: Refuse while something would be lost
  ansible.builtin.assert:
    that: asked | mailforest.stack.site_departure | length == 0
"""

RETURN = r"""
_value:
  description: A sentence or two for each reason, with the remedy; nothing where the site may go.
  type: list
  elements: str
"""

from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.mailforest.stack.plugins.module_utils._directory._site_departure import Leaving, departure


def site_departure(asked: Mapping[str, Any]) -> list[str]:
    """The reasons."""
    return departure(Leaving(**asked))


class FilterModule:
    """The filter `site_departure`."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Its name and its function."""
        return {"site_departure": site_departure}
