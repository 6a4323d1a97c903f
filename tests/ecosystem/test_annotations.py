"""Annotations resolve at run time, so that frameworks take public functions and methods as tools."""

from __future__ import annotations

import asyncio
import importlib
import inspect
import json
import pkgutil
import typing
from collections.abc import Callable, Iterator
from functools import cached_property
from types import ModuleType
from typing import Any

import attrs
import gcore_iam_client
import pytest
from gcore_iam import AsyncIAMClient, IAMClient, models
from gcore_iam.testing import FakeIAM
from gcore_iam_client.api.users import iam_get_user

PUBLIC_MODULES = (
    *("gcore_iam", "gcore_iam.auth", "gcore_iam.errors", "gcore_iam.events", "gcore_iam.models", "gcore_iam.retry"),
    *("gcore_iam.testing", "gcore_iam.tls", "gcore_iam.integrations.cattrs", "gcore_iam.integrations.opentelemetry"),
)
RESOURCES = ("account", "auth", "tokens", "users")


def find_functions(owner: type) -> Iterator[tuple[str, Callable[..., Any]]]:
    """Yield the public methods and properties that a class defines, and its constructor."""
    for name, member in vars(owner).items():
        if not name.startswith("_") or name in ("__init__", "__iter__", "__aiter__", "__enter__", "__aenter__"):
            function = getattr(member, "fget", None) or getattr(member, "__func__", None) or member
            function = function.func if isinstance(function, cached_property) else inspect.unwrap(function)
            if inspect.isfunction(function):
                yield f"{owner.__module__}.{owner.__qualname__}.{name}", function


def find_callables(module: ModuleType, names: list[str]) -> Iterator[tuple[str, object]]:
    """Yield the functions, the classes and the methods of the classes among the names of a module."""
    for name in names:
        value = getattr(module, name)
        if inspect.isclass(value):
            yield f"{value.__module__}.{value.__qualname__}", value
            yield from find_functions(value)
        elif inspect.isfunction(value):
            yield f"{value.__module__}.{name}", value
            for number, overload in enumerate(typing.get_overloads(value)):
                yield f"{value.__module__}.{name}.overload_{number}", overload


def find_generated() -> dict[str, object]:
    found: dict[str, object] = {}
    for info in pkgutil.walk_packages(gcore_iam_client.__path__, "gcore_iam_client."):
        module = importlib.import_module(info.name)
        own = [name for name, value in vars(module).items() if getattr(value, "__module__", "") == info.name]
        found.update(find_callables(module, own))
    return found


def find_public() -> dict[str, object]:
    """The public functions, classes and methods of the library, and those of the resources of its clients."""
    found: dict[str, object] = {}
    for name in PUBLIC_MODULES:
        module = importlib.import_module(name)
        names = getattr(module, "__all__", None) or [key for key in dir(module) if not key.startswith("_")]
        own = [key for key in names if getattr(getattr(module, key), "__module__", "").startswith("gcore_iam.")]
        found.update(find_callables(module, own))
    fake = FakeIAM(1)
    with IAMClient(fake.api_key, transport=fake.transport()) as iam:
        clients: list[Any] = [iam, AsyncIAMClient(fake.api_key, transport=fake.transport())]
        for client in [client for each in clients for client in (each, each.with_raw_response)]:
            found.update(find_functions(type(client)))
            for resource in RESOURCES:
                found.update(find_functions(type(getattr(client, resource))))
    found.update(find_functions(type(iam.tokens.legacy)))
    return found


GENERATED = find_generated()
PUBLIC = find_public()


def test_the_walk_finds_the_whole_public_api() -> None:
    assert {
        "gcore_iam_client.api.users.iam_get_user.asyncio_detailed",
        "gcore_iam_client.models.user.User.from_dict",
    } <= (GENERATED.keys())
    methods = {name.removeprefix("gcore_iam.") for name in PUBLIC}
    assert {
        "sync.resources.users.Users.get",
        "aio.resources.tokens.AsyncTokens.rotate",
        "sync.pager.Pager.checkpoint",
    } <= (methods)
    assert {"auth.session.Session.__init__", "aio.client.AsyncIAMClient.__init__", "_paginate.paginate"} <= methods
    assert {"sync.client.IAMClient.users", "errors.NotFoundError"} <= methods


