# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""TLS settings of a probe: strict by default, lax where the certificate is looked at before it is judged."""

from __future__ import annotations

import ssl
from functools import cache


@cache
def verifying(ca_file: str) -> ssl.SSLContext:
    """Trust the authorities in ca_file, or the system's; at least TLS 1.2."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if ca_file:
        context.load_verify_locations(ca_file)
    else:
        context.load_default_certs()
    return context


@cache
def trusting() -> ssl.SSLContext:
    """Look at any certificate without judging it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
