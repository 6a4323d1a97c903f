"""schemathesis, a program by others, compares the served fake with `spec/iam_api.yaml`.

What that file gets wrong is listed in `spec/corrections.yaml`, each entry with its reason. Operations without a handler
are tested in `test_newer_spec.py`.
"""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path
from typing import Any

import httpx
import pytest
import schemathesis
import yaml
from gcore_iam.testing import FakeIAM
from gcore_iam.testing.operations import HANDLERS
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis.core.failures import FailureGroup
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from codegen import corrections

ROOT = Path(__file__).parents[2]
EXAMPLES = 6
"""Examples of each operation with a valid key, of valid and of invalid data. The fake checks requests by the spec
itself, so that these prove that it does, for each operation; SLOW_EXAMPLES look further."""

SLOW_EXAMPLES = 100 if os.environ.get("MORE_EXAMPLES") else 30
"""`make coverage` looks further. Every operation goes through the same validation, so that it gets 24 times as many."""

KEYLESS_EXAMPLES = 2
"""Examples without a key, to which the fake responds before it reads the data."""

SLOW_OR_LARGE = (HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large)
CHECKS = [response_schema_conformance, status_code_conformance, content_type_conformance]


def load_spec() -> dict[str, Any]:
    """The vendored file, with the listed corrections."""
    document: dict[str, Any] = yaml.safe_load((ROOT / "spec" / "iam_api.yaml").read_text("utf-8"))
    corrections.apply(corrections.load(ROOT / "spec" / "corrections.yaml"), document, lenient=False)
    return document


OPERATIONS = {
    operation.definition.raw["operationId"]: operation
    for operation in (
        result.ok()  # type: ignore[union-attr] # pyright: ignore[reportAttributeAccessIssue]
        for result in schemathesis.openapi.from_dict(load_spec()).get_all_operations()
    )
}
ADMINISTRATION = {"client_user": {"role": {"id": 2}}, "exp_date": None, "name": "t"}
PASSWORD = "correct-horse-battery"
IDS = {"clientId": [1001], "userId": [*[1] * 11, *range(2, 13)], "tokenId": list(range(2, 12))}


def fill_body(operation_id: str, url: str, fake: FakeIAM) -> dict[str, Any]:
    """Values that random bodies never have, so that operations also succeed."""
    owner = {"username": fake.users[0]["email"], "password": PASSWORD}
    if operation_id == "iamRefreshToken":
        pair = httpx.post(f"{url}/iam/auth/jwt/login", json=owner, trust_env=False).raise_for_status().json()
        return {"refresh": pair["refresh"]}
    return {
        "iamLoginUser": owner,
        "iamCreateAccount": {"company": "Third"},
        "iamChangePassword": {"old": PASSWORD, "new": PASSWORD, "double": PASSWORD},
        "iamUpdateUserEmail": {"password": PASSWORD, "new_email": f"new{fake.calls.total()}@example.com"},
        "iamInviteUser": {"client_id": fake.account_id, "user_role": {"id": 2}},
        "iamUpdateClientUserRole": {"user_role": {"id": 5}},
        "iamCreateApiToken": ADMINISTRATION,
        "iamCreateApiTokenV2": ADMINISTRATION,
    }.get(operation_id, {})


def issue_tokens(url: str, fake: FakeIAM) -> None:
    with httpx.Client(base_url=url, headers={"Authorization": f"APIKey {fake.api_key}"}, trust_env=False) as client:
        for _ in IDS["tokenId"]:
            client.post(f"/iam/v2/clients/{fake.account_id}/tokens", json=ADMINISTRATION).raise_for_status()


@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: f"{mode.value} data")
@pytest.mark.parametrize(
    ("key", "examples"),
    [
        pytest.param("valid key", EXAMPLES, id="valid key"),
        pytest.param("no key", KEYLESS_EXAMPLES, id="no key"),
        pytest.param("valid key", SLOW_EXAMPLES, id="valid key, many", marks=pytest.mark.slow),
    ],
)
@pytest.mark.parametrize("operation_id", sorted(OPERATIONS.keys() & HANDLERS.keys()))
def test_every_response_is_as_the_spec_says(operation_id: str, key: str, examples: int, mode: GenerationMode) -> None:
    operation = OPERATIONS[operation_id]
    fake = FakeIAM(30)
    headers = {"Authorization": f"APIKey {fake.api_key}"} if key == "valid key" else {}
    statuses: Counter[int] = Counter()

    with fake.serve() as url:
        if "{tokenId}" in operation.path and key == "valid key":
            issue_tokens(url, fake)

        # The number makes examples differ where an operation takes nothing, and hypothesis would send one.
        @settings(
            max_examples=examples,
            deadline=None,
            database=None,
            derandomize=True,
            suppress_health_check=SLOW_OR_LARGE,
        )
        @given(case=operation.as_strategy(generation_mode=mode), data=st.data(), number=st.integers())
        def run(case: schemathesis.Case[Any], data: st.DataObject, number: int) -> None:
            if data.draw(st.sampled_from([False, True, True]), "likely to do work"):
                case.path_parameters = {name: data.draw(st.sampled_from(IDS[name])) for name in case.path_parameters}
                if isinstance(case.body, dict):
                    case.body = {**case.body, **fill_body(operation_id, url, fake)}
            response = case.call(base_url=url, headers=headers)
            statuses[response.status_code] += 1
            case.validate_response(response, checks=CHECKS)

        run()

    assert statuses.total() >= examples
    is_open = operation.definition.raw.get("security") == []
    if key == "no key" and not is_open:
        assert set(statuses) == {401}
    elif mode is GenerationMode.POSITIVE and examples >= SLOW_EXAMPLES:  # a few examples may all name somebody else
        assert any(200 <= status < 300 for status in statuses), statuses


def test_schemathesis_notices_an_undocumented_status() -> None:
    """Without the correction of statuses, the same fake fails; so the tests above can fail."""
    document: dict[str, Any] = yaml.safe_load((ROOT / "spec" / "iam_api.yaml").read_text("utf-8"))
    wrong = schemathesis.openapi.from_dict(document)["/iam/activity_log/logins"]["GET"]
    with FakeIAM(1).serve() as url:
        case = wrong.Case(query={"limit": 1})
        response = case.call(base_url=url)
        assert response.status_code == 401
        with pytest.raises(FailureGroup, match="Undocumented status code"):
            case.validate_response(response, checks=CHECKS)
