# Copyright: (c) 2026, mailforest.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The topology: from an inventory and `mailforest_*` variables to one plan for all hosts.

Pure Python: no Ansible, no input or output, no clock. `evaluate` is the way in; `schema` says what may be written,
`rules` what is wrong, `services` which ports there are, `compile` what follows.
"""
