#!/usr/bin/python
# Copyright: (c) 2026, mailforest.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tell whether a domain controller is well."""

from __future__ import annotations

DOCUMENTATION = r"""
module: dc_info
short_description: Tell whether a domain controller is well
version_added: 1.0.0
description:
  - Looks at what C(dcdiag) looks at on a Windows controller, as data - replication, RIDs, its names in DNS, time,
    certificate, files, who can log in, and, when asked to, every object of the database.
  - All problems are told at once. A check that cannot be made is a problem too.
extends_documentation_fragment:
  - mailforest.stack._directory
  - mailforest.stack._directory.info
options:
  checks:
    description:
      - What to look at. V(database) reads every object, minutes for some thousand on a busy host, and is not among the
        default.
      - V(layout) reads facts and judges none, and is not among the default either.
      - V(dns) and V(time), V(certificate) and V(replication) need C(samba-ad-dc) to run; V(time) needs chrony too, and
        that it serves this host's own address.
    type: list
    elements: str
    choices: [replication, rids, dns, time, certificate, files, logins, layout, database]
    default: [replication, rids, dns, time, certificate, files, logins]
  address:
    description:
      - This host's address at which its own services are asked. By default the first one of Samba's interfaces.
    type: str
  max_age:
    description:
      - Seconds that the last success of each replication partner may be ago (M(mailforest.stack.replication_info)).
    type: int
    default: 900
  minimum_rids:
    description:
      - How many RIDs the domain should have left. A domain has about 1,073 million.
    type: int
    default: 1000000
  maximum_clock_offset:
    description:
      - Seconds that the clocks of this controller and of the PDC emulator may differ by. Kerberos allows 300.
    type: float
    default: 60.0
  minimum_certificate_days:
    description:
      - Days that the certificate of LDAPS should still be valid.
    type: int
    default: 14
  administrators:
    description:
      - The local accounts that may open a shell here. Empty means that they are only listed.
    type: list
    elements: str
    default: []
  fail:
    description:
      - Whether the module fails when there are problems. Otherwise they are returned.
    type: bool
    default: true
author:
  - mailforest.stack contributors (@mailforest)
seealso:
  - module: mailforest.stack.replication_info
  - module: mailforest.stack.fsmo_info
"""

EXAMPLES = r"""
- name: Prove that this controller is well
  mailforest.stack.dc_info:

- name: See what its database says, and go on in any case
  mailforest.stack.dc_info:
    checks: [database]
    fail: false
  register: health
"""

RETURN = r"""
controller:
  description: Short name of the domain controller.
  returned: success
  type: str
replication:
  description: What M(mailforest.stack.replication_info) tells. Null here and below when the check could not be made.
  returned: when asked for
  type: dict
rids:
  description: What M(mailforest.stack.fsmo_info) tells as RV(mailforest.stack.fsmo_info#module:rid_pool).
  returned: when asked for
  type: dict
dns:
  description: Under C(missing), the names that its own DNS should have records of this controller for, and has not.
  returned: when asked for
  type: dict
time:
  description: >-
    The PDC emulator (C(pdc)), the seconds that its clock is ahead (C(offset)), whether this host's own chrony is
    C(synchronised), and whether its answers carry the right signature for members of the domain (C(signed)).
  returned: when asked for
  type: dict
  sample: {pdc: dc1, offset: 0.2, synchronised: true, signed: true}
certificate:
  description: Subject, issuer and days left of the certificate that LDAPS shows.
  returned: when asked for
  type: dict
files:
  description: Under C(exposed), databases and keys that others than root can read.
  returned: when asked for
  type: dict
logins:
  description: >-
    Local accounts that a password or key lets in (C(accounts)), and what would let users of the directory in
    (C(directory)).
  returned: when asked for
  type: dict
layout:
  description: >-
    Names of C(sites), C(subnets) and their sites, C(links) with sites, cost and interval, C(servers) with site, level,
    whether they are a C(global_catalog) and whether they take and give changes (C(replicates)), C(levels) of domain and
    forest as Samba's numbers, and the C(disabled) users. Names are in lower case.
  returned: when asked for
  type: dict
database:
  description: Number of objects and of errors, and the first messages of Samba's own check.
  returned: when asked for
  type: dict
problems:
  description: One sentence per problem; empty when all is well.
  returned: always
  type: list
  elements: str
problems_by_check:
  description: The same for each of O(checks).
  returned: always
  type: dict
"""

import time

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.mailforest.stack.plugins.module_utils._directory._health import (
    ARGUMENTS,
    examine,
    limits_of,
)
from ansible_collections.mailforest.stack.plugins.module_utils._directory._healthdb import DirectoryHealth
from ansible_collections.mailforest.stack.plugins.module_utils._engine import tell


def main() -> None:
    """Run the module."""
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    options = module.params
    tell(
        module,
        lambda: examine(
            DirectoryHealth(options["configuration_file"], options["address"]),
            options["checks"],
            limits_of(options),
            now=time.time(),
            fail=options["fail"],
        ),
    )


if __name__ == "__main__":
    main()
