#!/usr/bin/python
# Copyright: (c) 2026, mailforest.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keys that a mail server signs with."""

from __future__ import annotations

DOCUMENTATION = r"""
module: dkim_key
short_description: Have keys that mail is signed with, and what DNS must say of them
version_added: 1.0.0
description:
  - Makes an RSA key for every mail domain that has none under this selector, and returns the TXT records that publish
    the public halves (RFC 6376).
  - A key that is there is kept, whatever its length; only who may read it is corrected.
  - Where M(mailforest.stack.dkim_rotation) has changed the keys, the key is the one under the selector that is in use
    now, which is returned, and the records of the next and of the former one are returned too.
  - The private key never leaves the host. It is in no result, difference or command line.
options:
  domains:
    description:
      - The mail domains, in small letters.
    type: list
    elements: str
    required: true
  selector:
    description:
      - The selector of the first keys, in small letters. With one of its own, no mail server needs another's key.
      - Another one than before begins anew with new keys; what M(mailforest.stack.dkim_rotation) knew of the host is
        not looked at any more.
    type: str
    required: true
  directory:
    description:
      - Where the keys are, as C(<domain>.<selector>.key). Its parent must exist. It belongs to root and O(group), mode
        0750, so that the daemon reads in it and cannot replace anything.
    type: path
    default: /etc/ssl/mailforest-dkim
  bits:
    description:
      - Length of new keys. V(2048) is what RFC 8301 asks for; records of longer ones do not fit every DNS.
    type: int
    choices: [2048, 4096]
    default: 2048
  owner:
    description:
      - The user that the keys belong to; their mode is 0640.
    type: str
    default: _rspamd
  group:
    description:
      - The group that may read the keys.
    type: str
    default: _rspamd
attributes:
  check_mode:
    description: Reports what would be done and changes nothing. Keys that are yet to be made have no record then.
    support: full
  diff_mode:
    description: Returns paths, lengths, owners and modes before and after, nothing of the keys.
    support: full
  idempotent:
    description: When run twice, the second run changes nothing.
    support: full
requirements:
  - python3-cryptography on the target
author:
  - mailforest.stack contributors (@mailforest)
seealso:
  - module: mailforest.stack.dns_record
  - module: mailforest.stack.dkim_rotation
"""

EXAMPLES = r"""
- name: Have a key for each domain
  mailforest.stack.dkim_key:
    domains: [example.com, example.net]
    selector: mx1
  register: keys

- name: Publish them in the directory's DNS
  mailforest.stack.dns_record:
    zone: "{{ item.domain }}"
    name: "{{ item.selector }}._domainkey"
    type: TXT
    values: ["{{ item.value }}"]
  loop: "{{ keys.records }}"
  delegate_to: dc1
"""

RETURN = r"""
selector:
  description: The selector of the keys that are signed with now.
  returned: success
  type: str
rotation:
  description: Where a change of keys stands.
  returned: success
  type: dict
  contains:
    next:
      description: The selector that will sign next; empty when no change was begun.
      type: str
    former:
      description: The selector that signed before, whose records must still stand; empty when there is none.
      type: str
    former_days:
      description: For how many days nothing was signed with it; -1 while it may still sign, or where there is none.
      type: int
    settled:
      description: Whether no change is under way.
      type: bool
records:
  description: >-
    One entry for every key that is there, in the order of O(domains); those of the present selector first,
    then the next one's and the former one's.
  returned: success
  type: list
  elements: dict
  contains:
    domain:
      description: The mail domain.
      type: str
    selector:
      description: The selector.
      type: str
    use:
      description: Whether it signs now (V(current)), will (V(next)), or did (V(former)).
      type: str
    name:
      description: The full name of the TXT record.
      type: str
      sample: mx1._domainkey.example.com
    path:
      description: The file with the private key.
      type: str
    bits:
      description: Length of the key.
      type: int
    value:
      description: The TXT record's value as a whole.
      type: str
    strings:
      description: The same in strings of at most 255 characters, as zone files have it, each in quotes.
      type: list
      elements: str
operations:
  description: The steps of the plan, done or, in check mode, to be done.
  returned: success
  type: list
  elements: dict
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.mailforest.stack.plugins.module_utils._engine import run
from ansible_collections.mailforest.stack.plugins.module_utils._mail.dkim import ARGUMENTS, DkimResource


def main() -> None:
    """Run the module."""
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    run(module, lambda: DkimResource(module.params))


if __name__ == "__main__":
    main()
