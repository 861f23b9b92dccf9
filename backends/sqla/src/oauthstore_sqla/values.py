"""Records to the values of columns, and rows to records.

Digests cross as hexadecimal text and are stored as their 32 bytes. In texts,
what some database cannot hold (NUL, half of a surrogate pair) is escaped.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from hashlib import sha256
from operator import methodcaller
from typing import Any, Final, Generic, NamedTuple, TypeVar, overload

from oauthstore_core.records import (
    Account,
    Client,
    Credential,
    CredentialState,
    Grant,
    Token,
    TokenState,
)

__all__ = [
    "ACCOUNT",
    "CLIENT",
    "CREDENTIAL",
    "GRANT",
    "REFRESH",
    "TOKEN",
    "Mapper",
    "following",
    "key",
    "scope",
    "text",
]

R = TypeVar("R")

_ESCAPE: Final = "\x1b"
_UNSTORABLE: Final = re.compile("[\x00\x1b\ud800-\udfff]")
_ESCAPED: Final = re.compile("\x1b([0-9a-f]{4})")
_DIGEST_BYTES: Final = 32


@overload
def key(digest: str) -> bytes: ...
@overload
def key(digest: None) -> None: ...
def key(digest: str | None) -> bytes | None:
    """Return the bytes under which a digest is stored."""
    if digest is None:
        return None
    try:
        stored = bytes.fromhex(digest)
    except ValueError:
        stored = b""
    if len(stored) == _DIGEST_BYTES and stored.hex() == digest:
        return stored
    raise ValueError(
        "A store was asked for a digest that is none: it is to be 64 lower-case hexadecimal "
        f"digits, and has {len(digest)} characters. Hash handles with oauthstore_core.digests."
    )


@overload
def text(value: str) -> str: ...
@overload
def text(value: None) -> None: ...
def text(value: str | None) -> str | None:
    """Return what is stored for a text; all but hostile ones stay as they are."""
    if value is None or (value.isascii() and "\0" not in value and _ESCAPE not in value):
        return value
    return _UNSTORABLE.sub(lambda found: f"{_ESCAPE}{ord(found[0]):04x}", value)


def scope(client_id: str | None, subject: str | None) -> bytes:
    """Return the key of a fence: no pair of names can look like another, or like one name."""
    parts = (b"-" if name is None else b"=" + text(name).encode() for name in (client_id, subject))
    return sha256(b"".join(len(part).to_bytes(8, "big") + part for part in parts)).digest()


def following(cursor: str | None) -> str:
    """Return the least text that is stored behind that of a cursor; None: before all."""
    return "" if cursor is None else text(cursor) + "\x01"


def _original(value: str | bytes) -> str:
    if isinstance(value, bytes):  # MySQL's identifiers
        value = value.decode()
    if _ESCAPE not in value:
        return value
    return _ESCAPED.sub(lambda found: chr(int(found[1], 16)), value)


class _Codec(NamedTuple):
    store: Callable[[Any], Any]
    load: Callable[[Any], Any]


def _same(value: Any) -> Any:  # noqa: ANN401 - whatever it is
    return value


def _value(state: TokenState | CredentialState) -> str:
    return str(state.value)


_DIGEST: Final = _Codec(key, methodcaller("hex"))
_TEXT: Final = _Codec(text, _original)
_NUMBER: Final = _Codec(_same, _same)


class Mapper(Generic[R]):
    """Fields of a record in the order of the columns that hold them."""

    def __init__(self, record: Callable[..., R], **codecs: _Codec) -> None:
        self._record = record
        self._store = [(name, codec.store) for name, codec in codecs.items()]
        self._names = tuple(codecs)
        self._load = [(name, codec.load) for name, codec in codecs.items() if codec is not _NUMBER]

    def values(self, record: R | None, prefix: str = "") -> dict[str, Any]:
        """Return the columns' values by name; None throughout where there is no record."""
        if record is None:
            return {prefix + name: None for name, _ in self._store}
        return {prefix + name: store(getattr(record, name)) for name, store in self._store}

    def record(self, row: Sequence[Any], **rest: object) -> R:
        """Return the record at the head of a row; `rest` are the fields that it lacks."""
        loaded = dict(zip(self._names, row, strict=False))
        for name, load in self._load:
            value = loaded.get(name)  # a row may end before the last columns
            if value is not None:
                loaded[name] = load(value)
        return self._record(**loaded, **rest)


CLIENT: Final = Mapper(
    Client,
    client_id=_TEXT,
    owner=_TEXT,
    source=_TEXT,
    created_at=_NUMBER,
    expires_at=_NUMBER,
    version=_NUMBER,
    payload=_TEXT,
)
GRANT: Final = Mapper(
    Grant,
    grant_id=_TEXT,
    client_id=_TEXT,
    subject=_TEXT,
    family=_DIGEST,
    granted_at=_NUMBER,
    keep_until=_NUMBER,
    revoked_at=_NUMBER,
    payload=_TEXT,
)
#: A refresh token, in columns of its grant; the predecessor's state is no column.
REFRESH: Final = Mapper(
    Token,
    digest=_DIGEST,
    issued_at=_NUMBER,
    expires_at=_NUMBER,
    generation=_NUMBER,
    rotated_at=_NUMBER,
    payload=_TEXT,
    state=_Codec(_value, TokenState),
)
#: Any other token.
TOKEN: Final = Mapper(
    Token,
    digest=_DIGEST,
    kind=_TEXT,
    issued_at=_NUMBER,
    expires_at=_NUMBER,
    state=_Codec(_value, TokenState),
    generation=_NUMBER,
    rotated_at=_NUMBER,
    payload=_TEXT,
)
CREDENTIAL: Final = Mapper(
    Credential,
    kind=_TEXT,
    digest=_DIGEST,
    client_id=_TEXT,
    expires_at=_NUMBER,
    keep_until=_NUMBER,
    alias=_DIGEST,
    grant_id=_TEXT,
    subject=_TEXT,
    state=_Codec(_value, CredentialState),
    granted_at=_NUMBER,
    interval=_NUMBER,
    polled_at=_NUMBER,
    payload=_TEXT,
)
ACCOUNT: Final = Mapper(
    Account,
    subject=_TEXT,
    name=_TEXT,
    created_at=_NUMBER,
    version=_NUMBER,
    payload=_TEXT,
)
