"""The generated users and accounts: valid, varied, and the same everywhere."""

from __future__ import annotations

import copy
import hashlib
import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from gcore_iam.testing import FakeIAM

from .support import BASE_USER_KEYS, USER_KEYS, pick

SPEC = Path(__file__).parents[2] / "spec" / "iam_api.yaml"
SEEDS = (0, 1, -1, 20_260_515, 2**80)
# Exact types, as the json module gives them: a boolean is no integer.
PYTHON_TYPES: dict[str, tuple[type, ...]] = {
    "array": (list,),
    "boolean": (bool,),
    "integer": (int,),
    "number": (int, float),
    "object": (dict,),
    "string": (str,),
}


class Schemas:
    """Compares values with the schemas of the API's spec."""

    def __init__(self) -> None:
        # CSafeLoader takes a tenth of the time, where it exists.
        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        self.schemas = yaml.load(SPEC.read_text("utf-8"), loader)["components"]["schemas"]  # noqa: S506

    def problems(self, name: str, value: Any) -> list[str]:
        return self._check(self.schemas[name], value, name)

    def _check(self, schema: dict[str, Any], value: Any, where: str) -> list[str]:
        if "$ref" in schema:
            schema = self.schemas[schema["$ref"].rpartition("/")[2]]
        if "allOf" in schema:
            return [problem for part in schema["allOf"] for problem in self._check(part, value, where)]
        if value is None:
            return [] if schema.get("nullable") else [f"{where}: null"]
        kind = schema.get("type", "object" if "properties" in schema else None)
        if kind is None:
            return []
        if type(value) not in PYTHON_TYPES[kind]:
            return [f"{where}: {value!r} is no {kind}"]
        if "enum" in schema and value not in schema["enum"]:
            return [f"{where}: {value!r} is not in the enum"]
        if schema.get("format") == "email" and not re.fullmatch(r"[a-z0-9.-]+@[a-z.]+\.[a-z]+", value):
            return [f"{where}: {value!r} is no email address"]
        if kind == "array":
            return [p for i, item in enumerate(value) for p in self._check(schema["items"], item, f"{where}[{i}]")]
        if kind == "object":
            return self._check_object(schema, value, where)
        return []

    def _check_object(self, schema: dict[str, Any], value: dict[str, Any], where: str) -> list[str]:
        properties = schema["properties"]
        found = [f"{where}: {key} is missing" for key in schema.get("required", ()) if key not in value]
        found += [f"{where}: {key} is not in the schema" for key in value if key not in properties]
        for key in properties.keys() & value.keys():
            found += self._check(properties[key], value[key], f"{where}.{key}")
        return found


@cache
def load_schemas() -> Schemas:
    return Schemas()


@pytest.fixture
def schemas() -> Schemas:
    return load_schemas()


def list_users(fake: FakeIAM) -> list[dict[str, Any]]:
    """The fake's users as plain dicts, as the json module gives them."""
    return [copy.deepcopy(user) for user in fake.users]


def get_account(fake: FakeIAM) -> dict[str, Any]:
    headers = {"Authorization": f"APIKey {fake.api_key}"}
    with httpx.Client(base_url="http://fake", headers=headers, transport=fake.transport()) as client:
        account: dict[str, Any] = client.get("/iam/clients/me").raise_for_status().json()
    return account


def test_the_schema_check_notices_what_is_wrong(schemas: Schemas) -> None:
    (good,) = list_users(FakeIAM(1))
    assert schemas.problems("User", good) == []
    for key in good:
        assert schemas.problems("User", {k: v for k, v in good.items() if k != key})
    for key, value in {
        "id": True,
        "email": "nobody",
        "lang": "fr",
        "groups": [{"id": "1"}],
        "company": None,
        "client_and_roles": [{}],
        "surprise": 1,
    }.items():
        assert schemas.problems("User", {**good, key: value}), key


