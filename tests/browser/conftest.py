"""Fixtures for tests in a real browser: the distribution's Chromium, without network access."""

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from access.prove.matrix import Proof
from access.prove.reports import html_report

_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

Scheme = Literal["light", "dark"]


@dataclass
class Opened:
    """A proof's page, open in the browser."""

    page: Page
    address: str
    heard: list[str] = field(default_factory=list)
    """The page's console messages, network requests and errors."""


@dataclass(frozen=True)
class Viewer:
    """Open proofs in the browser."""

    browser: Browser
    directory: Path
    contexts: list[BrowserContext] = field(default_factory=list)

    def open(self, proof: Proof, *, width: int = 1360, height: int = 900, scheme: Scheme = "light") -> Opened:
        """Open a proof's page."""
        path = self.directory / f"{len(self.contexts)}.html"
        path.write_text(html_report.render(proof), encoding="utf-8")
        context = self.browser.new_context(
            viewport={"width": width, "height": height}, color_scheme=scheme, reduced_motion="reduce"
        )
        self.contexts.append(context)
        opened = Opened(context.new_page(), path.as_uri())
        heard = opened.heard
        opened.page.on("console", lambda message: heard.append(f"console: {message.text}"))
        opened.page.on("pageerror", lambda error: heard.append(f"error: {error}"))
        opened.page.on("dialog", lambda dialog: heard.append(f"dialog: {dialog.message}"))
        opened.page.on("request", lambda request: heard.append(f"request: {request.url}"))
        opened.page.goto(opened.address)
        return opened


@pytest.fixture(scope="module")  # no longer: playwright leaves a loop running, which other tests trip over
def browser() -> Iterator[Browser]:
    """Return the browser. Without one, tests are skipped, except on CI, which must install it."""
    chromium = shutil.which("chromium")
    if not chromium:
        said = "there is no chromium on PATH; install the distribution's, e.g. apt-get install chromium"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(said)
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium, args=_ARGUMENTS)
        yield started
        started.close()


@pytest.fixture
def viewer(browser: Browser, tmp_path: Path) -> Iterator[Viewer]:
    """Open proofs in the browser."""
    made = Viewer(browser, tmp_path)
    yield made
    for context in made.contexts:
        context.close()


def value(page: Page, expression: str) -> Any:  # noqa: ANN401 (JavaScript)
    """Return the value of an expression in the page."""
    return page.evaluate(expression)
