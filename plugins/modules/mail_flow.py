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
  - Sends one message from an account to itself through a submission port, follows it through the queue, finds it
    exactly once over IMAP and over POP3 through every server that is to show it, judges its header, and removes it.
  - Of the header it judges that the server took it over TLS after a login (RFC 3848), that it went on over TLS from
    host to host, that the number under which it was accepted is in it, and what Authentication-Results (RFC 8601) say,
    those that O(server), a reader or the domain itself has written. A failed DKIM, SPF or DMARC is a problem.
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
  readers:
    description:
      - The servers through which the message must be found. Where each mailbox has one home, all of them show the same.
      - Left out, the server that takes the message, by IMAP on port 993.
    type: list
    elements: dict
    suboptions:
      server:
        description: Name of the mail server, as in its certificate.
        type: str
        required: true
      imap:
        description: Where it speaks IMAP (RFC 9051).
        type: dict
        default: {port: 993, tls: implicit}
        suboptions: *endpoint
      pop3:
        description: Where it speaks POP3 (RFC 1939); left out, POP3 is not asked.
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
  dkim:
    description:
      - V(any) takes a message with or without a DKIM signature. A check of it that failed is a problem all the same.
      - V(signed) wants a signature of the address's domain (RFC 6376); V(pass) wants it found good by O(server), a
        reader or the domain.
    type: str
    choices: [any, signed, pass]
    default: any
  follow_queue:
    description:
      - Whether to look for the message in the Postfix queue of the host on which the module runs, which is then
        O(server) itself. What keeps it waiting is then known, and that it was not left behind.
    type: bool
    default: false
  fail:
    description: Whether the module fails when there are problems. If not, they are returned.
    type: bool
    default: true
seealso:
  - module: mailforest.stack.reachable
author:
  - mailforest.stack contributors (@mailforest)
"""

EXAMPLES = r"""
- name: Prove that mail flows through port 587, and is seen through both servers
  mailforest.stack.mail_flow:
    server: mx1.corp.example.test
    user: alice
    password: "{{ alice_password }}"
    address: alice@example.test
    submission: {port: 587, tls: starttls}
    readers:
      - {server: mx1.corp.example.test, pop3: {port: 995, tls: implicit}}
      - {server: mx2.corp.example.test, pop3: {port: 995, tls: implicit}}
    ca_file: /etc/ssl/mailforest/ca.crt

- name: Prove it on the mail server itself, with its queue in view and a DKIM signature
  mailforest.stack.mail_flow:
    server: mx1.corp.example.test
    user: alice
    password: "{{ alice_password }}"
    address: alice@example.test
    follow_queue: true
    dkim: signed
    ca_file: /etc/ssl/mailforest/ca.crt
"""

RETURN = r"""
problems:
  description: What is wrong, a sentence or two for each; empty when mail flows.
  returned: always
  type: list
  elements: str
message_id:
  description: The message's Message-ID.
  returned: always
  type: str
accepted:
  description: The server's answer to the message; null when it did not take it.
  returned: always
  type: str
queue_id:
  description: The message's number in the queue of O(server), from its answer; empty when it names none.
  returned: always
  type: str
queue:
  description: What was seen in the queue; null without O(follow_queue).
  returned: always
  type: dict
  contains:
    queues: {description: "The parts of the queue in which it was seen: incoming, active, deferred, hold.", type: list}
    reasons: {description: What kept it waiting., type: list}
    waiting: {description: Whether it was there still at the last look., type: bool}
readings:
  description: What was seen through each reader, in their order.
  returned: always
  type: list
  elements: dict
  contains:
    server:
      description: The reader.
      type: str
    imap_copies:
      description: How often IMAP showed the message; null when the server could not be asked.
      type: int
    imap_seconds:
      description: Seconds from acceptance until IMAP showed it.
      type: float
    pop3_copies:
      description: How often POP3 showed it; null where POP3 was not asked.
      type: int
received_tls:
  description: >-
    Whether the server recorded that it took the message over TLS from an authenticated client (RFC 3848); null when the
    message was not found.
  returned: always
  type: bool
hops:
  description: The servers that took the message, the first one first, from its Received headers.
  returned: always
  type: list
  elements: dict
  contains:
    sender: {description: Who handed it on., type: str}
    by: {description: Who took it., type: str}
    protocol: {description: By which protocol (RFC 3848)., type: str, sample: ESMTPSA}
    id: {description: Under which number., type: str}
    tls: {description: "The version of TLS, where it is recorded.", type: str, sample: TLSv1.3}
    cipher: {description: "The cipher, where it is recorded.", type: str}
