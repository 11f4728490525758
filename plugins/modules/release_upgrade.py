#!/usr/bin/python
# Copyright: (c) 2026, mailforest.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Debian's next release in place of this one."""

from __future__ import annotations

DOCUMENTATION = r"""
module: release_upgrade
author: mailforest.stack contributors (@mailforest)
version_added: 1.0.0
short_description: Upgrade a host to Debian's next release, in place
description:
  - Replaces the name of the release in the host's own package sources, and upgrades every package, without questions.
    Configuration files that were changed are kept.
  - Refuses before anything changes where the sources are not Debian's alone, packages are held back or unfinished,
    room is short, the host is a domain controller, or its release is not the one before. When the archive does not
    answer, or one of O(keep) would be removed, the sources are put back and nothing is upgraded.
  - The units of O(units) are stopped and masked meanwhile; at the end they are free again, but not started, as what
    they read has to be written for the new release first.
  - The upgrade runs in a unit of systemd of its own, so a lost connection does not end it. An interrupted run is
    completed by the next one; C(/var/lib/mailforest/release-upgrade) tells that one was begun. What is printed goes to
    C(/var/log/mailforest-release-upgrade.log).
  - Packages that nothing needs any more stay (C(apt autoremove)), and the host is not restarted.
options:
  release:
    description: The release to have.
    type: str
    choices: ["13"]
    required: true
  units:
    description: Units that must not run meanwhile.
    type: list
    elements: str
    default: []
  keep:
    description: Packages that must not be removed by the upgrade.
    type: list
    elements: str
    default: []
attributes:
  check_mode:
    description: Says what would be done; which packages would be upgraded is known after the new lists were fetched.
    support: full
  diff_mode:
    description: Shows the release and the suites of the package sources.
    support: full
  idempotent:
    description: On a host that has the release, nothing is done.
    support: full
"""

EXAMPLES = r"""
- name: Upgrade the release
  mailforest.stack.release_upgrade:
    release: "13"
    units: [postfix.service, postfix@-.service, dovecot.service]
    keep: [postfix, dovecot-core]
"""

RETURN = r"""
began_with:
  description: The release that the host had.
  returned: success
  type: str
reboot:
  description: Whether the host should be restarted, as it still runs the kernel of before.
  returned: success
  type: bool
operations:
  description: What was done, or would be in check mode, in this order.
  returned: always
  type: list
  elements: dict
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.mailforest.stack.plugins.module_utils._engine import run
from ansible_collections.mailforest.stack.plugins.module_utils._host.release import ReleaseUpgrade


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "release": {"type": "str", "choices": ["13"], "required": True},
            "units": {"type": "list", "elements": "str", "default": []},
            "keep": {"type": "list", "elements": "str", "default": []},
        },
        supports_check_mode=True,
    )
    asked = module.params
    run(module, lambda: ReleaseUpgrade(asked["release"], asked["units"], asked["keep"], module.run_command))


if __name__ == "__main__":
    main()
