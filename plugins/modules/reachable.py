#!/usr/bin/python
# Copyright: (c) 2026, mailforest.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: reachable
short_description: Check many ports at once, as their clients would
version_added: 1.0.0
description:
  - Probes every port of a list from the host the module runs on, all at once, and says for each one of ten verdicts,
    the stage it reached and the time it took.
  - A port is V(open) only after one answer of its application protocol, wherever O(checks[].protocol) has a probe. With
    V(none) and V(kpasswd) an accepted connection is all that is seen.
  - Nothing is changed, no password is used, and nobody is locked out.
  - Bad input is refused before the first probe, with the index and the key of every mistake.
author: mailforest.stack contributors (@mailforest)
requirements:
  - Python 3.11 or newer on the host the module runs on; nothing else
extends_documentation_fragment:
  - mailforest.stack._reader
options:
  checks:
    description: The ports and what is expected of them.
    type: list
    elements: dict
    required: true
    suboptions:
      host:
        description: Name or address. Of several addresses the first that takes the connection counts.
        type: str
        required: true
      port:
        description: Port, from 1 to 65535.
        type: int
        required: true
      name:
        description: How the result is to be called.
        type: str
        default: ""
      transport:
        description: The transport. C(udp) is checked by a question that O(checks[].protocol) must answer.
        type: str
        choices: [tcp, udp]
        default: tcp
      protocol:
        description:
          - The application protocol (SMTP RFC 5321, IMAP RFC 9051, POP3 RFC 1939, ManageSieve RFC 5804, LDAP RFC 4511,
            CLDAP MS-ADTS 6.3.3, DNS RFC 1035, Kerberos RFC 4120, NTP RFC 5905, SSH RFC 4253, SMB MS-SMB2, RPC MS-RPCE).
          - V(cldap) and V(ntp) need O(checks[].transport=udp). V(dns), V(kerberos) and V(none) go over both transports,
            the others over C(tcp).
        type: str
        choices: [none, smtp, imap, pop3, managesieve, ldap, cldap, dns, kerberos, kpasswd, ntp, ssh, smb, rpc]
        default: none
      tls:
        description: V(starttls) begins TLS inside the protocol; V(implicit) from the first byte.
        type: str
        choices: [none, starttls, implicit]
        default: none
      argument:
        description:
          - What to ask for. The domain for V(cldap), the realm for V(kerberos), both required.
          - The name for V(dns), whose SOA is asked for; a reply such as NXDOMAIN or SERVFAIL is then no success.
        type: str
        default: ""
      server_name:
        description: Name or address that the certificate must carry. By default O(checks[].host).
        type: str
        default: ""
      ca_file:
        description: PEM file, on the host the module runs on, with the authorities to trust. By default the system's.
        type: path
        default: ""
      verify_chain:
        description:
          - Whether the issuer of the certificate must be trusted.
          - V(false) is for a host that does not know the authority. Dates, name and O(checks[].fingerprints) are judged
            all the same.
        type: bool
        default: true
      expect:
        description: V(closed) is met by the verdicts refused, filtered and unreachable.
        type: str
        choices: [open, closed]
        default: open
      accept:
        description: More verdicts that pass.
        type: list
        elements: str
        choices:
          - open
          - refused
          - filtered
          - unreachable
          - unresolved
          - open-or-filtered
          - wrong-protocol
          - wrong-tls
          - bad-certificate
          - unknown
        default: []
      requirement:
        description: Id of the requirement that the check proves; it is repeated in results and messages.
        type: str
        default: ""
      timeout:
        description: Seconds for one connection of this check. By default O(timeout).
        type: float
      min_days_left:
        description: Days for which the certificate must still be valid.
        type: int
      fingerprints:
        description:
          - SHA-256 fingerprints, of which the server's certificate must have one. Colons and upper case are taken too.
          - Give the old and the new one while a certificate is changed.
        type: list
        elements: str
        default: []
      tls_minimum:
        description:
          - Anything older is offered in a connection of its own, and must be refused.
          - The hello is made by the module, so that it does not matter what this host's OpenSSL still knows.
        type: str
        choices: [TLSv1.2, TLSv1.3]
      cleartext_auth:
        description:
          - With V(refused), a login without TLS is tried in a connection of its own, and must be refused.
          - Tried are AUTH, LOGIN, USER or a simple bind, for a user that nobody is.
          - Being asked for the password counts as accepted, and so does an offer of C(PLAIN), C(LOGIN), C(USER) or a
            bearer token.
        type: str
        choices: [refused]
      auth_offered:
        description: Whether a login must be, or must not be, offered. V(false) is looked at before and after TLS.
        type: bool
      mechanisms:
        description:
          - SASL mechanisms that must be offered, after TLS if there is TLS.
          - C(LOGIN command) and C(USER command) stand for the ways of IMAP and POP3 without SASL.
        type: list
        elements: str
        default: []
      greeting:
        description: The name by which the server must greet, for O(checks[].protocol=smtp).
        type: str
      relay_reply:
        description: >-
          The reply and enhanced status codes, such as V(554 5.7.1), to a recipient elsewhere without a login, for
          O(checks[].protocol=smtp). No mail is sent.
        type: str
      capabilities:
        description:
          - Capabilities that must be there, after TLS if there is TLS.
          - For O(checks[].protocol=ldap), object identifiers and C(SASL=name).
        type: list
        elements: str
        default: []
  timeout:
    description: Seconds for one connection of a check.
    type: float
    default: 5
  deadline:
    description: Seconds for everything, retries included. What is not finished then is V(unknown).
    type: float
    default: 300
  retries:
    description:
      - How often a check that should be open is tried again.
      - The verdicts wrong-tls and bad-certificate are not tried again, as waiting does not change them.
    type: int
    default: 0
  delay:
    description: Seconds before a check is tried again.
    type: float
    default: 1
  concurrency:
    description: How many checks run at once. The limit of open files is raised for it as far as the system allows.
    type: int
    default: 200
  report:
    description: Which checks are in the results. V(auto) is V(all) for up to 1000 checks and V(failures) beyond.
    type: str
    choices: [auto, all, failures]
    default: auto
  fail:
    description: Whether the task fails when a check did not pass. V(false) is for who judges RV(results) later.
    type: bool
    default: true
