# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The page as somebody sees it: on a desk, on a phone, by night, without scripts, by ear."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from pathlib import Path

import pytest
from ansible_collections.mailforest.stack.plugins.plugin_utils._report.history import as_run
from ansible_collections.mailforest.stack.plugins.plugin_utils._report.page import page
from ansible_collections.mailforest.stack.tests.unit.plugins.plugin_utils._report import office
from ansible_collections.mailforest.stack.tests.unit.plugins.plugin_utils._report.browser import (
    DESKTOP,
    PHONE,
    Browser,
    browser,
)
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.select import Select
from selenium.webdriver.support.wait import WebDriverWait

SECTIONS = ["findings", "map", "ports", "roles", "replication", "certificates", "mail", "history"]
SCREENSHOTS = Path(__file__).resolve().parents[5] / ".build" / "reports" / "report"
HOSTS = {"gw-hq", "gw-branch", "dc1", "dc2", "dc3", "mx1", "mx2", "member1", "outside"}
KINDS = ["healthy-en", "healthy-ru", "faulty-en", "faulty-ru"]


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with a page of each kind."""
    directory = tmp_path_factory.mktemp("pages")
    healthy, faulty = office.record(office.healthy()), office.record(office.faulty(), time=office.LATER)
    for language in ("en", "ru"):
        good, bad = as_run(healthy), as_run(faulty)
        (directory / f"healthy-{language}.html").write_text(page(healthy, [good], language=language))
        (directory / f"faulty-{language}.html").write_text(page(faulty, [good, good, bad], language=language))
    return directory


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with browser(tmp_path_factory.mktemp("profile")) as opened:
        yield opened


@pytest.mark.parametrize("kind", KINDS)
def test_every_section_is_there(chromium: Browser, pages: Path, kind: str) -> None:
    chromium.open(pages / f"{kind}.html")
    shown = {section.get_attribute("id"): section.text for section in chromium.shown("main > section")}
    assert set(shown) == set(SECTIONS)
    assert all(len(text.splitlines()) > 1 for text in shown.values())
    assert [link.get_attribute("href") for link in chromium.shown("nav a")] == [
        f"{(pages / f'{kind}.html').as_uri()}#{name}" for name in shown
    ]


@pytest.mark.parametrize(("width", "drawn", "hidden"), [(DESKTOP, "wide", "narrow"), (PHONE, "narrow", "wide")])
def test_the_map_shows_each_host_and_each_role(
    chromium: Browser, pages: Path, width: int, drawn: str, hidden: str
) -> None:
    chromium.open(pages / "healthy-en.html", width=width)
    cards = {
        card.get_attribute("data-host"): card.text.replace(",", "").split()
        for card in chromium.shown(f".map-{drawn} .host")
    }
    assert set(cards) == HOSTS
    owners = {"dc1": ["schema", "naming", "rid", "infrastructure", "domaindns", "forestdns"], "dc2": ["pdc"]}
    for host, words in cards.items():
        assert [word for word in words if word in office.plan()["fsmo"]] == owners.get(str(host), [])
    assert len(chromium.shown(f".map-{drawn} .tunnel.ok")) == 1
    assert len(chromium.all(f".map-{drawn} .link")) == 1
    assert chromium.shown(f".map-{hidden}") == []


def test_what_is_wrong_is_told_by_sign_and_word_not_by_colour_alone(chromium: Browser, pages: Path) -> None:
    chromium.open(pages / "faulty-en.html")
    wrong = {card.get_attribute("data-host") for card in chromium.all(".map-wide .host.error")}
    assert wrong == {"gw-hq", "dc1", "dc2", "dc3", "mx1", "member1"}
    assert len(chromium.shown(".map-wide .host.error .sign.error path")) == len(wrong)
    assert len(chromium.shown(".map-wide .tunnel.error .sign.error")) == 1
    assert "8 things are not as declared" in chromium.one("h1").text
    cells = {cell.text for cell in chromium.all("#ports td.wrong")}
    assert cells == {
        "✕\nnot as declared: declared closed, was open",
        "✕\nnot as declared: declared open, was bad-certificate",
    }


def _reset(chromium: Browser, rows: int) -> None:
    """The page filters anew once the form is empty, which it is a moment after the click."""
    chromium.one("#filter button").click()
    WebDriverWait(chromium.driver, 10).until(lambda _driver: chromium.one("#shown").text == f"{rows} of {rows} shown")


def test_filters_leave_what_fits(chromium: Browser, pages: Path) -> None:
    chromium.open(pages / "faulty-en.html")
    rows = len(chromium.shown("#findings tbody tr"))
    assert chromium.one("#shown").text == f"{rows} of {rows} shown"
    for name, value, fitting in (
        ("severity", "warning", {"AD-22"}),
        ("requirement", "AD-10", {"AD-10"}),
        ("host", "mx1", {"MAIL-12", "MAIL-26"}),
    ):
        Select(chromium.one(f"#f-{name}")).select_by_value(value)
        assert {tag.text for tag in chromium.shown("#findings tbody .tag:not(.new)")} == fitting
        assert chromium.one("#shown").text == f"{len(fitting)} of {rows} shown"
        _reset(chromium, rows)
    chromium.one("#f-text").send_keys("RECONNECTING")
    assert [tag.text for tag in chromium.shown("#findings tbody .tag:not(.new)")] == ["AD-11"]
    Select(chromium.one("#f-host")).select_by_value("dc3")
    assert chromium.shown("#findings tbody tr") == []
    _reset(chromium, rows)
    assert len(chromium.shown("#findings tbody tr")) == rows


def test_without_scripts_everything_can_be_read(chromium: Browser, pages: Path) -> None:
    chromium.open(pages / "faulty-en.html", scripts=False)
    assert chromium.shown("#filter") == []
    assert len(chromium.shown("#findings tbody tr")) == 8
    assert "The tunnel to gw-branch is not connected" in chromium.one("#findings").text


@pytest.mark.parametrize(
    ("kind", "width", "scheme"),
    [*product(["healthy-en", "faulty-en"], [DESKTOP, PHONE], ["light", "dark"]), ("faulty-ru", PHONE, "dark")],
)
def test_nothing_complains_and_axe_finds_nothing(
    chromium: Browser, pages: Path, kind: str, width: int, scheme: str
) -> None:
    chromium.complaints()
    chromium.open(pages / f"{kind}.html", scheme=scheme, width=width)
    chromium.screenshot(SCREENSHOTS / f"{kind}-{scheme}-{width}.png")
    assert chromium.complaints() == []
    assert chromium.run("return performance.getEntriesByType('resource').map(each => each.name)") == []
    assert chromium.run("return document.scrollingElement.scrollWidth") <= width, "it must not scroll sideways"
    chromium.run("document.querySelectorAll('details').forEach(each => { each.open = true; })")
    assert chromium.violations() == []


def test_axe_does_find_what_is_wrong(chromium: Browser, pages: Path) -> None:
    chromium.open(pages / "faulty-en.html")
    chromium.run("document.documentElement.removeAttribute('lang'); document.querySelector('h1').style.color = '#ddd'")
    assert {text.partition(":")[0] for text in chromium.violations()} == {"color-contrast", "html-has-lang"}


def test_the_first_key_leads_past_the_links(chromium: Browser, pages: Path) -> None:
    chromium.open(pages / "faulty-en.html")
    chromium.one("body").send_keys(Keys.TAB)
    skip = chromium.driver.switch_to.active_element
    assert skip.get_attribute("class") == "skip"
    skip.send_keys(Keys.ENTER)
    assert chromium.driver.switch_to.active_element.get_attribute("id") == "content"


def test_on_paper_nothing_stays_folded(chromium: Browser, pages: Path) -> None:
    chromium.open(pages / "healthy-en.html")
    folded = "return document.querySelectorAll('details:not([open])').length"
    before = chromium.run(folded)
    chromium.run(
        "window.counted = -1; window.addEventListener('beforeprint', () => { counted = "
        "document.querySelectorAll('details:not([open])').length; })"
    )
    assert chromium.pages_on_paper().startswith(b"%PDF")
    assert (before > 0, chromium.run("return counted"), chromium.run(folded)) == (True, 0, before)


def test_what_hosts_say_is_text_and_no_markup(chromium: Browser, tmp_path: Path) -> None:
    hosts = office.healthy()
    hosts["dc1"]["__replication"]["problems"] = ["<script>document.title = 'taken'</script><b>bold</b>"]
    record = office.record(hosts)
    file = tmp_path / "page.html"
    file.write_text(page(record, [as_run(record)], language="en"))
    chromium.open(file)
    assert chromium.driver.title.startswith("1 thing is not as declared")
    assert "<b>bold</b>" in chromium.one("#findings dd b").text