@pytest.mark.parametrize("name", sorted(GENERATED))
def test_annotations_of_generated_code_resolve(name: str) -> None:
    typing.get_type_hints(GENERATED[name])


@pytest.mark.parametrize("name", [name for name in dir(models) if attrs.has(getattr(models, name))])
def test_signatures_of_models_resolve(name: str) -> None:
    inspect.signature(getattr(models, name), eval_str=True)


@pytest.mark.parametrize("name", sorted(PUBLIC))
def test_annotations_of_the_library_resolve(name: str) -> None:
    typing.get_type_hints(PUBLIC[name])


def get_user(user_id: int) -> models.UserPublic:
    """Get a user by id."""
    fake = FakeIAM(3)
    with IAMClient(fake.api_key, transport=fake.transport()) as iam:
        return iam.users.get(user_id)


def update(user: models.User, lang: models.Language | models.Unset = models.UNSET) -> str:
    """Change the language of a user."""
    return f"{type(user).__name__} {user.id} {lang!r}"


# Without the default of `lang`: an agent that repeats the text "UNSET" would send it to the API.
pytestmark = pytest.mark.filterwarnings("ignore:.*excluding default from JSON schema")


@pytest.fixture
def iam() -> Iterator[IAMClient]:
    fake = FakeIAM(3)
    with IAMClient(fake.api_key, transport=fake.transport()) as client:
        yield client


@pytest.fixture
def async_iam() -> AsyncIAMClient:
    fake = FakeIAM(3)
    return AsyncIAMClient(fake.api_key, transport=fake.transport())


def test_pydantic_validates_calls_of_methods(iam: IAMClient) -> None:
    pydantic = pytest.importorskip("pydantic")
    get = pydantic.validate_call(iam.users.get, validate_return=True)
    assert get("2").id == 2
    with pytest.raises(pydantic.ValidationError, match="valid integer"):
        get("two")
    update_user = pydantic.validate_call(iam.users.update, validate_return=True)
    assert update_user(2, lang="de", auth_types=["password"]).lang is models.Language.DE
    with pytest.raises(pydantic.ValidationError, match="'strict' or 'fast'"):
        pydantic.validate_call(iam.users.list)(consistency="slow")


@pytest.mark.parametrize("name", [name for name in PUBLIC if ".resources." in name and "__init__" not in name])
def test_pydantic_takes_every_method(name: str) -> None:
    pydantic = pytest.importorskip("pydantic")
    pydantic.validate_call(PUBLIC[name], config=pydantic.ConfigDict(arbitrary_types_allowed=True))


def test_beartype_checks_calls_of_methods(iam: IAMClient) -> None:
    beartype = pytest.importorskip("beartype")
    roar = pytest.importorskip("beartype.roar")
    get = beartype.beartype(iam.users.get)
    assert get(1).id == 1
    with pytest.raises(roar.BeartypeCallHintParamViolation):
        get("1")
    assert beartype.beartype(iam.users.list)().first().id == 1


@pytest.mark.anyio
async def test_an_mcp_server_offers_methods(iam: IAMClient, async_iam: AsyncIAMClient) -> None:
    server = pytest.importorskip("mcp.server.mcpserver").MCPServer("test")
    server.add_tool(iam.users.get, name="get_user")
    server.add_tool(async_iam.users.update, name="update_user")
    schemas = {tool.name: tool.input_schema for tool in await server.list_tools()}
    assert schemas["get_user"]["properties"]["user_id"]["type"] == "integer"
    assert schemas["update_user"]["required"] == ["user_id"]
    result = await server.call_tool("get_user", {"user_id": 2})
    assert json.loads(result.content[0].text)["id"] == 2
    result = await server.call_tool("update_user", {"user_id": 2, "lang": "de"})
    assert json.loads(result.content[0].text)["lang"] == "de"


def test_langchain_takes_methods_as_tools(iam: IAMClient) -> None:
    tools = pytest.importorskip("langchain_core.tools")
    assert tools.StructuredTool.from_function(iam.users.get).invoke({"user_id": 2}).id == 2


