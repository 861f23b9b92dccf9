"""The JSON of records."""

from __future__ import annotations

import json

import pytest

from oauthstore_core.payloads import decode_payload, encode_json


def test_what_is_written_is_compact_and_ascii() -> None:
    assert encode_json({"scope": "a b", "name": "Zoë"}) == '{"scope":"a b","name":"Zo\\u00eb"}'


def test_what_is_read_is_what_was_written() -> None:
    payload = {"scope": "a b", "resource": ["https://api.example.com"]}

    assert decode_payload(encode_json(payload)) == payload


def test_what_is_read_belongs_to_everybody_and_cannot_be_changed() -> None:
    read = decode_payload('{"scope": "a"}')

    assert decode_payload('{"scope": "a"}') is read
    with pytest.raises(TypeError):
        read["scope"] = "b"  # type: ignore[index]


def test_what_is_no_json_is_an_error_each_time() -> None:
    for _ in range(2):
        with pytest.raises(json.JSONDecodeError):
            decode_payload("{")
