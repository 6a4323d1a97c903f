"""The overlay layer: hand-written lines that a new spec breaks, seeded into the vendored one.

Each break is said as what to change in the spec, and as what the hand-written line that it must find says; a
change without a line breaks none. The breaks of one group do not touch each other, so that they can be reviewed in one
go: the type checker takes seconds.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from codegen import corrections
from codegen.drift.load import read
from codegen.drift.report import Change, Review
from codegen.drift.review import Project, review
from tests.codegen.drift.pairs import TODAY, Document, document, given
from tests.codegen.drift.test_python import rename

ROOT = Path(__file__).parents[3]
OVERLAY = ROOT / "overlay" / "gcore_iam"
SPEC = ROOT / "spec" / "iam_api.yaml"


def schema(content: Document, name: str) -> Document:
    """A component, or the part of it that has the properties."""
    found: Document = content["components"]["schemas"][name]
    parts = [part for part in found.get("allOf", ()) if "properties" in part]
    return parts[-1] if parts and "properties" not in found else found


def remove_property(content: Document, name: str, key: str) -> None:
    """Remove a property."""
    found = schema(content, name)
    del found["properties"][key]
    found["required"] = [other for other in found.get("required", ()) if other != key]


def renamed(content: Document, name: str, key: str, new: str) -> None:
    """Rename a property."""
    found = schema(content, name)
    found["properties"] = {new if other == key else other: value for other, value in found["properties"].items()}
    found["required"] = [new if other == key else other for other in found.get("required", ())]


def operation(content: Document, name: str) -> Document:
    """An operation by its id."""
    return next(
        found
        for item in content["paths"].values()
        for found in item.values()
        if isinstance(found, dict) and found.get("operationId") == name
    )


def remove_operation(content: Document, name: str) -> None:
    """Remove an operation."""
    for item in content["paths"].values():
        for method, found in list(item.items()):
            if isinstance(found, dict) and found.get("operationId") == name:
                del item[method]


def require_property(content: Document, name: str, key: str) -> None:
    """A new required property."""
    found = schema(content, name)
    found["properties"][key] = {"type": "string"}
    found["required"] = [*found.get("required", ()), key]


def without_parameter(content: Document, name: str, parameter: str) -> None:
    """Remove a parameter."""
    found = operation(content, name)
    kept = []
    for listed in found["parameters"]:
        place = listed.get("$ref", "").rpartition("/")[2]
        value = content["components"]["parameters"][place] if place else listed
        kept += [] if value["name"] == parameter else [listed]
    assert len(kept) == len(found["parameters"]) - 1
    found["parameters"] = kept


Seed = tuple[Callable[[Document], Any], list[tuple[str, str]], str]
"""What to change; (file, what the broken line says) of each line that it breaks; what the message must name."""

GROUPS: tuple[dict[str, Seed], ...] = (
    {
        "a field that is read": (
            lambda api: remove_property(api, "ClientBase", "currentUser"),
            [
                ("aio/resources/account.py", "get()).current_user"),
                ("aio/resources/token_search.py", "get_model(response).current_user"),
                ("observe/contract.py", "user_id = user.id if"),
            ],
            "current_user",
        ),
        "a field that is taken by name": (
            lambda api: remove_property(api, "User", "id"),
            [("aio/resources/users.py", 'attrgetter("id")'), ("aio/resources/account.py", "user.id == user_id")],
            '"User" has no attribute "id"',
        ),
        "a keyword of a model": (
            lambda api: renamed(api, "ChangePasswordRequest", "old", "current"),
            [("aio/resources/users.py", "old=")],
            '"old"',
        ),
        "a keyword of another model": (
            lambda api: remove_property(api, "InviteUserRequest", "lang"),
            [("aio/resources/users.py", "lang=")],
            '"lang"',
        ),
        "an operation id": (
            lambda api: operation(api, "iamGetUser").update(operationId="iamFetchUser"),
            [
                ("aio/resources/users.py", "import iam_get_user"),
                ("testing/operations/__init__.py", '"iamGetUser"'),
            ],
            "ser",
        ),
        "a parameter that pages are asked for with": (
            lambda api: without_parameter(api, "iamGetUsers", "limit"),
            [("aio/resources/users.py", "iam_get_users.asyncio_detailed")],
            '"limit"',
        ),
        "an enum that is a text": (
            lambda api: schema(api, "AuthType").pop("enum"),
            [
                ("aio/resources/users.py", "models.AuthType"),
                ("_validation/models.py", "import AuthType"),
                ("_validation/models.py", "import AuthType"),
            ],
            "AuthType",
        ),
        "a tag": (
            lambda api: [
                found.update(tags=["Tokens"])
                for item in api["paths"].values()
                for found in item.values()
                if isinstance(found, dict) and found.get("tags") == ["API Tokens"]
            ],
            [
                *[("aio/resources/tokens.py", "gcore_iam_client.api.api_tokens import")] * 4,
                *[("aio/resources/legacy_tokens.py", "gcore_iam_client.api.api_tokens import")] * 4,
                ("aio/resources/token_search.py", "gcore_iam_client.api.api_tokens import"),
            ],
            "gcore_iam_client.api.api_tokens",
        ),
        "fields that change places": (
            lambda api: schema(api, "LoginRequest").update(
                properties=dict(reversed(schema(api, "LoginRequest")["properties"].items()))
            ),
            [("aio/session_calls.py", "LoginRequest(")],
            '"LoginRequest" at the place of',
        ),
        "a path that credentials are not sent to": (
            lambda api: api["paths"].update({"/iam/auth/jwt/renew": api["paths"].pop("/iam/auth/jwt/refresh")}),
            [
                ("_bound_client.py", '"/iam/auth/jwt/refresh"'),
                ("auth/session.py", "/iam/auth/jwt/refresh"),
            ],
            "/iam/auth/jwt/refresh",
        ),
        "the key of a page of logins": (
            lambda api: renamed(api, "LastLoginTimeSchema", "result", "entries"),
            [("aio/resources/account.py", "iam_get_last_login_time.asyncio_detailed")],
            "paginate",
        ),
        "a field that no line reads": (lambda api: remove_property(api, "ClientUser", "user_email"), [], ""),
        "a new value of an enum": (lambda api: schema(api, "Language")["enum"].append("fr"), [], ""),
        "a new operation": (
            lambda api: api["paths"].update(
                {
                    "/iam/new": {
                        "get": {
                            "operationId": "iamNew",
                            "tags": ["Users"],
                            "responses": {"204": {"description": "Done."}},
                        }
                    }
                }
            ),
            [],
            "",
        ),
    },
    {
        "a parameter that is passed": (
            lambda api: without_parameter(api, "iamGetApiTokensV2", "issued_by"),
            [("aio/resources/tokens.py", " issued_by=check"), ("aio/resources/token_search.py", "issued_by=own")],
            '"issued_by"',
        ),
        "a class that is imported": (
            lambda api: (
                rename(api, "ForgotPasswordResponse", "PasswordRecovery")
                if "ForgotPasswordResponse" in api["components"]["schemas"]
                else rename(api, "EmailRequest", "AddressRequest")
            ),
            [("aio/resources/auth.py", "import EmailRequest")],
            "EmailRequest",
        ),
        "a class that is imported for its type": (
            lambda api: rename(api, "InviteUserResponseSchema", "Invitation"),
            [("aio/resources/users.py", "models.InviteUserResponseSchema")],
            "InviteUserResponseSchema",
        ),
        "a request that needs more": (
            lambda api: require_property(api, "ChangePasswordRequest", "reason"),
            [("aio/resources/users.py", "ChangePasswordRequest(")],
            "reason",
        ),
        "the key of a page": (
            lambda api: renamed(api, "PaginatedUsersArray", "results", "items"),
            [("aio/resources/users.py", "iam_get_users.asyncio_detailed")],
            "paginate",
        ),
        "a field of a session": (
            lambda api: renamed(api, "Token", "access", "access_token"),
            [
                ("aio/session_driver.py", "is_credential(token.access)"),
                ("aio/session_driver.py", "hide_text(token.access)"),
                ("aio/resources/users.py", ".change_password("),
            ],
            "oken",
        ),
        "an operation that is gone": (
            lambda api: remove_operation(api, "iamDeleteApiTokenV2"),
            [
                ("aio/resources/tokens.py", "import iam_delete_api_token_v2"),
                ("testing/operations/__init__.py", '"iamDeleteApiTokenV2"'),
            ],
            "elete",
        ),
        "a response that is a list": (
            lambda api: operation(api, "iamGetUser")["responses"]["200"]["content"].update(
                {
                    "application/json": {
                        "schema": {"type": "array", "items": {"$ref": "#/components/schemas/UserPublic"}}
                    }
                }
            ),
            [("aio/resources/users.py", "return self._unwrap(")],
            "list[UserPublic]",
        ),
        "a parameter that pages need": (
            lambda api: operation(api, "iamGetLastLoginTime")["parameters"].append(
                {"name": "client_id", "in": "query", "required": True, "schema": {"type": "integer"}}
            ),
            [("aio/resources/account.py", "iam_get_last_login_time.asyncio_detailed")],
            'needs "client_id"',
        ),
        "a header that is needed": (
            lambda api: operation(api, "iamCreateApiTokenV2")["parameters"].append(
                {"name": "X-Reason", "in": "header", "required": True, "schema": {"type": "string"}}
            ),
            [("aio/resources/tokens.py", "iam_create_api_token_v2.asyncio_detailed")],
            '"x_reason"',
        ),
        "an id that requests are repeated by": (
            lambda api: operation(api, "iamUpdateUser").update(operationId="iamPatchUser"),
            [
                ("aio/resources/users.py", "import iam_update_user"),
                ("retry.py", '"iamUpdateUser"'),
                ("testing/operations/__init__.py", '"iamUpdateUser"'),
                ("testing/gaps.py", '"iamUpdateUser"'),
            ],
            "pdate",
        ),
        "a field of a role": (
            lambda api: renamed(api, "UserRole", "user_role", "role"),
            [("aio/resources/users.py", ").user_role"), ("aio/resources/users.py", "UserRole(user_role=")],
            '"user_role"',
        ),
        "a second factor": (
            lambda api: remove_property(api, "LoginRequest", "one_time_password"),
            [("aio/session_calls.py", "one_time_password")],
            '"one_time_password"',
        ),
    },
)


@functools.cache
def review_group(group: int) -> Review:
    """The review of all breaks of a group."""
    content = yaml.safe_load(SPEC.read_text("utf-8"))
    for change, _, _ in GROUPS[group].values():
        change(content)
    project = Project(corrections.load(ROOT / "spec" / "corrections.yaml"), ROOT / "generator-config.yml", OVERLAY)
    new = given(content, "new.yaml", generating=True)
    return review(read(str(SPEC), generating=True), new, project, today=TODAY)


def read_first_line(change: Change) -> tuple[str, str]:
    """(file, text) of the line that an entry names first."""
    file, number, _ = change.files[0].rsplit(":", 2)
    return Path(file).relative_to(OVERLAY).as_posix(), Path(file).read_text("utf-8").splitlines()[int(number) - 1]


def list_overlay_changes(group: int) -> list[Change]:
    """The entries of the overlay layer."""
    return [change for change in review_group(group).changes if change.layer == "overlay"]


NUMBERS = [pytest.param(number, marks=pytest.mark.slow) for number in range(len(GROUPS))]
"""Slow: a review takes the type checker ten seconds."""

BREAKS = [
    pytest.param(number, name, marks=pytest.mark.slow)
    for number, group in enumerate(GROUPS)
    for name, (_, places, _) in group.items()
    if places
]


def test_there_are_twenty_breaks() -> None:
    assert len(BREAKS) >= 20


@pytest.mark.parametrize(("group", "name"), BREAKS)
def test_a_break_is_found_at_its_line(group: int, name: str) -> None:
    _, expected, named = GROUPS[group][name]
    found = [(read_first_line(change), change.message) for change in list_overlay_changes(group)]
    for file, text in expected:
        match = next(((at, said) for at, said in found if at[0] == file and text in at[1]), None)
        assert match is not None, (file, text, found)
        found.remove(match)
        assert named in match[1]


@pytest.mark.parametrize("group", NUMBERS)
def test_nothing_else_is_reported(group: int) -> None:
    expected = [place for _, places, _ in GROUPS[group].values() for place in places]
    left = [read_first_line(change) for change in list_overlay_changes(group)]
    for file, text in expected:
        left.remove(next(place for place in left if place[0] == file and text in place[1]))

    assert left == []
    assert review_group(group).verdict.overlay == "broken"
    assert review_group(group).suggested_bump == "major"


@pytest.mark.parametrize("group", NUMBERS)
def test_a_broken_line_knows_its_cause_and_its_sync_half(group: int) -> None:
    changes = {change.fingerprint: change for change in review_group(group).changes}
    for change in list_overlay_changes(group):
        causes = [changes[cause] for cause in change.causes if cause in changes]
        assert causes, change.message
        in_python_alone = ("py-class-renamed", "py-field-position-changed")
        assert any(cause.layer == "wire" for cause in causes) or causes[0].id in in_python_alone
        if "/aio/" in change.files[0]:
            assert any("/sync/" in file for file in change.files), change.files


@pytest.mark.slow
def test_a_line_knows_its_operation_when_a_tag_moves_many() -> None:
    found = {
        read_first_line(change)[1].strip(): change
        for change in list_overlay_changes(0)
        if "api_tokens import" in read_first_line(change)[1]
    }

    for text, method, path in (
        ("iam_get_api_token_v2", "GET", "/iam/v2/clients/{clientId}/tokens/{tokenId}"),
        ("iam_delete_api_token", "DELETE", "/iam/clients/{clientId}/tokens/{tokenId}"),
    ):
        change = found[f"from gcore_iam_client.api.api_tokens import {text}"]
        assert change.operations == (f"{method} {path}",)
        assert change.pointer == f"/paths/{path.replace('/', '~1')}/{method.lower()}"
        assert change.symbols == (f"gcore_iam_client.api.api_tokens.{text}",)


@pytest.mark.parametrize("group", NUMBERS)
def test_an_entry_shows_its_line_of_code(group: int) -> None:
    for change in list_overlay_changes(group):
        assert change.code == read_first_line(change)[1].strip()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("group", "text", "instead"),
    [
        (0, "import iam_get_user", "from gcore_iam_client.api.users import iam_fetch_user as iam_get_user"),
        (0, '"iamGetUser"', '"iamFetchUser"'),
        pytest.param(1, '"iamUpdateUser"', '"iamPatchUser"', marks=pytest.mark.slow),
        pytest.param(1, ").user_role", "role", marks=pytest.mark.slow),
    ],
)
def test_an_entry_says_what_to_write_instead(group: int, text: str, instead: str) -> None:
    assert instead in {change.instead for change in list_overlay_changes(group) if text in change.code}


@pytest.mark.slow
def test_the_cause_of_a_line_is_what_was_removed() -> None:
    changes = {change.fingerprint: change for change in review_group(0).changes}
    (change,) = [
        change for change in list_overlay_changes(0) if change.message.endswith("which pages are requested with")
    ]
    causes = [changes[cause] for cause in change.causes]

    assert [cause.id for cause in causes if cause.layer == "wire"] == ["request-parameter-removed"]
    assert causes[0].message == "parameter limit was removed"


def test_what_no_line_uses_leaves_the_overlay_ok(tmp_path: Path) -> None:
    folder = tmp_path / "gcore_iam"
    folder.mkdir()
    lines = ("from gcore_iam_client.api.default.make_thing import sync", "print(sync(client=None).name)", "")
    (folder / "__init__.py").write_text("\n".join(lines), encoding="utf-8")
    text = {"type": "string"}
    old, new = (
        given(document(response={"type": "object", "properties": properties}), generating=True)
        for properties in ({"name": text, "note": text}, {"name": text})
    )
    found = review(old, new, Project((), ROOT / "generator-config.yml", folder), today=TODAY)

    assert found.verdict.overlay == "ok"
    assert found.verdict.python == "breaking"


PARAMETER = {"name": "limit", "in": "query", "schema": {"type": "integer"}}
NEEDED = {"name": "account", "in": "query", "required": True, "schema": {"type": "integer"}}
TEXT = {**PARAMETER, "schema": {"type": "string"}}


@pytest.mark.parametrize(
    ("line", "parameters", "message"),
    [
        ("paginate(make_thing.sync_detailed)", [PARAMETER, NEEDED], 'needs "account"'),
        ("paginate(make_thing.sync_detailed, account=5)", [PARAMETER, NEEDED], ""),
        ("paginate(make_thing.sync_detailed)", [TEXT], 'takes str for "limit", which pages are requested with'),
        ("paginate(make_thing.sync_detailed)", [], 'takes no "limit", which pages are requested with'),
        ("paginate(make_thing.asyncio_detailed)", [{**PARAMETER, "required": True}], ""),
        ("functools.partial(make_thing.asyncio)", [PARAMETER, NEEDED], 'needs "account"'),
        ("TABLE = {'thing': make_thing.sync}", [PARAMETER, NEEDED], 'needs "account"'),
        ("TABLE = {'thing': default.make_thing.sync}", [PARAMETER, NEEDED], 'needs "account"'),
        ("TABLE = {'thing': sync}", [PARAMETER, NEEDED], 'needs "account"'),
        ("TABLE = {'thing': sync}", [], 'takes no "limit"'),
        ("TABLE = {'thing': sync}", [PARAMETER, {**NEEDED, "required": False}], ""),
        ("paginate(operation=make_thing, client=None)", [PARAMETER, NEEDED], 'needs "account"'),
        ("print(make_thing.OPERATION)", [PARAMETER, NEEDED], ""),
    ],
)
def test_a_function_that_is_handed_on_is_compared(
    line: str, parameters: list[Document], message: str, tmp_path: Path
) -> None:
    folder = tmp_path / "gcore_iam"
    folder.mkdir()
    lines = ["import functools", "from typing import Any", "from gcore_iam_client.api import default"]
    lines += ["from gcore_iam_client.api.default import make_thing"]
    lines += ["from gcore_iam_client.api.default.make_thing import sync"]
    lines += ["def paginate(operation: Any, **arguments: object) -> None: ...", line, ""]
    (folder / "__init__.py").write_text("\n".join(lines), encoding="utf-8")
    old, new = (given(document(parameters=listed), generating=True) for listed in ([PARAMETER], parameters))
    found = review(old, new, Project((), ROOT / "generator-config.yml", folder), today=TODAY)

    messages = [change.message for change in found.changes if change.layer == "overlay"]
    assert [message in text for text in messages] == ([True] if message else [])
