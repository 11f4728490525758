#!/usr/bin/python
# Copyright: (c) 2026, mailforest.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""List the group policies of a domain."""

from __future__ import annotations

DOCUMENTATION = r"""
module: gpo_info
short_description: List the group policies of a domain
version_added: 1.0.0
description:
  - Tells of group policies what the directory says, and where they are linked.
extends_documentation_fragment:
  - mailforest.stack._directory
  - mailforest.stack._directory.info
options:
  name:
    description:
      - Display name of the one policy to tell of. By default all.
    type: str
  guid:
    description:
      - GUID of the one policy to tell of, with or without braces.
    type: str
author:
  - mailforest.stack contributors (@mailforest)
seealso:
  - module: mailforest.stack.gpo
  - module: mailforest.stack.sysvol_info
"""

EXAMPLES = r"""
- name: List all policies
  mailforest.stack.gpo_info:
  register: known

- name: Show where they are linked
  ansible.builtin.debug:
    msg: "{{ known.policies | items2dict(key_name='name', value_name='links') }}"
"""

RETURN = r"""
policies:
  description: The policies.
  returned: success
  type: list
  elements: dict
  contains:
    guid:
      description: GUID in braces.
      type: str
    name:
      description: Display name.
      type: str
    distinguished_name:
      description: DN.
      type: str
    path:
      description: Where its files are, below the share's root.
      type: str
    version:
      description: Version; the two numbers below together.
      type: int
    computer_version:
      description: How often the settings for computers were changed.
      type: int
    user_version:
      description: How often the settings for users were changed.
      type: int
    computer_settings:
      description: Whether the settings for computers apply.
      type: bool
    user_settings:
      description: Whether the settings for users apply.
      type: bool
    computer_extensions:
      description: Extensions of clients that the settings for computers need (C(gPCMachineExtensionNames)).
      type: str
    user_extensions:
      description: Extensions of clients that the settings for users need (C(gPCUserExtensionNames)).
      type: str
    wmi_filter:
      description: Its WMI filter.
      type: str
    links:
      description: Options of its links, by the container's DN. Of RV(policies[].links) with order 1 wins over others.
      type: dict
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.mailforest.stack.plugins.module_utils._directory._gpo import INFO_ARGUMENTS, info
from ansible_collections.mailforest.stack.plugins.module_utils._directory._gpodb import DirectoryPolicies
from ansible_collections.mailforest.stack.plugins.module_utils._engine import tell


def main() -> None:
    """Run the module."""
    module = AnsibleModule(argument_spec=INFO_ARGUMENTS, supports_check_mode=True)
    options = module.params
    tell(module, lambda: info(DirectoryPolicies(options["configuration_file"]), options["name"], options["guid"]))


if __name__ == "__main__":
    main()
