"""What all tests share."""

import pytest
from hypothesis import Phase, settings

settings.register_profile("loaded machine", deadline=None)
settings.register_profile(  # for `make mutants`: it asks whether a test fails, not with which example
    "mutants", deadline=None, derandomize=True, database=None, phases=(Phase.explicit, Phase.generate)
)
settings.load_profile("loaded machine")


@pytest.fixture
def anyio_backend() -> str:
    """Async tests (`@pytest.mark.anyio`) run on asyncio."""
    return "asyncio"


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Remove settings of the environment that tests must not depend on."""
    for name in ("GCORE_API_KEY", "GCORE_BASE_URL", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
