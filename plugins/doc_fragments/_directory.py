# Copyright: (c) 2026, mailforest.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the directory modules have in common. Private to this collection."""

from __future__ import annotations


class ModuleDocFragment:
    """Options, attributes and requirements of every directory module."""

    DOCUMENTATION = r"""
requirements:
  - python3-samba (Samba 4.17 or newer) on the target, which is a domain controller, except for the module that makes
    one
notes:
  - Runs as root on a domain controller, against its local database, whether C(samba-ad-dc) runs or not. No password
    is needed.
options:
  configuration_file:
    description:
      - Path of C(smb.conf) on the domain controller. It is read, never written.
    type: path
    default: /etc/samba/smb.conf
"""

    CHANGES = r"""
attributes:
  check_mode:
    description: Reports what would be done and changes nothing.
    support: full
  diff_mode:
    description: Returns the state before and after; passwords are never part of it.
    support: full
  idempotent:
    description: When run twice, the second run changes nothing.
    support: full
"""

    INFO = r"""
attributes:
  check_mode:
    description: Changes nothing in any mode.
    support: full
  diff_mode:
    description: Returns no difference, as nothing changes.
    support: N/A
  idempotent:
    description: Changes nothing.
    support: full
"""
