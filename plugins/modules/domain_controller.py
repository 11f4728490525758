#!/usr/bin/python
# Copyright: (c) 2026, mailforest.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Join a further domain controller with Samba."""

from __future__ import annotations

DOCUMENTATION = r"""
module: domain_controller
short_description: Join this host to an Active Directory domain as a further controller, or demote it
version_added: 1.0.0
description:
  - Makes this host a domain controller of an existing domain, in the site that is asked for, from the controller that
    is named. Samba would otherwise choose both by itself.
  - A host that is a controller of the wanted domain already is left as it is. When it holds another domain, the module
    fails and nothing changes.
  - Refused before anything is changed are a server that does not answer, that serves another domain or that refuses the
    password; clocks more than 150 seconds apart; a site that the directory does not have; a functional level that this
    host does not offer; and this host's name, when a member or a controller that still answers has it.
  - A controller of the same name that does not answer is taken for dead, such as this host before it was wiped. It is
    removed from the directory with its DNS records, and the host joins anew; unless it holds a role, which has to be
    seized first.
  - What an interrupted run left half written is renamed (V(private.interrupted-<time>)) and the host joins anew; the
    result says so.
  - After the join, the databases of the server and of this host are checked for the controller in its site.
  - C(smb.conf) must exist and name the wanted role, realm, workgroup and NetBIOS name, with the shares C(sysvol) and
    C(netlogon). It is not changed.
  - The DNS server is Samba's internal one.
  - With O(state=absent) the host stops being a controller. What was written here is first brought to
    O(replication_source_dc), which then takes the host out of the directory, with its account and its DNS records.
    Refused are the last controller of a domain, and one that holds a role, unless O(hand_over_roles) is set.
extends_documentation_fragment:
  - mailforest.stack._directory
  - mailforest.stack._directory.changes
options:
  dns_domain_name:
    description:
      - DNS name of the domain to join. Its NetBIOS name is no substitute.
    type: str
    required: true
  domain_netbios_name:
    description:
      - NetBIOS name of the domain.
      - By default the first label of O(dns_domain_name) in upper case.
    type: str
  domain_admin_user:
    description:
      - Name of an account that may join controllers, a member of C(Domain Admins).
    type: str
    default: Administrator
  domain_admin_password:
    description:
      - Its password. Needed only when this host has to join, or to be demoted.
    type: str
  replication_source_dc:
    description:
      - Full name of the domain controller to join from, and to compare with afterwards.
      - With O(state=absent), of the controller that stays, which gets the last changes and the roles.
    type: str
    required: true
  site_name:
    description:
      - Name of the site in which this controller is to be. It must exist. Used only when this host has to join.
      - Needed with O(state=domain_controller).
    type: str
  host_name:
    description:
      - Short name of this host, at most 15 characters. By default the host's own.
    type: str
  backend_store:
    description:
      - Database of this controller. V(mdb) (LMDB) is the one for directories beyond about 100,000 objects.
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
  wait:
    description:
      - Seconds to wait, at the end, until this controller and O(replication_source_dc) have each other's changes and
        both answer for this controller's names in DNS. What is missing is asked for at once. V(0) does not look.
      - It needs C(samba-ad-dc) to run on both.
    type: int
    default: 0
  report_old_tickets:
    description:
      - What happens when the server does not take this controller's changes, and another controller had this one's name
        before. Then the server goes on using the Kerberos tickets of that one, which this controller cannot read, for
        up to ten hours, or until C(samba-ad-dc) is restarted there.
      - With V(true), O(wait) ends at once and the result says RV(old_tickets), so that the play can restart it.
    type: bool
    default: false
  read_only:
    description:
      - Whether this host joins as a read-only controller (RODC), for a place that is not guarded. It holds passwords
        only of members of O(password_allowed_groups) and of C(Allowed RODC Password Replication Group), once they have
        logged on there, and passes all changes and all other logins on to a writable controller.
      - A controller that is of the other kind is an error.
    type: bool
    default: false
  password_allowed_groups:
    description:
      - Groups of whose members a read-only controller may hold the passwords. Used only when this host has to join.
    type: list
    elements: str
    default: []
  password_denied_groups:
    description:
      - Groups of whose members a read-only controller never holds the passwords, beside the administrators' groups.
        They win over O(password_allowed_groups). Used only when this host has to join.
    type: list
    elements: str
    default: []
  state:
    description:
      - Whether this host is a controller. V(absent) leaves no member of the domain behind either, other than
        C(member_server) of C(microsoft.ad); role C(samba_member) joins the host as one.
    type: str
    choices: [domain_controller, absent]
    default: domain_controller
  hand_over_roles:
    description:
      - Whether, with O(state=absent), the roles that this host holds go to O(replication_source_dc). Otherwise they are
        a reason to refuse.
    type: bool
    default: false
author:
  - mailforest.stack contributors (@mailforest)
seealso:
  - module: mailforest.stack.domain
  - module: microsoft.ad.domain_controller
  - name: Samba wiki
    description: Joining a Samba DC to an existing Active Directory.
    link: https://wiki.samba.org/index.php/Joining_a_Samba_DC_to_an_Existing_Active_Directory
"""

