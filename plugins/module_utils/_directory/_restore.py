# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A forest brought back from a backup, on a host that holds none. Private to this collection.

All that can be refused is refused before anything is written. What is restored is built beside Samba's directories, is
judged there, and is moved into place in the end, the database last.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Protocol

from ansible_collections.mailforest.stack.plugins.module_utils._directory import (
    _backupplan,
    _backupsamba,
    _bindings,
    _names,
    _restoresamba,
    _root,
    _sambaprocess,
)
from ansible_collections.mailforest.stack.plugins.module_utils._directory._backupfiles import free, sha256
from ansible_collections.mailforest.stack.plugins.module_utils._directory._backupplan import (
    ARCHIVE,
    ENCRYPTED,
    MANIFEST,
    Contents,
    Manifest,
)
from ansible_collections.mailforest.stack.plugins.module_utils._directory._domain import (
    DC_ROLE,
    Found,
    Settings,
    smb_conf_faults,
)
from ansible_collections.mailforest.stack.plugins.module_utils._directory._fsmo import ROLES
from ansible_collections.mailforest.stack.plugins.module_utils._directory._fsmodb import DirectoryRoles
from ansible_collections.mailforest.stack.plugins.module_utils._directory._level import LEVELS
from ansible_collections.mailforest.stack.plugins.module_utils._directory._provision import LocalSamba
from ansible_collections.mailforest.stack.plugins.module_utils._engine import NotYetKnowable, ResourceError, State, Step

ARGUMENTS: dict[str, dict[str, Any]] = {
    "configuration_file": {"type": "path", "default": "/etc/samba/smb.conf"},
    "backup_file": {"type": "path", "required": True},
    "confirm_domain": {"type": "str", "required": True},
    "host_name": {"type": "str", "required": True},
    "host_address": {"type": "str", "required": True},
    "site": {"type": "str"},
    "identity": {"type": "str", "no_log": True},
    "checksum": {"type": "str"},
    "peers": {"type": "list", "elements": "str", "default": []},
    "rid_gap": {"type": "int", "default": 100000},
    "timeout": {"type": "int", "default": 3600},
}
_UNFINISHED = ".mailforest-restore-"
_LARGEST_GAP = 10_000_000


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What is to be restored, and as what."""

    confirm_domain: str
    host_name: str
    host_address: str
    site: str | None
    peers: Sequence[str]
    rid_gap: int


@dataclass(frozen=True, kw_only=True)
class Restored:
    """What the restored database says of itself."""

    controllers: Sequence[str]
    owners: Mapping[str, str | None]
    rid_pool: Mapping[str, int]
    database_errors: int


class Host(Protocol):
    """The host to restore on, and the backup that lies on it. Errors are `ResourceError`."""

    def found(self) -> Found:
        """The domain that the host holds."""

    def own_name(self) -> str:
        """The name of the controller that the host is; only asked when it holds a domain."""

    def manifest(self) -> Manifest:
        """The backup's manifest."""

    def archive_fault(self, manifest: Manifest) -> str | None:
        """Read the archive to its end, changing nothing; why it cannot be restored, or None."""

    def samba_version(self) -> str:
        """Samba's release here."""

    def settings(self) -> Settings | None:
        """What smb.conf says; None = there is none."""

    def answering(self, manifest: Manifest, peers: Sequence[str]) -> list[str]:
        """Where a controller of the domain answers."""

    def room_fault(self, manifest: Manifest) -> str | None:
        """Why there is not enough room, or None."""

    def restore(self, wanted: Wanted, manifest: Manifest, judge: Callable[[Restored], None]) -> Restored:
        """Restore beside, have it judged, and move it into place."""


def wanted_of(params: Mapping[str, Any]) -> Wanted:
    """From the module's options."""
    return Wanted(**{name: params[name] for name in Wanted.__dataclass_fields__})


