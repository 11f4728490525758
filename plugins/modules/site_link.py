#!/usr/bin/python
# Copyright: (c) 2026, mailforest.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Manage the links between the sites of an Active Directory forest."""

from __future__ import annotations

DOCUMENTATION = r"""
module: site_link
short_description: Manage the links between the sites of an Active Directory forest
version_added: 1.0.0
description:
  - Makes, changes, renames and removes site links. Domain controllers of different sites replicate along them.
  - Option names are those of C(microsoft.ad.site_link). Samba replicates by IP only.
  - Samba accepts links with one site, without cost or with too short an interval; here they are refused.
  - A schedule on a link stops Samba's topology generator (KCC) on every domain controller. One that is there is taken
    away from the links that this module is told of.
extends_documentation_fragment:
  - mailforest.stack._directory
  - mailforest.stack._directory.changes
options:
  links:
    description:
      - Many links at once, each with the options below.
    type: list
    elements: dict
    suboptions: &object
      name:
        description:
          - Name of the link. The link of a new forest is C(DEFAULTIPSITELINK).
        type: str
      identity:
        description:
          - What finds an existing link whatever its name will be. The objectGUID, the DN or the present name.
          - With O(name) beside it the link is renamed and stays the same object.
        type: str
      sites_included:
        description:
          - Names of the sites that the link joins, exactly these and at least two. Needed for a new link.
        type: list
        elements: str
        aliases: [sites]
      cost:
        description:
          - Cost, from 1 to 99999. Between two ways the one of lower cost is taken. A new link has V(100) by default.
        type: int
      replication_frequency:
        description:
          - Minutes between replications, from 15 to 10080. A new link has V(180) by default.
          - Samba's own interval (C(dreplsrv:periodic_interval)) is shorter and goes before this one.
        type: int
        aliases: [interval]
      notify:
        description:
          - Whether domain controllers tell their partners across the link of changes at once, as they do within a site.
        type: bool
      schedule:
        description:
          - Not supported and refused, since it stops Samba's KCC.
        type: raw
      state:
        description:
          - Whether the link is there.
        type: str
        choices: [present, absent]
        default: present
      description:
        description:
          - Description; V("") clears it.
        type: str
  <<: *object # one object can be given by the same options, without a list
author:
  - mailforest.stack contributors (@mailforest)
seealso:
  - module: mailforest.stack.site
"""

EXAMPLES = r"""
- name: Link the offices
  mailforest.stack.site_link:
    name: hq-branch
    sites_included: [hq, branch]
    cost: 100
    replication_frequency: 15
"""

RETURN = r"""
objects:
  description: One entry per object, in the order given.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: The name or identity given.
      type: str
    state:
      description: The state asked for.
      type: str
    object_guid:
      description: The objectGUID; null for a new object in check mode.
      type: str
    distinguished_name:
      description: The DN; null when the object is absent.
      type: str
object_guid:
  description: The objectGUID.
  returned: success, with a single object
  type: str
distinguished_name:
  description: The DN.
  returned: success, with a single object
  type: str
operations:
  description: The steps of the plan, done or, in check mode, to be done.
  returned: success
  type: list
  elements: dict
done:
  description: The steps that were done before an error; the others were taken back.
  returned: failure while changing
  type: list
  elements: dict
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.mailforest.stack.plugins.module_utils._directory._sites import LINK_ARGUMENTS, Links, wishes
from ansible_collections.mailforest.stack.plugins.module_utils._directory._sitesdb import DirectorySites
from ansible_collections.mailforest.stack.plugins.module_utils._engine import run


def main() -> None:
    """Run the module."""
    module = AnsibleModule(**LINK_ARGUMENTS)
    options = module.params
    wanted = wishes(options, "links")
    run(
        module,
        lambda: Links(DirectorySites(options["configuration_file"]), wanted, single=options["links"] is None),
    )


if __name__ == "__main__":
    main()
