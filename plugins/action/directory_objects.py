# Copyright: (c) 2026, mailforest.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The controller's half of directory_objects: bring the file of people to the host, and take it away again."""

from __future__ import annotations

from typing import Any

from ansible.errors import AnsibleActionFail, AnsibleError
from ansible.module_utils.parsing.convert_bool import boolean
from ansible.plugins.action import ActionBase

_MODULE = "mailforest.stack.directory_objects"


class ActionModule(ActionBase):
    """The action `directory_objects`."""

    _supports_check_mode = True
    _requires_connection = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Send the file if it is here, and return the module's result, which names the file as the user did."""
        super().run(tmp, task_vars)
        variables = task_vars or {}
        arguments = dict(self._task.args)
        people = arguments.get("people")
        if not people or boolean(arguments.get("remote_src", False), strict=False):
            return self._ask(arguments, variables)
        try:
            sent = self._sent(str(people))
            result = self._ask({**arguments, "people": sent}, variables)
        finally:
            self._remove_tmp_path(self._connection._shell.tmpdir)
        return _renamed(result, sent, str(people))

    def _sent(self, people: str) -> str:
        """Its path on the host, in a directory that nobody else can enter."""
        try:
            source = self._find_needle("files", people)
        except AnsibleError as exc:
            raise AnsibleActionFail(
                f"The file {people!r} was not found on the controller. Nothing was changed. Correct `people`, or set"
                f" `remote_src: true` if it is on the host. {exc}"
            ) from exc
        if self._connection._shell.tmpdir is None:
            self._make_tmp_path()
        place = str(self._connection._shell.join_path(self._connection._shell.tmpdir, "people.csv"))
        # A vaulted file is decrypted into a temporary one, which the loader removes at the end.
        self._transfer_file(self._loader.get_real_file(source), place)
        self._fixup_perms2((self._connection._shell.tmpdir, place))
        return place

    def _ask(self, arguments: dict[str, Any], variables: dict[str, Any]) -> dict[str, Any]:
        result: dict[str, Any] = self._execute_module(module_name=_MODULE, module_args=arguments, task_vars=variables)
        return result


def _renamed(result: dict[str, Any], sent: str, people: str) -> dict[str, Any]:
    """The result with the user's name of the file in it."""
    for key in ("msg", "faults"):
        if key in result:
            result[key] = _replaced(result[key], sent, people)
    return result


def _replaced(value: Any, sent: str, people: str) -> Any:
    if isinstance(value, str):
        return value.replace(sent, people)
    if isinstance(value, list):
        return [_replaced(item, sent, people) for item in value]
    if isinstance(value, dict):
        return {key: _replaced(item, sent, people) for key, item in value.items()}
    return value
