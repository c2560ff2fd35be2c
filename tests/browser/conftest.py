"""Debian's Chromium on the real service over a published world."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, Response

WIDTHS = (1280, 360)
HEIGHT = 800
ONLY_LOOPBACK = "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything in this folder needs a browser."""
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.browser)


@dataclass(frozen=True, slots=True)
class Visit:
    """A page that was opened. requests: addresses it asked for. complaints: errors on its console."""

    page: Page
    answer: Response
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def measure(self, script: str) -> Any:
        """Value of a script in the page."""
        return self.page.evaluate(script)


# No longer than one module: the driver keeps an event loop running, in which no other test may live.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium, which can reach nothing but this machine."""
    chromium = shutil.which("chromium")
    if chromium is None or find_spec("playwright") is None:
        pytest.fail("there is no browser: install Debian's package `chromium`, and run `make test-all`")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium, args=["--no-sandbox", ONLY_LOOPBACK])
        yield browser
        browser.close()


@pytest.fixture(params=WIDTHS, ids=[f"{width}px" for width in WIDTHS])
def page(request: pytest.FixtureRequest, browser: Browser) -> Iterator[Page]:
    """An empty page, once wide as on a desk and once narrow as in a hand."""
    page = browser.new_page(viewport={"width": request.param, "height": HEIGHT})
    yield page
    page.close()


def visit(page: Page, address: str) -> Visit:
    """Open an address and wait until everything was loaded."""
    requests: list[str] = []
    complaints: list[str] = []
    page.on("request", lambda asked: requests.append(asked.url))
    page.on("console", lambda said: complaints.append(said.text) if said.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    answer = page.goto(address, wait_until="networkidle")
    assert answer is not None
    return Visit(page, answer, requests, complaints)