@pytest.mark.parametrize("seed", SEEDS)
def test_every_user_and_the_account_follow_the_schemas(schemas: Schemas, seed: int) -> None:
    fake = FakeIAM(60, seed=seed)
    assert [problem for user in list_users(fake) for problem in schemas.problems("User", user)] == []
    account = get_account(fake)
    assert schemas.problems("ClientBase", account) == []
    for feature in (f for kind in ("paidFeatures", "freeFeatures") for group in account[kind].values() for f in group):
        assert re.fullmatch(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ", feature["create_date"])


@pytest.mark.parametrize("seed", SEEDS)
def test_the_default_size_shows_every_variety(schemas: Schemas, seed: int) -> None:
    users = FakeIAM(seed=seed).users
    assert [user["id"] for user in users] == list(range(1, 26))
    assert len({user["email"] for user in users}) == 25
    assert {user["lang"] for user in users} == set(schemas.schemas["Language"]["enum"])
    assert {user["user_type"] for user in users} == set(schemas.schemas["UserType"]["enum"])
    assert {way for user in users for way in user["auth_types"]} == set(schemas.schemas["AuthType"]["enum"])
    assert {(group["id"], group["name"]) for user in users for group in user["groups"]} == {
        (1, "Administrators"),
        (2, "Users"),
        (5, "Engineers"),
        (3009, "Purge and Prefetch only (API+Web)"),
        (3022, "Purge and Prefetch only (API)"),
    }
    for key in ("name", "phone"):
        assert {user[key] is None for user in users} == {True, False}
    for key in ("two_fa", "sso_auth", "activated", "is_active"):
        assert {user[key] for user in users} == {True, False}
    assert {len(user["client_and_roles"]) for user in users} == {1, 2}


@pytest.mark.parametrize("seed", SEEDS)
def test_users_agree_with_themselves_and_with_the_account(seed: int) -> None:
    fake = FakeIAM(40, seed=seed)
    account = get_account(fake)
    for user in fake.users:
        assert user["client"] == account["id"]
        own = user["client_and_roles"][0]
        assert own["client_id"] == account["id"]
        assert own["client_company_name"] == user["company"] == account["companyName"]
        assert own["user_roles"] == [str(group["id"]) for group in user["groups"]]
        assert {entry["user_id"] for entry in user["client_and_roles"]} == {user["id"]}
        assert user["sso_auth"] == ("sso" in user["auth_types"])
        assert user["activated"] or not user["two_fa"]
    enabled = {service for service, state in account["serviceStatuses"].items() if state["enabled"]}
    assert set(account["capabilities"]) == enabled


@pytest.mark.parametrize("seed", SEEDS)
def test_the_first_user_is_an_administrator_who_can_act(seed: int) -> None:
    fake = FakeIAM(1, seed=seed)
    (first,) = fake.users
    assert first["groups"] == [{"id": 1, "name": "Administrators"}]
    assert (first["activated"], first["is_active"], first["deleted"]) == (True, True, False)
    account = get_account(fake)
    assert (account["currentUser"], account["has_active_admin"]) == (first["id"], True)


def test_no_generated_user_can_be_a_real_person() -> None:
    for user in FakeIAM(300).users:
        assert re.fullmatch(r"[a-z-]+\.\d+@(eu\.)?example\.(com|net|org)", user["email"])
        assert user["phone"] is None or re.fullmatch(r"\+1\d{3}55501\d\d", user["phone"])


def test_nullable_account_fields_are_null_for_some_seeds() -> None:
    accounts = [get_account(FakeIAM(1, seed=seed)) for seed in range(12)]
    for key in ("phone", "name", "entryBaseDomain", "signup_process", "custom_id"):
        assert {account[key] is None for account in accounts} == {True, False}, key


def test_a_seed_gives_the_same_users_everywhere() -> None:
    """The digests were taken once; a change here changes what users' own tests see."""

    def digest(value: Any) -> str:
        return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()

    fake = FakeIAM(100, seed=7)
    # Without properties that a later spec has gained.
    users = [pick(user, USER_KEYS) for user in fake.users]
    assert digest(users) == "0cdd5eb07b6bd68f0e7c8efa16a2590b7e52d0ef75b282741945a08a74048b73"
    account = get_account(fake)
    account["users"] = [pick(user, BASE_USER_KEYS) for user in account["users"]]
    assert digest(account) == "92715c3a41b7190113185cef73b21bc7ef2fe6ea5db30294792b867bbce99a8b"


def test_seeds_differ_and_fewer_users_begin_more_users() -> None:
    generated = [FakeIAM(5, seed=seed).users for seed in SEEDS]
    assert all(a != b for i, a in enumerate(generated) for b in generated[:i])
    assert FakeIAM(30, seed=3).users[:10] == FakeIAM(10, seed=3).users