class RestoreResource:
    """The resource of the module `domain_restore`."""

    batch = 1

    def __init__(self, host: Host, wanted: Wanted) -> None:
        """Check the names before anything is read."""
        faults = [
            f"{option} '{value}': {fault}"
            for option, value, fault in (
                ("host_name", wanted.host_name, _names.netbios_name_fault(wanted.host_name)),
                ("host_address", wanted.host_address, _names.host_address_fault(wanted.host_address, version=4)),
                ("rid_gap", wanted.rid_gap, _gap_fault(wanted.rid_gap)),
            )
            if fault
        ]
        if faults:
            raise ResourceError(f"Nothing was changed: {'; '.join(faults)}. Correct these options.", faults=faults)
        self._host, self._wanted = host, wanted
        self._manifest = host.manifest()
        self._restored: Restored | None = None

    def current(self) -> State:
        """The domain that this host holds; any but the restored one is refused."""
        self._refuse_unconfirmed()
        found = self._host.found()
        if found.fault:
            raise ResourceError(
                f"This host holds what is no complete domain: {found.fault}. Nothing was changed. Move Samba's private"
                " directory away yourself, if it is of no use, and run again."
            )
        if found.domain is None:
            return {}
        own = self._host.own_name()
        if found.domain.sid == self._manifest.contents.sid and own == self._wanted.host_name.lower():
            return {"domain": found.domain.dns_name, "server": own}
        raise ResourceError(
            f"This host is {own} of the domain {found.domain.dns_name} already. Nothing was changed: a restore goes to"
            " a host that holds none. Choose a blank host."
        )

    def _refuse_unconfirmed(self) -> None:
        domain = self._manifest.contents.domain
        if self._wanted.confirm_domain.lower() != domain.lower():
            raise ResourceError(
                f"The backup is of the domain {domain}, and confirm_domain is '{self._wanted.confirm_domain}'. Nothing"
                " was changed. Choose the right backup, or write its domain."
            )

    def desired(self, before: State) -> State:
        """The domain of the backup, with this host as its only controller."""
        return {"domain": self._manifest.contents.domain, "server": self._wanted.host_name.lower()}

    def plan(self, before: State, after: State) -> list[Step]:
        """One step, after everything that speaks against it."""
        if before:
            return []
        for fault in self._faults():
            raise ResourceError(f"The domain was not restored, nothing was changed: {fault}")
        contents = self._manifest.contents
        change = {
            "backup": self._manifest.name,
            "objects": contents.objects,
            "removed_controllers": [one.name for one in contents.controllers],
        }
        return [Step(verb="restore", target=contents.domain, change=change)]

    def _faults(self) -> Iterator[str]:
        """Lazily, the cheap ones first."""
        contents = self._manifest.contents
        names = sorted(one.name for one in contents.controllers)
        if self._wanted.host_name.lower() in names:
            yield (
                f"{self._wanted.host_name} is the name of a controller in the backup ({', '.join(names)}), and the"
                " restored one must not be taken for it. Choose another host_name."
            )
        here = self._host.samba_version()
        if _release(here) < _release(contents.samba_version):
            yield (
                f"the backup is from Samba {contents.samba_version}, and this host has {here}, which does not know all"
                " that is in it. Restore on a host with that release or a newer one."
            )
        yield from _settings_faults(self._host.settings(), contents, self._wanted.host_name)
        fault = self._host.room_fault(self._manifest)
        if fault:
            yield fault
        answering = self._host.answering(self._manifest, self._wanted.peers)
        if answering:
            yield (
                f"the domain is alive: {', '.join(answering)} answers for it. Two forests of one name would never agree"
                " again. Restore where no controller of the domain is reached; to replace a dead controller, join a new"
                " one instead (role samba_dc)."
            )
        fault = self._host.archive_fault(self._manifest)
        if fault:
            yield f"{self._manifest.file}: {fault}. Take another backup, or another copy of this one."

    def transaction(self) -> AbstractContextManager[object]:
        """It is one step by itself."""
        return nullcontext()

    def apply(self, step: Step) -> None:
        """Restore."""
        self._restored = self._host.restore(self._wanted, self._manifest, self._judge)

    def _judge(self, restored: Restored) -> None:
        """Before it is moved into place: this controller alone, with all roles, and RIDs beyond the gap."""
        own = self._wanted.host_name.lower()
        faults = []
        if list(restored.controllers) != [own]:
            faults.append(f"its controllers are {', '.join(restored.controllers)}")
        strange = [role for role in ROLES if restored.owners.get(role) != own]
        if strange:
            faults.append(f"the roles {', '.join(strange)} are elsewhere")
        if faults:
            raise ResourceError(
                f"What Samba restored is not as it must be: {'; '.join(faults)}. It was thrown away, this host holds no"
                " domain. Try another backup, and report this."
            )

    def finish(self) -> None:
        """Nothing is left to do."""

    def result(self) -> Mapping[str, Any]:
        """What was restored, and what the database check says."""
        contents = self._manifest.contents
        told: dict[str, Any] = {
            "domain": contents.domain,
            "netbios_name": contents.netbios_name,
            "functional_levels": dict(contents.functional_levels),
            "created": self._manifest.created,
        }
        if self._restored:
            told |= {
                "controllers": list(self._restored.controllers),
                "owners": dict(self._restored.owners),
                "rid_pool": dict(self._restored.rid_pool),
                "database_errors": self._restored.database_errors,
            }
        return told


