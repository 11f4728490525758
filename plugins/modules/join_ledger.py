# Copyright: (c) 2026, mailforest.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the action `mailforest.stack.join_ledger`."""

from __future__ import annotations

DOCUMENTATION = r"""
module: join_ledger
author: mailforest.stack contributors (@mailforest)
version_added: 1.0.0
short_description: Plan the joins of many hosts in batches, and keep a ledger of them
description:
  - Says which of the hosts that have not joined yet join today, in which batches, and on which day all have, when the
    play runs once a day. The first batch is the canary; a play that stops at the first failure goes no further.
  - With O(joined) it adds hosts to the ledger instead, a JSON file on the controller that says who joined when and who
    ran the play. It is replaced as a whole.
  - The ledger decides nothing but how many have joined today. Who has not joined is found out from the hosts and the
    directory, with M(mailforest.stack.membership).
options:
  path:
    description: The ledger, on the controller. It is made when there is none.
    type: path
    required: true
  candidates:
    description: The hosts that have not joined, in the order in which they are to join.
    type: list
    elements: str
    default: []
  canary:
    description: How many hosts the first batch has. V(0) means that there is no such batch.
    type: int
    default: 1
  batch_size:
    description: How many hosts every other batch has at most.
    type: int
    default: 5
  per_day:
    description: How many hosts may join in a day, by the controller's clock. V(0) means as many as there are.
    type: int
    default: 0
  workdays_only:
    description: Whether nobody joins on a Saturday or Sunday.
    type: bool
    default: false
  joined:
    description: Hosts that have just joined, to be written into the ledger.
    type: list
    elements: str
    default: []
attributes:
  action:
    description: It is an action plugin and runs on the controller.
    support: full
  check_mode:
    description: The ledger is not written.
    support: full
  diff_mode:
    description: Shows how many joins the ledger holds, and which are added.
    support: full
  idempotent:
    description: A host is written down once a day; a plan changes nothing.
    support: full
notes:
  - Call it with C(run_once), in a play over all hosts that are asked.
seealso:
  - module: mailforest.stack.membership
"""

EXAMPLES = r"""
- name: Plan today's joins
  mailforest.stack.join_ledger:
    path: "{{ inventory_dir | dirname }}/output/joins.json"
    candidates: [member1, member2, member3]
    per_day: 5
  run_once: true
  register: joins

- name: Write down who has joined
  mailforest.stack.join_ledger:
    path: "{{ inventory_dir | dirname }}/output/joins.json"
    joined: "{{ ansible_play_batch }}"
  run_once: true
"""

RETURN = r"""
today:
  description: The hosts that join now.
  returned: without O(joined)
  type: list
  elements: str
waiting:
  description: The hosts that today's limit leaves for later.
  returned: without O(joined)
  type: list
  elements: str
batches:
  description: Those of today in their batches, the canary first.
  returned: without O(joined)
  type: list
  elements: list
serial:
  description: The sizes of the batches, for the C(serial) of a play.
  returned: without O(joined)
  type: list
  elements: int
joined_today:
  description: How many the ledger has of today.
  returned: without O(joined)
  type: int
finish:
  description: The day on which the last one joins.
  returned: without O(joined)
  type: str
  sample: "2026-11-27"
"""
