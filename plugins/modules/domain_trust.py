#!/usr/bin/python
# Copyright: (c) 2026, mailforest.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A trust between this domain and another."""

from __future__ import annotations

DOCUMENTATION = r"""
module: domain_trust
short_description: Trust between this domain and that of another forest
version_added: 1.0.0
description:
  - Makes, verifies and removes a trust between the domain of this controller and the domain of another forest, so that
    users of the one can be let in by the other.
  - It is made on both sides in one step, by an administrator of the other domain, with a random secret that nobody gets
    to see and with AES keys. When one side refuses, nothing stays on the other.
  - Before a trust that was removed is made again, C(samba-ad-dc) has to be restarted on both sides, as winbind goes on
    using the former one's secure channel.
  - Every run uses the trust once, where it is outbound, and fails when it does not work.
  - The side that is trusted must let winbind of the other connect without a name first, by C(restrict anonymous = 1) in
    its C(smb.conf); role C(samba_dc) writes 2 unless its C(samba_dc_settings) says otherwise.
  - On a host with Samba 4.17 a trust that is outbound brings a warning, as its KDC ends at tickets of Samba 4.22.
  - Both sides must resolve each other's names. Samba's own name server cannot forward a single domain, so a name server
    that can belongs before it; what else Samba's trusts cannot do stands in C(docs/trusts.md).
extends_documentation_fragment:
  - mailforest.stack._directory
  - mailforest.stack._directory.changes
options:
  name:
    description: DNS name of the other domain, the root of its forest.
    type: str
    required: true
  direction:
    description:
      - V(inbound) lets users of this domain in over there, V(outbound) users of the other domain in here,
        V(bidirectional) both.
      - Needed to make the trust; never changed.
    type: str
    choices: [inbound, outbound, bidirectional]
  type:
    description:
      - V(forest) covers all domains of both forests, V(external) these two domains only.
      - Needed to make the trust; never changed.
    type: str
    choices: [external, forest]
  trusted_admin_user:
    description: Name of an account of the other domain that may make trusts.
    type: str
    default: Administrator
  trusted_admin_password:
    description:
      - Its password. Needed to make the trust, and to remove it on both sides. Without it, O(state=absent) removes this
        side alone.
    type: str
  trusted_server:
    description: Name or address of the other domain's PDC emulator. By default it is found by DNS.
    type: str
  state:
    description: Whether there is a trust.
    type: str
    choices: [present, absent]
    default: present
  verify:
    description: Whether an outbound trust is used once in every run.
    type: bool
    default: true
author:
  - mailforest.stack contributors (@mailforest)
seealso:
  - module: microsoft.ad.domain_trust
"""

EXAMPLES = r"""
- name: Let users of the partner in, and ours over there
  mailforest.stack.domain_trust:
    name: partner.example.test
    direction: bidirectional
    type: forest
    trusted_admin_password: "{{ vault_partner_administrator_password }}"

- name: Prove that it works
  mailforest.stack.domain_trust:
    name: partner.example.test

- name: End it on both sides
  mailforest.stack.domain_trust:
    name: partner.example.test
    trusted_admin_password: "{{ vault_partner_administrator_password }}"
    state: absent
"""

RETURN = r"""
distinguished_name:
  description: DN of the trust in this directory.
  returned: when there is one
  type: str
  sample: CN=partner.example.test,CN=System,DC=corp,DC=example,DC=test
verified:
  description: Whether the trust was seen to work; null when it was not tried.
  returned: success
  type: bool
not_taken_back:
  description: Why a trust that was made and did not work could not be removed again.
  returned: on failure, when that is so
  type: str
operations:
  description: The steps of the plan, done or, in check mode, to be done.
  returned: success
  type: list
  elements: dict
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.mailforest.stack.plugins.module_utils._directory._trust import ARGUMENTS, TrustResource
from ansible_collections.mailforest.stack.plugins.module_utils._directory._trustdb import SambaTrusts
from ansible_collections.mailforest.stack.plugins.module_utils._engine import run


def main() -> None:
    """Run the module."""
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    options = module.params
    run(
        module,
        lambda: TrustResource(
            lambda: SambaTrusts(options["configuration_file"]),
            options,
            check_mode=module.check_mode,
            warn=module.warn,
        ),
    )


if __name__ == "__main__":
    main()
