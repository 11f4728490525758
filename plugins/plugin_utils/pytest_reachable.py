# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A pytest plugin: the fixture `reachable`, which checks ports from where a testinfra host stands (docs/verdicts.md).

The probes go along as an argument of a Python on that host, which needs its standard library only. Nothing is installed
there, and nothing stays.
"""

from __future__ import annotations

import base64
import io
import json
import shlex
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Protocol, TypeVar

from ansible_collections.mailforest.stack.plugins.module_utils import _probe
from ansible_collections.mailforest.stack.plugins.module_utils._probe import SpecError

_PACKAGE = PurePosixPath("ansible_collections/mailforest/stack/plugins/module_utils/_probe")
_LARGEST = 120_000
"""Linux takes arguments of up to 128 KiB."""
_UNPACK = (
    "import base64,runpy,sys,tempfile\n"
    "with tempfile.NamedTemporaryFile(suffix='.zip') as file:\n"
    " file.write(base64.b64decode(sys.argv.pop()));file.flush();runpy.run_path(file.name,run_name='__main__')"
)
_MAIN = """
import json, pkgutil, time
from ansible_collections.mailforest.stack.plugins.module_utils._probe import Limits, SpecError, parse_all, probe
from ansible_collections.mailforest.stack.plugins.module_utils._probe.report import as_return_values
asked = json.loads(pkgutil.get_data("asked", "asked.json"))
begun = time.monotonic()
try:
    results = probe(parse_all(asked["checks"], timeout=asked["timeout"]), Limits(**asked["limits"]))
    answer = as_return_values(results, report="all", seconds=time.monotonic() - begun)
except SpecError as error:
    answer = {"problems": error.problems}
print(json.dumps(answer))
"""
Function = TypeVar("Function", bound=Callable[..., Any])


class Ran(Protocol):
    """What testinfra says of a command."""

    rc: int
    stdout: str
    stderr: str


class Host(Protocol):
    """What is needed of a testinfra host."""

    def run(self, command: str, *args: str) -> Ran:
        """Run a command by the shell."""


@dataclass(frozen=True, kw_only=True)
class Report:
    """What the module `reachable` would have returned there."""

    message: str
    """How many checks passed, and a line for each that did not."""
    results: list[dict[str, Any]]
    certificates: list[dict[str, Any]]
    seconds: float

    @property
    def passed(self) -> bool:
        """Say whether every check passed."""
        return all(result["passed"] for result in self.results)

    @property
    def verdicts(self) -> list[str]:
        """The verdict of each check, in order."""
        return [result["verdict"] for result in self.results]


def probe_from(
    host: Host, checks: Sequence[Mapping[str, Any]], *, python: str = "python3", timeout: float = 5.0, **limits: Any
) -> Report:
    """Check ports from a testinfra host; the keys of checks are those of the module, limits its other options.

    python is how a Python of 3.11 or newer is called there, in words for the shell. Raises SpecError when a check is
    not valid, and RuntimeError when the probes could not be run.
    """
    payload = _payload({"checks": list(checks), "timeout": timeout, "limits": limits})
    if len(payload) > _LARGEST:
        raise ValueError(f"{len(checks)} checks make an argument of {len(payload)} bytes; give fewer at once")
    ran = host.run(f"{python} -c {shlex.quote(_UNPACK)} {payload}")
    if ran.rc:
        raise RuntimeError(f"the probes ended with {ran.rc}: {ran.stderr.strip()[-2000:]}")
    answer = json.loads(ran.stdout.splitlines()[-1])
    if "problems" in answer:
        raise SpecError(answer["problems"])
    kept = {key: answer[key] for key in ("results", "certificates", "seconds")}
    return Report(message=answer["msg"], **kept)


def _payload(asked: Mapping[str, Any]) -> str:
    """The probes and what is asked of them, as a program in a zip file."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        archive.writestr("__main__.py", _MAIN)
        archive.writestr("asked/__init__.py", "")
        archive.writestr("asked/asked.json", json.dumps(asked))
        for folder in list(_PACKAGE.parents)[:-1]:
            archive.writestr(str(folder / "__init__.py"), "")
        for file in sorted(Path(_probe.__file__).parent.glob("*.py")):
            archive.write(file, str(_PACKAGE / file.name))
    return base64.b64encode(packed.getvalue()).decode("ascii")


def _fixture(function: Function) -> Function:
    """A fixture where there is pytest; ansible-test imports this without it."""
    try:
        import pytest
    except ImportError:
        return function
    mark: Callable[[Function], Any] = pytest.fixture(scope="session")
    made: Function = mark(function)
    return made


@_fixture
def reachable() -> Callable[..., Report]:
    """Check ports from a host: `reachable(host, checks)`."""
    return probe_from
