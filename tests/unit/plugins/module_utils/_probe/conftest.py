# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificates that all tests of the probes share."""

from __future__ import annotations

import ssl

import pytest
from ansible_collections.mailforest.stack.tests.unit.plugins.module_utils._probe.fakes import Authority


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """The CA that the checks trust."""
    return Authority(tmp_path_factory.mktemp("ca"), "trusted")


@pytest.fixture(scope="session")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """A CA nobody trusts."""
    return Authority(tmp_path_factory.mktemp("stranger"), "stranger")


@pytest.fixture(scope="session")
def good(authority: Authority) -> ssl.SSLContext:
    """A server's context with a good certificate."""
    return authority.context()