def _settings_faults(settings: Settings | None, contents: Contents, host_name: str) -> Iterator[str]:
    """A controller's smb.conf that Samba would not serve this domain with; the one of Debian's package is no such."""
    if settings is None or settings.server_role.lower() != DC_ROLE:
        return
    faults = smb_conf_faults(settings, realm=contents.domain, netbios_name=contents.netbios_name, host_name=host_name)
    if LEVELS.get(settings.controller_level or "2008_R2", LEVELS["2016"]) < contents.functional_levels["domain"]:
        faults.append("'ad dc functional level' is below that of the domain and must be '2016'")
    if faults:
        yield (
            f"Samba would not serve the domain of the backup with this smb.conf: {'; '.join(faults)}. Correct it, or"
            " remove it and write it afterwards (role samba_dc)."
        )


def _gap_fault(gap: int) -> str | None:
    return None if 0 <= gap <= _LARGEST_GAP else f"must be between 0 and {_LARGEST_GAP}"


def _release(version: str) -> tuple[int, ...]:
    """Major and minor number: within these, a database is the same."""
    return tuple(int(part) for part in re.findall(r"\d+", version)[:2])


class LocalHost:
    """This host."""

    def __init__(
        self, configuration_file: str, backup_file: str, *, identity: str | None, checksum: str | None, timeout: int
    ) -> None:
        """Nothing is read yet."""
        self._archive = Path(backup_file)
        self._identity, self._checksum, self._timeout = identity, checksum, timeout
        self._configuration_file = configuration_file

    def _samba(self) -> LocalSamba:
        return LocalSamba(self._configuration_file)

    def found(self) -> Found:
        """Read Samba's databases."""
        return self._samba().find()

    def own_name(self) -> str:
        """Read the database."""
        return DirectoryRoles(self._configuration_file).own

    def manifest(self) -> Manifest:
        """It lies beside the archive."""
        name = self._archive.name.removesuffix(ENCRYPTED).removesuffix(ARCHIVE)
        file = self._archive.with_name(f"{name}{MANIFEST}")
        try:
            manifest = _backupplan.manifest_of(file.read_text(encoding="utf-8"))
        except (OSError, ValueError) as exc:
            raise ResourceError(
                f"The manifest {file} cannot be read: {exc}. Nothing was changed. Put both files of the backup there;"
                " an archive without a manifest was never completed."
            ) from exc
        if manifest.file != self._archive.name:
            raise ResourceError(
                f"{file} is the manifest of {manifest.file} and not of {self._archive.name}. Nothing was changed. Put"
                " the two files that belong together there."
            )
        return manifest

    def archive_fault(self, manifest: Manifest) -> str | None:
        """Size, digest, encryption, and the archive to its last byte; nothing is written."""
        try:
            size, digest = self._archive.stat().st_size, sha256(self._archive)
        except OSError as exc:
            return f"it cannot be read ({exc})"
        if (size, digest) != (manifest.size, manifest.sha256):
            return "it is not what its manifest tells: it was cut or altered"
        if self._checksum and digest != self._checksum.lower().removeprefix("sha256:"):
            return "its SHA-256 is not the one that was given as checksum"
        if manifest.encrypted and not self._identity:
            return f"it is encrypted to {', '.join(manifest.recipients)}, and no identity was given to read it"
        with self._opened(manifest) as (stream, finish):
            fault = _backupsamba.archive_fault(stream)
            return finish() or fault

    @contextmanager
    def _opened(self, manifest: Manifest) -> Iterator[tuple[IO[bytes], Callable[[], str | None]]]:
        """The plain archive as a stream, and what ends the reading and tells whether age agrees."""
        if not manifest.encrypted:
            with self._archive.open("rb") as stream:
                yield stream, lambda: None
            return
        # The key goes through standard input: it is in no file and on no command line.
        with subprocess.Popen(
            ["age", "--decrypt", "--identity", "-", str(self._archive)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={"PATH": _sambaprocess.PATH},
        ) as age:
            with closing(_pipe(age.stdin)) as keys:
                keys.write(f"{self._identity}\n".encode())
            yield _pipe(age.stdout), lambda: _age_fault(age)

    def settings(self) -> Settings | None:
        """As Samba reads it."""
        return self._samba().settings()

    def samba_version(self) -> str:
        """Of the bindings."""
        _bindings.require()
        return str(_bindings.samba.version)

    def answering(self, manifest: Manifest, peers: Sequence[str]) -> list[str]:
        """Ask every address that the backup knows, those given, and those that the resolver names."""
        settings = _bindings.load_settings("/dev/null")
        domain = manifest.contents.domain.lower()
        places = {address for one in manifest.contents.controllers for address in one.addresses}
        places |= set(peers) | set(_resolved([domain, *(one.dns_name for one in manifest.contents.controllers)]))
        own = _own_addresses()
        asked = sorted(place for place in places if place not in own)
        return [place for place in asked if (root := _root.read(settings, place)) and root.dns_name.lower() == domain]

    def room_fault(self, manifest: Manifest) -> str | None:
        """Databases are packed to about a tenth."""
        state = self._state()
        needed, left = manifest.size * 25, free(state)
        if left >= needed:
            return None
        return (
            f"{state} has {left >> 20} MiB left, and the restore may need {needed >> 20} MiB. Make room, or choose"
            " another host."
        )

    def _state(self) -> Path:
        return Path(self._samba().private_dir).parent

    def restore(self, wanted: Wanted, manifest: Manifest, judge: Callable[[Restored], None]) -> Restored:
        """Beside Samba's own directories, on the same file system, so that moving is renaming."""
        state = self._state()
        for left in state.glob(f"{_UNFINISHED}*"):
            shutil.rmtree(left)
        work = Path(tempfile.mkdtemp(prefix=_UNFINISHED, dir=state))
        try:
            archive = self._plain(manifest, work)
            answer = _sambaprocess.call(
                _restoresamba.__name__,
                {
                    "what": "The restore",
                    "consequence": "This host holds no domain, nothing was changed. See `log`.",
                    "archive": str(archive),
                    "target": str(work / "target"),
                    "host_name": wanted.host_name,
                    "host_address": wanted.host_address,
                    "site": wanted.site or _first_site(manifest),
                    "rid_gap": wanted.rid_gap,
                },
                temporary=str(work),
                timeout=self._timeout,
            )
            restored = Restored(**answer)
            judge(restored)
            self._move(work / "target")
        finally:
            shutil.rmtree(work, ignore_errors=True)
        return restored

    def _move(self, target: Path) -> None:
        try:
            _put(target / "state/sysvol", self._state() / "sysvol")
            _put(target / "private", Path(self._samba().private_dir), last="sam.ldb")
        except OSError as exc:
            raise ResourceError(
                f"What was restored could not be moved into place: {exc}. This host holds no domain yet. Cure the"
                " cause, and run again: it begins anew."
            ) from exc

    def _plain(self, manifest: Manifest, work: Path) -> Path:
        archive = work / "archive.tar.bz2"
        descriptor = os.open(archive, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as target, self._opened(manifest) as (stream, finish):
            shutil.copyfileobj(stream, target, 1 << 20)
            fault = finish()
        if fault:
            raise ResourceError(f"The domain was not restored, nothing was changed: {fault}. Run again.")
        return archive


def _first_site(manifest: Manifest) -> str:
    """That of the controller on which the backup was made; Samba itself would make a new one."""
    contents = manifest.contents
    return next(one.site for one in contents.controllers if one.name == contents.server)


def _pipe(stream: IO[bytes] | None) -> IO[bytes]:
    """One that was asked for is there."""
    if stream is None:
        raise OSError("age was started without its pipes")
    return stream


def _age_fault(age: subprocess.Popen[bytes]) -> str | None:
    """Read what is left, and hear age's verdict: it authenticates every block, the last one as the last."""
    while _pipe(age.stdout).read(1 << 20):
        pass
    message = _pipe(age.stderr).read().decode(errors="replace")
    if age.wait() == 0:
        return None
    lines = [line for line in message.splitlines() if line.startswith("age: error:")]
    return (
        f"age does not decrypt it: {'; '.join(line.removeprefix('age: error: ') for line in lines) or message.strip()}"
    )


def _resolved(names: Sequence[str]) -> Iterator[str]:
    for name in names:
        if not name:
            continue
        try:
            found = socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)
        except OSError:
            continue
        yield from (str(one[4][0]) for one in found)


def _own_addresses() -> set[str]:
    """Those of all interfaces; a controller that runs here is found otherwise, by its database."""
    try:
        from samba import interface_ips
    except ImportError as exc:
        raise NotYetKnowable(str(exc)) from exc
    settings = _bindings.load_settings("/dev/null")
    return set(interface_ips(settings, True)) | {"127.0.0.1", "::1"}


def _put(source: Path, target: Path, *, last: str = "") -> None:
    """Move what is restored into place. A directory that is there keeps its place, which may be a mount; it is emptied.

    `last` is what makes the host a controller: as long as it is not there, the next run does all this again.
    """
    if not target.exists():
        source.rename(target)
        return
    for left in target.iterdir():
        if left.is_dir() and not left.is_symlink():
            shutil.rmtree(left)
        else:
            left.unlink()
    shutil.copymode(source, target)
    for entry in sorted(source.iterdir(), key=lambda one: one.name == last):
        entry.rename(target / entry.name)
