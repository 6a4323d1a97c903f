"""The inventory: every operation and what stands for it, and what a generated package lacks of its spec."""

from __future__ import annotations

import importlib
import inspect
import json
import shutil
from collections.abc import Callable, Iterator
from operator import attrgetter
from pathlib import Path
from typing import Any

import pytest

from codegen import generate, inventory, spec
from codegen.errors import CodegenError
from codegen.generate import Package
from tests.codegen.support import Api, Document, Run, RunOnSpec, Save

# --- the project's own ---------------------------------------------------------------------------------------------


@pytest.fixture
def words(root: Path) -> list[str | Path]:
    """The command, on the project's own files wherever the tests run."""
    return [
        *("inventory", "--spec", root / "spec" / "iam_api.yaml"),
        *("--output", root / "generated" / "gcore_iam_client"),
        *("--overlay", root / "overlay" / "gcore_iam"),
    ]


@pytest.fixture
def entries(codegen: Run, words: list[str | Path]) -> list[dict[str, Any]]:
    status, out, errors = codegen(*words, "--format", "json")
    assert (status, errors) == (0, [])
    found: list[dict[str, Any]] = json.loads(out)
    return found


def test_operations_are_listed_in_the_order_of_the_spec(root: Path, entries: list[dict[str, Any]]) -> None:
    operations = list(spec.load(root / "spec" / "iam_api.yaml").iterate_operations())
    assert len(operations) == 24
    assert [(entry["id"], entry["method"], entry["path"]) for entry in entries] == [
        (operation["operationId"], method.upper(), path) for path, method, operation in operations
    ]


def test_every_entry_is_complete(entries: list[dict[str, Any]]) -> None:
    keys = ["id", "method", "path", "module", "function", "success_type", "overlay_method"]
    for entry in entries:
        assert list(entry) == keys
        assert all(entry[key] for key in keys[:-1])
        assert "Any" not in entry["success_type"]


def test_every_function_is_there_and_gives_the_type(entries: list[dict[str, Any]]) -> None:
    for entry in entries:
        module = importlib.import_module(entry["module"])
        function = getattr(module, entry["function"])
        assert callable(function)
        operation = module.OPERATION
        assert (operation.id, operation.method, operation.path) == (entry["id"], entry["method"], entry["path"])
        hints = str(inspect.signature(function).return_annotation)
        for name in entry["success_type"].replace("list[", "").replace("]", "").split(" | "):
            assert name in hints


def test_every_hand_written_method_is_there(entries: list[dict[str, Any]]) -> None:
    from gcore_iam import IAMClient

    with IAMClient("42_0123456789abcdef") as iam:
        for entry in entries:
            if entry["overlay_method"]:
                start, _, path = entry["overlay_method"].partition(".")
                assert start == "iam"
                assert callable(attrgetter(path)(iam))
    methods = {entry["id"]: entry["overlay_method"] for entry in entries}
    assert methods["iamGetAccountDetails"] == "iam.account.get"
    assert methods["iamGetUser"] == "iam.users.get"
    assert methods["iamGetUsers"] == "iam.users.list"


def test_the_text_has_a_line_for_each_operation(codegen: Run, words: list[str | Path]) -> None:
    status, out, _ = codegen(*words)
    lines = out.splitlines()
    assert (status, len(lines)) == (0, 24)
    assert lines[0].split()[:3] == ["POST", "/iam/auth/jwt/login", "Token"]


# --- other descriptions --------------------------------------------------------------------------------------------


def test_operations_without_an_id_are_listed_by_the_given_id(
    codegen: Run, generate: RunOnSpec, save: Save, api: Api, output: Path, tmp_path: Path
) -> None:
    get = {"responses": {}, "parameters": [{"name": "b", "in": "path", "required": True, "schema": {"type": "string"}}]}
    document = api({"/a/{b}.json": {"get": get}, "/a": {"post": {"responses": {}}}})
    assert generate(document)[0] == 0
    words: list[str | Path] = [
        "--spec",
        save(document),
        "--output",
        output,
        "--overlay",
        tmp_path / "none",
        "--format",
        "json",
    ]
    assert json.loads(codegen("inventory", *words)[1]) == [
        {
            "id": name,
            "method": method,
            "path": path,
            "module": f"package.api.default.{name}",
            "function": "sync_detailed",
            "success_type": "None",
            "overlay_method": None,
        }
        for name, method, path in (("get_a_b_json", "GET", "/a/{b}.json"), ("post_a", "POST", "/a"))
    ]


