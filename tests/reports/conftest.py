"""A real browser, and Allure's command line, for what is looked at in one."""

import importlib.util
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

# Opens a file, in a window of a size and with the settings of a new Playwright page; no errors, nothing from a network.
Open = Callable[..., "Page"]


@pytest.fixture(scope="module")
def chromium() -> Iterator["Browser"]:
    """The installed Chromium, without a window."""
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if path is None:
        pytest.skip("no browser: apt-get install chromium")
    if importlib.util.find_spec("playwright") is None:
        pytest.skip("no playwright: pip install playwright")
    from playwright.sync_api import sync_playwright

    # No sandbox: root may not have one, and what is opened is made here.
    arguments = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=arguments)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def allure() -> str:
    """Allure's command line."""
    command = shutil.which("allure")
    if command is None:
        pytest.skip("no Allure command line: npm install -g allure")
    return command


@pytest.fixture
def open_page(chromium: "Browser") -> Iterator[Open]:
    """Opens a file in a tab; in the end no tab may have said an error, or asked anything of a network."""
    problems: list[str] = []
    tabs: list[Page] = []

    def open_page(path: Path, link: str = "", **settings: object) -> "Page":
        page = chromium.new_page(**settings)  # type: ignore[arg-type]
        tabs.append(page)
        page.on("console", lambda said: problems.append(f"{said.type}: {said.text}"))
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("request", lambda sent: problems.append(sent.url) if not sent.url.startswith(_LOCAL) else None)
        page.goto(path.absolute().as_uri() + link)
        return page

    yield open_page
    for page in tabs:
        page.close()
    assert problems == []


_LOCAL = ("file:", "data:", "blob:")
