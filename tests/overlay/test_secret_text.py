"""Texts whose repr, and the repr of whose parts, is masked."""

from __future__ import annotations

import copy
import json
import pickle
from typing import Any

import pytest
from gcore_iam import ConfigurationError
from gcore_iam._secret_text import NotText, hide_text, hide_values
from gcore_iam._validation import check_text
from gcore_iam_client.types import encode_json


def test_no_part_of_a_hidden_text_shows() -> None:
    hidden = hide_text("s3cret")
    assert hidden == "s3cret"
    assert hash(hidden) == hash("s3cret")
    shown = [repr(each) for each in (hidden, hidden[:3], hidden[0], hidden[::-1], [hidden], {hidden: hidden})]
    assert set("".join(shown)) <= set("'*[]{}: ")


def test_a_hidden_text_can_be_sent_and_stored() -> None:
    hidden = hide_text("s3cret")
    assert json.dumps({"password": hidden}) == '{"password": "s3cret"}'
    assert f"Bearer {hidden}" == "Bearer s3cret"
    for other in (pickle.loads(pickle.dumps(hidden)), copy.deepcopy(hidden), hide_text(hidden)):
        assert (other, repr(other)) == ("s3cret", "'***'")
    assert type(str(hidden)) is str


@pytest.mark.parametrize("value", [b"s3cret", ["s3cret"], 5, True])
def test_what_is_no_text_is_not_kept(value: Any) -> None:
    hidden = hide_text(value)
    assert isinstance(hidden, NotText)
    assert "s3cret" not in repr(vars(hidden))
    with pytest.raises(ConfigurationError, match=f"password must be a str, not {type(value).__name__}"):
        check_text("password", hide_text(value))


def test_functions_and_none_stay_as_they_are() -> None:
    assert hide_text(None) is None
    assert hide_text(print) is print
    assert hide_values(None) is None


def test_each_value_of_a_mapping_is_hidden() -> None:
    assert repr(hide_values({"X-Key": "s3cret", "X-Other": "s3cret"})) == "{'X-Key': '***', 'X-Other': '***'}"


def test_the_beginning_of_a_json_body_is_masked() -> None:
    body = encode_json({"password": "s3cret"})
    assert "s3cret" not in repr(body[:80]) + repr(body[3:])
    assert body[0] == ord("{")
