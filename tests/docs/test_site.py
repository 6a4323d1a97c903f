"""The built site, in a browser: pages open, everybody can read them, search and copying work, all files are local."""

from __future__ import annotations

import functools
import threading
import tomllib
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import Browser, Page, expect

ROOT = Path(__file__).parents[2]
SITE = ROOT / "build" / "site"
LIMIT = 8_000_000
"""Bytes of the built site."""

pytestmark = [pytest.mark.slow, pytest.mark.serial]  # one browser


def list_pages() -> list[str]:
    """Return the pages of the navigation, as they are built."""

    def walk(entry: object) -> Iterator[str]:
        if isinstance(entry, str):
            yield entry.removesuffix(".md") + ".html"
        for child in entry.values() if isinstance(entry, dict) else entry if isinstance(entry, list) else ():
            yield from walk(child)

    return list(walk(tomllib.loads((ROOT / "zensical.toml").read_text("utf-8"))["project"]["nav"]))


PAGES = list_pages()


class QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as in the base class
        pass


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    """Serve the site, which `make docs` has built, on loopback."""
    if not SITE.exists():
        pytest.skip("`make docs` builds the site first")
    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(QuietHandler, directory=str(SITE)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def page(browser: Browser, site: str) -> Iterator[Page]:
    """Open a page of its own; at the end, nothing was loaded from elsewhere, and no error is in the console."""
    events: list[str] = []
    context = browser.new_context(permissions=["clipboard-read", "clipboard-write"])
    page = context.new_page()
    page.on("console", lambda message: events.append(message.text) if message.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: events.append(str(error)))
    page.on(
        "request",
        lambda request: None if request.url.startswith((site, "data:", "blob:")) else events.append(request.url),
    )
    yield page
    context.close()
    assert events == []


def describe_violations(page: Page) -> list[str]:
    """Return what axe-core finds, one line for each kind of violation."""
    found = Axe().run(page).response["violations"]
    return [f"{page.url}: {one['id']}: {one['nodes'][0]['html'][:150]} ({len(one['nodes'])})" for one in found]


def test_every_page_is_in_the_navigation() -> None:
    sources = {path.relative_to(ROOT / "docs").with_suffix(".html").as_posix() for path in ROOT.glob("docs/**/*.md")}
    assert sources == set(PAGES)


def test_every_entry_opens_and_everybody_can_read_it(page: Page, site: str) -> None:
    violations: list[str] = []
    for name in PAGES:
        response = page.goto(f"{site}/{name}")
        assert response is not None
        assert response.status == 200, name
        assert page.locator("h1").count() == 1, name
        violations += describe_violations(page)
    assert violations == []


@pytest.mark.parametrize(
    "name", ["index.html", "guides/retries.html", "reference/errors.html", "understanding/pages.html"]
)
def test_everybody_can_read_the_dark_pages(page: Page, site: str, name: str) -> None:
    page.emulate_media(color_scheme="dark")
    page.goto(f"{site}/{name}")
    assert page.locator("body").get_attribute("data-md-color-scheme") == "slate"
    assert describe_violations(page) == []


def test_search_finds_the_page_about_rotation(page: Page, site: str) -> None:
    page.goto(f"{site}/index.html")
    page.locator("input[aria-label='Search']").wait_for(state="attached")  # the script of the theme has run
    page.get_by_role("button", name="Search").click()
    page.keyboard.type("rotate", delay=50)
    result = page.get_by_role("option").first
    expect(result).to_contain_text("Rotate a token into a vault", timeout=15_000)
    result.click()
    expect(page.locator("h1")).to_contain_text("Rotate a token into a vault", timeout=15_000)


def test_a_code_block_can_be_copied(page: Page, site: str) -> None:
    page.goto(f"{site}/start/first-call.html")
    page.locator("div.highlight").first.hover()
    page.locator(".md-code__button").first.click()
    page.wait_for_function("async () => (await navigator.clipboard.readText()).includes('IAMClient')")
    assert page.evaluate("navigator.clipboard.readText()").startswith("from gcore_iam import IAMClient")


def test_the_button_switches_to_dark_mode(page: Page, site: str) -> None:
    page.emulate_media(color_scheme="light")
    page.goto(f"{site}/index.html")
    page.get_by_title("Switch to dark mode").click()
    expect(page.locator("body")).to_have_attribute("data-md-color-scheme", "slate")


def test_the_site_is_small(site: str) -> None:
    assert sum(path.stat().st_size for path in SITE.rglob("*") if path.is_file()) < LIMIT
