#!/usr/bin/python
# Copyright: (c) 2026, mailforest.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make a new forest with Samba."""

from __future__ import annotations

DOCUMENTATION = r"""
module: domain
short_description: Make a new Active Directory forest with Samba
version_added: 1.0.0
description:
  - Makes the first domain of a new forest on this host, when it holds none. The host becomes the first domain
    controller and owner of all roles.
  - An existing domain is never written over. When it is the wanted one, nothing changes. When it is another one, the
    module fails and nothing changes.
  - What an interrupted run left half written is renamed (V(private.interrupted-<time>)) and the forest is made anew;
    the result says so.
  - The state is read from Samba's databases, never from marker files.
  - C(smb.conf) must exist and name the wanted role, realm, workgroup and NetBIOS name, with the shares C(sysvol) and
    C(netlogon). It is not changed.
  - The DNS server is Samba's internal one.
extends_documentation_fragment:
  - mailforest.stack._directory
  - mailforest.stack._directory.changes
options:
  dns_domain_name:
    description:
      - DNS name of the domain, two labels or more. The realm is the same in upper case.
    type: str
    required: true
  domain_netbios_name:
    description:
      - NetBIOS name of the domain, at most 15 characters, not the host's name.
      - By default the first label of O(dns_domain_name) in upper case.
    type: str
  administrator_password:
    description:
      - Password of the account C(Administrator) of a new domain. Needed only when the domain has to be made; it is
        not changed later.
    type: str
  site:
    description:
      - Name of the forest's first site, in which this host is. Used only when the domain has to be made.
    type: str
    default: Default-First-Site-Name
  host_name:
    description:
      - Short name of this host, at most 15 characters. By default the host's own.
    type: str
  host_address:
    description:
      - IPv4 address of this host that goes to DNS. Needed only when the domain has to be made.
    type: str
  host_address6:
    description:
      - IPv6 address of this host that goes to DNS. When left out, Samba takes a global one of the host, if there is
        one.
    type: str
  functional_level:
    description:
      - Functional level of a new domain and forest. The level of an existing one stays; it can only be raised, and
        never lowered again.
      - V(2016) needs a Samba that knows it on every domain controller (Debian 13 has it), and
        C(ad dc functional level = 2016) in C(smb.conf).
    type: str
    choices: ["2008_R2", "2016"]
    default: "2008_R2"
  backend_store:
    description:
      - Database of a new domain. V(mdb) (LMDB) is the one for directories beyond about 100,000 objects.
      - Samba converts none, so a controller that has the other kind is an error.
    type: str
    choices: [tdb, mdb]
    default: tdb
  backend_store_size:
    description:
      - Gigabytes that each partition of a new V(mdb) database may grow to, 1 to 1024. They are reserved as addresses,
        not on the disk.
    type: int
    default: 8
  rfc2307:
    description:
      - Whether a new directory gets the containers for Unix attributes.
    type: bool
    default: true
  peers:
    description:
      - Addresses of other controllers of the domain. While one of them serves it, a new forest of that name is refused.
    type: list
    elements: str
    default: []
author:
  - mailforest.stack contributors (@mailforest)
seealso:
  - module: mailforest.stack.domain_controller
  - module: mailforest.stack.fsmo
  - name: Samba wiki
    description: Setting up Samba as an Active Directory domain controller.
    link: https://wiki.samba.org/index.php/Setting_up_Samba_as_an_Active_Directory_Domain_Controller
"""

EXAMPLES = r"""
- name: Make the forest
  mailforest.stack.domain:
    dns_domain_name: corp.example.test
    domain_netbios_name: CORP
    site: hq
    host_address: 198.51.100.68
    administrator_password: "{{ vault_administrator_password }}"
"""

RETURN = r"""
domain:
  description: The domain; empty in check mode when it is not there yet.
  returned: success
  type: dict
  sample:
    dns_name: corp.example.test
    netbios_name: CORP
    dn: DC=corp,DC=example,DC=test
    sid: S-1-5-21-1004336348-1177238915-682003330
    guid: 0c2b3c7a-0f0b-4c6e-8d0d-3f2a9b1f7a11
    functional_levels: {domain: 4, forest: 4, domain_controller: 4}
    backend_store: tdb
    controller_name: dc1
moved_aside:
  description: Where the remains of an interrupted run were moved to.
  returned: success
  type: str
unknown:
  description: What check mode cannot know before the real run.
  returned: in check mode, when the domain is not there yet
  type: raw
operations:
  description: The steps of the plan, done or, in check mode, to be done.
  returned: success
  type: list
  elements: dict
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.mailforest.stack.plugins.module_utils._directory._domain import (
    ARGUMENTS,
    DomainResource,
    forest_of,
)
from ansible_collections.mailforest.stack.plugins.module_utils._directory._provision import LocalSamba
from ansible_collections.mailforest.stack.plugins.module_utils._engine import run


def main() -> None:
    """Run the module."""
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    run(
        module,
        lambda: DomainResource(
            lambda: LocalSamba(module.params["configuration_file"]),
            forest_of(module.params),
            password=module.params["administrator_password"],
            check_mode=module.check_mode,
        ),
    )


if __name__ == "__main__":
    main()
