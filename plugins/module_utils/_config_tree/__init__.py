# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""All configuration files of one daemon, planned, validated and put in place as one."""
