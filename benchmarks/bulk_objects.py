#!/usr/bin/env python3
# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""`directory_objects` with thousands of users and groups, beside a loop of `samba-tool`, and beside Samba's own keys.

It needs a domain controller that may be written to, by default that of the lab `one-office`. It makes an OU of its own
there, and removes it. Of the loop only a sample is run, and what it would take for all is calculated. Likewise the
keys: Samba derives those of a sample, in a transaction that is taken back.
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path[0] = str(Path(__file__).resolve().parent.parent)

from benchmarks.common.harness import ROOT, BenchmarkError, Comparison, finish, main, playbook_command, run

_OU = "Bulk Benchmark"
_PASSWORD = "Correct-Horse-7"  # of accounts that live for a minute, in a lab
_LAB = ROOT / ".build" / "lab" / "one-office" / "inventory.yml"
_PER_GROUP = 10

_SAMPLE = """
import json, subprocess, sys, time
count, ou = int(sys.argv[1]), sys.argv[2]

def each(*words):
    start = time.monotonic()
    for number in range(count):
        subprocess.run(["samba-tool", *(word.format(number) for word in words)], check=True, stdout=subprocess.DEVNULL)
    return (time.monotonic() - start) / count

print(json.dumps({
    "user": each("user", "create", "sample{}", "--random-password", f"--userou=OU={ou}", "--given-name=A{}",
                 "--surname=B", "--mail-address=sample{}@example.test"),
    "group": each("group", "add", "samples{}", f"--groupou=OU={ou}"),
    "member": each("group", "addmembers", "samples{}", "sample{}"),
}))
"""

_KEYS = """
import json, sys, time
from samba.auth import system_session
from samba.param import LoadParm
from samba.samdb import SamDB
count, ou, password = int(sys.argv[1]), sys.argv[2], sys.argv[3]
settings = LoadParm()
settings.load_default()
sam = SamDB(session_info=system_session(), lp=settings)

def add(kind, **more):
    start = time.monotonic()
    for number in range(count):
        name = f"key-{kind}-{number}"
        sam.add({"dn": f"CN={name},OU={ou},{sam.domain_dn()}", "objectClass": "user", "sAMAccountName": name, **more})
    return (time.monotonic() - start) / count

sam.transaction_start()
without = add("without")
quoted = f'"{password}"'.encode("utf-16-le")
given = add("with", unicodePwd=quoted)
sam.transaction_cancel()
print(json.dumps({"without": without, "with": given, "keys": given - without}))
"""


@dataclass(frozen=True, kw_only=True)
class Bench:
    """Where, and how much."""

    inventory: Path
    host: str
    folder: Path
    users: int
    groups: int
    sample: int

    def people(self, *, passwords: bool) -> Path:
        """Write the file of people."""
        path = self.folder / f"people-{passwords}.csv"
        columns = ["sam_account_name", "firstname", "surname", "email", "groups"]
        with path.open("w", encoding="utf-8", newline="") as file:
            sheet = csv.writer(file)
            sheet.writerow([*columns, "password"] if passwords else columns)
            for number in range(self.users):
                name = f"bench-{number:06d}"
                row = [
                    name,
                    f"First{number}",
                    f"Last{number}",
                    f"{name}@example.test",
                    f"bench-group-{number % self.groups}",
                ]
                sheet.writerow([*row, _PASSWORD] if passwords else row)
        return path

    def wanted(self, *, passwords: bool) -> dict[str, Any]:
        """The options of the module."""
        return {
            "ous": [{"name": _OU}],
            "groups": [{"name": f"bench-group-{number}"} for number in range(self.groups)],
            "group_path": f"OU={_OU}",
            "user_path": f"OU={_OU}",
            "people": str(self.people(passwords=passwords)),
            "progress_file": "",
        }

    def play(self, tasks: list[dict[str, Any]]) -> float:
        """Run tasks on the controller; return the seconds."""
        path = self.folder / "play.yml"
        play = {"hosts": self.host, "gather_facts": False, "become": True, "tasks": tasks}
        path.write_text(json.dumps([play]), encoding="utf-8")
        path.chmod(0o600)
        return run(playbook_command("-i", str(self.inventory), str(path)), environment=_environment())

    def apply(self, *, passwords: bool) -> tuple[float, dict[str, Any]]:
        """Run the module; return the seconds of the whole run, and its result."""
        kept = self.folder / "result.json"
        seconds = self.play(
            [_task("mailforest.stack.directory_objects", self.wanted(passwords=passwords)), _keep(kept)]
        )
        result: dict[str, Any] = json.loads(kept.read_text(encoding="utf-8"))
        return seconds, result

    def measured(self, script: str, *arguments: str) -> dict[str, float]:
        """Run a script of Python on the controller; return what it says."""
        kept = self.folder / "sample.json"
        command = {"argv": ["python3", "-c", script, str(self.sample), _OU, *arguments]}
        self.play([_task("ansible.builtin.command", command), _keep(kept)])
        said: dict[str, float] = json.loads(json.loads(kept.read_text(encoding="utf-8"))["stdout"])
        return said

    def remove(self) -> None:
        """Take the OU away with all in it; it need not be there."""
        command = {"argv": ["samba-tool", "ou", "delete", f"OU={_OU}", "--force-subtree-delete"]}
        self.play([{**_task("ansible.builtin.command", command), "failed_when": False}])


