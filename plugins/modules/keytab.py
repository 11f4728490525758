#!/usr/bin/python
# Copyright: (c) 2026, mailforest.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read the Kerberos keys of services from the directory."""

from __future__ import annotations

DOCUMENTATION = r"""
module: keytab
short_description: Read the Kerberos keys of services from the directory
version_added: 1.0.0
description:
  - Reads the keys of service principals from the database of this domain controller, and returns them as a keytab,
    for a service on another host that lets users in by their Kerberos ticket.
  - It changes nothing. The same keys make the same keytab, byte for byte, so that it is written anew exactly when a
    key has changed. It holds AES keys alone, and of each the newest version.
  - Whoever has the keytab can pretend to be the service. Run the task with C(no_log), and let nobody but the service
    read the file.
options:
  principals:
    description:
      - Service principal names, C(service/host), that accounts of the directory have.
    type: list
    elements: str
    required: true
attributes:
  check_mode:
    description: Reads in check mode too. Keys that are not there yet are no error then.
    support: full
  diff_mode:
    description: Returns no difference, as nothing changes.
    support: N/A
  idempotent:
    description: It never reports a change.
    support: full
notes:
  - Run it as root on a domain controller that can be written to; a read-only one has no keys of others.
author:
  - mailforest.stack contributors (@mailforest)
seealso:
  - module: mailforest.stack.user
  - module: mailforest.stack.config_tree
"""

EXAMPLES = r"""
- name: Read the keys of the mail services
  mailforest.stack.keytab:
    principals: [imap/mx1.corp.example.test, smtp/mx1.corp.example.test]
  delegate_to: dc1
  no_log: true
  register: mail_keys
"""

RETURN = r"""
keytab:
  description: The keytab in base64. Empty in check mode where a key is not there yet.
  returned: success
  type: str
"""

import base64

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.mailforest.stack.plugins.module_utils._directory._keytab import export
from ansible_collections.mailforest.stack.plugins.module_utils._engine import ResourceError


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={"principals": {"type": "list", "elements": "str", "required": True}}, supports_check_mode=True
    )

    def run(argv: list[str]) -> tuple[int, str]:
        code, _out, error = module.run_command(argv, handle_exceptions=False)
        return code, error

    try:
        found = export(module.params["principals"], run)
    except (ResourceError, OSError) as exc:
        if not module.check_mode:
            module.fail_json(msg=str(exc))
        found = b""
    module.exit_json(changed=False, keytab=base64.b64encode(found).decode("ascii"))


if __name__ == "__main__":
    main()
