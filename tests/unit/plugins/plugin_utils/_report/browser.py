# Copyright: (c) 2026, mailforest.stack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Debian's Chromium without a window, on a page that is a file."""

from __future__ import annotations

import base64
import ctypes
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from selenium.webdriver import Chrome, ChromeOptions
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement

DESKTOP, PHONE = 1280, 390
_AXE = """
const done = arguments[arguments.length - 1];
axe.run(document, {resultTypes: ['violations']}).then(found => done(found.violations), error => done([String(error)]));
"""


@dataclass(frozen=True)
class Browser:
    """A browser, and what the tests ask of it."""

    driver: Chrome

    def open(self, page: Path, *, scheme: str = "light", width: int = DESKTOP, scripts: bool = True) -> None:
        """Open a page as somebody with such a screen sees it."""
        self._devtools("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
        self._devtools("Emulation.setScriptExecutionDisabled", value=not scripts)
        phone = width < DESKTOP
        self._devtools("Emulation.setDeviceMetricsOverride", width=width, height=800, deviceScaleFactor=1, mobile=phone)
        self.driver.get(page.as_uri())

    def _devtools(self, command: str, **parameters: object) -> Any:
        return self.driver.execute_cdp_cmd(command, parameters)

    def all(self, selector: str) -> list[WebElement]:
        """The elements of a selector."""
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def one(self, selector: str) -> WebElement:
        """The one element of a selector."""
        (found,) = self.all(selector)
        return found

    def shown(self, selector: str) -> list[WebElement]:
        """Those that can be seen."""
        return [each for each in self.all(selector) if each.is_displayed()]

    def run(self, script: str) -> Any:
        """What a script returns."""
        return self.driver.execute_script(script)

    def complaints(self) -> list[str]:
        """What the console has."""
        return [row["message"] for row in self.driver.get_log("browser")]  # type: ignore[no-untyped-call]

    def violations(self) -> list[str]:
        """What axe finds: the rule, and where it is broken."""
        self.driver.execute_script(files("axe_core_python").joinpath("axe.min.js").read_text(encoding="utf-8"))
        found: list[Any] = self.driver.execute_async_script(_AXE)
        return [
            each if isinstance(each, str) else f"{each['id']}: {[node['html'][:160] for node in each['nodes'][:5]]}"
            for each in found
        ]

    def screenshot(self, path: Path) -> None:
        """The whole page, however long."""
        image = self._devtools("Page.captureScreenshot", format="png", captureBeyondViewport=True)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(base64.b64decode(image["data"]))

    def pages_on_paper(self) -> bytes:
        """The page as a PDF."""
        return base64.b64decode(self._devtools("Page.printToPDF")["data"])


_PR_SET_PDEATHSIG = 1


def _end_with_parent() -> None:
    """ansible-test runs each test in a process that ends without a word to what it has started."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


@contextmanager
def browser(profile: Path) -> Iterator[Browser]:
    """A browser of its own, which ends with the tests."""
    options = ChromeOptions()
    options.binary_location = "/usr/bin/chromium"
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    # Root, whom tests in a container run as, has no sandbox; /dev/shm is small there.
    for argument in (
        "--headless=new",
        "--no-sandbox",
        "--disable-dev-shm-usage",
        "--hide-scrollbars",
        "--remote-debugging-pipe",
        f"--user-data-dir={profile}",
    ):
        options.add_argument(argument)
    service = Service("/usr/bin/chromedriver", popen_kw={"preexec_fn": _end_with_parent})
    driver = Chrome(options=options, service=service)
    try:
        yield Browser(driver)
    finally:
        driver.quit()
