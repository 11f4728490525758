# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""An office over time: a user leaves and comes back; every host is restarted."""

from __future__ import annotations

import imaplib
import poplib
import smtplib
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import docker
import pytest
from ansible_collections.mailforest.stack.tests.system.support import mail_target
from ansible_collections.mailforest.stack.tests.system.support.mail_client import Client
from ansible_collections.mailforest.stack.tests.system.support.network import tcp
from ansible_collections.mailforest.stack.tests.system.support.office import Office
from ansible_collections.mailforest.stack.tests.system.support.playbook import ROOT, Run, play

PLAYBOOKS = ROOT / "extensions/molecule/shared"
REFUSED = (smtplib.SMTPAuthenticationError, imaplib.IMAP4.error, poplib.error_proto)


def _site(**extra: Any) -> Run:
    run = play(PLAYBOOKS / "office.yml", extra_vars=extra)
    assert run.code == 0, run.explain()
    return run


@pytest.fixture(scope="module")
def client() -> Client:
    target = mail_target.load()
    return Client(target, target.hosts[0])


def _logins(client: Client, user: mail_target.User) -> dict[int, bool]:
    """At which ports the user's login is taken."""
    return {port: _login(client, port, user) for port in (*client.target.submission, *client.target.reading)}


def _login(client: Client, port: int, user: mail_target.User) -> bool:
    try:
        client.login(port, user)
    except REFUSED:
        return False
    return True


def _only_directory_changed(run: Run, office: Office) -> bool:
    return {change.split(":")[0] for change in run.changes} == set(office.controllers)


def test_a_user_is_disabled_and_another_enabled_by_the_inventory(client: Client, office: Office) -> None:
    """Refusals cost seconds each, so those before and after the change are left to test_mail."""
    alice, carol = client.target.recipient, client.target.disabled[0]
    everywhere = dict.fromkeys((*client.target.submission, *client.target.reading), True)
    assert _logins(client, alice) == everywhere

    run = _site(mailforest_users=office.users_with(alice={"enabled": False}, carol={"enabled": True}))
    assert _only_directory_changed(run, office), run.explain()
    assert _logins(client, alice) == dict.fromkeys(everywhere, False)
    assert _logins(client, carol) == everywhere

    run = _site()
    assert _only_directory_changed(run, office), run.explain()
    assert _logins(client, alice) == everywhere


def _restart(office: Office) -> None:
    """Restart the office's hosts at once, and wait until each can be reached again. The other office is not ours."""
    engine = docker.from_env(timeout=120)
    with ThreadPoolExecutor() as pool:
        list(pool.map(lambda name: engine.containers.get(f"test-{name}").restart(timeout=30), office.hosts))
    deadline = time.monotonic() + 120
    while closed := [name for name in office.hosts if tcp(office.addresses[name], 22) != "open"]:
        assert time.monotonic() < deadline, f"not back after two minutes: {closed}"
        time.sleep(0.5)


def test_after_a_restart_of_every_host_nothing_is_to_be_done(office: Office) -> None:
    _restart(office)
    run = _site()
    assert run.changes == [], run.explain()
    proof = play(PLAYBOOKS / "verify.yml")
    assert proof.code == 0, proof.explain()
