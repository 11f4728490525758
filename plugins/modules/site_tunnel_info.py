#!/usr/bin/python
# Copyright: (c) 2026, mailforest.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: site_tunnel_info
short_description: Look whether the tunnels to other offices are up and carry data
version_added: 1.0.0
author: mailforest.stack contributors (@mailforest)
description:
  - Looks at the tunnels of a gateway that has the role P(mailforest.stack.site_tunnel#role).
  - A tunnel is all right when its OpenVPN says that it is connected, the gateway at the other end answers a ping of
    full size that can leave by the tunnel only, and the tunnel is the way to each of its networks; of two tunnels to a
    network the one with the lower O(links[].metric), and the other is all right as well when it is the way meanwhile.
  - Must run as root.
extends_documentation_fragment:
  - mailforest.stack._reader
options:
  links:
    description: The tunnels, as C(site_tunnel_links) of the role has them.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: The tunnel's name.
        type: str
        required: true
      interface:
        description: Its network interface.
        type: str
        required: true
      peer:
        description: The other gateway, for messages. By default O(links[].peer_fqdn), or else O(links[].peer_address).
        type: str
        default: ""
      peer_fqdn:
        description: The other gateway's full name.
        type: str
        default: ""
      local_address:
        description: Address of this gateway in its office.
        type: str
        required: true
      peer_address:
        description: Address of the other gateway in its office.
        type: str
        required: true
      routes:
        description: Networks that must be reached through the tunnel.
        type: list
        elements: str
        default: []
      metric:
        description: Of two tunnels to a network the one with the lower metric comes first.
        type: int
        default: 100
      mtu:
        description: Largest packet inside the tunnel, which the ping has.
        type: int
        default: 1420
      remote:
        description: Not used here; accepted so that the role's list can be given as it is.
        type: str
      port: &number
        description: Not used here.
        type: int
      listener:
        description: Not used here.
        type: bool
      transport:
        description: Not used here.
        type: str
      standby_routes: &list
        description: Not used here.
        type: list
        elements: str
      standby_metric: *number
      mssfix: *number
      peer_fingerprints: *list
  wait:
    description: Seconds within which all must be well. V(0) means to look once.
    type: int
    default: 0
  fail:
    description: Whether to fail when a tunnel is not all right. With V(false) only RV(problems) says so.
    type: bool
    default: true
seealso:
  - module: mailforest.stack.reachable
"""

EXAMPLES = r"""
- name: Look at the tunnel to the branch
  mailforest.stack.site_tunnel_info:
    links:
      - name: branch
        interface: mf-branch
        local_address: 198.51.100.66
        peer_address: 198.51.100.130
        routes: [198.51.100.128/26]
    wait: 30
"""

RETURN = r"""
tunnels:
  description: One entry per tunnel, in order, on success and on failure.
  returned: always
  type: list
  elements: dict
  contains:
    name: {description: Name of the tunnel., type: str, sample: branch}
    interface: {description: Its network interface., type: str, sample: mf-branch}
    peer: {description: The other gateway., type: str, sample: gw-branch}
    state:
      description: OpenVPN's word for its state, or C(NOT RUNNING).
      type: str
      sample: CONNECTED
    connected: {description: Whether OpenVPN says that it is connected., type: bool}
    since: {description: Since when it is in this state (UTC); null when it does not run., type: str}
    received_bytes: {description: Bytes that came over the line since the last start., type: int}
    sent_bytes: {description: Bytes that went over the line since the last start., type: int}
    round_trip_ms:
      description: Milliseconds until the other gateway answered a ping of full size; null without an answer.
      type: float
      sample: 0.71
    astray:
      description: Networks reached another way, each with that way's interface; looked at once pings are answered.
      type: dict
      sample: {}
    problem: {description: What is wrong and what to do; empty when all is well., type: str}
problems:
  description: What is wrong, one text per tunnel; empty when all is well.
  returned: always
  type: list
  elements: str
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.mailforest.stack.plugins.module_utils._tunnel.look import Gateway, declared, look_until

_LINK: dict[str, Any] = {
    "name": {"type": "str", "required": True},
    "interface": {"type": "str", "required": True},
    "peer": {"type": "str", "default": ""},
    "peer_fqdn": {"type": "str", "default": ""},
    "local_address": {"type": "str", "required": True},
    "peer_address": {"type": "str", "required": True},
    "routes": {"type": "list", "elements": "str", "default": []},
    "remote": {"type": "str"},
    "port": {"type": "int"},
    "listener": {"type": "bool"},
    "metric": {"type": "int", "default": 100},
    "mtu": {"type": "int", "default": 1420},
    "transport": {"type": "str"},
    "standby_routes": {"type": "list", "elements": "str"},
    "standby_metric": {"type": "int"},
    "mssfix": {"type": "int"},
    "peer_fingerprints": {"type": "list", "elements": "str"},
}


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "links": {"type": "list", "elements": "dict", "required": True, "options": _LINK},
            "wait": {"type": "int", "default": 0},
            "fail": {"type": "bool", "default": True},
        },
        supports_check_mode=True,
    )
    tunnels = look_until(declared(module.params["links"]), Gateway(), wait=module.params["wait"])
    problems = [tunnel.problem for tunnel in tunnels if tunnel.problem]
    result = {"tunnels": [tunnel.shown() for tunnel in tunnels], "problems": problems}
    if problems and module.params["fail"]:
        module.fail_json(msg="\n".join(problems), **result)
    module.exit_json(changed=False, **result)


if __name__ == "__main__":
    main()
