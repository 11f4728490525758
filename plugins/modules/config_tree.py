#!/usr/bin/python
# Copyright: (c) 2026, mailforest.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All configuration files of one daemon as one unit of change."""

from __future__ import annotations

DOCUMENTATION = r"""
module: config_tree
author: mailforest.stack contributors (@mailforest)
version_added: 1.0.0
short_description: Write all of a daemon's configuration in one task
description:
  - Renders all templates of a daemon on the controller, compares the whole tree with the host, lets the daemon's own
    checker judge the new tree in a private place, puts it in place file by file with atomic renames, removes what is no
    longer declared, and lets the running unit load it.
  - A tree that its checker refuses never becomes active; nothing is changed then.
  - A run that is interrupted is completed by the next one, the reload included. What the unit last loaded is remembered
    on the host in C(/var/lib/mailforest/config_tree/<name>.json) (mode 0600; digests, no contents).
  - A symbolic link in the place of a declared file is replaced by the file; what it points to stays untouched. Missing
    parent directories are created with mode 0755 for root; existing ones are left as they are unless O(directories)
    lists them.
  - When a file under C(/etc/systemd) is declared or removed and something changed, systemd reads its unit files again.
options:
  name:
    description: Name of the tree, unique on the host. Small letters, digits and C(. _ - @).
    type: str
    required: true
  files:
    description: The files, each with its whole content.
    type: list
    elements: dict
    default: []
    suboptions:
      path:
        description: Absolute path on the host.
        type: path
        required: true
      template:
        description: >-
          Template in the role's C(templates/); by default the path without its first slash and with C(.j2) added.
          Rendered like M(ansible.builtin.template), with all variables of the host.
        type: str
      content:
        description: The content itself, instead of a template.
        type: str
      content_base64:
        description: The content itself in base64, for a file that is no text, such as a keytab.
        type: str
      vars:
        description: Further variables for this template.
        type: dict
      owner:
        description: Owner, by name or number.
        type: str
        default: root
      group:
        description: Group, by name or number.
        type: str
        default: root
      mode:
        description: Mode, an octal number in quotes.
        type: str
        default: "0644"
      secret:
        description: >-
          Keep the content out of differences and messages. Files that others cannot read are kept out of
          differences anyway, and no content is ever logged.
        type: bool
        default: false
      loaded:
        description: Whether O(unit) loads this file, so that a change of it must be taken up by the unit.
        type: bool
        default: true
  directories:
    description: >-
      Directories whose owner or mode matters. What is not given stays as it is; new ones belong to root with mode 0755.
      Directories of the system, such as C(/etc), are refused.
    type: list
    elements: dict
    default: []
    suboptions:
      path:
        description: Absolute path on the host.
        type: path
        required: true
      owner:
        description: Owner, by name or number.
        type: str
      group:
        description: Group, by name or number.
        type: str
      mode:
        description: Mode, an octal number in quotes.
        type: str
  stage:
    description: Existing directories that are copied under the declared files before the checkers judge.
    type: list
    elements: path
    default: []
  exclusive:
    description: Directories in which no other file and no symbolic link to one stays. Subdirectories are not entered.
    type: list
    elements: path
    default: []
  absent:
    description: Files that must not exist, such as one that a package brings.
    type: list
    elements: path
    default: []
  validate:
    description: >-
      Commands, each a list of words, run without a shell as root; C({stage}) in them is the root of the staged tree.
      Any exit code but 0 refuses the tree. In check mode a command that is not installed yet is a warning.
    type: list
    elements: list
    default: []
  validate_timeout:
    description: Seconds that each command may take.
    type: int
    default: 60
  watch:
    description: Other files or directories that the unit loads; when they changed since then, it loads them again.
    type: list
    elements: path
    default: []
  unit:
    description: The systemd unit that loads the tree. When it does not run, nothing is started.
    type: str
  on_change:
    description: How the running unit takes the tree up. A unit that cannot reload is restarted.
    type: str
    choices: [reload, restart, none]
    default: reload
  contents:
    description: Contents of the files in base64, by path. The action plugin fills it; do not set it.
    type: dict
    default: {}
attributes:
  check_mode:
    description: Reports exactly what a run would do; the checkers judge in check mode too.
    support: full
  diff_mode:
    description: One list for the whole tree, without the contents of secret files and of files that others cannot read.
    support: full
  idempotent:
    description: A second run changes nothing, a restart of the host in between included.
    support: full
notes:
  - When a unit does not take up a valid tree, the error shows its last log lines.
"""

