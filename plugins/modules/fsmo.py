#!/usr/bin/python
# Copyright: (c) 2026, mailforest.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Say which domain controller holds which of the seven roles."""

from __future__ import annotations

DOCUMENTATION = r"""
module: fsmo
short_description: Say which domain controller holds which of the seven roles
version_added: 1.0.0
description:
  - Transfers flexible single master operation (FSMO) roles so that each is where the map says.
  - Run it on all domain controllers with the same map. Each takes those of the first five roles that it is to have,
    and gives away those of the two DNS partitions that it has and another is to have. No password is needed.
  - Roles that the map does not name stay where they are.
  - Seizes nothing unless O(state=seized). When an owner does not answer, the module fails and says which roles were
    transferred before.
  - A seizure is for a controller that is gone for good. Run it on the one controller that is to have all roles of the
    dead one. The module looks for life at the dead one's addresses, judges what other hosts saw there
    (O(observations)), makes a backup, asks the dead one for a role, records the seizure below C(CN=Program Data), has
    every other controller learn of it, takes the roles, and removes the dead one with all that refers to it. The first
    of these that fails ends it, before anything that cannot be undone.
  - The record stays. By it a controller that returns as it was is kept from starting (role
    C(mailforest.stack.samba_dc)), and its address is fenced (M(mailforest.stack.seizure_info)).
extends_documentation_fragment:
  - mailforest.stack._directory
  - mailforest.stack._directory.changes
options:
  state:
    description:
      - How the roles come to their owners. V(transferred) asks their present ones, V(seized) takes all that
        O(dead_controller) has.
    type: str
    choices: [transferred, seized]
    default: transferred
  roles:
    description:
      - The owner of each role, by short host name in any case. Required for O(state=transferred).
    type: dict
    suboptions:
      schema:
        description: Schema master, one per forest.
        type: str
      naming:
        description: Domain naming master, one per forest.
        type: str
      rid:
        description: RID master, one per domain.
        type: str
      pdc:
        description: PDC emulator, one per domain.
        type: str
      infrastructure:
        description: Infrastructure master, one per domain.
        type: str
      domaindns:
        description: Infrastructure master of the partition C(DomainDnsZones).
        type: str
      forestdns:
        description: Infrastructure master of the partition C(ForestDnsZones).
        type: str
  wait:
    description:
      - Seconds to wait until this controller's own database has the whole map, other controllers' parts included.
        Meanwhile it has all partitions pulled again and again, by the other controllers too. Then the module fails.
      - Where tasks run on fewer hosts at a time than there are controllers, wait in a second task. Otherwise those
        of the first batch wait for those of the next.
      - With V(0) it does not wait. What others still have to do, or replication to bring, is returned as RV(pending).
      - Not waited for in check mode.
    type: int
    default: 0
  dead_controller:
    description:
      - The controller that is gone for good, by name. Required for O(state=seized).
    type: str
  confirm:
    description:
      - Its name once more. Required for O(state=seized).
    type: str
  dead_addresses:
    description:
      - Its addresses, in addition to those that the directory's DNS has.
    type: list
    elements: str
    default: []
  observations:
    description:
      - What other hosts see of the dead controller. One counts that has looked at three of its ports at least, and that
        has reached somebody else at the same time; of such there must be one.
    type: list
    elements: dict
    default: []
    suboptions:
      host:
        description: From where was looked.
        type: str
        required: true
      results:
        description: RV(mailforest.stack.reachable#module:results), with the dead one's addresses as hosts.
        type: list
        elements: dict
        required: true
  lone_vantage_point:
    description:
      - Whether this controller is the only host that is left, so that nobody else can look.
    type: bool
    default: false
  backup_directory:
    description:
      - Where the backup goes that is made before. By default C(/var/backups/mailforest/directory).
    type: path
  absent_controllers:
    description:
      - Other controllers that are off too, and so need not learn of the seizure before it happens. Seize from them
        next, or have them on again only where they reach a controller that knows.
    type: list
    elements: str
    default: []
  announce_wait:
    description:
      - Seconds within which each other controller must have learnt of the seizure.
    type: int
    default: 120
author:
  - mailforest.stack contributors (@mailforest)
seealso:
  - module: mailforest.stack.fsmo_info
  - module: mailforest.stack.seizure_info
  - name: Flexible single master operation roles
    description: What the roles do, as Samba has them.
    link: https://wiki.samba.org/index.php/Flexible_Single-Master_Operations_(FSMO)_Roles
"""