def test_an_operation_without_a_module_is_listed_without_one(
    codegen: Run, save: Save, api: Api, tmp_path: Path
) -> None:
    words: list[str | Path] = [
        "--spec",
        save(api()),
        "--output",
        tmp_path / "none",
        "--overlay",
        tmp_path / "none",
        "--format",
        "json",
    ]
    status, out, _ = codegen("inventory", *words)
    assert (status, len(json.loads(out))) == (0, 1)
    assert json.loads(out)[0] == {
        "id": "getThing", "method": "GET", "path": "/thing", "module": "", "function": "", "success_type": "",
        "overlay_method": None,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("def (:\n", ":1: is not Python: invalid syntax"),
        ("a = 1\nb =\n", ":2: is not Python: invalid syntax"),
        ("\0", ": is not Python: source code string cannot contain null bytes"),
        ("a = 1\n", ": is not a generated operation; run `make generate`"),
        ("OPERATION = f(id='a', method='GET')\n", ": is not a generated operation; run `make generate`"),
        ("OPERATION = f(id='a', method='GET', path='/a')\n", ": is not a generated operation; run `make generate`"),
    ],
)
def test_a_file_that_is_no_generated_operation_is_named(
    codegen: Run, save: Save, api: Api, tmp_path: Path, content: str, problem: str
) -> None:
    file = tmp_path / "package" / "api" / "tag" / "thing.py"
    file.parent.mkdir(parents=True)
    file.write_text(content, encoding="utf-8")
    status, out, errors = codegen("inventory", "--spec", save(api()), "--output", tmp_path / "package")
    assert (status, out, errors) == (2, "", [f"codegen: {file}{problem}"])


def test_hand_written_methods_import_an_operation(tmp_path: Path) -> None:
    folder = tmp_path / "sync"
    (folder / "resources").mkdir(parents=True)
    (folder / "client.py").write_text(
        "class IAMClient:\n"
        "    @property\n    def users(self) -> Users: ...\n"
        "    def close(self) -> None: ...\n"
        "class AsyncIAMClient:\n    @property\n    def people(self) -> AsyncUsers: ...\n",
        encoding="utf-8",
    )
    (folder / "resources" / "users.py").write_text(
        "class Users:\n"
        "    @property\n    def old(self) -> OldUsers: ...\n"
        "    def get(self):\n        from package.api.users import get_user\n"
        "    def both(self):\n        from package.api.users import one, two\n        from package.models import User\n"
        "    def none(self): ...\n"
        "    def _look(self):\n        from package.api.users import get_user\n"
        "class OldUsers:\n    def get(self):\n        from package.api.users import three\n"
        "class AsyncUsers:\n    def get(self):\n        from package.api.users import get_user\n"
        "class Other:\n    def get(self):\n        from package.api.users import other\n",
        encoding="utf-8",
    )
    assert inventory.find_overlay_methods(tmp_path) == {
        "package.api.users.get_user": "iam.users.get",
        "package.api.users.one": "iam.users.both",
        "package.api.users.two": "iam.users.both",
        "package.api.users.three": "iam.users.old.get",
    }


# --- what is missing -----------------------------------------------------------------------------------------------


def ref(name: str) -> Document:
    return {"$ref": f"#/components/schemas/{name}"}


def build_response(schema: Document) -> Document:
    return {"description": "Done.", "content": {"application/json": {"schema": schema}}}


SCHEMAS: Document = {
    "User": {
        "type": "object",
        "required": ["id", "Born-At"],
        "properties": {
            "id": {"type": "integer"},
            "Born-At": {"type": "string", "format": "date-time"},
            "to_dict": {"type": "string"},
            "role": {"type": "string", "enum": ["admin", None]},
            "friends": {"type": "array", "items": ref("User")},
            "address": {"type": "object", "properties": {"street": {"type": "string", "nullable": True}}},
        },
    },
    "Unused": {"type": "object", "properties": {"a": {"type": "string"}}},
}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, root: Path, api: Api) -> Iterator[Package]:
    """A generated package without fault."""
    path = tmp_path_factory.mktemp("made") / "api.yaml"
    get = {"operationId": "getUsers", "responses": {"200": build_response({"type": "array", "items": ref("User")})}}
    delete = {"operationId": "deleteUsers", "responses": {"204": {"description": "Done."}}}
    path.write_text(json.dumps(api({"/users": {"get": get, "delete": delete}}, SCHEMAS)), encoding="utf-8")
    with generate.generate_package(spec.load(path), (), root / "generator-config.yml") as package:
        yield package


@pytest.fixture
def damaged(made: Package, tmp_path: Path) -> Callable[..., list[str]]:
    """What is missing once a text in a file of the package was replaced, or the file removed."""

    def damaged(file: str, old: str | None = None, new: str = "") -> list[str]:
        shutil.copytree(made.path, tmp_path / "copy")
        path = tmp_path / "copy" / file
        if old is None:
            path.unlink()
        else:
            text = path.read_text("utf-8")
            assert old in text
            path.write_text(text.replace(old, new), encoding="utf-8")
        return inventory.find_missing(made.document, tmp_path / "copy", made.config)

    return damaged


def test_nothing_is_missing_of_a_package_without_fault(made: Package) -> None:
    assert inventory.find_missing(made.document, made.path, made.config) == []


