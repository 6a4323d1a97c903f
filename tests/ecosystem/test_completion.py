"""Names are completed by jedi, which completes in IPython, Jupyter, Spyder, vim and python-lsp-server."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import gcore_iam
import pytest

jedi: Any = pytest.importorskip("jedi")


@pytest.fixture(scope="module", autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A cache of this process alone: jedi reads a file while another process writes it, and fails."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(jedi.settings, "cache_directory", str(tmp_path_factory.mktemp("jedi")))
        yield


def complete(code: str) -> set[str]:
    return {completion.name for completion in jedi.Script(code).complete()}


@pytest.mark.parametrize(
    ("code", "names"),
    [
        ("from gcore_iam import ", {"IAMClient", "AsyncIAMClient", "Session", "models", "NotFoundError", "paginate"}),
        ("import gcore_iam\ngcore_iam.", {"IAMClient", "AsyncIAMClient", "Session", "models", "errors"}),
        ("from gcore_iam import IAMClient\nIAMClient().", {"users", "tokens", "account", "auth", "with_options"}),
        ("from gcore_iam import AsyncIAMClient\nAsyncIAMClient().", {"users", "tokens", "account", "auth"}),
        ("from gcore_iam import IAMClient\nIAMClient().users.", {"get", "list", "update", "invite"}),
        ("from gcore_iam import IAMClient\nIAMClient().users.get(1).", {"email", "lang", "to_dict"}),
        ("from gcore_iam import IAMClient\nfor user in IAMClient().users.list():\n    user.", {"email", "lang"}),
        ("from gcore_iam import models\nmodels.", {"User", "Language", "Timestamp", "UNSET", "as_record"}),
        ("from gcore_iam.models import ", {"User", "Language", "Timestamp", "UNSET", "as_record"}),
        ("from gcore_iam import models\nmodels.Language.", {"EN", "DE"}),
        ("from gcore_iam_client import ", {"Client", "AuthenticatedClient"}),
        ("from gcore_iam_client import Client\nClient('').", {"get_httpx_client", "with_headers"}),
    ],
)
def test_jedi_completes_names(code: str, names: set[str]) -> None:
    assert names <= complete(code)


@pytest.mark.parametrize("client", ["IAMClient", "AsyncIAMClient"])
@pytest.mark.parametrize("resource", ["account", "auth", "tokens", "users"])
def test_jedi_completes_the_methods_of_a_resource_alone(client: str, resource: str) -> None:
    names = complete(f"from gcore_iam import {client}\n{client}().{resource}.")
    expected = getattr(getattr(gcore_iam, client)("42_k"), resource)
    assert {name for name in names if not name.startswith("_")} == {n for n in dir(expected) if not n.startswith("_")}


def test_jedi_shows_the_parameters_of_the_client() -> None:
    (signature,) = jedi.Script("from gcore_iam import IAMClient\nIAMClient(").get_signatures()
    assert {"auth", "base_url", "timeout", "retries"} <= {parameter.name for parameter in signature.params}
