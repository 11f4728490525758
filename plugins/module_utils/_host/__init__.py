# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every host needs before it can serve: checks of its settings and of the host itself."""
