#!/usr/bin/python
# Copyright: (c) 2026, mailforest.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who may use the shared directories of a file server."""

from __future__ import annotations

DOCUMENTATION = r"""
module: share_access
short_description: Grant access to shared directories to domain-local groups
version_added: 1.0.0
description:
  - Makes the directories of shares and sets their access lists, on a file server that is a member of a domain. Each
    share is granted to one group of the domain; local accounts may be let in beside it.
  - The group must be a security group with the scope domain local, by the rule that people belong into global groups,
    global groups into domain-local ones, and rights are given to those. Samba itself takes any group, so this refuses
    others, naming the rule.
  - The list of the directory itself is set and kept; what is made in it inherits the list, what is in it already keeps
    its own. Root owns the directory.
  - Group and accounts are kept by SID, so renaming them in the directory changes nothing here.
options:
  configuration_file:
    description: Path of C(smb.conf), in which the shares stand. It is read, never written.
    type: path
    default: /etc/samba/smb.conf
  domain_servers:
    description: Full names of domain controllers, the nearest first. The first that answers is asked for the groups.
    type: list
    elements: str
    required: true
  shares:
    description: The shares.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: Name of the share in C(smb.conf).
        type: str
        required: true
      path:
        description: Its directory. Missing parent directories are made with mode 0755.
        type: path
        required: true
      group:
        description: The domain-local group, by its account name.
        type: str
        required: true
      read_only:
        description: Whether the group and the accounts may read only, and not change and delete.
        type: bool
        default: false
      local_accounts:
        description: Local accounts that have the same right, each added by M(mailforest.stack.smb_account).
        type: list
        elements: str
        default: []
attributes:
  check_mode:
    description: Reports what would be done and changes nothing.
    support: full
  diff_mode:
    description: Returns the rights before and after, by SID.
    support: full
  idempotent:
    description: When run twice, the second run changes nothing.
    support: full
requirements:
  - python3-samba (Samba 4.17 or newer) on the target, and C(winbind) at work
author:
  - mailforest.stack contributors (@mailforest)
seealso:
  - module: mailforest.stack.membership
  - module: mailforest.stack.smb_account
"""

EXAMPLES = r"""
- name: Grant the share to the domain-local group, and to the scanner
  mailforest.stack.share_access:
    domain_servers: [dc3.corp.example.test]
    shares:
      - name: projects
        path: /srv/projects
        group: projects-change
        local_accounts: [scanner]
"""

RETURN = r"""
access:
  description: By share, who owns the directory, and who has which right.
  returned: success
  type: dict
  sample:
    projects:
      owner: S-1-22-1-0
      rights: {S-1-22-1-0: full, S-1-5-21-1004336348-1177238915-682003330-1104: change}
      inherited: true
operations:
  description: The steps of the plan, done or, in check mode, to be done.
  returned: success
  type: list
  elements: dict
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.mailforest.stack.plugins.module_utils._directory._member_shares import (
    ARGUMENTS,
    Share,
    ShareResource,
)
from ansible_collections.mailforest.stack.plugins.module_utils._directory._member_sharesdb import MemberShares
from ansible_collections.mailforest.stack.plugins.module_utils._engine import run


def main() -> None:
    """Run the module."""
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    options = module.params
    shares = [Share(**share) for share in options["shares"]]
    run(
        module,
        lambda: ShareResource(lambda: MemberShares(options["configuration_file"], options["domain_servers"]), shares),
    )


if __name__ == "__main__":
    main()