"""

EXAMPLES = r"""
- name: Check the mail server as a client would
  mailforest.stack.reachable:
    checks:
      - name: submissions
        host: mx1.corp.example.test
        port: 465
        protocol: smtp
        tls: implicit
        ca_file: /etc/ssl/mailforest/ca.crt
        tls_minimum: TLSv1.2
        min_days_left: 14
        requirement: MAIL-18
      - name: imap
        host: mx1.corp.example.test
        port: 143
        protocol: imap
        tls: starttls
        ca_file: /etc/ssl/mailforest/ca.crt
        cleartext_auth: refused
      - {name: smtp, host: mx1.corp.example.test, port: 25, protocol: smtp, auth_offered: false}
      - {name: rspamd, host: mx1.corp.example.test, port: 11334, expect: closed}

- name: Wait for the domain controller
  mailforest.stack.reachable:
    retries: 30
    delay: 2
    checks:
      - {host: 198.51.100.70, port: 53, transport: udp, protocol: dns, argument: corp.example.test}
      - {host: 198.51.100.70, port: 88, transport: udp, protocol: kerberos, argument: CORP.EXAMPLE.TEST}
      - {host: 198.51.100.70, port: 389, transport: udp, protocol: cldap, argument: corp.example.test}
      - host: 198.51.100.70
        port: 636
        protocol: ldap
        tls: implicit
        server_name: dc1.corp.example.test
        ca_file: /etc/ssl/mailforest/ca.crt