EXAMPLES = r"""
- name: Write Postfix's configuration
  mailforest.stack.config_tree:
    name: postfix
    files:
      - {path: /etc/postfix/main.cf}
      - {path: /etc/postfix/master.cf}
      - path: /etc/postfix/ldap/users.cf
        template: etc/postfix/ldap/map.cf.j2
        group: postfix
        mode: "0640"
        secret: true
    stage: [/etc/postfix]
    exclusive: [/etc/postfix/ldap]
    validate:
      - [postfix, -c, "{stage}/etc/postfix", check]
    watch: [/etc/ssl/mailforest/host.crt]
    unit: postfix.service
"""

RETURN = r"""
operations:
  description: What was done, or would be in check mode, in order.
  type: list
  elements: dict
  returned: success
  contains:
    verb:
      description: Such as C(create), C(change), C(set permissions), C(remove), C(reload).
      type: str
    target:
      description: Path or unit.
      type: str
    detail:
      description: What is worth knowing beyond that; may be empty.
      type: str
validator:
  description: The command that refused the tree.
  type: list
  elements: str
  returned: when a checker refused the tree
validator_output:
  description: What it said, without anything that stands in a secret file.
  type: str
  returned: when a checker refused the tree
"""

from dataclasses import asdict
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.mailforest.stack.plugins.module_utils._config_tree.model import TreeError, tree_spec
from ansible_collections.mailforest.stack.plugins.module_utils._config_tree.run import run
from ansible_collections.mailforest.stack.plugins.module_utils._config_tree.state import Layout
from ansible_collections.mailforest.stack.plugins.module_utils._config_tree.units import Systemd

_OWNERSHIP: dict[str, Any] = {"owner": {"type": "str"}, "group": {"type": "str"}, "mode": {"type": "str"}}
_PATHS: dict[str, Any] = {"type": "list", "elements": "path", "default": []}
_FILE: dict[str, Any] = {
    "path": {"type": "path", "required": True},
    "template": {"type": "str"},
    "content": {"type": "str"},
    "content_base64": {"type": "str"},
    "vars": {"type": "dict"},
    "owner": {"type": "str", "default": "root"},
    "group": {"type": "str", "default": "root"},
    "mode": {"type": "str", "default": "0644"},
    "secret": {"type": "bool", "default": False, "no_log": False},
    "loaded": {"type": "bool", "default": True},
}
_OPTIONS: dict[str, Any] = {
    "name": {"type": "str", "required": True},
    "files": {"type": "list", "elements": "dict", "default": [], "options": _FILE},
    "directories": {
        "type": "list",
        "elements": "dict",
        "default": [],
        "options": {"path": {"type": "path", "required": True}, **_OWNERSHIP},
    },
    "stage": _PATHS,
    "exclusive": _PATHS,
    "absent": _PATHS,
    "validate": {"type": "list", "elements": "list", "default": []},
    "validate_timeout": {"type": "int", "default": 60},
    "watch": _PATHS,
    "unit": {"type": "str"},
    "on_change": {"type": "str", "choices": ["reload", "restart", "none"], "default": "reload"},
    "contents": {"type": "dict", "default": {}, "no_log": True},
}


def main() -> None:
    """Run the module."""
    module = AnsibleModule(argument_spec=_OPTIONS, supports_check_mode=True)
    try:
        outcome = run(tree_spec(module.params), check_mode=module.check_mode, layout=Layout(), units=Systemd())
    except TreeError as exc:
        module.fail_json(msg=str(exc), **exc.details)
    for warning in outcome.warnings:
        module.warn(warning)
    shown = {"diff": outcome.diff} if module._diff else {}
    module.exit_json(changed=outcome.changed, operations=[asdict(o) for o in outcome.operations], **shown)


if __name__ == "__main__":
    main()