EXAMPLES = r"""
- name: Place the roles
  hosts: domain_controllers
  tasks:
    - name: Place the roles
      mailforest.stack.fsmo:
        roles: &roles
          schema: dc1
          naming: dc1
          rid: dc1
          pdc: dc2
          infrastructure: dc1
          domaindns: dc1
          forestdns: dc1

    - name: Have every controller know the owners
      mailforest.stack.fsmo:
        roles: *roles
        wait: 180

# What it takes to do it safely is in the playbook mailforest.stack.fsmo_seize.
- name: Take the roles of a controller that burnt down
  hosts: dc2
  tasks:
    - name: Take the roles
      mailforest.stack.fsmo:
        state: seized
        dead_controller: dc1
        confirm: dc1
        observations: "{{ seen }}"
"""

RETURN = r"""
owners:
  description: The owner of each role now, by short host name in lower case, as this controller's database says; null
    for one that is no more.
  returned: success
  type: dict
  sample: {schema: dc1, naming: dc1, rid: dc1, pdc: dc2, infrastructure: dc1, domaindns: dc1, forestdns: dc1}
pending:
  description: Roles that are not yet where they are wanted, by other controllers' doing, each with C(owner) and
    C(wanted).
  returned: success
  type: dict
seizure:
  description: The record, as M(mailforest.stack.seizure_info) returns it.
  returned: O(state=seized)
  type: dict
vantage_points:
  description: The hosts that have looked for the dead controller.
  returned: O(state=seized)
  type: list
  elements: str
backup_file:
  description: The backup that was made before; empty when nothing had to be done.
  returned: O(state=seized)
  type: str
announced_to:
  description: The controllers that had to learn of it first.
  returned: O(state=seized)
  type: list
  elements: str
operations:
  description: The transfers by this controller, done or, in check mode, to be done.
  returned: success
  type: list
  elements: dict
done:
  description: The transfers that were done before an error.
  returned: failure while changing
  type: list
  elements: dict
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.mailforest.stack.plugins.module_utils._directory import _seizure
from ansible_collections.mailforest.stack.plugins.module_utils._directory._backup import backup_now
from ansible_collections.mailforest.stack.plugins.module_utils._directory._fsmo import ARGUMENTS, FsmoResource
from ansible_collections.mailforest.stack.plugins.module_utils._directory._fsmodb import DirectoryRoles
from ansible_collections.mailforest.stack.plugins.module_utils._directory._pdcname import publish_pdc
from ansible_collections.mailforest.stack.plugins.module_utils._directory._replication import force
from ansible_collections.mailforest.stack.plugins.module_utils._directory._replicationdb import DirectoryReplication
from ansible_collections.mailforest.stack.plugins.module_utils._directory._seizuredb import SeizureDirectory, look
from ansible_collections.mailforest.stack.plugins.module_utils._engine import Resource, run


def _resource(module: AnsibleModule) -> Resource:
    options = module.params
    file = options["configuration_file"]
    if options["state"] == "seized":
        return _seizure.SeizeResource(
            SeizureDirectory(file),
            options,
            look=look,
            back_up=lambda: backup_now(directory=options["backup_directory"], label="before-seizure"),
            publish=lambda: publish_pdc(file),
        )
    return FsmoResource(
        DirectoryRoles(file),
        options["roles"],
        wait=options["wait"],
        check_mode=module.check_mode,
        replicate=lambda: force(DirectoryReplication(file)),
        publish=lambda: publish_pdc(file),
    )


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={**ARGUMENTS, **_seizure.ARGUMENTS},
        required_if=[("state", "transferred", ["roles"]), ("state", "seized", ["dead_controller", "confirm"])],
        supports_check_mode=True,
    )
    run(module, lambda: _resource(module))


if __name__ == "__main__":
    main()
