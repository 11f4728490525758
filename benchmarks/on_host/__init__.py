# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What benchmarks have a host do: scripts that need nothing but its own Python."""
