#!/usr/bin/python
# Copyright: (c) 2026, mailforest.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: mail_flow
short_description: Prove that mail flows
version_added: 1.0.0
description:
  - Sends one message from an account to itself through a submission port, finds it over IMAP and over POP3,
    and removes it.
  - Every session uses TLS and verifies the certificate and the name of the server.
  - Needs nothing but Python's standard library on the host from which it looks.
attributes:
  check_mode:
    description: Can run in check mode and return the same result, since it leaves nothing behind.
    support: full
  diff_mode:
    description: Nothing is changed, so there is nothing to show.
    support: none
  idempotent:
    description: Leaves the system as it was; C(changed) is always V(false).
    support: full
options:
  server:
    description: Name of the mail server, as in its certificate; it has to resolve on the host that looks.
    type: str
    required: true
  user:
    description: Login name.
    type: str
    required: true
  password:
    description: Password of the account.
    type: str
    required: true
  address:
    description: Mail address of the account; the message goes from it and to it.
    type: str
    required: true
  submission:
    description: Where the message is handed in, see RFC 6409 and RFC 8314.
    type: dict
    default: {port: 465, tls: implicit}
    suboptions: &endpoint
      port:
        description: TCP port.
        type: int
        required: true
      tls:
        description: Whether TLS begins at once or by STARTTLS.
        type: str
        choices: [implicit, starttls]
        required: true
  imap:
    description: Where the message is looked for, and removed, over IMAP (RFC 9051).
    type: dict
    default: {port: 993, tls: implicit}
    suboptions: *endpoint
  pop3:
    description: Where the message is looked for over POP3 (RFC 1939); left out, POP3 is not asked.
    type: dict
    suboptions: *endpoint
  ca_file:
    description:
      - PEM file of the authority that the server's certificate must come from.
      - Left out, the host's own list of authorities.
    type: path
  timeout:
    description: Seconds that one step may take.
    type: float
    default: 15
  deadline:
    description: Seconds that the message may take from acceptance to the mailbox.
    type: float
    default: 30
seealso:
  - module: mailforest.stack.reachable
author:
  - mailforest.stack contributors (@mailforest)
"""

EXAMPLES = r"""
- name: Prove that mail flows through port 587
  mailforest.stack.mail_flow:
    server: mx1.corp.example.test
    user: alice
    password: "{{ alice_password }}"
    address: alice@example.test
    submission: {port: 587, tls: starttls}
    pop3: {port: 995, tls: implicit}
    ca_file: /etc/ssl/mailforest/ca.crt
"""

RETURN = r"""
message_id:
  description: The message's Message-ID.
  returned: when the message was accepted
  type: str
accepted:
  description: The server's answer to the message.
  returned: when the message was accepted
  type: str
imap_seconds:
  description: Seconds from acceptance until IMAP showed the message.
  returned: success
  type: float
pop3_found:
  description: Whether POP3 showed it; null where POP3 was not asked.
  returned: success
  type: bool
received_tls:
  description: Whether the server recorded that it took the message over TLS from an authenticated client (RFC 3848).
  returned: success
  type: bool
"""

import dataclasses
import ssl
import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.mailforest.stack.plugins.module_utils._mail import flow

_ENDPOINT: dict[str, t.Any] = {
    "port": {"type": "int", "required": True},
    "tls": {"type": "str", "choices": ["implicit", "starttls"], "required": True},
}


def _fault(result: flow.Flow, *, deadline: float, pop3: bool) -> str | None:
    """Judge what was seen; None when all is well."""
    if result.imap_seconds is None:
        return (
            f"The server accepted the message ({result.accepted}), but IMAP did not show it within {deadline:g} s. "
            "Look at the queue (postqueue -p) and at the delivery lines of the mail log."
        )
    if pop3 and not result.pop3_found:
        return "IMAP shows the message, POP3 does not. Both must serve the same mailbox: compare their settings."
    if not result.received_tls:
        return "The message arrived, but no Received header says that it was handed in over TLS after authentication."
    return None


def _prove(module: AnsibleModule) -> flow.Flow:
    params = module.params
    context = ssl.create_default_context(cafile=params["ca_file"])
    server = flow.Server(name=params["server"], context=context, timeout=params["timeout"])
    account = flow.Account(user=params["user"], password=params["password"], address=params["address"])
    return flow.prove(
        server=server,
        account=account,
        submission=flow.Endpoint(**params["submission"]),
        imap=flow.Endpoint(**params["imap"]),
        pop3=flow.Endpoint(**params["pop3"]) if params["pop3"] else None,
        deadline=params["deadline"],
    )


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "server": {"type": "str", "required": True},
            "user": {"type": "str", "required": True},
            "password": {"type": "str", "required": True, "no_log": True},
            "address": {"type": "str", "required": True},
            "submission": {"type": "dict", "default": {"port": 465, "tls": "implicit"}, "options": _ENDPOINT},
            "imap": {"type": "dict", "default": {"port": 993, "tls": "implicit"}, "options": _ENDPOINT},
            "pop3": {"type": "dict", "options": _ENDPOINT},
            "ca_file": {"type": "path"},
            "timeout": {"type": "float", "default": 15},
            "deadline": {"type": "float", "default": 30},
        },
        supports_check_mode=True,
    )
    try:
        result = _prove(module)
    except (flow.MailFlowError, OSError) as exc:
        module.fail_json(msg=f"Mail does not flow through {module.params['server']}. {exc}")
    fault = _fault(result, deadline=module.params["deadline"], pop3=module.params["pop3"] is not None)
    if fault:
        module.fail_json(msg=fault, **dataclasses.asdict(result))
    module.exit_json(changed=False, **dataclasses.asdict(result))


if __name__ == "__main__":
    main()
