"""What all tests share."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from gcore_iam.testing import FakeIAM
from hypothesis import Phase, settings

if TYPE_CHECKING:
    from playwright.sync_api import Browser

settings.register_profile("loaded machine", deadline=None)
settings.register_profile(  # for `make mutants`: it asks whether a test fails, not with which example
    "mutants", deadline=None, derandomize=True, database=None, phases=(Phase.explicit, Phase.generate)
)
settings.load_profile("loaded machine")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Collect only the three files that have serial tests for `-m serial`: collecting uses one core only."""
    if not config.option.markexpr.startswith("serial") or collection_path.suffix != ".py":
        return None
    return True if "mark.serial" not in collection_path.read_text(encoding="utf-8") else None


@pytest.fixture
def anyio_backend() -> str:
    """Async tests (`@pytest.mark.anyio`) run on asyncio."""
    return "asyncio"


@pytest.fixture
def fake(fake_iam: FakeIAM) -> FakeIAM:
    """A new fake; `@pytest.mark.fake_iam(57)` gives its arguments: how many users, or which ones."""
    return fake_iam


@pytest.fixture
def url(fake: FakeIAM) -> Iterator[str]:
    """The base URL of the fake, over real HTTP."""
    with fake.serve() as url:
        yield url


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Remove settings of the environment that tests must not depend on."""
    for name in ("GCORE_API_KEY", "GCORE_BASE_URL", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """The system's Chromium. Without one, the tests are skipped, but in CI they fail."""
    from playwright.sync_api import sync_playwright  # here, because it is not installed for all tests

    names = ("chromium", "chromium-browser", "google-chrome")
    path = next(filter(None, map(shutil.which, names)), None)
    if path is None:
        reason = f"none of {', '.join(names)} is installed; on Debian: apt-get install chromium"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()
