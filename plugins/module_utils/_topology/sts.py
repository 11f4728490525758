# Copyright: (c) 2026, mailforest.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""MTA-STS (RFC 8461) and reports on TLS (RFC 8460): what the records of a mail domain say."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from hashlib import sha256

STS_MODES = ("testing", "enforce", "none")
STS_NAME = "mta-sts"
"""The host below a mail domain that is asked for the policy."""
_ID_LENGTH = 32


def sts_texts(mode: str, servers: Sequence[str], reports: str) -> Iterator[tuple[str, str]]:
    """Label and value of the TXT records. The id is another one as soon as the policy is."""
    if mode and servers:
        number = sha256("\n".join((mode, *servers)).encode()).hexdigest()[:_ID_LENGTH]
        yield f"_{STS_NAME}", f"v=STSv1; id={number}"
    if reports and servers:
        yield "_smtp._tls", f"v=TLSRPTv1; rua=mailto:{reports}"
