#!/usr/bin/python
# Copyright: (c) 2026, mailforest.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Manage the subnets of the sites of an Active Directory forest."""

from __future__ import annotations

DOCUMENTATION = r"""
module: site_subnet
short_description: Manage the subnets of the sites of an Active Directory forest
version_added: 1.0.0
description:
  - Makes and removes subnets, and says which site each belongs to. Clients and joining domain controllers learn their
    site from them.
  - Option names are those of C(microsoft.ad.site_subnet).
extends_documentation_fragment:
  - mailforest.stack._directory
  - mailforest.stack._directory.changes
options:
  subnets:
    description:
      - Many subnets at once, each with the options below.
    type: list
    elements: dict
    suboptions:
      name:
        description: &network
          - Network and prefix length, such as V(198.51.100.64/26), in the shortest form. Host bits are refused.
        type: str
        aliases: &aliases [subnet]
        required: true
      site: &site
        description:
          - Name of the site that the subnet belongs to. Left out, an existing subnet keeps its own.
        type: str
      location: &location
        description:
          - Where the subnet is, as text; V("") clears it.
        type: str
      state: &state
        description:
          - Whether the subnet is there.
        type: str
        choices: [present, absent]
        default: present
      description: &description
        description:
          - Description; V("") clears it.
        type: str
  name: # one object can be given by the same options, without a list
    description: *network
    type: str
    aliases: *aliases
  site: *site
  location: *location
  state: *state
  description: *description
author:
  - mailforest.stack contributors (@mailforest)
seealso:
  - module: mailforest.stack.site
"""

EXAMPLES = r"""
- name: Say where the offices' networks are
  mailforest.stack.site_subnet:
    subnets:
      - {name: 198.51.100.64/26, site: hq}
      - {name: 198.51.100.128/26, site: branch}
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
from ansible_collections.mailforest.stack.plugins.module_utils._directory._sites import (
    SUBNET_ARGUMENTS,
    Subnets,
    wishes,
)
from ansible_collections.mailforest.stack.plugins.module_utils._directory._sitesdb import DirectorySites
from ansible_collections.mailforest.stack.plugins.module_utils._engine import run


def main() -> None:
    """Run the module."""
    module = AnsibleModule(**SUBNET_ARGUMENTS)
    options = module.params
    wanted = wishes(options, "subnets")
    run(
        module,
        lambda: Subnets(DirectorySites(options["configuration_file"]), wanted, single=options["subnets"] is None),
    )


if __name__ == "__main__":
    main()