authentication:
  description: The results in its Authentication-Results headers.
  returned: always
  type: list
  elements: dict
  contains:
    by: {description: Who says so., type: str}
    trusted: {description: Whether that counts., type: bool}
    method: {description: What was checked., type: str, sample: dkim}
    result: {description: The result., type: str, sample: pass}
    properties: {description: What it was of., type: dict, sample: {header.d: example.test}}
dkim_signatures:
  description: The DKIM signatures that it bears.
  returned: always
  type: list
  elements: dict
  contains:
    domain: {description: Whose it is., type: str}
    selector: {description: Under which name the key is in DNS., type: str}
removed:
  description: How many copies were removed; null when that did not work.
  returned: always
  type: int
"""

import dataclasses
import ssl
import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.mailforest.stack.plugins.module_utils._mail import flow, queue

_IMAP: dict[str, t.Any] = {"port": 993, "tls": "implicit"}
_ENDPOINT: dict[str, t.Any] = {
    "port": {"type": "int", "required": True},
    "tls": {"type": "str", "choices": ["implicit", "starttls"], "required": True},
}
_READER: dict[str, t.Any] = {
    "server": {"type": "str", "required": True},
    "imap": {"type": "dict", "default": _IMAP, "options": _ENDPOINT},
    "pop3": {"type": "dict", "options": _ENDPOINT},
}
ARGUMENTS: dict[str, t.Any] = {
    "server": {"type": "str", "required": True},
    "user": {"type": "str", "required": True},
    "password": {"type": "str", "required": True, "no_log": True},
    "address": {"type": "str", "required": True},
    "submission": {"type": "dict", "default": {"port": 465, "tls": "implicit"}, "options": _ENDPOINT},
    "readers": {"type": "list", "elements": "dict", "options": _READER},
    "ca_file": {"type": "path"},
    "timeout": {"type": "float", "default": 15},
    "deadline": {"type": "float", "default": 30},
    "dkim": {"type": "str", "choices": ["any", "signed", "pass"], "default": "any"},
    "follow_queue": {"type": "bool", "default": False},
    "fail": {"type": "bool", "default": True},
}


def _listing(module: AnsibleModule) -> queue.Listing | None:
    """How to read the queue of this host, if that was asked for."""
    if not module.params["follow_queue"]:
        return None
    command = module.get_bin_path("postqueue")
    if not command:
        module.fail_json(
            msg="Nothing was sent: follow_queue reads Postfix's queue by postqueue, which this host lacks. Run the "
            "task on the server itself, or leave follow_queue out."
        )

    def listing() -> str:
        code, output, error = module.run_command([command, "-j"])
        if code:
            raise OSError(error.strip())
        return str(output)

    return listing


def _prove(params: dict[str, t.Any], listing: queue.Listing | None) -> flow.Flow:
    context = ssl.create_default_context(cafile=params["ca_file"])

    def server(name: str) -> flow.Server:
        return flow.Server(name=name, context=context, timeout=params["timeout"])

    return flow.prove(
        server=server(params["server"]),
        account=flow.Account(user=params["user"], password=params["password"], address=params["address"]),
        submission=flow.Endpoint(**params["submission"]),
        readers=[
            flow.Reader(
                server=server(reader["server"]),
                imap=flow.Endpoint(**reader["imap"]),
                pop3=flow.Endpoint(**reader["pop3"]) if reader["pop3"] else None,
            )
            for reader in params["readers"] or [{"server": params["server"], "imap": _IMAP, "pop3": None}]
        ],
        demand=flow.Demand(deadline=params["deadline"], dkim=params["dkim"], listing=listing),
    )


def _returned(found: flow.Flow) -> dict[str, t.Any]:
    values = dataclasses.asdict(found)
    judged = values.pop("judged") or {}
    return {
        **values,
        "hops": judged.get("hops", ()),
        "authentication": judged.get("authentication", ()),
        "dkim_signatures": judged.get("signatures", ()),
    }


def main() -> None:
    """Prove it, and fail when there is a problem."""
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    listing = _listing(module)
    try:
        result = _returned(_prove(module.params, listing))
    except OSError as exc:
        module.fail_json(
            msg=f"Nothing was sent: {module.params['ca_file']} cannot be used as ca_file ({exc}). Correct it."
        )
    if module.params["fail"] and result["problems"]:
        module.fail_json(msg="\n".join(result["problems"]), **result)
    module.exit_json(changed=False, **result)


if __name__ == "__main__":
    main()
