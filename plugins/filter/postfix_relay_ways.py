# Copyright: (c) 2026, mailforest.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ways to a smart host."""

from __future__ import annotations

DOCUMENTATION = r"""
name: postfix_relay_ways
author: mailforest.stack contributors
version_added: 1.0.0
short_description: The ways to a smart host
description:
  - Used by role P(mailforest.stack.postfix#role) for its configuration and its probes.
options:
  _input:
    description: The value of C(postfix_relay); empty for none.
    type: dict
    required: true
"""

EXAMPLES = r"""
ways: "{{ postfix_relay | mailforest.stack.postfix_relay_ways }}"
"""

RETURN = r"""
_value:
  description: >-
    C(relay), the value with its defaults; C(hops), as Postfix has them, in their order; C(checks) for
    M(mailforest.stack.reachable); C(wrapped), whether one of them needs a pipe that speaks TLS from the first byte,
    which begins at C(pipe), in Postfix's words C(pipe_hop).
  type: dict
"""

from collections.abc import Callable
from typing import Any

from ansible_collections.mailforest.stack.plugins.module_utils._mail.ways import relay_ways


class FilterModule:
    """The filter `postfix_relay_ways`."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Its name and its function."""
        return {"postfix_relay_ways": relay_ways}
