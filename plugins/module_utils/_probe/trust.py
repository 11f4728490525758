# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""TLS settings of a probe: strict by default, lax where the question is what a server would also accept."""

from __future__ import annotations

import ssl
import warnings
from functools import cache

_OLDER = {"TLSv1.2": ssl.TLSVersion.TLSv1_1, "TLSv1.3": ssl.TLSVersion.TLSv1_2}


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


@cache
def older_than(version: str) -> ssl.SSLContext:
    """Offer only what is older than version, with every cipher that OpenSSL still has."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_ciphers("ALL:@SECLEVEL=0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # offering what is deprecated is the purpose
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.maximum_version = _OLDER[version]
    return context
