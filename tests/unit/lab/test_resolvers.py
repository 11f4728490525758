# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from pathlib import Path

import pytest

from lab import resolvers
from lab.errors import LabError


@pytest.mark.parametrize(
    ("stub", "behind", "expected"),
    [
        ("nameserver 192.0.2.53\n", None, ["192.0.2.53"]),
        ("search example.test\nnameserver 192.0.2.53\nnameserver 192.0.2.54\n", None, ["192.0.2.53", "192.0.2.54"]),
        ("nameserver 127.0.0.53\n", "nameserver 192.0.2.53\n", ["192.0.2.53"]),
        ("nameserver 127.0.0.1\nnameserver 192.0.2.53\n", None, ["192.0.2.53"]),
        ("nameserver fe80::1%eth0\nnameserver 2001:db8::53\nnameserver 192.0.2.53\n", None, ["192.0.2.53"]),
    ],
)
def test_servers_that_a_lab_host_can_ask(tmp_path: Path, stub: str, behind: str | None, expected: list[str]) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/resolv.conf").write_text(stub, encoding="utf-8")
    if behind is not None:
        (tmp_path / "run/systemd/resolve").mkdir(parents=True)
        (tmp_path / "run/systemd/resolve/resolv.conf").write_text(behind, encoding="utf-8")
    assert resolvers.upstream(tmp_path) == expected


def test_a_machine_that_asks_only_itself_is_told_so(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/resolv.conf").write_text("nameserver 127.0.0.1\n", encoding="utf-8")
    with pytest.raises(LabError, match="no name server but itself"):
        resolvers.upstream(tmp_path)
