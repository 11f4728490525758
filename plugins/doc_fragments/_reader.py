# Copyright: (c) 2026, mailforest.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the modules that only look have in common. Private to this collection."""

from __future__ import annotations


class ModuleDocFragment:
    """Attributes of every module that changes nothing."""

    DOCUMENTATION = r"""
attributes:
  check_mode:
    description: Can run in check mode and return the same, as nothing is changed.
    support: full
  diff_mode:
    description: Has nothing to show, as nothing is changed.
    support: none
  idempotent:
    description: Running it again changes nothing, as it changes nothing.
    support: full
"""
