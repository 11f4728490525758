#!/usr/bin/python
# Copyright: (c) 2026, mailforest.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Manage the group policies of a domain."""

from __future__ import annotations

DOCUMENTATION = r"""
module: gpo
short_description: Manage the group policies of a domain
version_added: 1.0.0
description:
  - Makes and removes group policies, links them to the domain, to OUs and to sites, and gives them the content of a
    backup.
  - Runs on the controller that owns the PDC emulator, as the others take its SYSVOL; elsewhere it is refused. Have them
    take it with M(mailforest.stack.sysvol_sync).
  - The files of a policy get the ACL that follows from its object's, so Samba's own check passes from the beginning.
  - Option names of links are those of C(microsoft.ad.gpo). What the options do not name stays as it is.
extends_documentation_fragment:
  - mailforest.stack._directory
  - mailforest.stack._directory.changes
options:
  name:
    description:
      - Display name. Without O(guid) it finds the policy, whatever its case; with it, the policy is renamed.
    type: str
  guid:
    description:
      - GUID of the policy, with or without braces. One that is not there is made with it.
    type: str
  state:
    description:
      - Whether the policy is there. With it go its links and its files; the files are kept in
        C(/var/lib/samba/sysvol_sync/kept).
      - The two policies that every domain has are not removed.
    type: str
    choices: [present, absent]
    default: present
  computer_settings:
    description:
      - Whether its settings for computers apply. They do in a new policy.
    type: bool
  user_settings:
    description:
      - Whether its settings for users apply. They do in a new policy.
    type: bool
  links:
    description:
      - Links of the policy. Those on other containers stay.
    type: list
    elements: dict
    suboptions:
      target:
        description:
          - DN of the domain, of an OU or of a site.
        type: str
        required: true
      state:
        description:
          - Whether the link is there.
        type: str
        choices: [present, absent]
        default: present
      enabled:
        description:
          - Whether the link applies. A new one does.
        type: bool
      enforced:
        description:
          - Whether containers below cannot block it. A new one is not enforced.
        type: bool
      order:
        description:
          - Its place among the container's links; V(1) wins over the others. A new one comes last.
        type: int
  backup:
    description:
      - Directory that M(mailforest.stack.gpo_backup) made, on the controller. The policy gets the files and the
        extensions kept there, and a version above its present one, as clients read again only what was counted up.
    type: path
author:
  - mailforest.stack contributors (@mailforest)
seealso:
  - module: mailforest.stack.gpo_info
  - module: mailforest.stack.gpo_backup
  - module: mailforest.stack.sysvol_sync
"""

EXAMPLES = r"""
- name: Make a policy for the staff
  mailforest.stack.gpo:
    name: Staff desktop
    links:
      - {target: "OU=Staff,DC=corp,DC=example,DC=test", enforced: true}

- name: Bring back what it said
  mailforest.stack.gpo:
    name: Staff desktop
    backup: /var/backups/policies/{5990264B-7000-482D-A2F0-C43EB26AA956}
"""

RETURN = r"""
guid:
  description: GUID of the policy in braces; null when it is absent, or new in check mode.
  returned: success
  type: str
distinguished_name:
  description: Its DN; null likewise.
  returned: success
  type: str
operations:
  description: The steps of the plan, done or, in check mode, to be done.
  returned: success
  type: list
  elements: dict
done:
  description: The steps that were done before an error; the others were taken back.
  returned: failure while changing
  type: list
  elements: dict
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.mailforest.stack.plugins.module_utils._directory import _gpobackup
from ansible_collections.mailforest.stack.plugins.module_utils._directory._gpo import ARGUMENTS, GpoResource, Wish
from ansible_collections.mailforest.stack.plugins.module_utils._directory._gpodb import DirectoryPolicies
from ansible_collections.mailforest.stack.plugins.module_utils._engine import run


def main() -> None:
    """Run the module."""
    module = AnsibleModule(**ARGUMENTS)
    options = module.params
    wish = Wish(
        name=options["name"],
        guid=options["guid"],
        present=options["state"] == "present",
        computer_settings=options["computer_settings"],
        user_settings=options["user_settings"],
        links=options["links"] or (),
    )
    run(
        module,
        lambda: GpoResource(
            DirectoryPolicies(options["configuration_file"]),
            wish,
            _gpobackup.read(options["backup"]) if options["backup"] else None,
        ),
    )


if __name__ == "__main__":
    main()
