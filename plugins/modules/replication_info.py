#!/usr/bin/python
# Copyright: (c) 2026, mailforest.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tell from whom a domain controller replicates, and how that goes."""

from __future__ import annotations

DOCUMENTATION = r"""
module: replication_info
short_description: Tell from whom a domain controller replicates, and how that goes
version_added: 1.0.0
description:
  - Reads from this domain controller's own database from whom it pulls which partition, when that last succeeded, and
    how often it failed since.
  - It is a problem when a partition is pulled from nobody although there are other controllers, when the last pull from
    a partner failed, and when O(max_age) is exceeded.
  - It also reads what Samba's topology generator (KCC) has made of the sites and links. It is a problem when a site
    pulls from no other, when changes of a controller have no way to another, and when a subnet is in no site.
extends_documentation_fragment:
  - mailforest.stack._directory
  - mailforest.stack._directory.info
options:
  max_age:
    description:
      - Seconds that the last success of each partner may be ago. Samba pulls at least every five minutes.
      - A partner that failed once or twice since then, as after a restart, is no problem yet; nor is one that the
        topology has just added, as long as another brings the same partition in time.
      - V(0) checks no age; then every failure is a problem.
    type: int
    default: 0
  compare:
    description:
      - Whether the other controllers are asked how far they are, so that changes that are not here yet are found. They
        are asked over RPC with this host's account.
    type: bool
    default: false
  fail:
    description:
      - Whether the module fails when there are problems. Otherwise they are returned.
    type: bool
    default: true
author:
  - mailforest.stack contributors (@mailforest)
seealso:
  - module: mailforest.stack.replication_sync
  - module: mailforest.stack.fsmo_info
"""

EXAMPLES = r"""
- name: Prove that this controller replicates
  mailforest.stack.replication_info:
    max_age: 900
"""

RETURN = r"""
controller:
  description: Short name of the domain controller that was asked.
  returned: success
  type: str
site:
  description: The site that it is in.
  returned: success
  type: str
controllers:
  description: The other controllers and their sites.
  returned: success
  type: dict
  sample: {dc2: hq, dc3: branch}
naming_contexts:
  description: DNs of the partitions that it holds.
  returned: success
  type: list
  elements: str
partners:
  description: From whom what is pulled.
  returned: success
  type: list
  elements: dict
  contains:
    controller:
      description: Short name of the partner; a GUID where the directory does not know it any more.
      type: str
    partition:
      description: DN of the partition.
      type: str
    last_success:
      description: Time of the last success in ISO 8601 and UTC; empty when there was none.
      type: str
    last_attempt:
      description: Time of the last attempt; empty when there was none.
      type: str
    age:
      description: Seconds since the last success; null when there was none.
      type: int
    failures:
      description: Failures in a row since the last success.
      type: int
    result:
      description: The last attempt's error; empty when there was none.
      type: str
topology:
  description: What the topology generator (KCC) has made of the sites and links.
  returned: success
  type: dict
  contains:
    sites:
      description: Each site with its C(controllers), the C(generator) of its connections with other sites (ISTG; null
        where none has said so), and its C(bridgeheads), the controllers that pull from other sites.
      type: dict
    connections:
      description: Each connection with C(controller), the C(source) that it pulls from, whether it is C(between_sites),
        C(generated) and C(enabled).
      type: list
      elements: dict
    subnets:
      description: Each subnet with its site.
      type: dict
lacking:
  description: With O(compare), per controller the partitions of which it has changes that are not here.
  returned: success
  type: dict
problems:
  description: One sentence per problem; empty when all is well.
  returned: always
  type: list
  elements: str
"""

import time

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.mailforest.stack.plugins.module_utils._directory._replication import (
    INFO_ARGUMENTS,
    checked,
    describe,
)
from ansible_collections.mailforest.stack.plugins.module_utils._directory._replicationdb import DirectoryReplication
from ansible_collections.mailforest.stack.plugins.module_utils._engine import tell


def main() -> None:
    """Run the module."""
    module = AnsibleModule(argument_spec=INFO_ARGUMENTS, supports_check_mode=True)
    options = module.params
    tell(
        module,
        lambda: checked(
            describe(
                DirectoryReplication(options["configuration_file"]),
                max_age=options["max_age"],
                compare=options["compare"],
                now=time.time(),
            ),
            fail=options["fail"],
        ),
    )


if __name__ == "__main__":
    main()
