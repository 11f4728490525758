#!/usr/bin/python
# Copyright: (c) 2026, mailforest.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make this host a member of a domain, or let it leave."""

from __future__ import annotations

DOCUMENTATION = r"""
module: membership
short_description: Make this host a member of an Active Directory domain, or let it leave
version_added: 1.0.0
description:
  - Joins this host to a domain with Samba, through the first controller of O(domain_servers) that answers.
  - Whether it has joined is read from the secret that this host has, and from whether the directory takes it. A host
    that was wiped, or whose account was deleted, joins anew.
  - An account of this host's name that is there already is taken over, with its GUID and groups, unless another host
    answers at an address that the domain's DNS has for the name, or it is that of a controller or of a user.
  - Refused before anything is changed are a controller that serves another domain or refuses the password, clocks more
    than 150 seconds apart, a host that is a member of another domain, and a host that is a domain controller.
  - When the join fails, an account that it made is deleted again, and no secret is left here.
  - C(smb.conf) must exist and name the wanted role, realm, workgroup and NetBIOS name. It is not changed. No DNS record
    is made.
options:
  configuration_file:
    description:
      - Path of C(smb.conf). It is read, never written.
    type: path
    default: /etc/samba/smb.conf
  dns_domain_name:
    description:
      - DNS name of the domain.
    type: str
    required: true
  domain_netbios_name:
    description:
      - NetBIOS name of the domain.
      - By default the first label of O(dns_domain_name) in upper case.
    type: str
  domain_servers:
    description:
      - Full names of domain controllers, the nearest first. The first that answers is used; the others are not asked.
    type: list
    elements: str
    required: true
  domain_admin_user:
    description:
      - Name of an account that may join hosts.
    type: str
    default: Administrator
  domain_admin_password:
    description:
      - Its password. Needed only when this host has to join or to leave.
    type: str
  domain_ou_path:
    description:
      - DN of the organizational unit in which the account is made, or to which one that is taken over is moved. By
        default the container C(Computers), and no move. Used only when this host has to join.
    type: str
  hostname:
    description:
      - Short name of this host, at most 15 characters. By default the host's own. It is not changed.
    type: str
  state:
    description:
      - V(domain) joins; V(workgroup) leaves the domain and deletes the account.
    type: str
    choices: [domain, workgroup]
    default: domain
attributes:
  check_mode:
    description: Reports what would be done and changes nothing.
    support: full
  diff_mode:
    description: Returns the state before and after; the password and the secret are never part of it.
    support: full
  idempotent:
    description: When run twice, the second run changes nothing.
    support: full
requirements:
  - python3-samba (Samba 4.17 or newer) and samba-dsdb-modules on the target
notes:
  - It runs as root. Samba's daemons need not run; C(winbind) has to be restarted after a join (role C(samba_member)
    does).
author:
  - mailforest.stack contributors (@mailforest)
seealso:
  - module: microsoft.ad.membership
  - module: mailforest.stack.domain_controller
"""

EXAMPLES = r"""
- name: Join the branch's file server, through the branch's controller while that is there
  mailforest.stack.membership:
    dns_domain_name: corp.example.test
    domain_servers: [dc3.corp.example.test, dc1.corp.example.test]
    domain_admin_password: "{{ vault_administrator_password }}"

- name: Leave the domain
  mailforest.stack.membership:
    dns_domain_name: corp.example.test
    domain_servers: [dc1.corp.example.test]
    domain_admin_password: "{{ vault_administrator_password }}"
    state: workgroup
"""

RETURN = r"""
account:
  description: The host's account; empty when there is none, or, in check mode, when it could not be asked for.
  returned: success
  type: dict
  sample:
    dns_name: corp.example.test
    netbios_name: CORP
    account: CN=MEMBER1,CN=Computers,DC=corp,DC=example,DC=test
    guid: 0c2b3c7a-0f0b-4c6e-8d0d-3f2a9b1f7a11
    sid: S-1-5-21-1004336348-1177238915-682003330-1103
server:
  description: The domain controller that was asked; null when none had to be.
  returned: success
  type: str
  sample: dc3.corp.example.test
not_taken_back:
  description: Why something that a failed join had made could not be taken back.
  returned: on failure, when that is so
  type: str
unknown:
  description: What check mode cannot know before the real run.
  returned: in check mode, when there is such a thing
  type: raw
operations:
  description: The steps of the plan, done or, in check mode, to be done.
  returned: success
  type: list
  elements: dict
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.mailforest.stack.plugins.module_utils._directory._member_join import (
    ARGUMENTS,
    MemberResource,
    membership_of,
)
from ansible_collections.mailforest.stack.plugins.module_utils._directory._member_samba import (
    MemberPartner,
    MemberSamba,
)
from ansible_collections.mailforest.stack.plugins.module_utils._engine import run


def main() -> None:
    """Run the module."""
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    options = module.params
    wanted = membership_of(options)

    def samba() -> MemberSamba:
        return MemberSamba(options["configuration_file"])

    run(
        module,
        lambda: MemberResource(
            samba,
            lambda server: MemberPartner(
                samba(),
                wanted,
                server,
                options["domain_admin_user"],
                options["domain_admin_password"] or "",
            ),
            wanted,
            password=options["domain_admin_password"],
            check_mode=module.check_mode,
        ),
    )


if __name__ == "__main__":
    main()
