# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The whole tree in a private place, where the daemons' own checkers judge it before it counts."""

from __future__ import annotations

import os
import re
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

from .model import FileSpec, TreeError, TreeSpec
from .plan import FileStep, Plan
from .state import Layout, make_private

_SEARCH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_PLACEHOLDER = "{stage}"
_SHORTEST_SECRET = 6


def write_file(path: Path, step: FileStep) -> None:
    """Create `path` with the declared content, owner and mode, on disk when this returns."""
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "wb") as handle:
        handle.write(step.spec.content)
        handle.flush()
        if step.uid is not None and step.gid is not None:
            os.fchown(handle.fileno(), step.uid, step.gid)
        os.fchmod(handle.fileno(), step.spec.mode)
        os.fsync(handle.fileno())


def _copy(source: str, target: str) -> str:
    """Copy a regular file with its owner and mode; leave sockets, pipes and devices out."""
    info = os.lstat(source)
    if stat.S_ISREG(info.st_mode):
        shutil.copy2(source, target)
        os.chown(target, info.st_uid, info.st_gid)
    return target


def _copy_directory(source: Path, target: Path) -> None:
    shutil.copytree(source, target, symlinks=True, copy_function=_copy, dirs_exist_ok=True)
    for found in (source, *(p for p in source.rglob("*") if p.is_dir() and not p.is_symlink())):
        info = found.stat()
        os.chown(target / found.relative_to(source), info.st_uid, info.st_gid)


class Stage:
    """A private copy of the file system's part that the tree is about; gone when the context ends."""

    def __init__(self, layout: Layout, name: str) -> None:
        make_private(layout.run)
        # A run that was killed leaves its stage behind; nobody else uses this name.
        for left in layout.run.glob(f"{name}.stage-*"):
            shutil.rmtree(left)
        self.root = Path(tempfile.mkdtemp(prefix=f"{name}.stage-", dir=layout.run))

    def __enter__(self) -> Stage:
        return self

    def __exit__(self, *_exc: object) -> None:
        shutil.rmtree(self.root)

    def path(self, real: str) -> Path:
        """Where `real` lies in the stage."""
        return self.root / real.lstrip("/")

    def fill(self, spec: TreeSpec, plan: Plan) -> None:
        """Lay the declared tree over copies of the directories that it is to be judged with."""
        for directory in spec.stage:
            if Path(directory).is_dir():
                _copy_directory(Path(directory), self.path(directory))
        for removal in plan.removals:
            self.path(removal.path).unlink(missing_ok=True)
        for step in plan.files:
            target = self.path(step.spec.path)
            target.parent.mkdir(parents=True, exist_ok=True)
            write_file(target, step)

    def argv(self, template: tuple[str, ...]) -> tuple[str, ...]:
        """The command with the stage's root filled in."""
        return tuple(part.replace(_PLACEHOLDER, str(self.root)) for part in template)

    def judge(self, argv: tuple[str, ...], *, timeout: float) -> str | None:
        """What the checker says against the tree, or None. Raises FileNotFoundError when it is not installed."""
        program = shutil.which(argv[0], path=_SEARCH)
        if program is None:
            raise FileNotFoundError(argv[0])
        environment = {"PATH": _SEARCH, "LC_ALL": "C", "HOME": "/root"}
        try:
            done = subprocess.run(
                (program, *argv[1:]),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                cwd=self.root,
                env=environment,
                timeout=timeout,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return f"no answer within {timeout:g} seconds"
        if done.returncode == 0:
            return None
        said = done.stdout.decode(errors="replace").replace(str(self.root), "").strip()
        return said or f"exit code {done.returncode}, no message"


def _secret_texts(files: tuple[FileSpec, ...]) -> Iterator[str]:
    """The lines of secret files and the values in them, longest first where it matters to the reader of a message."""
    for spec in files:
        if spec.secret:
            for line in spec.content.decode(errors="replace").splitlines():
                yield line.strip()
                yield from (part.strip().strip("\"';") for part in re.split(r"[=:\s]+", line.strip(), maxsplit=1)[1:])


def hide_secrets(text: str, files: tuple[FileSpec, ...]) -> str:
    """`text` without anything that stands in a secret file."""
    known = {secret for secret in _secret_texts(files) if len(secret) >= _SHORTEST_SECRET}
    for secret in sorted(known, key=len, reverse=True):
        text = text.replace(secret, "(not shown)")
    return text


def validate(spec: TreeSpec, plan: Plan, *, layout: Layout, check_mode: bool) -> list[str]:
    """Let every checker judge the staged tree; returns warnings, raises TreeError on a refusal."""
    if not spec.validate:
        return []
    warnings: list[str] = []
    with Stage(layout, spec.name) as stage:
        stage.fill(spec, plan)
        for template in spec.validate:
            warnings += _judged(spec, stage, template, check_mode=check_mode)
    return warnings


def _judged(spec: TreeSpec, stage: Stage, template: tuple[str, ...], *, check_mode: bool) -> list[str]:
    command = " ".join(template).replace(_PLACEHOLDER, "")
    try:
        said = stage.judge(stage.argv(template), timeout=spec.validate_timeout)
    except FileNotFoundError:
        if check_mode:
            return [f"{template[0]} is not installed yet, so the configuration {spec.name!r} was not validated."]
        raise TreeError(
            f"{template[0]} is not installed, so the configuration {spec.name!r} cannot be validated. Nothing was "
            "changed; the old configuration stays active. Install the package that brings it, or correct `validate`."
        ) from None
    if said is None:
        return []
    said = hide_secrets(said, spec.files)
    missing = [path for path in spec.watch if not Path(path).exists()]
    if check_mode and missing:
        return [f"The configuration {spec.name!r} cannot be judged before {', '.join(missing)} exists: {said}"]
    raise TreeError(
        f"The new configuration {spec.name!r} is not valid; `{command}` says: {said}\n"
        "Nothing was changed; the old configuration stays active. Correct the variables behind it, and run again.",
        validator=list(template),
        validator_output=said,
    )
