# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""JUnit, the history and the files."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest
from ansible_collections.mailforest.stack.plugins.plugin_utils._finding import WARNING, Finding
from ansible_collections.mailforest.stack.plugins.plugin_utils._report.checks import Check, Outcome
from ansible_collections.mailforest.stack.plugins.plugin_utils._report.history import Run, compare, read
from ansible_collections.mailforest.stack.plugins.plugin_utils._report.junit import junit
from ansible_collections.mailforest.stack.plugins.plugin_utils._report.write import Formats, write
from ansible_collections.mailforest.stack.tests.unit.plugins.plugin_utils._report import office

FORMATS = Formats(language="en", keep=3, warnings_fail=False)
KEY, OTHER = ("dc1", "replication"), ("mx1", "mail")


def suite(*, warnings_fail: bool) -> ElementTree.Element:
    record = office.record(office.faulty())
    text = junit(record.checks, record.findings, time=record.time, warnings_fail=warnings_fail)
    return ElementTree.fromstring(text)


def test_junit_has_a_case_for_everything_that_was_looked_at() -> None:
    record, root = office.record(office.faulty()), suite(warnings_fail=False)
    cases = list(root.iter("testcase"))
    assert len(cases) == len(record.checks) == int(root.attrib["tests"])
    assert len(list(root.iter("failure"))) == record.counts.failed == int(root.attrib["failures"])
    assert len(list(root.iter("skipped"))) == record.counts.skipped == int(root.attrib["skipped"])
    for each in root:
        assert int(each.attrib["tests"]) == len(each)


def test_junit_tells_what_was_expected_and_found() -> None:
    cases = suite(warnings_fail=False).iter("testcase")
    (case,) = [each for each in cases if each.find("failure") is not None and "imaps" in each.attrib["name"]]
    assert case.attrib["name"] == "MAIL-26 mx1 imaps/tcp at 198.51.100.80:993/tcp"
    assert case[0].attrib["message"] == "expected open, found bad-certificate (it ended yesterday)"
    assert "Remedy: Renew it." in str(case[0].text)


def test_a_warning_fails_its_case_only_where_warnings_fail_the_run() -> None:
    for fail, tag in ((False, "system-out"), (True, "failure")):
        (case,) = [case for case in suite(warnings_fail=fail).iter("testcase") if "AD-22" in case.attrib["name"]]
        assert [each.tag for each in case] == [tag]


def test_what_xml_cannot_write_does_not_break_it() -> None:
    finding = Finding(severity=WARNING, requirement="", vantage="a", subject="b", expected="c", found="\x00\x1b[31m<&")
    check = Check(kind="port", requirement="", vantage="a", subject="b", outcome=Outcome.WARNED)
    root = ElementTree.fromstring(junit([check], [finding], time=office.TIME, warnings_fail=False))
    assert "Found: ??[31m<&." in str(next(root.iter("system-out")).text)


def run(**outcomes: Outcome) -> Run:
    keys = {"key": KEY, "other": OTHER}
    return Run(
        time=office.TIME, errors=0, warnings=0, checks=2, outcomes={keys[key]: value for key, value in outcomes.items()}
    )


@pytest.mark.parametrize(
    ("before", "now", "better", "worse", "unseen"),
    [
        (Outcome.PASSED, Outcome.PASSED, 0, 0, 0),
        (Outcome.PASSED, Outcome.FAILED, 0, 1, 0),
        (Outcome.WARNED, Outcome.FAILED, 0, 1, 0),
        (Outcome.FAILED, Outcome.WARNED, 1, 0, 0),
        (Outcome.FAILED, Outcome.PASSED, 1, 0, 0),
        (Outcome.FAILED, Outcome.SKIPPED, 0, 0, 1),
        (Outcome.PASSED, Outcome.SKIPPED, 0, 0, 0),
        (Outcome.SKIPPED, Outcome.FAILED, 0, 1, 0),
    ],
)
def test_better_worse_and_not_seen(before: Outcome, now: Outcome, better: int, worse: int, unseen: int) -> None:
    changes = compare(run(key=before), run(key=now))
    assert (len(changes.better), len(changes.worse), len(changes.unseen)) == (better, worse, unseen)


