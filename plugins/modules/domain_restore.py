#!/usr/bin/python
# Copyright: (c) 2026, mailforest.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bring a forest back from a backup."""

from __future__ import annotations

DOCUMENTATION = r"""
module: domain_restore
short_description: Bring a forest back from a backup
version_added: 1.0.0
description:
  - Restores a backup that M(mailforest.stack.domain_backup) has made, on a host that holds no domain. The host becomes
    the only domain controller of the forest, under a new name, with all seven roles. All other controllers are removed
    from the directory; they are wiped and join anew.
  - For a forest that is lost. One dead controller among others is replaced by joining a new one.
  - Everything that speaks against it is checked first, and nothing is changed then. A backup that was cut or altered,
    or that cannot be decrypted, is refused; so is a domain of which a controller still answers, at an address that the
    backup knows, that the resolver gives or that is in O(peers); so is an C(smb.conf) of a controller with another
    realm, another workgroup or a lower functional level than the domain in the backup.
  - Samba's own restore works beside Samba's directories. The result is judged, and only then moved into place.
  - The RID master's pool is moved on by O(rid_gap), so that SIDs given out after the backup are not given to others.
  - Samba's service is not started, and C(smb.conf) is not written; role C(samba_dc) does both.
  - All machine accounts but the new controller's stay as they were. Passwords are those of the time of the backup, and
    Kerberos tickets from before it are worth nothing.
extends_documentation_fragment:
  - mailforest.stack._directory
  - mailforest.stack._directory.changes
options:
  backup_file:
    description:
      - The archive, on this host, with its manifest beside it.
    type: path
    required: true
  confirm_domain:
    description:
      - DNS name of the domain in the backup, as a confirmation.
    type: str
    required: true
  host_name:
    description:
      - Short name of this host as a controller, at most 15 characters. Not that of a controller in the backup.
    type: str
    required: true
  host_address:
    description:
      - IPv4 address of this host.
    type: str
    required: true
  site:
    description:
      - Site of the new controller, which the backup has. By default the one of the controller that was backed up.
    type: str
  identity:
    description:
      - Private key that an encrypted backup is read with, in the format of C(age-keygen), or a private SSH key without
        a passphrase. It is given to C(age) through a pipe, and is written nowhere.
    type: str
  checksum:
    description:
      - SHA-256 of the archive, noted elsewhere. The manifest has one too, but whoever can alter the archive can alter
        that.
    type: str
  peers:
    description:
      - More addresses at which a controller of the domain might answer.
    type: list
    elements: str
    default: []
  rid_gap:
    description:
      - How many RIDs are skipped. More than were given out since the backup.
    type: int
    default: 100000
  timeout:
    description:
      - Seconds that Samba may take. It is ended earlier where neither it nor what it started uses any processor for
        300 seconds.
    type: int
    default: 3600
author:
  - mailforest.stack contributors (@mailforest)
seealso:
  - module: mailforest.stack.domain_backup
"""

EXAMPLES = r"""
- name: Bring the forest back
  mailforest.stack.domain_restore:
    backup_file: /root/corp.example.test_dc1_20261123T223000Z.tar.bz2.age
    confirm_domain: corp.example.test
    host_name: dc9
    host_address: 198.51.100.90
    identity: "{{ lookup('ansible.builtin.file', '~/restore-key.txt') }}"
"""

RETURN = r"""
domain:
  description: DNS name of the domain.
  returned: success
  type: str
netbios_name:
  description: Its NetBIOS name.
  returned: success
  type: str
functional_levels:
  description: Levels of domain and forest.
  returned: success
  type: dict
  sample: {domain: 4, forest: 4}
created:
  description: When the backup was made, in UTC. What was changed later is lost.
  returned: success
  type: str
controllers:
  description: The controllers in the restored directory, which is this host alone.
  returned: when it was restored
  type: list
  elements: str
owners:
  description: The owner of each role.
  returned: when it was restored
  type: dict
rid_pool:
  description: The RIDs left, as M(mailforest.stack.fsmo_info) returns it.
  returned: when it was restored
  type: dict
database_errors:
  description: How many errors Samba's database check finds. Those were in the backup already.
  returned: when it was restored
  type: int
operations:
  description: The steps of the plan, done or, in check mode, to be done.
  returned: success
  type: list
  elements: dict
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.mailforest.stack.plugins.module_utils._directory._restore import (
    ARGUMENTS,
    LocalHost,
    RestoreResource,
    wanted_of,
)
from ansible_collections.mailforest.stack.plugins.module_utils._engine import run


def main() -> None:
    """Run the module."""
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    options = module.params
    run(
        module,
        lambda: RestoreResource(
            LocalHost(
                options["configuration_file"],
                options["backup_file"],
                identity=options["identity"],
                checksum=options["checksum"],
                timeout=options["timeout"],
            ),
            wanted_of(options),
        ),
    )


if __name__ == "__main__":
    main()
