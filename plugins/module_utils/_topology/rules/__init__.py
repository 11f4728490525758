# Copyright: (c) 2026, mailforest.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rules, in the order in which they are read: names, network, placement, people, mail, egress, secrets, waivers."""

from __future__ import annotations

from . import egress, mail, names, network, people, placement, secrets, waivers
from .registry import RULES, Context, Registered

__all__ = ["RULES", "Context", "Registered"]

_ORDER = [module.__name__ for module in (names, network, placement, people, mail, egress, secrets, waivers)]
RULES.sort(key=lambda registered: _ORDER.index(registered.check.__module__))
