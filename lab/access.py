# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The administrator's way in: a key pair, the hosts' keys, and an inventory that uses both."""

from __future__ import annotations

import io
import shlex
import socket
import subprocess
import tarfile
import time
from pathlib import Path
from typing import Any

import yaml

from lab.definition import Host, Lab
from lab.errors import LabError

USER = "debian"
_USER_ID = 1000
_HOST_KEYS = ("ed25519", "ecdsa", "rsa")


def ensure_key_pair(directory: Path) -> str:
    """Make the lab's key pair once; the public key's line."""
    private = directory / "id_ed25519"
    directory.mkdir(parents=True, exist_ok=True)
    if not private.is_file():
        command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", f"lab {directory.name}", "-f", str(private)]
        subprocess.run(command, check=True, timeout=30, stdin=subprocess.DEVNULL)
    return private.with_suffix(".pub").read_text(encoding="ascii").strip()


def authorize(container: Any, public_key: str) -> bool:
    """Let the key in as the user `debian`, before the host's first boot or later; whether that changed anything."""
    path = f"/home/{USER}/.ssh/authorized_keys"
    present = read_file(container, path)
    if present is not None and public_key in present.splitlines():
        return False
    content = f"{public_key}\n".encode()
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        entry = tarfile.TarInfo(Path(path).name)
        entry.size, entry.mode, entry.uid, entry.gid, entry.mtime = len(content), 0o600, _USER_ID, _USER_ID, time.time()
        archive.addfile(entry, io.BytesIO(content))
    container.put_archive(str(Path(path).parent), stream.getvalue())
    return True


def read_file(container: Any, path: str) -> str | None:
    """A file of a host, read through the engine; None when there is none."""
    from docker.errors import NotFound

    try:
        chunks, _ = container.get_archive(path)
    except NotFound:
        return None
    with tarfile.open(fileobj=io.BytesIO(b"".join(chunks))) as archive:
        member = archive.extractfile(archive.getmembers()[0])
        return member.read().decode() if member else None


def wait_for_ssh(host: Host, *, deadline: float) -> None:
    """Return when the host's SSH service has said its name; `deadline` is a time of time.monotonic()."""
    reason = "nothing was tried"
    while time.monotonic() < deadline:
        try:
            with socket.create_connection((str(host.address), 22), timeout=2) as connection:
                if connection.recv(8).startswith(b"SSH-2.0"):
                    return
                reason = "port 22 does not speak SSH"
        except OSError as exc:
            reason = str(exc)
        time.sleep(0.2)
    raise LabError(f"{host.name} ({host.address}) does not answer over SSH: {reason}. Look at: tools/lab status")


def known_hosts(container: Any, host: Host) -> str:
    """The host's public keys in the form of ~/.ssh/known_hosts, for all its addresses and its name."""
    names = ",".join([*(str(address) for address in host.addresses.values()), host.name])
    found = [read_file(container, f"/etc/ssh/ssh_host_{kind}_key.pub") for kind in _HOST_KEYS]
    return "".join(f"{names} {' '.join(key.split()[:2])}\n" for key in found if key)


def inventory(lab: Lab, directory: Path) -> str:
    """What all hosts have in common for SSH; the addresses stand in the user's own inventory, as they would."""
    ssh = {"UserKnownHostsFile": str(directory / "known_hosts"), "GlobalKnownHostsFile": "/dev/null"}
    ssh |= {"StrictHostKeyChecking": "yes", "IdentitiesOnly": "yes"}
    arguments = " ".join(f"-o {shlex.quote(f'{key}={value}')}" for key, value in ssh.items())
    content = {
        "all": {
            "vars": {
                "ansible_user": USER,
                "ansible_ssh_private_key_file": str(directory / "id_ed25519"),
                "ansible_ssh_common_args": arguments,
                "ansible_python_interpreter": "/usr/bin/python3",
            },
        }
    }
    header = f"---\n# How to reach the hosts of the lab '{lab.name}'; written by lab/lab.py.\n"
    return header + yaml.safe_dump(content, sort_keys=False, width=1000)


def write(path: Path, content: str) -> bool:
    """Replace a file when its content differs; whether it did."""
    if path.is_file() and path.read_text(encoding="utf-8") == content:
        return False
    draft = path.with_name(f".{path.name}.new")
    draft.write_text(content, encoding="utf-8")
    draft.replace(path)
    return True
