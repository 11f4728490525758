#!/usr/bin/python
# Copyright: (c) 2026, mailforest.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Take SYSVOL from the owner of the PDC emulator."""

from __future__ import annotations

DOCUMENTATION = r"""
module: sysvol_sync
short_description: Take SYSVOL from the owner of the PDC emulator
version_added: 1.0.0
description:
  - Samba replicates the directory, not the files of its group policies. This module brings the files of this domain
    controller to the state of the controller that owns the PDC emulator, which it reads from its own database. On that
    controller itself it does nothing.
  - The files and their ACLs are read over SMB 3, encrypted, with this host's own account and Kerberos. No key is
    needed, and no controller can log in to another. ACLs name everybody by SID, so they mean the same on both
    controllers whatever their local numbers of users are; C(idmap.ldb) is not copied.
  - Each policy is written beside, verified by its digests and swapped in at once. The state that it replaces is kept in
    C(/var/lib/samba/sysvol_sync/kept) until the next one replaces it. Local changes are replaced too.
  - A source is refused that lacks a policy which the directory lists, or has an older version of one than this
    controller and the directory have. Nothing is changed then.
extends_documentation_fragment:
  - mailforest.stack._directory
  - mailforest.stack._directory.changes
options:
  source:
    description:
      - Name of the controller to take SYSVOL from. By default the one that owns the PDC emulator.
      - On a new owner, it names the controller that has the good copy.
    type: str
  force:
    description:
      - Takes what the source has although it lacks policies or has older ones.
    type: bool
    default: false
  quick:
    description:
      - Takes a file for unchanged when its size and the time of its last change are the same as here, without reading
        it. The timer of the role C(sysvol_sync) does so.
    type: bool
    default: false
  wait:
    description:
      - Seconds in which a source is asked again that does not answer, or lacks a policy, as while a new one replicates.
      - Each time, the directory is brought up to date, as its list of policies may be an old one.
    type: int
    default: 60
author:
  - mailforest.stack contributors (@mailforest)
seealso:
  - module: mailforest.stack.sysvol_info
  - module: mailforest.stack.gpo
"""

EXAMPLES = r"""
- name: Have all controllers take the policies from the owner of the PDC emulator
  mailforest.stack.sysvol_sync:

- name: Give a new owner the copy that is known to be good
  mailforest.stack.sysvol_sync:
    source: dc2
"""

RETURN = r"""
source:
  description: Short name of the controller whose SYSVOL was taken.
  returned: success
  type: str
own:
  description: Whether that is this controller itself, so that there was nothing to do.
  returned: success
  type: bool
operations:
  description: The steps of the plan, done or, in check mode, to be done.
  returned: success
  type: list
  elements: dict
faults:
  description: Why the source was refused.
  returned: when it was refused
  type: list
  elements: str
done:
  description: The steps that were done before an error.
  returned: failure while changing
  type: list
  elements: dict
"""

import contextlib

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.mailforest.stack.plugins.module_utils._directory._replicationdb import DirectoryReplication
from ansible_collections.mailforest.stack.plugins.module_utils._directory._sysvol import ARGUMENTS
from ansible_collections.mailforest.stack.plugins.module_utils._directory._sysvolrun import make
from ansible_collections.mailforest.stack.plugins.module_utils._engine import ResourceError, run


def main() -> None:
    """Run the module."""
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    options = module.params

    def refresh() -> None:
        """What the source lacks may have been removed a moment ago; unless the directory tells, it is asked again."""
        with contextlib.suppress(ResourceError):
            DirectoryReplication(options["configuration_file"]).pull()

    with contextlib.ExitStack() as held:
        run(module, lambda: make(options, held, check_mode=module.check_mode, refresh=refresh))


if __name__ == "__main__":
    main()
