#!/usr/bin/python
# Copyright: (c) 2026, mailforest.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ask mail servers to pass on a stranger's mail, which they must refuse."""

from __future__ import annotations

DOCUMENTATION = r"""
module: open_relay
short_description: Ask mail servers to pass on a stranger's mail
version_added: 1.0.0
description:
  - Asks each mail server, without a login, whether it takes a message to somebody elsewhere, from the empty sender and
    from one of the server's own domain. A server that says yes is an open relay, which others block within hours.
  - Only MAIL and RCPT are said, and never DATA, so no message is sent whatever the server says.
  - Needs no other software than Python on the host.
extends_documentation_fragment:
  - mailforest.stack._reader
options:
  servers:
    description:
      - The mail servers.
    type: list
    elements: dict
    required: true
    suboptions:
      server:
        description: The server's name.
        type: str
        required: true
      address:
        description: Where it is asked.
        type: str
        required: true
      port:
        description: The port of servers.
        type: int
        default: 25
      sender:
        description: A sender of the server's own domain.
        type: str
        required: true
  recipient:
    description:
      - Somebody elsewhere.
    type: str
    default: relay-probe@example.org
author:
  - mailforest.stack contributors (@mailforest)
seealso:
  - module: mailforest.stack.reachable
  - module: mailforest.stack.submission_port
"""

EXAMPLES = r"""
- name: Ask from outside
  mailforest.stack.open_relay:
    servers:
      - {server: mx1.corp.example.test, address: 198.51.100.2, sender: postmaster@example.test}
  register: relaying
"""

RETURN = r"""
replies:
  description: One entry per server and sender.
  returned: success
  type: list
  elements: dict
  contains:
    server:
      description: The server.
      type: str
    sender:
      description: The sender; empty for the empty one.
      type: str
    code:
      description: The reply to RCPT, or to MAIL where that was refused; 0 where there was none.
      type: int
      sample: 554
    text:
      description: Its text, or why there was none.
      type: str
      sample: "5.7.1 <relay-probe@example.org>: Relay access denied"
    relays:
      description: Whether the server would pass the message on.
      type: bool
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.mailforest.stack.plugins.module_utils._mail.open_relay import attempts, look

_SERVER = {
    "server": {"type": "str", "required": True},
    "address": {"type": "str", "required": True},
    "port": {"type": "int", "default": 25},
    "sender": {"type": "str", "required": True},
}


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "servers": {"type": "list", "elements": "dict", "required": True, "options": _SERVER},
            "recipient": {"type": "str", "default": "relay-probe@example.org"},
        },
        supports_check_mode=True,
    )
    wanted = attempts(module.params["servers"], module.params["recipient"])
    module.exit_json(changed=False, replies=[reply.shown() for reply in look(wanted)])


if __name__ == "__main__":
    main()