EXAMPLES = r"""
- name: Join the branch's controller
  mailforest.stack.domain_controller:
    dns_domain_name: corp.example.test
    replication_source_dc: dc1.corp.example.test
    site_name: branch
    domain_admin_password: "{{ vault_administrator_password }}"

- name: Have both know each other, once Samba runs
  mailforest.stack.domain_controller:
    dns_domain_name: corp.example.test
    replication_source_dc: dc1.corp.example.test
    site_name: branch
    wait: 180

- name: Give the branch's controller up
  mailforest.stack.domain_controller:
    dns_domain_name: corp.example.test
    replication_source_dc: dc1.corp.example.test
    domain_admin_password: "{{ vault_administrator_password }}"
    state: absent
"""

RETURN = r"""
domain:
  description: The domain; empty in check mode when this host has not joined yet.
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
    controller_name: dc3
site:
  description: The site in which this controller is, by its own database.
  returned: success
  type: str
  sample: branch
moved_aside:
  description: >-
    Where the remains of an interrupted run were moved to. After a demotion, where the database is that still holds the
    domain's secrets; delete it once you are sure.
  returned: success
  type: str
old_tickets:
  description: Whether the other controllers have to be restarted, as O(report_old_tickets) tells.
  returned: success
  type: bool
unknown:
  description: What check mode cannot know before the real run.
  returned: in check mode, when this host has not joined yet
  type: raw
operations:
  description: The steps of the plan, done or, in check mode, to be done.
  returned: success
  type: list
  elements: dict
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.mailforest.stack.plugins.module_utils._directory._departure import DemotionResource
from ansible_collections.mailforest.stack.plugins.module_utils._directory._departuredb import (
    LeavingSamba,
    SambaSurvivor,
)
from ansible_collections.mailforest.stack.plugins.module_utils._directory._join import (
    ARGUMENTS,
    ControllerResource,
    wanted_of,
)
from ansible_collections.mailforest.stack.plugins.module_utils._directory._joinlink import Settler
from ansible_collections.mailforest.stack.plugins.module_utils._directory._joinlinkdb import SambaLink
from ansible_collections.mailforest.stack.plugins.module_utils._directory._joinsamba import JoiningSamba, SambaPartner
from ansible_collections.mailforest.stack.plugins.module_utils._engine import run


def _join(module: AnsibleModule) -> ControllerResource:
    options = module.params
    wanted = wanted_of(options)

    def settle() -> bool:
        settler = Settler(SambaLink(options["configuration_file"], wanted), wait=options["wait"])
        return settler.run(report_old_tickets=options["report_old_tickets"])

    def samba() -> JoiningSamba:
        return JoiningSamba(options["configuration_file"])

    return ControllerResource(
        samba,
        lambda: SambaPartner(samba(), wanted, options["domain_admin_user"], options["domain_admin_password"] or ""),
        wanted,
        password=options["domain_admin_password"],
        settle=settle if options["wait"] else None,
        check_mode=module.check_mode,
    )


def _demote(module: AnsibleModule) -> DemotionResource:
    options = module.params
    wanted = wanted_of(options)
    file, password = options["configuration_file"], options["domain_admin_password"]
    return DemotionResource(
        lambda: LeavingSamba(file, wanted),
        lambda: SambaSurvivor(JoiningSamba(file), wanted, options["domain_admin_user"], password or ""),
        wanted,
        password=password,
        hand_over=options["hand_over_roles"],
    )


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec=ARGUMENTS,
        required_if=[("state", "domain_controller", ["site_name"])],
        supports_check_mode=True,
    )
    run(module, lambda: _demote(module) if module.params["state"] == "absent" else _join(module))


if __name__ == "__main__":
    main()
