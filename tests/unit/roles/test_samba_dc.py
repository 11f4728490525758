# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What role samba_dc refuses before it changes anything, and what it probes at its end."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Rule = Callable[..., list[str]]
Value = Callable[..., Any]
GOOD: dict[str, Any] = {
    "ansible_facts": {"distribution_major_version": "13"},
    "samba_dc_realm": "CORP.EXAMPLE.TEST",
    "samba_dc_address": "198.51.100.70",
    "samba_dc_administrator_password": "Correct-horse",
    "__samba_dc_forest": {},
}
MADE = {"__samba_dc_forest": {"domain": {"dns_name": "corp.example.test"}}}
# A task that is skipped registers a result without the module's values.
JOIN: dict[str, Any] = {
    "samba_dc_mode": "join",
    "samba_dc_join_server": "dc1.corp.example.test",
    "__samba_dc_forest": {"skipped": True},
    "__samba_dc_joined": {"domain": {}},
}


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"samba_dc_functional_level": "2016"},
        {"samba_dc_administrator_password": "abcDEF1"},
        {"samba_dc_administrator_password": "äöü-ABC-abc"},
        {"samba_dc_dns_forwarders": ["198.51.100.1", "2001:db8::1"]},
        {"samba_dc_administrator_password": "", **MADE},
        {"samba_dc_administrators": ["anna", "root"], "ansible_user": "root"},
        JOIN,
        {**JOIN, "samba_dc_administrator_password": "plain"},
        {**JOIN, "samba_dc_administrator_password": "", "__samba_dc_joined": {"domain": {"dns_name": "a"}}},
    ],
)
def test_accepts(values: dict[str, Any], broken: Rule) -> None:
    assert broken("samba_dc", **(GOOD | values)) == []


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"samba_dc_administrator_password": ""}, "is not given"),
        ({"samba_dc_administrator_password": "aB3-"}, "does not meet the policy"),
        ({"samba_dc_administrator_password": "abcdefghijkl1"}, "does not meet the policy"),
        (
            {"samba_dc_functional_level": "2016", "ansible_facts": {"distribution_major_version": "12"}},
            "needs Samba 4.20",
        ),
        ({"samba_dc_mode": "join", "samba_dc_join_server": ""}, "samba_dc_join_server is not given"),
        ({"samba_dc_read_only": True}, "samba_dc_mode is provision"),
        ({"samba_dc_rpc_ports": "50020-50000"}, "50020-50000 is no range"),
        ({"samba_dc_rpc_ports": "50000"}, "50000 is no range"),
        ({"samba_dc_rpc_ports": "1000-2000"}, "1000-2000 is no range"),
        ({"samba_dc_rpc_ports": "50000-65536"}, "50000-65536 is no range"),
        ({"samba_dc_dns_forwarders": ["dns.example.test", "198.51.100.1"]}, "dns.example.test is no address"),
        ({"samba_dc_dns_forwarders": ["198.51.100.70"]}, "is this host itself"),
        ({"samba_dc_administrators": ["anna"], "ansible_user": "root"}, "lacks root that Ansible logs in with"),
        ({"samba_dc_administrators": ["anna"]}, "lacks the account that Ansible logs in with"),
    ],
)
def test_refuses(values: dict[str, Any], said: str, broken: Rule) -> None:
    messages = broken("samba_dc", **(GOOD | values))
    assert len(messages) == 1
    assert said in messages[0]


def test_messages_never_tell_the_password(broken: Rule) -> None:
    messages = broken("samba_dc", **(GOOD | {"samba_dc_administrator_password": "geheim"}))
    assert len(messages) == 1
    assert "geheim" not in messages[0]


@pytest.mark.parametrize(("signed", "installed"), [(True, True), (False, False)])
def test_chrony_comes_with_signed_time(signed: bool, installed: bool, evaluate: Value) -> None:
    names = evaluate("samba_dc", "__samba_dc_package_names", samba_dc_signed_time=signed)
    assert ("chrony" in names) is installed
    assert {"samba-ad-dc", "samba-ad-provision"} <= set(names)


