#!/usr/bin/python
# Copyright: (c) 2026, mailforest.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tell from which domain controllers roles were seized."""

from __future__ import annotations

DOCUMENTATION = r"""
module: seizure_info
short_description: Tell from which domain controllers roles were seized
version_added: 1.0.0
description:
  - Reads the records that M(mailforest.stack.fsmo) has made of seizures from this controller's own database, and who
    this controller is. A host without a directory is no error; it has none.
  - The answer is a fact as well, C(mailforest_seizures), from which the filter
    P(mailforest.stack.fenced_addresses#filter) makes the addresses to fence.
options:
  host:
    description:
      - Name of this host in the inventory, which is returned. By default its host name.
    type: str
extends_documentation_fragment:
  - mailforest.stack._directory
  - mailforest.stack._directory.info
author:
  - mailforest.stack contributors (@mailforest)
seealso:
  - module: mailforest.stack.fsmo
  - plugin: mailforest.stack.fenced_addresses
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Learn from whom roles were seized
  mailforest.stack.seizure_info:
  register: known

- name: Name the controllers that must not come back as they were
  ansible.builtin.debug:
    msg: "{{ known.seizures | selectattr('open') | map(attribute='name') }}"
"""

RETURN = r"""
host:
  description: Name of this host.
  returned: success
  type: str
controller:
  description: Short name of this controller; null on a host that is none.
  returned: success
  type: str
settings_guid:
  description: GUID of its NTDS Settings object, which no other controller has, a namesake included.
  returned: success
  type: str
serving:
  description: >-
    Whether Samba runs here. One that does not, as it was seized from itself, may know nothing of what happened since.
  returned: success
  type: bool
seizures:
  description: All seizures, oldest first.
  returned: success
  type: list
  elements: dict
  contains:
    name: {description: Short name of the controller that was seized from., type: str}
    fqdn: {description: Its full name., type: str}
    settings_guid: {description: GUID of its NTDS Settings object., type: str}
    invocation_id: {description: Its invocation id., type: str}
    addresses: {description: Its addresses then., type: list, elements: str}
    by: {description: The controller that took its roles., type: str}
    when: {description: When that was., type: str, sample: "2026-11-23T22:30:00Z"}
    open: {description: Whether no other controller has taken the name since., type: bool}
ansible_facts:
  description: All of this as the fact C(mailforest_seizures).
  returned: success
  type: dict
"""

import socket

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.mailforest.stack.plugins.module_utils._directory._seizuredb import seizures
from ansible_collections.mailforest.stack.plugins.module_utils._engine import tell


def main() -> None:
    """Run the module."""
    spec = {
        "configuration_file": {"type": "path", "default": "/etc/samba/smb.conf"},
        "host": {"type": "str"},
    }
    module = AnsibleModule(argument_spec=spec, supports_check_mode=True)

    def read() -> dict[str, object]:
        host = module.params["host"] or socket.gethostname().split(".")[0]
        found = {"host": host, **seizures(module.params["configuration_file"])}
        return {**found, "ansible_facts": {"mailforest_seizures": found}}

    tell(module, read)


if __name__ == "__main__":
    main()