@pytest.mark.anyio
async def test_langchain_takes_coroutine_methods_as_tools(async_iam: AsyncIAMClient) -> None:
    tools = pytest.importorskip("langchain_core.tools")
    tool = tools.StructuredTool.from_function(coroutine=async_iam.users.get)
    assert (await tool.ainvoke({"user_id": 2})).id == 2


@pytest.mark.anyio
async def test_pydantic_ai_takes_methods_as_tools(iam: IAMClient, async_iam: AsyncIAMClient) -> None:
    pydantic_ai = pytest.importorskip("pydantic_ai")
    test_model = pytest.importorskip("pydantic_ai.models.test").TestModel
    assert pydantic_ai.Tool(iam.users.get).function_schema.json_schema["required"] == ["user_id"]
    agent = pydantic_ai.Agent(test_model(call_tools=["get"]), tools=[async_iam.account.get])
    result = await agent.run("Which account is it?")
    assert json.loads(result.output)["get"]["id"] == (await async_iam.account.get()).id


def test_pydantic_validates_calls_with_models(user: dict[str, Any]) -> None:
    pydantic = pytest.importorskip("pydantic")
    checked = pydantic.validate_call(update)
    assert checked(user, "fr") == f"User {user['id']} <Language.fr: 'fr'>"
    assert checked(models.User.from_dict(user)) == f"User {user['id']} UNSET"
    with pytest.raises(pydantic.ValidationError, match="required key 'id' is missing"):
        checked({})


def test_beartype_checks_calls_of_generated_functions() -> None:
    beartype = pytest.importorskip("beartype")
    roar = pytest.importorskip("beartype.roar")
    checked = beartype.beartype(iam_get_user.sync)
    fake = FakeIAM(1)
    with IAMClient(fake.api_key, transport=fake.transport()) as iam:
        assert checked(1, client=iam.api).id == 1
        with pytest.raises(roar.BeartypeCallHintParamViolation):
            checked("1", client=iam.api)


@pytest.mark.anyio
async def test_an_mcp_server_offers_functions_with_models(user: dict[str, Any]) -> None:
    server = pytest.importorskip("mcp.server.mcpserver").MCPServer("test")
    server.add_tool(get_user)
    server.add_tool(update)
    schema = next(tool.input_schema for tool in await server.list_tools() if tool.name == "update")
    assert "id" in schema["$defs"]["User"]["required"]
    assert schema["required"] == ["user"]
    assert "UNSET" not in json.dumps(schema)
    result = await server.call_tool("get_user", {"user_id": 2})
    assert json.loads(result.content[0].text)["id"] == 2
    result = await server.call_tool("update", {"user": user, "lang": "fr"})
    assert result.content[0].text == f"User {user['id']} <Language.fr: 'fr'>"


def test_langchain_takes_functions_with_models_as_tools(user: dict[str, Any]) -> None:
    tools = pytest.importorskip("langchain_core.tools")
    assert tools.StructuredTool.from_function(get_user).invoke({"user_id": 2}).id == 2
    tool = tools.StructuredTool.from_function(update)
    assert tool.args["user"] == {"$ref": "#/$defs/User"}
    assert "default" not in tool.args["lang"]
    assert tool.invoke({"user": user}) == f"User {user['id']} UNSET"


def test_pydantic_ai_takes_functions_with_models_as_tools(user: dict[str, Any]) -> None:
    pydantic_ai = pytest.importorskip("pydantic_ai")
    test_model = pytest.importorskip("pydantic_ai.models.test").TestModel
    schema = pydantic_ai.Tool(update).function_schema.json_schema
    assert schema["required"] == ["user"]
    assert "UNSET" not in json.dumps(schema)

    def get_first_user() -> models.UserPublic:
        return get_user(1)

    agent = pydantic_ai.Agent(test_model(call_tools=["get_first_user"]), tools=[get_first_user])
    answer = asyncio.run(agent.run("Who is first?"))  # `run_sync` would leave an event loop open
    assert json.loads(answer.output)["get_first_user"]["id"] == 1


@pytest.fixture
def user() -> dict[str, Any]:
    fake = FakeIAM(1)
    with IAMClient(fake.api_key, transport=fake.transport()) as iam:
        return next(iter(iam.users.list())).to_dict()
