#!/usr/bin/python
# Copyright: (c) 2026, mailforest.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Look whether a host is well, at what only the host itself can tell."""

from __future__ import annotations

DOCUMENTATION = r"""
module: host_health
short_description: Look whether a host is well
version_added: 1.0.0
description:
  - Looks at units that must run and start at boot and at failed ones, at room and inodes on every file system, at the
    clock beside those of the time servers, at mail that waits, at files that were changed since
    M(mailforest.stack.config_tree) wrote them, at keys that everybody can read, at the certificate in the file and the
    one that is shown, at programs that wait at ports which nothing declares, at name servers, and at the age of the
    directory's backup.
  - All in one task, as it is meant for every host of a run. What cannot be looked at is a problem too.
  - What M(mailforest.stack.config_tree) wrote with an older version of this collection is not compared.
extends_documentation_fragment:
  - mailforest.stack._reader
options:
  units:
    description:
      - Units that must be active, and start at boot where they can.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: The unit.
        type: str
        required: true
      requirement:
        description: The requirement that breaks without it.
        type: str
        required: true
      where_installed:
        description: Whether it is no problem that there is no such unit, as where a role was told to do without it.
        type: bool
        default: false
  ports:
    description:
      - TCP ports, or ranges such as V(50000-50020), at which programs may wait for others. Ports that only the host
        itself reaches are not looked at. Empty, nothing is looked at.
    type: list
    elements: str
    default: []
  certificates:
    description:
      - Ports with TLS from the first byte, whose certificate must be the one in C(/etc/ssl/mailforest/host.crt).
    type: list
    elements: int
    default: []
  address:
    description:
      - The host's address, at which O(certificates) are asked for.
    type: str
    default: ""
  certificate_days:
    description:
      - How many days a certificate must still be valid.
    type: int
    default: 14
  time_servers:
    description:
      - Servers whose clocks the host's is compared with.
    type: list
    elements: str
    default: []
  clock_offset:
    description:
      - How many seconds the clocks may differ.
    type: float
    default: 10
  resolvers:
    description:
      - The name servers that the host must ask, the first first. Others may follow.
    type: list
    elements: str
    default: []
  domain:
    description:
      - The forest's DNS domain, whose domain controllers the name servers must know.
    type: str
    default: ""
  queue:
    description:
      - Whether there is a Postfix queue to be looked at.
    type: bool
    default: false
  queue_messages:
    description:
      - How many messages may wait.
    type: int
    default: 500
  queue_age:
    description:
      - How many seconds a message may wait; ten times as many are an error.
    type: int
    default: 1800
  free_percent:
    description:
      - How many per cent of room and inodes must be free; less than four are an error. 20 GiB are always enough.
    type: int
    default: 10
  backup_directory:
    description:
      - Where the directory's backups are. Empty, nothing is looked at.
    type: str
    default: ""
  backup_hours:
    description:
      - How old the newest backup may be.
    type: int
    default: 30
notes:
  - Run it as root.
author:
  - mailforest.stack contributors (@mailforest)
seealso:
  - module: mailforest.stack.dc_info
  - module: mailforest.stack.reachable
"""

EXAMPLES = r"""
- name: Look whether this mail server is well
  mailforest.stack.host_health:
    units:
      - {name: postfix.service, requirement: MAIL-1}
      - {name: dovecot.service, requirement: MAIL-2}
    ports: ["22", "25", "465", "993"]
    certificates: [465, 993]
    address: 198.51.100.80
    time_servers: [dc1.corp.example.test]
    queue: true
  become: true
  register: health

- name: Say so when it is not
  ansible.builtin.assert:
    that: health.problems | length == 0
    fail_msg: "{{ health.problems | to_nice_yaml }}"
"""

RETURN = r"""
maintenance:
  description: >-
    Hosts that are in maintenance by what this one remembers, as the playbook C(maintenance_on) has told it.
    What is wrong with the host is told all the same.
  returned: always
  type: list
  elements: dict
  contains:
    host:
      description: The host's inventory name.
      type: str
    reason:
      description: What is being done.
      type: str
    days:
      description: For how many days.
      type: int
problems:
  description: What is wrong; empty when all is well. It is no failure of the module.
  returned: always
  type: list
  elements: dict
  contains:
    severity:
      description: V(error) or V(warning).
      type: str
    requirement:
      description: The requirement that is not met.
      type: str
      sample: MAIL-1
    subject:
      description: What it is about.
      type: str
      sample: unit postfix.service
    expected:
      description: What is to be.
      type: str
      sample: active
    found:
      description: What is.
      type: str
      sample: inactive (dead)
    cause:
      description: What has likely brought it about.
      type: str
      sample: Somebody stopped it, or what it needs is stopped.
    remedy:
      description: What to do.
      type: str
      sample: systemctl start postfix.service
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.mailforest.stack.plugins.module_utils._health.run import look
from ansible_collections.mailforest.stack.plugins.module_utils._host import maintenance


def main() -> None:
    """Run the module."""
    unit = {
        "name": {"type": "str", "required": True},
        "requirement": {"type": "str", "required": True},
        "where_installed": {"type": "bool", "default": False},
    }
    module = AnsibleModule(
        argument_spec={
            "units": {"type": "list", "elements": "dict", "options": unit, "default": []},
            "ports": {"type": "list", "elements": "str", "default": []},
            "certificates": {"type": "list", "elements": "int", "default": []},
            "address": {"type": "str", "default": ""},
            "certificate_days": {"type": "int", "default": 14},
            "time_servers": {"type": "list", "elements": "str", "default": []},
            "clock_offset": {"type": "float", "default": 10.0},
            "resolvers": {"type": "list", "elements": "str", "default": []},
            "domain": {"type": "str", "default": ""},
            "queue": {"type": "bool", "default": False},
            "queue_messages": {"type": "int", "default": 500},
            "queue_age": {"type": "int", "default": 1800},
            "free_percent": {"type": "int", "default": 10},
            "backup_directory": {"type": "str", "default": ""},
            "backup_hours": {"type": "int", "default": 30},
        },
        supports_check_mode=True,
    )
    problems = [problem.shown() for problem in look(module.params)]
    module.exit_json(changed=False, problems=problems, maintenance=[row.shown() for row in maintenance.read()])


if __name__ == "__main__":
    main()