"""

RETURN = r"""
results:
  description: One entry per check, in order, on success and on failure; O(report) may leave out those that passed.
  returned: always
  type: list
  elements: dict
  contains:
    name: {description: Name of the check., type: str}
    host: {description: Host of the check., type: str}
    port: {description: Port of the check., type: int}
    transport: {description: Transport of the check., type: str}
    protocol: {description: Protocol of the check., type: str}
    tls: {description: TLS mode of the check., type: str}
    verdict:
      description:
        - One of open, refused, filtered, unreachable, unresolved, open-or-filtered, wrong-protocol, wrong-tls,
          bad-certificate, unknown.
      type: str
      sample: open
    stage: {description: "Last stage entered: resolve, connect, banner, tls or protocol.", type: str, sample: protocol}
    seconds: {description: "Seconds the check took, with its retries.", type: float, sample: 0.0132}
    attempts: {description: How often the check was tried., type: int, sample: 1}
    expected: {description: "What was expected: open or closed.", type: str}
    passed: {description: Whether the verdict is what was expected., type: bool}
    detail: {description: "What was seen, in words; empty when all is well.", type: str}
    consequence: {description: What follows from a check that did not pass., type: str}
    remedy: {description: What to do about a check that did not pass., type: str}
    requirement: {description: Id of the requirement., type: str}
    address: {description: Address that was probed., type: str}
    session:
      description: TLS version and cipher.
      type: dict
      sample: {version: TLSv1.3, cipher: TLS_AES_256_GCM_SHA384}
    certificate:
      description:
        - Subject, names, issuer, dates, days left and SHA-256 fingerprint of the server's certificate, trusted or not.
      type: dict
    answer:
      description:
        - What the server said, such as banner, capabilities, mechanisms, or facts of the protocol. With STARTTLS,
          C(before_tls) has the same for the time before it.
      type: dict
certificates:
  description:
    - Every certificate that a check saw, trusted or not, with C(name), C(host), C(port), C(server_name) and
      C(requirement) of the check, C(subject), C(names), C(issuer), C(not_before), C(not_after), C(days_left) and
      C(fingerprint_sha256).
    - Complete whatever O(report) leaves out of RV(results).
  returned: always
  type: list
  elements: dict
checked: {description: Number of checks., returned: always, type: int, sample: 18}
failed_checks: {description: Number of checks that did not pass., returned: always, type: int, sample: 0}
verdicts: {description: How often each verdict was given., returned: always, type: dict, sample: {open: 17, refused: 1}}
seconds: {description: Seconds for all checks., returned: always, type: float, sample: 0.214}
msg:
  description: How many checks passed, and a line for each that did not, with fact, consequence, remedy and requirement.
  returned: always
  type: str
"""

import time

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.mailforest.stack.plugins.module_utils._probe import Limits, SpecError, parse_all, probe
from ansible_collections.mailforest.stack.plugins.module_utils._probe.report import as_return_values

ARGUMENTS: dict[str, dict[str, object]] = {
    "checks": {"type": "list", "elements": "dict", "required": True},
    "timeout": {"type": "float", "default": 5},
    "deadline": {"type": "float", "default": 300},
    "retries": {"type": "int", "default": 0},
    "delay": {"type": "float", "default": 1},
    "concurrency": {"type": "int", "default": 200},
    "report": {"type": "str", "choices": ["auto", "all", "failures"], "default": "auto"},
    "fail": {"type": "bool", "default": True},
}


def main() -> None:
    """Check, and fail when a check did not pass."""
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    options = dict(module.params)
    start = time.monotonic()
    try:
        checks = parse_all(options.pop("checks"), timeout=options.pop("timeout"))
        report, fail = options.pop("report"), options.pop("fail")
        results = probe(checks, Limits(**options))
    except SpecError as error:
        module.fail_json(msg=f"Nothing was probed, as the checks are not valid.\n{error}")
    values = as_return_values(results, report=report, seconds=time.monotonic() - start)
    (module.fail_json if fail and values["failed_checks"] else module.exit_json)(changed=False, **values)


if __name__ == "__main__":
    main()
