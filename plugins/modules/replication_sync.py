#!/usr/bin/python
# Copyright: (c) 2026, mailforest.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bring a domain controller up to date at once."""

from __future__ import annotations

DOCUMENTATION = r"""
module: replication_sync
short_description: Bring a domain controller up to date at once
version_added: 1.0.0
description:
  - Has this domain controller pull all partitions from its partners, until it has all that any other controller had
    when the module began. After a join, or a change of sites, it also has the topology computed (KCC), which Samba does
    every five minutes only.
  - What has to come through other controllers is pulled by those first; they are asked over RPC with this host's
    account. Where one of these is out of service, it is pulled from its origin.
  - It only asks Samba's own services, and writes no object itself. It reports a change when it had the
    topology computed and there are other partners than before.
extends_documentation_fragment:
  - mailforest.stack._directory
attributes:
  check_mode:
    description: Does nothing in check mode.
    support: full
  diff_mode:
    description: Returns no difference, as no object changes.
    support: N/A
  idempotent:
    description: When run twice, the second run reports no change.
    support: full
options:
  wait:
    description:
      - Seconds after which the module fails and names the controllers whose changes are not there.
    type: int
    default: 180
  without:
    description:
      - Short names of controllers that are out of service, as in maintenance. They are neither asked nor waited for;
        what others know of them is here in the end.
    type: list
    elements: str
    default: []
author:
  - mailforest.stack contributors (@mailforest)
seealso:
  - module: mailforest.stack.replication_info
"""

EXAMPLES = r"""
- name: Have every controller know what the others know
  hosts: domain_controllers
  tasks:
    - name: Bring the directory up to date
      mailforest.stack.replication_sync:
        wait: 60

- name: Have every controller know what the others know, while dc3 is switched off
  hosts: domain_controllers:!dc3
  tasks:
    - name: Bring the directory up to date
      mailforest.stack.replication_sync:
        without: [dc3]
"""

RETURN = r"""
controllers:
  description: Short names of the other controllers, all of whose changes are here; none of those left out.
  returned: success
  type: list
  elements: str
partners:
  description: Short names of the controllers that this one pulls from.
  returned: success
  type: list
  elements: str
seconds:
  description: How long it took.
  returned: success
  type: float
rounds:
  description: How often everything was pulled.
  returned: success
  type: int
problems:
  description: What was lacking in the end.
  returned: failure
  type: list
  elements: str
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.mailforest.stack.plugins.module_utils._directory._replication import SYNC_ARGUMENTS, Catcher
from ansible_collections.mailforest.stack.plugins.module_utils._directory._replicationdb import DirectoryReplication
from ansible_collections.mailforest.stack.plugins.module_utils._engine import ResourceError


def main() -> None:
    """Run the module."""
    module = AnsibleModule(argument_spec=SYNC_ARGUMENTS, supports_check_mode=True)
    options = module.params
    if module.check_mode:
        module.exit_json(changed=False, controllers=[], partners=[], seconds=0.0, rounds=0)
    try:
        replication = DirectoryReplication(options["configuration_file"])
        outcome = Catcher(replication, wait=options["wait"], without=options["without"]).run()
    except ResourceError as exc:
        module.fail_json(msg=str(exc), **exc.details)
    module.exit_json(**outcome)


if __name__ == "__main__":
    main()
