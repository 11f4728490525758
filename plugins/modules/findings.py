# Copyright: (c) 2026, mailforest.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the action `mailforest.stack.findings`."""

from __future__ import annotations

DOCUMENTATION = r"""
module: findings
author: mailforest.stack contributors (@mailforest)
version_added: 1.0.0
short_description: Judge what every vantage point saw, and say what stands
description:
  - Reads what the tasks of the playbook C(mailforest.stack.probe) registered on the hosts of the play, and compares it
    with the compiled topology. Each thing that is not as declared is a finding.
  - A host that cannot be reached is a finding, and so is a task that broke off, so that one fault does not hide others.
  - Prints, as plain text, what the administrator has - sites, hosts, services with ports and TLS, tunnels, role owners,
    replication, homes of mailboxes, mail that went through, the CA's certificate, records for the public DNS - and what
    is left to do, and then every finding once, with all vantage points that saw it.
  - It fails when a finding is as grave as O(fail_on).
  - With O(report_dir) it writes the same as a page to look at, as JSON, as JUnit XML and as text, and keeps a history.
  - It runs on the controller and connects to no host. It reads the variables C(__ports), C(__locator), C(__roles),
    C(__replication), C(__sysvol), C(__health), C(__host), C(__firewall), C(__relaying), C(__srv), C(__tunnels),
    C(__texts), C(__dkim) and C(__flows); where one is missing or its task was skipped, nothing was asked.
options:
  plan:
    description: The compiled topology, as M(mailforest.stack.topology) returns it.
    type: dict
    required: true
  ca_file:
    description: Where the CA's certificate lies on the controller, to be told to the administrator.
    type: path
    default: ""
  fail_on:
    description:
      - The least severity that fails the task, and with it the run - C(ansible-playbook) then ends with 2.
      - With V(never) it tells and writes only.
    type: str
    choices: [error, warning, never]
    default: error
  report_dir:
    description:
      - Directory on the controller for C(report.html), C(report.json), C(report.xml) and C(report.txt), which each run
        replaces, and for C(history/), in which each run leaves its JSON document. It is made where it is missing.
      - Without it nothing is written.
    type: path
    default: ""
  language:
    description: Language of the page. What was found is told in English.
    type: str
    choices: [en, ru]
    default: en
  keep:
    description: How many runs the history keeps, this one included.
    type: int
    default: 30
attributes:
  action:
    description: It is an action plugin and runs on the controller.
    support: full
  check_mode:
    description: It changes no host, so it does the same in check mode, O(report_dir) included.
    support: full
  diff_mode:
    description: There is nothing that differs.
    support: none
  idempotent:
    description: The same answers give the same findings; the history grows by a run.
    support: full
notes:
  - Call it with C(run_once), in a play over all hosts that were asked.
seealso:
  - module: mailforest.stack.topology
  - module: mailforest.stack.reachable
"""

EXAMPLES = r"""
- name: Judge what was seen
  hosts: all
  gather_facts: false
  tasks:
    - name: Say what stands, and what does not
      mailforest.stack.findings:
        plan: "{{ ansible_facts.mailforest_compiled }}"
        report_dir: "{{ inventory_dir | dirname }}/output/report"
        fail_on: warning
      run_once: true
"""

RETURN = r"""
findings:
  description: Errors first, then warnings, each sorted by requirement.
  returned: unless the task fails, so always with O(fail_on=never)
  type: list
  elements: dict
  contains:
    severity:
      description: V(error) or V(warning).
      type: str
      sample: error
    requirement:
      description: The requirement that is not met; empty where none is touched.
      type: str
      sample: AD-27
    vantage:
      description: The host or hosts that looked.
      type: str
      sample: dc1, dc2
    subject:
      description: What it is about.
      type: str
      sample: role pdc
    expected:
      description: What the topology declares.
      type: str
      sample: dc2, on every domain controller
    found:
      description: What was seen.
      type: str
      sample: dc1
    cause:
      description: What has likely brought it about; empty where that cannot be told.
      type: str
      sample: A message waits in the queue of mx1.
    remedy:
      description: What to do, where it does not stand in RV(findings[].found) already.
      type: str
      sample: Run site.yml, which moves the role.
files:
  description: The files that were written, the page first.
  returned: always
  type: list
  elements: str
  sample: [/srv/office/output/report/report.html]
msg:
  description: How many errors and warnings there are.
  returned: always
  type: str
  sample: "Verified: no findings."
"""
