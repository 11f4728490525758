# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tests on hosts share: runs of playbooks as typed results, the inventory, the state of a host."""
