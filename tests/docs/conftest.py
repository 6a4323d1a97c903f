"""FakeIAM behind HTTP on loopback, in this process, with the environment that the programs of the pages read."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
from gcore_iam.testing import FakeIAM


@pytest.fixture(scope="session")
def served() -> Iterator[tuple[FakeIAM, str]]:
    """Serve one fake for all pages."""
    ada = {"email": "ada@example.com", "password": "an example", "groups": [{"id": 1}]}
    fake = FakeIAM([ada, *({} for _ in range(11))])
    with fake.serve() as url:
        yield fake, url


@pytest.fixture
def page_fake(served: tuple[FakeIAM, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeIAM]:
    """Return the served fake as new, in an empty folder."""
    fake, url = served
    fake.reset()
    monkeypatch.chdir(tmp_path)
    for name, value in {
        "GCORE_API_KEY": fake.api_key,
        "GCORE_BASE_URL": url,
        "GCORE_EMAIL": "ada@example.com",
        "GCORE_PASSWORD": "an example",
    }.items():
        monkeypatch.setenv(name, value)
    loggers = [logging.getLogger(name) for name in ("gcore_iam", "httpx", "httpcore")]
    levels = [logger.level for logger in loggers]
    yield fake
    for logger, level in zip(loggers, levels, strict=True):
        logger.setLevel(level)
