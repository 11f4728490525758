#!/usr/bin/python
# Copyright: (c) 2026, mailforest.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: submission_port
short_description: Say through which port mail leaves this host, and whether port 25 is blocked
version_added: 1.0.0
description:
  - Tries the ports 465, 587, 2525 and 25 of a mail server as its users would, from the host the module runs on, and
    says which work, which one to use, and why (RFC 8314, RFC 6409).
  - A port works when its TLS works, the certificate is good and carries the server's name, and a login is offered.
  - Names a network that blocks port 25. It is blocked when it is closed while another port of the same server answers;
    a server that is down shows nothing.
  - Nothing is sent, nobody logs in, nothing is changed.
author: mailforest.stack contributors (@mailforest)
requirements:
  - Python 3.11 or newer on the host the module runs on; nothing else
extends_documentation_fragment:
  - mailforest.stack._reader
options:
  server:
    description: Name or address of the server that takes mail from users. It is needed unless O(outgoing) is given.
    type: str
  server_name:
    description: Name or address that the certificate must carry. By default O(server).
    type: str
  ca_file:
    description: PEM file, on the host the module runs on, with the authorities to trust. By default the system's.
    type: path
  outgoing:
    description:
      - Servers of others that this host sends mail to, such as the mail exchangers of some large domains.
      - It is found out whether port 25 is blocked towards them. For comparison, the ports 465, 587 and 443 of them are
        connected to as well. Two or more give a better answer than one.
    type: list
    elements: str
    default: []
  timeout:
    description:
      - Seconds for one connection. A server that lets strangers wait before it greets needs more at port 25.
    type: float
    default: 10
  fail:
    description: Whether the module fails when no port of O(server) works, or port 25 is blocked towards O(outgoing).
    type: bool
    default: true
seealso:
  - module: mailforest.stack.reachable
  - module: mailforest.stack.mail_flow
"""

EXAMPLES = r"""
- name: Find the port for the users of this network
  mailforest.stack.submission_port:
    server: mx1.corp.example.test
    ca_file: /etc/ssl/mailforest/ca.crt
  register: way

- name: Show it
  ansible.builtin.debug:
    msg: "{{ way.recommended.port }}: {{ way.reason }}"

- name: See whether this mail server's provider lets it send
  mailforest.stack.submission_port:
    outgoing: [mx1.example.org, mx.example.net]
"""

RETURN = r"""
recommended:
  description: The port to use and how TLS begins there; null when none works.
  returned: when O(server) is given
  type: dict
  sample: {port: 465, tls: implicit}
reason:
  description: Why that one, and what is wrong with those that would be better; or why there is none.
  returned: when O(server) is given
  type: str
ports:
  description: What was seen of each port, the best first.
  returned: when O(server) is given
  type: list
  elements: dict
  contains:
    port: {description: The port., type: int}
    tls: {description: "How TLS begins there: implicit or starttls.", type: str}
    works: {description: Whether a user can send through it., type: bool}
    verdict: {description: "As with M(mailforest.stack.reachable), of connection, TLS and protocol.", type: str}
    stage: {description: Last stage entered., type: str}
    detail: {description: "What was seen, in words; empty when all is well.", type: str}
    banner: {description: How the server greets., type: str}
    mechanisms: {description: Logins that are offered after TLS., type: list, elements: str}
    session: {description: TLS version and cipher., type: dict}
port_25:
  description: Whether something on the way to O(server) blocks port 25.
  returned: when O(server) is given
  type: dict
  contains:
    state:
      description:
        - V(open), V(blocked), or V(altered) when it answers but not as the other ports do, as where a network answers
          in the server's place or takes STARTTLS away.
        - V(unknown) when nothing of the server answers.
      type: str
    reason: {description: What that rests on., type: str}
outgoing:
  description: Whether port 25 is blocked towards O(outgoing).
  returned: when O(outgoing) is given
  type: dict
  contains:
    state:
      description: V(open) to at least one of them, V(blocked), or V(unknown).
      type: str
    reason: {description: What that rests on., type: str}
    servers:
      description: What was seen of each.
      type: list
      elements: dict
      contains:
        server: {description: The server., type: str}
        state: {description: What this server alone shows., type: str}
        verdict: {description: "As with M(mailforest.stack.reachable), of its port 25.", type: str}
        detail: {description: "What was seen, in words.", type: str}
        banner: {description: How it greets., type: str}
        other_port: {description: Another port of it that answers; null when none does., type: int}
problems:
  description: What is wrong, a sentence or more for each; empty when mail can leave.
  returned: always
  type: list
  elements: str
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.mailforest.stack.plugins.module_utils._mail import ports
from ansible_collections.mailforest.stack.plugins.module_utils._probe import Limits, SpecError, probe

ARGUMENTS: dict[str, dict[str, t.Any]] = {
    "server": {"type": "str"},
    "server_name": {"type": "str"},
    "ca_file": {"type": "path"},
    "outgoing": {"type": "list", "elements": "str", "default": []},
    "timeout": {"type": "float", "default": 10},
    "fail": {"type": "bool", "default": True},
}
_LONGEST = 3
"""How many times its timeout all may take: a check looks again at a certificate, or at the other side of TLS."""


def _look(params: dict[str, t.Any]) -> dict[str, t.Any]:
    timeout = params["timeout"]
    asked = []
    if params["server"]:
        asked = ports.submission_checks(
            params["server"],
            server_name=params["server_name"] or "",
            ca_file=params["ca_file"] or "",
            timeout=timeout,
        )
    checks = [*asked, *ports.outgoing_checks(params["outgoing"], timeout=timeout)]
    results = probe(checks, Limits(deadline=timeout * _LONGEST))
    found: dict[str, t.Any] = {"problems": []}
    network = False
    if asked:
        submission = ports.Submission.of(results[: len(asked)])
        network = submission.answers
        found |= _submission(submission)
        found["problems"] += [] if submission.best else [submission.reason]
    if params["outgoing"]:
        outgoing = ports.Outgoing.of(results[len(asked) :], network=network)
        found["outgoing"] = outgoing.as_dict()
        found["problems"] += [outgoing.judgement.reason] if outgoing.judgement.state is ports.State.BLOCKED else []
    return found


def _submission(submission: ports.Submission) -> dict[str, t.Any]:
    best = submission.best
    return {
        "recommended": {"port": best.door.port, "tls": best.door.tls} if best else None,
        "reason": submission.reason,
        "ports": [one.as_dict() for one in submission.seen],
        "port_25": submission.port_25.as_dict(),
    }


def main() -> None:
    """Look, and fail when mail cannot leave."""
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    params = module.params
    if not params["server"] and not params["outgoing"]:
        module.fail_json(msg="Nothing was tried: server and outgoing are empty. Give one of the two, or both.")
    try:
        found = _look(params)
    except SpecError as error:
        module.fail_json(msg=f"Nothing was tried, as the options are not valid.\n{error}")
    if params["fail"] and found["problems"]:
        module.fail_json(msg="\n".join(found["problems"]), **found)
    module.exit_json(changed=False, **found)


if __name__ == "__main__":
    main()
