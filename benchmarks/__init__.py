# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every benchmark measures us and somebody else, or a limit, in one run, and ends with one line."""
