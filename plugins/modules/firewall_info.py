#!/usr/bin/python
# Copyright: (c) 2026, mailforest.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the kernel filters by the rules that were written."""

from __future__ import annotations

DOCUMENTATION = r"""
module: firewall_info
author: mailforest.stack contributors (@mailforest)
version_added: 1.0.0
short_description: Look whether the packet filter's rules are those that were written
description:
  - Compares the table C(inet mailforest) in the kernel with the file that is loaded at boot, or with O(ruleset), and
    names each rule that is missing or was added by hand. What the kernel learns while it filters is not compared.
  - Looks as well whether the rules will be loaded at the next start, and at the kernel's settings that go with them.
  - Changes nothing. The file is loaded in a network namespace of its own, so that C(nft) itself writes both sides.
  - Must run as root.
extends_documentation_fragment:
  - mailforest.stack._reader
options:
  ruleset:
    description:
      - The rules that should be loaded, RV(mailforest.stack.firewall_ruleset#module:ruleset).
      - By default those in C(/etc/mailforest/firewall.nft), which the role P(mailforest.stack.firewall#role) writes.
    type: str
    default: ""
  fail:
    description: Whether to fail when something is wrong. With V(false) only RV(problems) says so.
    type: bool
    default: true
seealso:
  - module: mailforest.stack.firewall_ruleset
  - module: mailforest.stack.firewall_load
"""

EXAMPLES = r"""
- name: Look whether anybody changed the rules by hand
  mailforest.stack.firewall_info:
  become: true
"""

RETURN = r"""
loaded:
  description: Whether the table is in the kernel.
  type: bool
  returned: always
missing:
  description: Lines that should be in the kernel and are not, each with the name of its chain or set.
  type: list
  elements: str
  returned: always
  sample: ['input: tcp dport 25 counter accept comment "smtp"']
added:
  description: Lines that are in the kernel and should not.
  type: list
  elements: str
  returned: always
  sample: ['input: tcp dport 9999 accept']
problems:
  description: What is wrong and what to do, one text each; empty when all is well.
  type: list
  elements: str
  returned: always
"""

from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.mailforest.stack.plugins.module_utils._firewall.kernel import Kernel
from ansible_collections.mailforest.stack.plugins.module_utils._firewall.look import ask_unit, look
from ansible_collections.mailforest.stack.plugins.module_utils._firewall.model import FirewallError

_OPTIONS: dict[str, Any] = {
    "ruleset": {"type": "str", "default": ""},
    "fail": {"type": "bool", "default": True},
}


def main() -> None:
    """Run the module."""
    module = AnsibleModule(argument_spec=_OPTIONS, supports_check_mode=True)
    try:
        seen = look(Kernel(), ask_unit(), root=Path("/"), ruleset=module.params["ruleset"])
    except FirewallError as exc:
        module.fail_json(msg=str(exc), loaded=False, missing=[], added=[], problems=[str(exc)])
    if seen.problems and module.params["fail"]:
        module.fail_json(msg="\n".join(seen.problems), **seen.result())
    module.exit_json(changed=False, **seen.result())


if __name__ == "__main__":
    main()
