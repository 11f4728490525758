# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host's packet filter: rules checked, the administrator's access proven, the ruleset written."""
