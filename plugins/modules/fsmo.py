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
  - Seizes nothing. When an owner does not answer, the module fails and says which roles were transferred before.
extends_documentation_fragment:
  - mailforest.stack._directory
  - mailforest.stack._directory.changes
options:
  roles:
    description:
      - The owner of each role, by short host name in any case.
    type: dict
    required: true
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
author:
  - mailforest.stack contributors (@mailforest)
seealso:
  - module: mailforest.stack.fsmo_info
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
from ansible_collections.mailforest.stack.plugins.module_utils._directory._fsmo import ARGUMENTS, FsmoResource
from ansible_collections.mailforest.stack.plugins.module_utils._directory._fsmodb import DirectoryRoles
from ansible_collections.mailforest.stack.plugins.module_utils._directory._replication import force
from ansible_collections.mailforest.stack.plugins.module_utils._directory._replicationdb import DirectoryReplication
from ansible_collections.mailforest.stack.plugins.module_utils._engine import run


def main() -> None:
    """Run the module."""
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    options = module.params
    run(
        module,
        lambda: FsmoResource(
            DirectoryRoles(options["configuration_file"]),
            options["roles"],
            wait=options["wait"],
            check_mode=module.check_mode,
            replicate=lambda: force(DirectoryReplication(options["configuration_file"])),
        ),
    )


if __name__ == "__main__":
    main()
