#!/usr/bin/python
# Copyright: (c) 2026, mailforest.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Load a ruleset, and take it back unless somebody logs in anew."""

from __future__ import annotations

DOCUMENTATION = r"""
module: firewall_load
author: mailforest.stack contributors (@mailforest)
version_added: 1.0.0
short_description: Load a packet filter's rules, and take them back when they lock the administrator out
description:
  - Compares the rules with those in the kernel, as C(nft) itself writes both, so that changes made by hand are found
    and undone. What the kernel learns while it filters is no difference. Without one nothing happens.
  - Otherwise a timer of systemd is armed on the host that brings back what ruled before, the new rules are loaded in
    one transaction, the connection is dropped, and the host is logged in to anew. Only that stops the timer. A
    connection that stands would prove nothing, as rules let established ones pass.
  - When no login succeeds in time, the timer brings back the former table (or takes the table away, if there was none)
    and the former kernel settings; the task waits for that, and fails.
  - The timer needs neither the controller nor the connection. After a run that was killed the former rules are back as
    well, and after a restart of the host those that are loaded at boot.
  - Nothing is written for the next boot; do that after this task, as the role C(mailforest.stack.firewall) does.
options:
  ruleset:
    description:
      - The text for C(nft -f) with the table C(inet mailforest);
        RV(mailforest.stack.firewall_ruleset#module:ruleset).
    type: str
    required: true
  sysctls:
    description: Kernel settings that go with the rules. A name may be a pattern.
    type: dict
    default: {}
  confirm_seconds:
    description: Seconds from arming the timer within which the new login must succeed, 5 to 600.
    type: int
    default: 30
  confirm_through:
    description: >-
      Places that this controller must still reach, such as ssh of the hosts behind a gateway. Those that answer before
      the rules are loaded must answer afterwards; the others are not looked at.
    type: list
    elements: dict
    default: []
    suboptions:
      host:
        description: Name or address, as the controller knows it.
        type: str
        required: true
      port:
        description: The TCP port.
        type: int
        default: 22
  stage:
    description: Which step the host takes. The action plugin sets it; do not set it.
    type: str
    choices: [load, confirm, revert, state]
    default: load
  stamp:
    description: Which run it is. The action plugin sets it; do not set it.
    type: str
    default: ""
  former_login:
    description: The ssh session in which the rules were loaded. The action plugin sets it; do not set it.
    type: str
    default: ""
attributes:
  check_mode:
    description: Reports exactly whether a run would load; where C(nft) is not installed yet, that it would.
    support: full
  diff_mode:
    description: A line per rule, with its chain and comment, as C(nft) writes it without counts; and kernel settings.
    support: full
  idempotent:
    description: A second run changes nothing, arms nothing and drops no connection.
    support: full
notes:
  - Connections that do not log in over the network (such as V(local) or V(community.docker.docker)) cannot show that
    the rules let the administrator in. The timer then only guards against a run that ends early.
  - Two runs never guard at once; the second waits for the first one's timer.
"""

EXAMPLES = r"""
- name: Load the rules
  mailforest.stack.firewall_load:
    ruleset: "{{ plan.ruleset }}"
    sysctls: "{{ plan.sysctls }}"
    confirm_seconds: 60
"""

RETURN = r"""
confirmed_after:
  description: Seconds from the start of loading to the confirmation.
  type: float
  returned: when rules were loaded
reached:
  description: Which places of O(confirm_through) answered before and after.
  type: list
  elements: str
  returned: when rules were loaded
state:
  description: What became of the timer, for the action plugin.
  type: str
  returned: in the stages after loading
left:
  description: Seconds until the timer, for the action plugin.
  type: float
  returned: success, in the stage of loading
login:
  description: The ssh session, for the action plugin; address and port of its client.
  type: str
  returned: always
"""

import os
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.mailforest.stack.plugins.module_utils._firewall.access import login
from ansible_collections.mailforest.stack.plugins.module_utils._firewall.guard import Guard, SystemdTimer
from ansible_collections.mailforest.stack.plugins.module_utils._firewall.kernel import Kernel
from ansible_collections.mailforest.stack.plugins.module_utils._firewall.load import Wanted, load, preview
from ansible_collections.mailforest.stack.plugins.module_utils._firewall.model import FirewallError

_PLACE: dict[str, Any] = {"host": {"type": "str", "required": True}, "port": {"type": "int", "default": 22}}
_OPTIONS: dict[str, Any] = {
    "ruleset": {"type": "str", "required": True},
    "sysctls": {"type": "dict", "default": {}},
    "confirm_seconds": {"type": "int", "default": 30},
    "confirm_through": {"type": "list", "elements": "dict", "default": [], "options": _PLACE},
    "stage": {"type": "str", "choices": ["load", "confirm", "revert", "state"], "default": "load"},
    "stamp": {"type": "str", "default": ""},
    "former_login": {"type": "str", "default": ""},
}


def _wanted(params: dict[str, Any]) -> Wanted:
    return Wanted(
        ruleset=params["ruleset"],
        sysctls={str(name): str(value) for name, value in params["sysctls"].items()},
        seconds=params["confirm_seconds"],
        stamp=params["stamp"],
    )


def _follow(params: dict[str, Any], guard: Guard, here: str) -> dict[str, Any]:
    """What comes after loading. The session in which the rules were loaded confirms nothing."""
    stamp: str = params["stamp"]
    anew = not here or here != params["former_login"]
    if params["stage"] == "confirm" and anew:
        guard.confirm(stamp)
    elif params["stage"] == "revert":
        guard.revert(stamp)
    return {"changed": False, "state": guard.state(stamp), "anew": anew}


def main() -> None:
    """Run the module."""
    module = AnsibleModule(argument_spec=_OPTIONS, supports_check_mode=True)
    here = login(Path("/proc"), pid=os.getpid())
    guard = Guard(timer=SystemdTimer())
    try:
        if module.params["stage"] != "load":
            result = _follow(module.params, guard, here)
        elif module.check_mode:
            result = preview(_wanted(module.params), Kernel())
        else:
            result = load(_wanted(module.params), Kernel(), guard)
    except FirewallError as exc:
        module.fail_json(msg=str(exc))
    if not module._diff:
        result.pop("diff", None)
    module.exit_json(login=here, **result)


if __name__ == "__main__":
    main()
