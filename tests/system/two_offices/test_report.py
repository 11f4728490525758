# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What verify.yml leaves behind on the controller, of real hosts."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

from ansible_collections.mailforest.stack.tests.system.support.office import Office
from ansible_collections.mailforest.stack.tests.system.support.playbook import verified, verify


def test_the_report_says_that_all_is_well_and_then_what_got_worse(office: Office, tmp_path: Path) -> None:
    """Nothing is changed on any host: for the second run the inventory declares another owner of a role."""
    verified(seconds=120, verify_report_dir=str(tmp_path))
    record = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    assert (record["state"], record["findings"], record["counts"]["skipped"]) == ("ok", [], 0)
    assert {host["name"]: host["state"] for host in record["hosts"]} == dict.fromkeys([*office.hosts, "outside"], "ok")
    assert record["counts"]["passed"] == len(record["checks"]) > 500
    assert {tunnel["state"] for tunnel in record["tunnels"]} == {"ok"}
    assert {role["name"]: role["seen"] for role in record["roles"]}["pdc"] == dict.fromkeys(
        ["dc1", "dc2", "dc3"], "dc2"
    )
    assert {row["subject"].partition(".")[0] for row in record["certificates"]} == {"dc1", "dc2", "dc3", "mx1", "mx2"}
    assert all(flow["hops"] and flow["readings"] for flow in record["mail"])
    suite = ElementTree.parse(tmp_path / "report.xml").getroot()
    assert (int(suite.attrib["tests"]), suite.attrib["failures"]) == (len(record["checks"]), "0")

    run = verify(verify_report_dir=str(tmp_path), mailforest_fsmo={"pdc": "dc1"})
    assert run.code == 2, run.explain()
    record = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    assert [(row["requirement"], row["subject"]) for row in record["findings"]] == [("AD-27", "role pdc")]
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "1 thing is not as declared" in page
    assert "got better 0, got worse 1" in page
