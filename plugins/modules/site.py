#!/usr/bin/python
# Copyright: (c) 2026, mailforest.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Manage the sites of an Active Directory forest."""

from __future__ import annotations

DOCUMENTATION = r"""
module: site
short_description: Manage the sites of an Active Directory forest
version_added: 1.0.0
description:
  - Makes, renames and removes sites. A site is a place with a fast network; domain controllers replicate at once within
    it, and clients look for one in their own.
  - A site is followed by its objectGUID. A rename keeps its controllers, subnets and links.
  - Option names are those of C(microsoft.ad.site).
  - Samba accepts names that are no DNS labels, although they become part of DNS names; here they are refused.
extends_documentation_fragment:
  - mailforest.stack._directory
  - mailforest.stack._directory.changes
options:
  sites:
    description:
      - Many sites at once, each with the options below.
    type: list
    elements: dict
    suboptions: &object
      name:
        description:
          - Name of the site, one DNS label. It becomes part of the names of SRV records.
        type: str
      identity:
        description:
          - What finds an existing site whatever its name will be. The objectGUID, the DN or the present name.
          - With O(name) beside it the site is renamed and stays the same object.
        type: str
      state:
        description:
          - Whether the site is there. One with domain controllers, a subnet or a link stays, with an error.
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
  - module: mailforest.stack.site_subnet
  - module: mailforest.stack.site_link
  - module: mailforest.stack.site_server
"""

EXAMPLES = r"""
- name: Make the sites
  mailforest.stack.site:
    sites:
      - {name: hq, description: Head office}
      - {name: branch}

- name: Rename a site
  mailforest.stack.site:
    identity: Default-First-Site-Name
    name: hq
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
from ansible_collections.mailforest.stack.plugins.module_utils._directory._sites import SITE_ARGUMENTS, Sites, wishes
from ansible_collections.mailforest.stack.plugins.module_utils._directory._sitesdb import DirectorySites
from ansible_collections.mailforest.stack.plugins.module_utils._engine import run


def main() -> None:
    """Run the module."""
    module = AnsibleModule(**SITE_ARGUMENTS)
    options = module.params
    wanted = wishes(options, "sites")
    run(
        module,
        lambda: Sites(DirectorySites(options["configuration_file"]), wanted, single=options["sites"] is None),
    )


if __name__ == "__main__":
    main()