def test_what_is_declared_no_more_got_better_only_if_its_vantage_point_was_asked() -> None:
    before = run(key=Outcome.FAILED, other=Outcome.FAILED)
    changes = compare(
        before, Run(time=office.LATER, errors=0, warnings=0, checks=1, outcomes={("dc1", "x"): Outcome.PASSED})
    )
    assert [change.vantage for change in changes.better] == ["dc1"]
    assert [change.vantage for change in changes.unseen] == ["mx1"]


def test_the_files_of_a_run(tmp_path: Path) -> None:
    record = office.record(office.faulty())
    paths = write(tmp_path / "output" / "report", record, ["What stands"], FORMATS)
    assert [path.name for path in paths][:4] == ["report.html", "report.json", "report.xml", "report.txt"]
    assert {path.stat().st_mode & 0o777 for path in paths} == {0o640}
    assert json.loads(paths[1].read_text(encoding="utf-8"))["counts"]["errors"] == record.counts.errors
    assert paths[3].read_text(encoding="utf-8") == "What stands\n"
    assert paths[0].stat().st_size < 400_000


def test_the_next_run_is_compared_with_the_last_and_old_ones_go(tmp_path: Path) -> None:
    for day in range(1, 6):
        hosts = office.faulty() if day == 4 else office.healthy()
        write(tmp_path, office.record(hosts, time=f"2026-12-0{day}T06:30:00Z"), [], FORMATS)
    assert [path.name for path in sorted((tmp_path / "history").iterdir())] == [
        f"2026-12-0{day}T063000Z.json" for day in (3, 4, 5)
    ]
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "Since the run of 2026-12-04 06:30 UTC" in text
    assert "got better 9, got worse 0" in text


def test_runs_that_write_into_one_directory_at_the_same_time_do_not_disturb_each_other(tmp_path: Path) -> None:
    records = [replace(office.record(office.healthy()), time=f"2026-11-28T10:00:{second:02}Z") for second in range(12)]
    with ThreadPoolExecutor(4) as pool:
        written = list(pool.map(lambda record: write(tmp_path, record, [], FORMATS), records))
    assert json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))["time"] in {row.time for row in records}
    assert {path.name for path in tmp_path.iterdir()} == {"history", *(path.name for path in written[0][:-1])}


def test_earlier_runs_that_cannot_be_read_are_left_out(tmp_path: Path) -> None:
    write(tmp_path, office.record(office.healthy()), [], FORMATS)
    history = tmp_path / "history"
    good = json.loads(next(history.iterdir()).read_text(encoding="utf-8"))
    (history / "1.json").write_text("{", encoding="utf-8")
    (history / "2.json").write_text(json.dumps(good | {"schema": 99}), encoding="utf-8")
    (history / "3.json").write_text("[]", encoding="utf-8")
    (history / "4.json").write_text(json.dumps(good | {"checks": [{"vantage": 1}]}), encoding="utf-8")
    assert [run.time for run in read(history)] == [office.TIME]


def test_one_site_without_mail_or_tunnels_makes_a_page_too(tmp_path: Path) -> None:
    compiled = office.plan()
    compiled |= {"sites": {"hq": compiled["sites"]["hq"]}, "site_links": {}, "hosts": {"dc1": compiled["hosts"]["dc1"]}}
    compiled["expectations"] = {"dc1": []}
    hosts: office.Hosts = {"dc1": {"__ports": {"results": []}}}
    record = replace(office.record(hosts, compiled=compiled), findings=())
    write(tmp_path, record, [], FORMATS)
    assert "Nothing was told about this." in (tmp_path / "report.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("sites", [3, 7])
def test_more_sites_than_fit_beside_each_other_are_drawn_below_each_other(tmp_path: Path, sites: int) -> None:
    record = office.record(office.healthy())
    more = [replace(record.sites[1], name=f"site{number}") for number in range(sites - 2)]
    hosts = [replace(record.hosts[0], name=f"gw{number}", site=site.name) for number, site in enumerate(more)]
    tunnels = [replace(record.tunnels[0], peer=host.name) for host in hosts]
    links = [replace(record.links[0], name=site.name, sites=("hq", site.name)) for site in more]
    record = replace(
        record,
        sites=(*record.sites, *more),
        hosts=(*record.hosts, *hosts),
        tunnels=(*record.tunnels, *tunnels),
        links=(*record.links, *links),
    )
    write(tmp_path, record, [], FORMATS)
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert text.count('class="tunnel ok"') == 2 * (sites - 1)
    assert text.count('data-host="gw0"') == 2
