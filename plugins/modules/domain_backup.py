#!/usr/bin/python
# Copyright: (c) 2026, mailforest.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Back up the directory."""

from __future__ import annotations

DOCUMENTATION = r"""
module: domain_backup
short_description: Back up the directory
version_added: 1.0.0
description:
  - Makes a backup of the whole directory on a domain controller, unless there is a fresh one, and removes those that
    need not be kept any longer.
  - Samba's own backup is made in a private place, unpacked there, opened as Samba would open it, and read to the last
    object. Then it is encrypted to the recipients' public keys, so that this host cannot read it any more, and put in
    place with mode 0600. What is interrupted before leaves nothing that looks like a backup.
  - Beside each archive lies a manifest, readable without a key. It tells domain, server, release of Samba, functional
    levels, owners of the roles, controllers, number of objects, size and SHA-256, and is written last.
extends_documentation_fragment:
  - mailforest.stack._directory
  - mailforest.stack._directory.changes
options:
  directory:
    description:
      - Directory of the backups, on this host. It is made if need be, and set to mode 0700. Not below Samba's own
        directories.
    type: path
    default: /var/backups/mailforest/directory
  kind:
    description:
      - V(offline) copies the databases of this controller, with what is not replicated, under their locks. It works
        whether Samba runs or not.
      - V(online) has Samba replicate a fresh copy from this controller, which must run. Damage of a database file is
        not copied along.
    type: str
    choices: [offline, online]
    default: offline
  recipients:
    description:
      - Public keys, of age (C(age1...)) or SSH (C(ssh-ed25519), C(ssh-rsa)). Each of their owners can restore.
      - Without any the backup is readable for root on this host, as the database itself is.
    type: list
    elements: str
    default: []
  label:
    description:
      - Why it is made, such as V(before-seizure). Small letters, digits and hyphens. A labelled backup is kept for its
        own time, see O(keep.labelled_days).
    type: str
    default: ""
  max_age:
    description:
      - Hours for which a backup with this label, of this kind and for these recipients is fresh, so that no other is
        made. With V(0) one is always made.
    type: int
    default: 24
  keep:
    description:
      - Which backups are kept. The newest one always is.
    type: dict
    suboptions:
      last:
        description: How many of the newest.
        type: int
        default: 3
      daily:
        description: For how many days the newest of each.
        type: int
        default: 7
      weekly:
        description: For how many weeks the newest of each.
        type: int
        default: 5
      monthly:
        description: For how many months the newest of each.
        type: int
        default: 12
      labelled_days:
        description: For how many days those with a label.
        type: int
        default: 90
  timeout:
    description:
      - Seconds that Samba may take. It is ended earlier where neither it nor what it started uses any processor for
        300 seconds.
    type: int
    default: 3600
author:
  - mailforest.stack contributors (@mailforest)
seealso:
  - module: mailforest.stack.domain_backup_info
  - module: mailforest.stack.domain_restore
"""

EXAMPLES = r"""
- name: Have a backup that is not older than a day
  mailforest.stack.domain_backup:
    recipients:
      - age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kudch0v6sxmxqkg

- name: Make one now, before something that cannot be undone
  mailforest.stack.domain_backup:
    label: before-level
    max_age: 0
  register: made
"""

RETURN = r"""
backup:
  description: The newest backup as wanted; empty in check mode when it is yet to be made.
  returned: success
  type: dict
  contains:
    path:
      description: The archive.
      type: str
    created:
      description: When it was made, in UTC.
      type: str
      sample: 20261123T223000Z
    age_hours:
      description: How old it is.
      type: float
    kind:
      description: V(offline) or V(online).
      type: str
    label:
      description: Why it was made.
      type: str
    encrypted:
      description: Whether it can be read with a recipient's key only.
      type: bool
    size:
      description: Size of the archive in bytes.
      type: int
    sha256:
      description: Digest of the archive.
      type: str
    domain:
      description: DNS name of the domain.
      type: str
    server:
      description: The controller it was made on.
      type: str
    samba_version:
      description: Release of Samba there.
      type: str
    functional_levels:
      description: Levels of domain and forest.
      type: dict
    roles:
      description: The owners of the seven roles.
      type: dict
    controllers:
      description: All domain controllers, with their addresses.
      type: list
      elements: dict
    objects:
      description: How many objects the copy holds.
      type: int
operations:
  description: The steps of the plan, done or, in check mode, to be done.
  returned: success
  type: list
  elements: dict
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.mailforest.stack.plugins.module_utils._directory._backup import (
    ARGUMENTS,
    BackupResource,
    LocalPlace,
    settings_of,
)
from ansible_collections.mailforest.stack.plugins.module_utils._engine import run


def main() -> None:
    """Run the module."""
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    settings = settings_of(module.params)
    run(
        module,
        lambda: BackupResource(
            LocalPlace(settings), settings, label=module.params["label"], max_age=module.params["max_age"]
        ),
    )


if __name__ == "__main__":
    main()
