# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults for the two offices of the example, each of which verify.yml must name, and which is healed at its end."""

from __future__ import annotations

from .directory import DIRECTORY
from .fault import Fault, Sign
from .hosts import HOSTS
from .mail import MAIL
from .network import NETWORK

FAULTS: tuple[Fault, ...] = (*HOSTS, *DIRECTORY, *MAIL, *NETWORK)
__all__ = ["FAULTS", "Fault", "Sign"]
