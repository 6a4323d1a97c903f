"""The reader's settings: levels per rule and path, filtered paths, a sunset policy, oasdiff's view."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from codegen.drift import wire
from codegen.drift.settings import Settings, load_settings, parse_settings
from codegen.errors import CodegenError
from tests.codegen.drift.pairs import TODAY, Document, document, given

NULLABLE = "response-property-became-nullable"
OLD = document(response={"type": "object", "properties": {"name": {"type": "string"}}})
NEW = document(response={"type": "object", "properties": {"name": {"type": ["string", "null"]}}})


def find_changes(old: Document, new: Document, **keys: object) -> set[tuple[str, str]]:
    """Return the rules and levels of the wire layer for a settings file of some keys."""
    settings = parse_settings({name.replace("_", "-"): value for name, value in keys.items()}, "drift.toml")
    entries = wire.find_changes(given(old, "old.yaml").spec, given(new, "new.yaml").spec, TODAY, settings)
    return {(change.id, change.level) for change in entries if change.layer == "wire"}


def test_a_reader_raises_and_lowers_levels() -> None:
    assert find_changes(OLD, NEW) == {(NULLABLE, "warning")}
    assert find_changes(OLD, NEW, levels=[{"rule": NULLABLE, "level": "error"}]) == {(NULLABLE, "error")}
    assert find_changes(OLD, NEW, levels=[{"rule": "*-nullable", "level": "info"}]) == {(NULLABLE, "info")}


def test_level_none_leaves_a_rule_out() -> None:
    assert find_changes(OLD, NEW, levels=[{"rule": NULLABLE, "level": "none"}]) == set()


def test_the_last_level_that_fits_counts() -> None:
    rows = [{"rule": "*", "level": "error"}, {"rule": NULLABLE, "level": "info"}]

    assert find_changes(OLD, NEW, levels=rows) == {(NULLABLE, "info")}


@pytest.mark.parametrize(("path", "level"), [("/things", "error"), ("/th*", "error"), ("/other", "warning")])
def test_a_level_can_be_for_some_paths(path: str, level: str) -> None:
    assert find_changes(OLD, NEW, levels=[{"rule": NULLABLE, "path": path, "level": level}]) == {(NULLABLE, level)}


def test_a_change_has_the_gravest_level_of_its_paths() -> None:
    both = []
    for content in (OLD, NEW):
        schema = content["paths"]["/things"]["post"]["responses"]["200"]["content"]["application/json"]["schema"]
        paths = {**content["paths"], "/others": {"get": {"responses": {"200": {"$ref": "#/components/responses/A"}}}}}
        body = {"description": "", "content": {"application/json": {"schema": schema}}}
        both.append({**content, "paths": paths, "components": {"responses": {"A": body}}})
    rows = [{"rule": NULLABLE, "path": "/others", "level": "info"}]

    assert (NULLABLE, "warning") in find_changes(*both, levels=rows)


def test_paths_can_be_left_out() -> None:
    assert find_changes(OLD, NEW, exclude=["/th*"]) == set()
    assert find_changes(OLD, NEW, include=["/iam/*"]) == set()
    assert find_changes(OLD, NEW, include=["/things"]) == {(NULLABLE, "warning")}


@pytest.mark.parametrize(
    ("sunset", "expected"),
    [
        (None, "api-deprecated-sunset-missing"),
        ("2026-06-30", "api-sunset-date-too-small"),
        ("2026-09-30", "endpoint-deprecated-with-sunset"),
        ("soon", "api-deprecated-sunset-parse"),
    ],
)
def test_a_sunset_policy_asks_for_a_date_far_enough(sunset: str | None, expected: str) -> None:
    new = document(deprecated=True, extra={"x-sunset": sunset} if sunset else {})

    assert {rule for rule, _ in find_changes(document(), new, sunset_days=90)} == {expected}


def test_the_view_of_oasdiff_gives_its_levels() -> None:
    secured = document(security=[{"key": []}])
    for content in (secured, key_less := document()):
        content["components"]["securitySchemes"] = {"key": {"type": "apiKey", "in": "header", "name": "X-Key"}}

    assert ("api-security-added", "error") in find_changes(key_less, secured)
    assert find_changes(key_less, secured, view="oasdiff") == {("api-security-added", "info")}
    assert find_changes(OLD, NEW, view="oasdiff") == {(NULLABLE, "error")}


def test_members_of_all_of_are_reported_in_the_view_of_oasdiff() -> None:
    part = {"type": "object", "properties": {"name": {"type": "string"}}}
    old, new = (document(body={"allOf": [part] * count}) for count in (1, 2))

    assert find_changes(old, new) == set()
    assert find_changes(old, new, view="oasdiff") == {("request-body-all-of-added", "error")}


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"veiw": "client"}, "unknown key 'veiw'"),
        ({"view": "mine"}, "view: 'mine' is unknown; known: client, oasdiff"),
        ({"sunset-days": "90"}, "sunset-days: a number of days is expected"),
        ({"include": "/iam"}, "include: a list of patterns"),
        ({"levels": {"rule": "x"}}, "levels: a list of tables is expected"),
        ({"levels": [{"rule": "no-such-rule", "level": "info"}]}, "entry 1: rule: there is no rule 'no-such-rule'"),
        ({"levels": [{"rule": NULLABLE, "level": "fatal"}]}, "level: 'fatal' is unknown; known: error, warning, info"),
        ({"levels": [{"rule": NULLABLE, "level": "info", "paths": "/x"}]}, "unknown key 'paths'"),
    ],
)
def test_a_wrong_setting_names_the_key(keys: dict[str, Any], message: str) -> None:
    with pytest.raises(CodegenError, match=rf"^drift\.toml: .*{message}"):
        parse_settings(keys, "drift.toml")


def test_settings_are_read_from_either_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert load_settings() == Settings()

    Path("pyproject.toml").write_text("[tool.gcore-iam.drift]\nsunset-days = 30\n", encoding="utf-8")
    assert load_settings().sunset_days == 30

    Path("drift.toml").write_text("sunset-days = 60\n", encoding="utf-8")
    assert load_settings().sunset_days == 60

    with pytest.raises(CodegenError, match=r"other\.toml: cannot be read"):
        load_settings(Path("other.toml"))
