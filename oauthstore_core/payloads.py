"""The JSON of records: written compactly, and read once where it is the same again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Final

__all__ = ["decode_payload", "encode_json"]

#: Many clients' registrations, and the scopes of grants, which are few.
_REMEMBERED: Final = 2048

#: Returns compact JSON in ASCII. `json.dumps` would make an encoder for each call.
encode_json: Final = json.JSONEncoder(separators=(",", ":")).encode


@lru_cache(_REMEMBERED)
def decode_payload(payload: str) -> Mapping[str, Any]:
    """Return what a record's payload says, to be looked at only: it is everybody's."""
    return MappingProxyType(json.loads(payload))
