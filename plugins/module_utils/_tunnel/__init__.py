# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tunnels between offices: what may be declared, and how a running one is looked at."""
