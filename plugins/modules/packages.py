#!/usr/bin/python
# Copyright: (c) 2026, mailforest.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: packages
short_description: Have Debian packages installed
version_added: 1.0.0
description:
  - Asks dpkg which packages are missing, and leaves their installation to M(ansible.builtin.apt), without recommended
    packages and with package lists no older than an hour.
  - Does not open apt's cache when nothing is missing, which saves that time in every run without changes.
  - In check mode it also works on a host that never fetched package lists, where M(ansible.builtin.apt) fails.
attributes:
  check_mode:
    description:
      - Can run in check mode and say which packages would be installed; what they bring along cannot be known before.
    support: full
  diff_mode:
    description: Shows the missing packages.
    support: full
  idempotent:
    description: A second run changes nothing.
    support: full
options:
  name:
    description: Names of the packages.
    type: list
    elements: str
    required: true
seealso:
  - module: ansible.builtin.apt
author:
  - mailforest.stack contributors (@mailforest)
"""

EXAMPLES = r"""
- name: Install packages
  mailforest.stack.packages:
    name: [postfix, postfix-ldap]
"""

RETURN = r"""
missing:
  description: The packages that were not installed before.
  returned: always
  type: list
  elements: str
lists_fetched:
  description: Whether the host ever fetched an archive's list of packages.
  returned: always
  type: bool
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.mailforest.stack.plugins.module_utils._packages import lists_fetched, missing


def main() -> None:
    module = AnsibleModule(
        argument_spec={"name": {"type": "list", "elements": "str", "required": True}}, supports_check_mode=True
    )
    names = missing(module.params["name"], run=module.run_command)
    before = "".join(f"{name}: not installed\n" for name in names)
    after = "".join(f"{name}: installed\n" for name in names)
    module.exit_json(
        changed=bool(names), missing=names, lists_fetched=lists_fetched(), diff={"before": before, "after": after}
    )


if __name__ == "__main__":
    main()
