# Copyright: (c) 2026, mailforest.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the action `mailforest.stack.summary`."""

from __future__ import annotations

DOCUMENTATION = r"""
module: summary
author: mailforest.stack contributors (@mailforest)
version_added: 1.0.0
short_description: Say what the administrator has
description:
  - Prints, as plain text, what the compiled topology gives - sites, hosts and addresses, the services that the users'
    programs connect to with ports and TLS, role owners, homes of mailboxes, the CA's certificate, the records for the
    public DNS - and what is left for the administrator to do. No password is among it.
  - C(site.yml) ends with it in check mode, in which nothing is probed. Otherwise M(mailforest.stack.findings) prints
    the same, with what the hosts answered.
  - It runs on the controller and connects to no host. Of the variable C(__dkim), where mail servers have registered
    it, it takes the public halves of the keys that they sign with.
options:
  plan:
    description: The compiled topology, as M(mailforest.stack.topology) returns it.
    type: dict
    required: true
  ca_file:
    description: Where the CA's certificate lies on the controller, to be told to the administrator.
    type: path
    default: ""
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
    description: The same topology gives the same text.
    support: full
notes:
  - Call it with C(run_once).
seealso:
  - module: mailforest.stack.findings
  - module: mailforest.stack.topology
"""

EXAMPLES = r"""
- name: Say what there is
  hosts: all
  gather_facts: false
  tasks:
    - name: Sum it up
      mailforest.stack.summary:
        plan: "{{ ansible_facts.mailforest_compiled }}"
      run_once: true
"""

RETURN = r"""
lines:
  description: What was printed.
  returned: always
  type: list
  elements: str
  sample: ["Forest corp.example.test (CORP), functional level 2008_R2"]
"""
