# Copyright: (c) 2026, mailforest.stack contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The controller's half of config_tree: render every template, then send the whole tree in one module call."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleActionFail, AnsibleError
from ansible.plugins.action import ActionBase
from ansible.template import trust_as_template

_MODULE = "mailforest.stack.config_tree"
_MANAGED = "Written by Ansible (mailforest.stack). What is changed here by hand is overwritten by the next run."
_FILE_OPTIONS = frozenset(
    {"path", "template", "content", "content_base64", "vars", "owner", "group", "mode", "secret", "loaded"}
)
_SOURCES = frozenset({"template", "content", "content_base64"})
_SENT = _FILE_OPTIONS - {"template", "content", "content_base64", "vars"}


class ActionModule(ActionBase):
    """The action `config_tree`."""

    _supports_check_mode = True
    _requires_connection = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Render, send, return the module's result."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        variables = task_vars or {}
        arguments = dict(self._task.args)
        files = arguments.get("files") or []
        # Encoded, so that Ansible's censor looks for one long word per file and not for every word of it.
        arguments["contents"] = {str(spec["path"]): self._encoded(spec, variables) for spec in _checked(files)}
        arguments["files"] = [{key: value for key, value in spec.items() if key in _SENT} for spec in files]
        result.update(self._execute_module(module_name=_MODULE, module_args=arguments, task_vars=variables))
        return result

    def _encoded(self, spec: Mapping[str, Any], variables: Mapping[str, Any]) -> str:
        if "content_base64" in spec:
            return str(spec["content_base64"])
        text = str(spec["content"]) if "content" in spec else self._rendered(spec, variables)
        return base64.b64encode(text.encode()).decode("ascii")

    def _rendered(self, spec: Mapping[str, Any], variables: Mapping[str, Any]) -> str:
        name = str(spec.get("template") or f"{str(spec['path']).lstrip('/')}.j2")
        try:
            source = Path(self._find_needle("templates", name))
        except AnsibleError as exc:
            raise AnsibleActionFail(
                f"The template {name!r} for {spec['path']} was not found. Nothing was changed. "
                f"Create it in the role's templates/, or name another with `template`. {exc}"
            ) from exc
        places = [*variables.get("ansible_search_path", []), self._loader.get_basedir(), str(source.parent)]
        scope = {"ansible_managed": _MANAGED, **variables, **(spec.get("vars") or {}), "template_path": str(source)}
        templar = self._templar.copy_with_new_env(
            searchpath=[entry for place in places for entry in (str(Path(place) / "templates"), place)],
            available_variables=scope,
        )
        text = trust_as_template(self._loader.get_text_file_contents(str(source)))
        rendered = templar.template(
            text, escape_backslashes=False, overrides={"trim_blocks": True, "lstrip_blocks": False}
        )
        return "" if rendered is None else str(rendered)


def _checked(files: Any) -> list[Mapping[str, Any]]:
    if not isinstance(files, Sequence) or isinstance(files, str):
        raise AnsibleActionFail("`files` is not a list. Nothing was changed. Give a list of files.")
    for spec in files:
        _check_file(spec)
    return list(files)


def _check_file(spec: Any) -> None:
    if not isinstance(spec, Mapping) or not spec.get("path"):
        raise AnsibleActionFail("An entry of `files` has no path. Nothing was changed. Give each a path.")
    unknown = sorted(set(spec) - _FILE_OPTIONS)
    if unknown:
        raise AnsibleActionFail(
            f"files: {spec['path']} has unknown options: {', '.join(unknown)}. Nothing was changed. "
            f"Supported are {', '.join(sorted(_FILE_OPTIONS))}."
        )
    if len(_SOURCES & set(spec)) > 1:
        raise AnsibleActionFail(
            f"{spec['path']} has more than one of template, content and content_base64. Nothing was changed. Give one."
        )
    if "content_base64" in spec:
        _check_base64(spec)
    if "vars" in spec and not isinstance(spec["vars"], Mapping):
        raise AnsibleActionFail(
            f"The vars of {spec['path']} are not a dictionary. Nothing was changed. Write name: value pairs."
        )


def _check_base64(spec: Mapping[str, Any]) -> None:
    try:
        base64.b64decode(str(spec["content_base64"]), validate=True)
    except ValueError as exc:
        raise AnsibleActionFail(
            f"The content_base64 of {spec['path']} is no base64: {exc}. Nothing was changed. Encode it anew."
        ) from exc
