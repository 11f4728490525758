#!/usr/bin/python
# Copyright: (c) 2026, mailforest.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Raise the functional level of the domain and the forest."""

from __future__ import annotations

DOCUMENTATION = r"""
module: functional_level
short_description: Raise the functional level of the domain and the forest
version_added: 1.0.0
description:
  - Raises the levels to those given, the domain's first. A level is never lowered, neither by this module nor by any
    other means but a backup from before.
  - Refuses while a domain controller offers less, and names it. Samba would refuse to start there afterwards. A
    controller offers more than V(2008_R2) when C(ad dc functional level) says so in its C(smb.conf), which the Samba of
    Debian 12 does not know.
  - Refuses a level of the forest above that of the domain, and one for which the schema is too old.
  - Makes a backup of the directory before anything else, and adds the objects and rights of the new level where they
    are missing.
  - Without O(domain) and O(forest) the levels are read, and nothing is changed.
  - Run it on one domain controller, after M(mailforest.stack.replication_sync), so that it knows what the others offer.
extends_documentation_fragment:
  - mailforest.stack._directory
  - mailforest.stack._directory.changes
options:
  domain:
    description:
      - Level that the domain has at least to have. When it has it already, nothing is done.
    type: str
    choices: &levels ["2008_R2", "2012", "2012_R2", "2016"]
  forest:
    description:
      - The same for the forest.
    type: str
    choices: *levels
  confirm:
    description:
      - The DNS name of the domain. Needed when a level is raised, since there is no way back.
    type: str
  backup_directory:
    description:
      - Where the backup goes. By default where role C(backup) has its own, else C(/var/backups/mailforest/directory).
    type: path
author:
  - mailforest.stack contributors (@mailforest)
seealso:
  - module: mailforest.stack.domain
  - module: mailforest.stack.replication_sync
"""

EXAMPLES = r"""
- name: Raise both levels
  mailforest.stack.functional_level:
    domain: "2016"
    forest: "2016"
    confirm: corp.example.test
"""

RETURN = r"""
levels:
  description: The levels now, of C(domain) and C(forest).
  returned: success
  type: dict
  sample: {domain: "2016", forest: "2016"}
controllers:
  description: The level that each domain controller offers, by short host name.
  returned: success, and when a level is refused
  type: dict
  sample: {dc1: "2016", dc2: 2008_R2}
backup:
  description: Path of the backup; null when nothing was raised.
  returned: success
  type: str
faults:
  description: Everything that stands against it, one sentence each.
  returned: when a level is refused
  type: list
  elements: str
operations:
  description: The steps of the plan, done or, in check mode, to be done.
  returned: success
  type: list
  elements: dict
done:
  description: The steps that were done before an error.
  returned: failure while changing
  type: list
  elements: dict
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.mailforest.stack.plugins.module_utils._directory._backup import backup_now
from ansible_collections.mailforest.stack.plugins.module_utils._directory._level import LEVEL_ARGUMENTS, LevelResource
from ansible_collections.mailforest.stack.plugins.module_utils._directory._leveldb import DirectoryLevels
from ansible_collections.mailforest.stack.plugins.module_utils._engine import run


def main() -> None:
    """Run the module."""
    module = AnsibleModule(**LEVEL_ARGUMENTS)
    options = module.params
    run(
        module,
        lambda: LevelResource(
            DirectoryLevels(options["configuration_file"]),
            domain=options["domain"],
            forest=options["forest"],
            confirm=options["confirm"],
            back_up=lambda: backup_now(options["backup_directory"], label="before-level"),
        ),
    )


if __name__ == "__main__":
    main()