@pytest.mark.parametrize(
    ("damage", "problems"),
    [
        (("api/default/get_users.py",), ["operation getUsers: has no module"]),
        (("api/default/delete_users.py",), ["operation deleteUsers: has no module"]),
        (("api/default/get_users.py", "Response[list[User]]", "Response[Any]"),
         ["operation getUsers: has the success type Any, not list[User]"]),
        (("api/default/get_users.py", "Response[list[User]]", "Response[list[Any]]"),
         ["operation getUsers: has the success type list[Any], not list[User]"]),
        (("api/default/get_users.py", "Response[list[User]]", "Response[User]"),
         ["operation getUsers: has the success type User, not list[User]"]),
        (("models/user.py",), ["class User: is missing"]),
        (("models/user_address.py",), ["class UserAddress: is missing"]),
        (("models/user_role_type_0.py",), ["class UserRoleType0: is missing"]),
        (("models/user.py", '"id": self.id,', ''), ["class User: property 'id' is not a field"]),
        (("models/user.py", "    id: int\n", ""), ["class User: property 'id' is not a field"]),
        (("models/user.py", '    to_dict_: str | Unset = _field(default=UNSET, metadata={"key": "to_dict"})\n', ""),
         ["class User: property 'to_dict' is not a field"]),
        (("models/user.py", "    id: int\n", "    id: float\n"), ["class User: property 'id' is float, not int"]),
        (("models/user.py", "born_at: datetime.datetime", "born_at: str"),
         ["class User: property 'Born-At' is str, not datetime.datetime"]),
        (("models/user.py", "friends: list[User] | Unset", "friends: list[Any] | Unset"),
         ["class User: property 'friends' is list[Any] | Unset, not Unset | list[User]"]),
        (("models/user.py", "role: Unset | UserRoleType0 | None", "role: Unset | UserRoleType0"),
         ["class User: property 'role' is Unset | UserRoleType0, not None | Unset | UserRoleType0"]),
        (("models/user_address.py", "street: str | Unset | None", "street: str | Unset"),
         ["class UserAddress: property 'street' is str | Unset, not None | Unset | str"]),
        (("models/unused.py",), []),
    ],
)  # fmt: skip
def test_what_is_lost_is_named(damaged: Callable[..., list[str]], damage: tuple[str, ...], problems: list[str]) -> None:
    assert damaged(*damage) == problems


def test_a_file_that_is_no_python_is_named(damaged: Callable[..., list[str]], tmp_path: Path) -> None:
    with pytest.raises(CodegenError) as caught:
        damaged("models/user.py", "class User", "class (")
    assert str(caught.value).startswith(f"{tmp_path / 'copy' / 'models' / 'user.py'}:")


TYPES: list[Document] = [
    {"type": "string"}, {"type": "integer", "default": 3}, {"type": "number"}, {"type": "boolean", "enum": [True]},
    {"type": ["string", "null"]}, {"type": ["string", "integer", "null"]}, {"const": "x"}, {"const": 3},
    {"type": "string", "format": "date"}, {"type": "string", "format": "uuid"}, {"enum": [None]}, {},
    {"type": "string", "enum": ["a"], "default": "a"}, {"type": ["string", "null"], "enum": ["a", None]},
    {"type": "object", "properties": {"b": {"type": "object", "properties": {}}}},
    {"type": ["object", "null"], "properties": {"b": {"enum": [1, 2]}}},
    {"type": "object", "additionalProperties": {"type": "object", "properties": {"c": {"type": "integer"}}}},
    {"type": "object", "additionalProperties": ref("Other")},
    {"type": "array", "items": {"type": "array", "items": {"type": "object", "properties": {}}}},
    {"type": "array", "items": {"oneOf": [{"type": "integer"}, ref("Other"), {"type": "null"}]}},
    {"type": "array", "prefixItems": [{"type": "string"}, {"type": "object", "properties": {}}]},
    {"oneOf": [ref("Other"), {"type": "object", "properties": {"d": {"type": "string"}}}]},
    {"anyOf": [{"type": "string", "format": "date-time"}, {"type": "integer"}], "nullable": True},
    {"allOf": [ref("Other"), {"properties": {"e": {"type": "string"}}}]}, {"allOf": [ref("Other")]}, ref("Listed"),
    {"oneOf": [ref("Color"), {"type": "array", "items": ref("Color")}]}, {**ref("Color"), "nullable": True},
]  # fmt: skip


def test_the_computed_types_are_the_generators(root: Path, api: Api, save: Save) -> None:
    schemas = {
        f"Thing{number}": {"type": "object", "required": ["must"], "properties": {"must": schema, "may": schema}}
        for number, schema in enumerate(TYPES)
    }
    others = {
        "All": {"type": "object", "properties": {name: ref(name) for name in schemas}},
        "Other": {"type": "object", "properties": {"self": ref("Other"), "color": ref("Color")}},
        "Color": {"type": "string", "enum": ["red"]},
        "Listed": {"type": "array", "items": {"type": "object", "properties": {"f": {"type": "string"}}}},
    }
    operation = {"operationId": "getAll", "responses": {"200": build_response(ref("All"))}}
    path = save(api({"/all": {"get": operation}}, {**schemas, **others}, openapi="3.1.0"))
    with generate.generate_package(spec.load(path), (), root / "generator-config.yml") as package:
        assert inventory.find_missing(package.document, package.path, package.config) == []
        fields = inventory.read_model_fields(package.path)
    assert len(fields) > len(schemas) + 15
    assert all({"must", "may"} <= fields[name].keys() for name in schemas)
