"""The programs of the documentation that need other packages."""

from __future__ import annotations

import pytest
from gcore_iam.testing import FakeIAM

from tests.docs.code_blocks import PROGRAMS
from tests.docs.conftest import page_fake, served

__all__ = ["page_fake", "served"]

BLOCKS = {f"{block.page}:{block.line}": block for block in PROGRAMS if block.needs}


@pytest.mark.filterwarnings("ignore:Using `httpx` with")  # of starlette, where httpx2 is not installed
@pytest.mark.parametrize("place", BLOCKS)
def test_the_program_runs(place: str, page_fake: FakeIAM) -> None:
    for package in BLOCKS[place].needs:
        pytest.importorskip(package)
    BLOCKS[place].run()
