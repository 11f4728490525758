# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is read from a certificate agrees with a reader nobody here wrote."""

from __future__ import annotations

import datetime
import hashlib
import ipaddress
import ssl
from pathlib import Path

import pytest
from ansible_collections.mailforest.stack.plugins.module_utils._probe.certificate import describe
from ansible_collections.mailforest.stack.plugins.module_utils._probe.der import (
    DerError,
    children,
    elements,
    encode,
    header,
    integer,
)
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


def make(*, end: datetime.datetime, names: list[x509.GeneralName], **subject: str) -> bytes:
    """Return a certificate in DER."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(getattr(NameOID, oid), value) for oid, value in subject.items()])
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(x509.random_serial_number())
    builder = builder.not_valid_before(datetime.datetime(1999, 1, 2, tzinfo=datetime.UTC)).not_valid_after(end)
    if names:
        builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)


@pytest.mark.parametrize("year", [2030, 2049, 2050, 2099])
def test_describe(year: int) -> None:
    end = datetime.datetime(year, 5, 6, 7, 8, 9, tzinfo=datetime.UTC)
    names: list[x509.GeneralName] = [
        x509.DNSName("a.example.test"),
        x509.IPAddress(ipaddress.ip_address("2001:db8::1")),
    ]
    der = make(end=end, names=names, COMMON_NAME="a", ORGANIZATION_NAME="Größe & Co")
    found = describe(der, now=end - datetime.timedelta(days=3, hours=1))
    assert found == {
        "subject": "CN=a, O=Größe & Co",
        "issuer": "CN=a, O=Größe & Co",
        "names": ["a.example.test", "2001:db8::1"],
        "not_before": "1999-01-02T00:00:00+00:00",
        "not_after": end.isoformat(),
        "days_left": 3,
        "fingerprint_sha256": hashlib.sha256(der).hexdigest(),
    }


def test_describe_without_extensions() -> None:
    assert (
        describe(make(end=datetime.datetime(2030, 1, 1, tzinfo=datetime.UTC), names=[], COMMON_NAME="a"))["names"] == []
    )


def test_every_truncation_still_gives_the_fingerprint() -> None:
    der = make(end=datetime.datetime(2030, 1, 1, tzinfo=datetime.UTC), names=[x509.DNSName("a")], COMMON_NAME="a")
    for size in range(len(der)):
        assert set(describe(der[:size])) == {"fingerprint_sha256"}


@pytest.mark.filterwarnings("ignore:Parsed a serial number")
def test_the_systems_authorities_can_all_be_read() -> None:
    bundle = Path(ssl.get_default_verify_paths().cafile or "/etc/ssl/certs/ca-certificates.crt")
    pem = [f"{part}-----END CERTIFICATE-----\n" for part in bundle.read_text().split("-----END CERTIFICATE-----")[:-1]]
    assert pem
    for text in pem:
        oracle = x509.load_pem_x509_certificate(text.encode())
        found = describe(ssl.PEM_cert_to_DER_cert(text[text.index("-----BEGIN") :]))
        assert found["not_after"] == oracle.not_valid_after_utc.isoformat()


@pytest.mark.parametrize("size", [0, 1, 127, 128, 255, 256, 65535, 65536])
def test_encode_and_read_back(size: int) -> None:
    data = encode(0x04, b"x" * size)
    assert list(elements(data)) == [(0x04, b"x" * size)]
    assert header(data) == (len(data) - size, size)


@pytest.mark.parametrize(
    ("value", "expected"),
    [(0, "020100"), (127, "02017f"), (128, "02020080"), (256, "02020100"), (2**31 - 1, "02047fffffff")],
)
def test_integer(value: int, expected: str) -> None:
    assert integer(value).hex() == expected


@pytest.mark.parametrize("data", [b"\x30", b"\x30\x82\x01", b""])
def test_header_of_too_few_bytes(data: bytes) -> None:
    assert header(data) is None


@pytest.mark.parametrize("data", [b"\x30\x80", b"\x30\x85\0\0\0\0\0", b"\x30\x05\x02", b"\x30"])
def test_broken_elements(data: bytes) -> None:
    with pytest.raises(DerError):
        list(elements(data))


@pytest.mark.parametrize("data", [b"", b"\x31\x00"])
def test_children_of_another_tag(data: bytes) -> None:
    with pytest.raises(DerError):
        children(data)