def _hardening(evaluate: Value, **values: Any) -> dict[str, str]:
    return {
        setting["name"]: setting["value"] for setting in evaluate("samba_dc", "__samba_dc_hardening", **(GOOD | values))
    }


def test_a_controller_is_hardened_unless_told_otherwise(evaluate: Value) -> None:
    settings = _hardening(evaluate)
    assert settings["server min protocol"] == settings["client min protocol"] == "SMB3_00"
    assert settings["ldap server require strong auth"] == "yes"
    assert settings["ntlm auth"] == "ntlmv2-only"
    assert "arcfour" not in settings["kdc supported enctypes"]
    assert settings["kerberos encryption types"] == "strong"
    assert settings["tls priority"] == "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2"


@pytest.mark.parametrize(
    ("release", "word"), [("12", "allow_sasl_over_tls"), ("13", "allow_sasl_without_tls_channel_bindings")]
)
def test_what_is_weaker_is_named_as_the_release_names_it(release: str, word: str, evaluate: Value) -> None:
    values: dict[str, Any] = {
        "ansible_facts": {"distribution_major_version": release},
        "samba_dc_ldap_sasl_over_tls": True,
        "samba_dc_kerberos_encryption": "legacy",
        "samba_dc_tls_minimum": "1.3",
    }
    settings = _hardening(evaluate, **values)
    assert settings["ldap server require strong auth"] == word
    assert "arcfour-hmac-md5" in settings["kdc supported enctypes"]
    assert settings["tls priority"] == "NORMAL:-VERS-ALL:+VERS-TLS1.3"


def test_every_hardening_says_why_and_is_known_to_samba(evaluate: Value) -> None:
    assert all(setting["reason"] for setting in evaluate("samba_dc", "__samba_dc_hardening", **GOOD))
    asked = {
        words[-1]
        for words in evaluate(
            "samba_dc", "__samba_dc_validate_names", **(GOOD | {"samba_dc_settings": {"log level": 1}})
        )
    }
    assert asked >= {
        "--parameter-name=log level",
        "--parameter-name=ntlm auth",
        "--parameter-name=kdc supported enctypes",
    }


def test_probes_cover_the_ports_of_a_controller(evaluate: Value) -> None:
    probes = evaluate("samba_dc", "__samba_dc_probes", **GOOD)
    assert {probe["port"] for probe in probes} == {53, 88, 135, 389, 445, 464, 636, 3268, 3269}
    assert all(probe.get("tls", "none") != "none" for probe in probes if probe["protocol"] == "ldap")


@pytest.fixture
def pair(tmp_path: Path) -> Callable[[str], tuple[Path, Path]]:
    """Make a self-signed certificate and its key."""

    def make(name: str) -> tuple[Path, Path]:
        certificate, key = tmp_path / f"{name}.crt", tmp_path / f"{name}.key"
        command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
        command += ["-subj", f"/CN={name}", "-keyout", str(key), "-out", str(certificate)]
        subprocess.run(command, check=True, capture_output=True)
        return certificate, key

    return make


@pytest.mark.parametrize(
    ("certificate", "key", "mode", "said"),
    [
        ("a", "a", 0o600, ""),
        ("a", "b", 0o600, "MISMATCH"),
        ("a", "a", 0o640, "mode 0600"),
    ],
)
def test_tls_files_are_checked(
    certificate: str, key: str, mode: int, said: str, pair: Callable[[str], tuple[Path, Path]], evaluate: Value
) -> None:
    made = {name: pair(name) for name in {certificate, key}}
    made[key][1].chmod(mode)
    program = evaluate("samba_dc", "__samba_dc_check_tls").replace("state.st_uid", "0")  # tests need not be root
    files = [str(made[certificate][0]), str(made[key][1]), str(made[certificate][0])]
    done = subprocess.run([sys.executable, "-c", program, *files], capture_output=True, text=True, check=False)
    assert (done.returncode == 0) is (said == "")
    assert said in done.stderr