def _task(module: str, options: dict[str, Any]) -> dict[str, Any]:
    return {"name": "Run", module: options, "register": "outcome"}


def _keep(path: Path) -> dict[str, Any]:
    copy = {"content": "{{ outcome | to_json }}", "dest": str(path), "mode": "0600"}
    return {"name": "Keep the result", "ansible.builtin.copy": copy, "delegate_to": "localhost", "become": False}


def _environment() -> dict[str, str]:
    paths = [str(path) for path in (ROOT / ".build" / "dev", ROOT / ".build" / "collections") if path.exists()]
    return {"ANSIBLE_COLLECTIONS_PATH": ":".join(paths), "ANSIBLE_HOME": str(ROOT / ".build" / "ansible")}


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--inventory", type=Path, default=_LAB)
    parser.add_argument("--host", default="dc1", help="a domain controller, best the RID master")
    parser.add_argument("--users", type=int, default=10_000)
    parser.add_argument("--groups", type=int, default=1_000)
    parser.add_argument("--sample", type=int, default=20, help="objects of each kind that samba-tool makes")
    parser.add_argument("--no-passwords", action="store_true", help="leave out the second part")
    parser.add_argument("--goal", type=float, default=0.01, help="ratio to the loop that must not be passed")
    parser.add_argument("--goal-keys", type=float, default=1.3, help="ratio to Samba's derivation of the keys")
    parser.add_argument("--goal-again", type=float, default=10.0, help="seconds of a run that changes nothing")
    return parser.parse_args()


def benchmark() -> int:
    """Measure."""
    options = arguments()
    if not options.inventory.exists():
        raise BenchmarkError(f"{options.inventory} does not exist; start the lab and deploy it, or give --inventory")
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(
            inventory=options.inventory,
            host=options.host,
            folder=Path(folder),
            users=options.users,
            groups=options.groups,
            sample=options.sample,
        )
        bench.remove()
        try:
            status = _loop(bench, options)
            bench.remove()
            return status if options.no_passwords else max(status, _keys(bench, options))
        finally:
            bench.remove()


def _loop(bench: Bench, options: argparse.Namespace) -> int:
    """Without passwords, beside samba-tool; then once more, when nothing is to be done."""
    seconds, result = bench.apply(passwords=False)
    _expect(result, created=bench.users)
    again, result = bench.apply(passwords=False)
    _expect(result, created=0)
    each = bench.measured(_SAMPLE)
    loop = each["user"] * bench.users + each["group"] * bench.groups + each["member"] * bench.users
    print(f"  samba-tool, per object: {json.dumps({name: round(value, 3) for name, value in each.items()})}")
    note = f"theirs calculated from {bench.sample} of each"
    name = f"bulk_objects, {bench.users} users, {bench.groups} groups, no passwords"
    status = finish(Comparison(name=name, ours=[seconds], theirs=[loop], goal=options.goal, note=note))
    met = again <= options.goal_again
    print(
        f"bulk_objects, nothing to change: ours {again:.2f} s, of which the module {result['seconds']:.2f} s, "
        f"goal at most {options.goal_again:g} s, {'met' if met else 'NOT met'}",
        flush=True,
    )
    return max(status, 0 if met else 1)


def _keys(bench: Bench, options: argparse.Namespace) -> int:
    """With passwords, beside what Samba takes for the keys alone."""
    seconds, result = bench.apply(passwords=True)
    _expect(result, created=bench.users)
    each = bench.measured(_KEYS, _PASSWORD)
    print(f"  Samba, per account: {each['keys'] * 1000:.1f} ms for the keys; ours by {result['key_derivation']['by']}")
    name = f"bulk_objects, {bench.users} users with passwords, beside the bare keys"
    note = f"theirs calculated from {bench.sample}"
    theirs = each["keys"] * bench.users
    return finish(Comparison(name=name, ours=[seconds], theirs=[theirs], goal=options.goal_keys, note=note))


def _expect(result: dict[str, Any], *, created: int) -> None:
    if result["users"]["created"] != created:
        raise BenchmarkError(f"{result['users']['created']} users were created instead of {created}")


if __name__ == "__main__":
    main(benchmark)
