# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Networks and blank Debian hosts in containers, on which the examples and the tests run."""
