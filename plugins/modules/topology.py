# Copyright: (c) 2026, mailforest.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the action `mailforest.stack.topology`."""

from __future__ import annotations

DOCUMENTATION = r"""
module: topology
author: mailforest.stack contributors (@mailforest)
version_added: 1.0.0
short_description: Validate the topology as a whole and compile the plan for all hosts
description:
  - Reads the inventory groups C(mailforest_domain_controllers), C(mailforest_mail_servers), C(mailforest_gateways),
    C(mailforest_members) and C(mailforest_observers) and the variables whose names begin with C(mailforest_).
  - Checks them as a whole. Every breach of every rule is reported at once, each with rule, requirement, place, value
    and remedy; errors fail the task before any host is touched, warnings do not.
  - Without errors it returns the plan - resolvers, firewall rules, DNS records, FSMO owners, users, what must be open
    and what closed - as the fact C(mailforest_compiled).
  - It runs on the controller, connects to no host, sees all hosts of the inventory under C(--limit), and looks at no
    variable but those above. Passwords are judged at once and go no further.
  - All variables and rules are in C(docs/topology.md).
options: {}
attributes:
  action:
    description: It is an action plugin and runs on the controller.
    support: full
  check_mode:
    description: It changes nothing, so it does the same in check mode.
    support: full
  diff_mode:
    description: There is nothing that differs.
    support: none
  idempotent:
    description: The same inventory on the same day gives the same plan.
    support: full
notes:
  - Call it with C(run_once), so that every host of the play gets the fact.
seealso:
  - plugin: mailforest.stack.plan
    plugin_type: lookup
"""

EXAMPLES = r"""
- name: Validate the topology
  hosts: all
  gather_facts: false
  tasks:
    - name: Compile the plan
      mailforest.stack.topology:
      run_once: true
"""

RETURN = r"""
ansible_facts:
  description: The plan, under C(mailforest_compiled).
  returned: when there are no errors
  type: dict
  contains:
    mailforest_compiled:
      description: Everything that follows from the topology.
      type: dict
      returned: when there are no errors
      contains:
        forest:
          description: Realm, names, base DN, functional level, RPC ports.
          type: dict
          returned: always
        first_dc:
          description: The host that creates the forest.
          type: str
          returned: always
        fsmo:
          description: Every FSMO role and its owner; with C(mailforest_fsmo=auto), the one proposed.
          type: dict
          returned: always
        fsmo_auto:
          description: With C(mailforest_fsmo=auto), the proposals that M(mailforest.stack.fsmo_placement) takes.
          type: dict
          returned: always
        sites:
          description: Subnets, gateway, domain controllers and mail home of each site.
          type: dict
          returned: always
        site_links:
          description: Sites, cost and interval of each link.
          type: dict
          returned: always
        entries:
          description: Lines of /etc/hosts, the same for all hosts.
          type: list
          elements: dict
          returned: always
        hosts:
          description: What each host is to be; addresses, resolvers, time, firewall, tunnels, listeners, peers.
          type: dict
          returned: always
        mail:
          description: Domains, services, homes and accounts of mail.
          type: dict
          returned: always
        directory:
          description: Sites, subnets, links and servers; groups, users, DNS zones and records.
          type: dict
          returned: always
        backup:
          description: For whom the directory's backups are encrypted (C(recipients)).
          type: dict
          returned: always
        outside_dns:
          description: What the public DNS must say, as zone-file text.
          type: list
          elements: dict
          returned: always
        srv:
          description: The names by which clients find the domain controllers of their site, and whom they must find.
          type: list
          elements: dict
          returned: always
        records:
          description: Records that every domain controller's DNS must have, with their values.
          type: list
          elements: dict
          returned: always
        relay_attempts:
          description: For vantage points, the mail servers that must refuse them (M(mailforest.stack.open_relay)).
          type: dict
          returned: always
        expectations:
          description: Checks of M(mailforest.stack.reachable) for every vantage point.
          type: dict
          returned: always
        warnings:
          description: The warnings.
          type: list
          elements: dict
          returned: always
errors:
  description: Every breach that stops the run.
  returned: always
  type: list
  elements: dict
  contains:
    rule:
      description: Name of the rule.
      type: str
      returned: always
    requirement:
      description: The requirement that asks for it.
      type: str
      returned: always
    severity:
      description: C(error) or C(warning).
      type: str
      returned: always
    place:
      description: Variable and path within it.
      type: str
      returned: always
    host:
      description: The host that it is about, or an empty text.
      type: str
      returned: always
    value:
      description: The value found there; never a password.
      type: str
      returned: always
    message:
      description: The fact, and what follows from it.
      type: str
      returned: always
    remedy:
      description: What to do.
      type: str
      returned: always
warnings_found:
  description: Every breach that does not stop the run.
  returned: always
  type: list
  elements: dict
  contains:
    rule:
      description: Name of the rule.
      type: str
      returned: always
    requirement:
      description: The requirement that asks for it.
      type: str
      returned: always
    severity:
      description: C(error) or C(warning).
      type: str
      returned: always
    place:
      description: Variable and path within it.
      type: str
      returned: always
    host:
      description: The host that it is about, or an empty text.
      type: str
      returned: always
    value:
      description: The value found there; never a password.
      type: str
      returned: always
    message:
      description: The fact, and what follows from it.
      type: str
      returned: always
    remedy:
      description: What to do.
      type: str
      returned: always
"""
