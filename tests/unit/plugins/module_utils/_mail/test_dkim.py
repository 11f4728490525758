# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Signing keys: made once, kept, readable by one daemon, and the records that publish them."""

from __future__ import annotations

import base64
import grp
import os
import pwd
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.mailforest.stack.plugins.module_utils._engine import NotYetKnowable, ResourceError
from ansible_collections.mailforest.stack.plugins.module_utils._mail import dkim
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

USER = pwd.getpwuid(os.getuid()).pw_name
GROUP = grp.getgrgid(os.getgid()).gr_name


def _resource(directory: Path, **changes: Any) -> dkim.DkimResource:
    options = {
        "domains": ["example.test"],
        "selector": "mx1",
        "directory": str(directory),
        "bits": 2048,
        "owner": USER,
        "group": GROUP,
    }
    return dkim.DkimResource({**options, **changes}, uid=os.getuid())


def _run(resource: dkim.DkimResource) -> list[str]:
    """What was done."""
    before = resource.current()
    steps = resource.plan(before, resource.desired(before))
    for step in steps:
        resource.apply(step)
    return [f"{step.verb} {Path(step.target).name}" for step in steps]


def _private(key: Any) -> bytes:
    text: bytes = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return text


def test_a_key_is_made_once_and_kept(tmp_path: Path) -> None:
    directory = tmp_path / "dkim"
    assert _run(_resource(directory)) == ["create dkim", "create example.test.mx1.key"]
    made = (directory / "example.test.mx1.key").read_bytes()
    assert _run(_resource(directory)) == []
    assert (directory / "example.test.mx1.key").read_bytes() == made
    assert _run(_resource(directory, domains=["example.test", "example.org"])) == ["create example.org.mx1.key"]
    assert (directory / "example.test.mx1.key").read_bytes() == made
    assert sorted(path.name for path in directory.iterdir()) == ["example.org.mx1.key", "example.test.mx1.key"]


def test_who_may_read_a_key_is_corrected(tmp_path: Path) -> None:
    directory = tmp_path / "dkim"
    _run(_resource(directory))
    key = directory / "example.test.mx1.key"
    assert (directory.stat().st_mode & 0o777, key.stat().st_mode & 0o777) == (0o750, 0o640)
    key.chmod(0o644)
    assert _run(_resource(directory)) == ["set permissions example.test.mx1.key"]
    assert key.stat().st_mode & 0o777 == 0o640


def test_the_record_is_of_the_public_half(tmp_path: Path) -> None:
    resource = _resource(tmp_path / "dkim")
    assert resource.result()["records"] == []
    _run(resource)
    (record,) = resource.result()["records"]
    assert (record["name"], record["bits"]) == ("mx1._domainkey.example.test", 2048)
    assert "".join(record["strings"]) == record["value"]
    assert [len(text) for text in record["strings"]] == [255, len(record["value"]) - 255]
    public = serialization.load_der_public_key(base64.b64decode(record["value"].partition("p=")[2]))
    private = serialization.load_pem_private_key(Path(record["path"]).read_bytes(), password=None)
    assert isinstance(public, rsa.RSAPublicKey) and isinstance(private, rsa.RSAPrivateKey)
    assert public.public_numbers() == private.public_key().public_numbers()


def test_nothing_of_the_key_is_shown(tmp_path: Path) -> None:
    resource = _resource(tmp_path / "dkim")
    _run(resource)
    shown = str(resource.current())
    lines = (tmp_path / "dkim/example.test.mx1.key").read_text().splitlines()
    assert not any(line in shown for line in lines)
    assert "2048" in shown


def test_what_an_interrupted_run_left_is_no_obstacle(tmp_path: Path) -> None:
    directory = tmp_path / "dkim"
    directory.mkdir(mode=0o750)
    (directory / ".example.test.mx1.key.new").write_text("half a key")
    assert "create example.test.mx1.key" in _run(_resource(directory))
    assert [path.name for path in directory.iterdir()] == ["example.test.mx1.key"]


def test_a_key_that_came_in_between_stays(tmp_path: Path) -> None:
    key = tmp_path / "example.test.mx1.key"
    key.write_text("the other one's")
    access = dkim.Access(uid=os.getuid(), gid=os.getgid(), mode=0o640)
    dkim.write_new_key(key, 2048, access)
    assert key.read_text() == "the other one's"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"no key", "no private key that can be read"),
        (_private(ec.generate_private_key(ec.SECP256R1())), "no RSA key of 1024 bits"),
    ],
    ids=["text", "another kind"],
)
def test_a_file_that_is_no_such_key_is_refused(tmp_path: Path, content: bytes, said: str) -> None:
    """The control: an RSA key of another length is taken as it is."""
    key = tmp_path / "example.test.mx1.key"
    key.write_bytes(content)
    with pytest.raises(ResourceError, match=said):
        _resource(tmp_path).current()
    key.write_bytes(_private(rsa.generate_private_key(public_exponent=65537, key_size=3072)))
    assert _resource(tmp_path).current()[str(key)]["bits"] == 3072


@pytest.mark.parametrize(
    "changes",
    [{"domains": ["../etc"]}, {"domains": ["Example.test"]}, {"selector": "a/b"}, {"selector": "MX1"}],
    ids=str,
)
def test_names_that_cannot_be_are_refused(tmp_path: Path, changes: dict[str, Any]) -> None:
    with pytest.raises(ResourceError, match="Nothing was changed"):
        _resource(tmp_path, **changes)
    _resource(tmp_path, selector="2026a.mx1")


def test_an_owner_that_is_not_there_yet_is_no_answer(tmp_path: Path) -> None:
    with pytest.raises(NotYetKnowable, match="no user nobody-of-this-name"):
        _resource(tmp_path, owner="nobody-of-this-name")
