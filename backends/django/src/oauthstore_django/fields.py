"""Columns of the contract's types: what crosses as text is stored so that nothing is lost.

Digests cross as hexadecimal text and are stored as their 32 bytes. In texts,
what some database cannot hold (NUL, half of a surrogate pair) is escaped.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import BigIntegerField, BinaryField, TextField

if TYPE_CHECKING:
    _Binary = BinaryField[Any, Any]
    _Number = BigIntegerField[Any, Any]
    _Text = TextField[Any, Any]
else:
    _Binary = BinaryField
    _Number = BigIntegerField
    _Text = TextField

__all__ = ["DigestField", "IdentifierField", "NumberField", "PayloadField", "SealedField"]

_ESCAPE: Final = "\x1b"
_UNSTORABLE: Final = re.compile("[\x00\x1b\ud800-\udfff]")
_ESCAPED: Final = re.compile("\x1b([0-9a-f]{4})")
_DIGEST_BYTES: Final = 32


class NumberField(_Number):
    """Whole seconds since the epoch, or another whole number of up to 64 bits."""

    def get_db_prep_save(self, value: Any, connection: BaseDatabaseWrapper) -> Any:  # noqa: ANN401 - Django's
        """Return what is stored, a number as it is."""
        if value is None or type(value) is int:
            return value
        return super().get_db_prep_save(value, connection)


class PayloadField(_Text):
    """Text that comes back as it was given."""

    def get_prep_value(self, value: str | None) -> str | None:
        """Return what is stored; all but hostile texts stay as they are."""
        if value is None or (value.isascii() and "\0" not in value and _ESCAPE not in value):
            return value
        return _UNSTORABLE.sub(lambda found: f"{_ESCAPE}{ord(found[0]):04x}", value)

    def get_db_prep_save(self, value: Any, connection: BaseDatabaseWrapper) -> Any:  # noqa: ANN401 - Django's
        """Return what is stored."""
        if value is None or type(value) is str:
            return self.get_prep_value(value)
        return super().get_db_prep_save(value, connection)

    def from_db_value(self, value: str | None, *_: object) -> str | None:
        """Return the text that was given."""
        if value is None or _ESCAPE not in value:
            return value
        return _ESCAPED.sub(lambda found: chr(int(found[1], 16)), value)


class IdentifierField(PayloadField):
    """Text that is equal where its characters are, and sorts by their bytes."""

    def db_type(self, connection: BaseDatabaseWrapper) -> str:
        """Return the column's type, without the collation of a language."""
        # In capitals: for a key of the type "text" Django makes a second index, for LIKE.
        return 'TEXT COLLATE "C"' if connection.vendor == "postgresql" else "text"


class DigestField(_Binary):
    """A SHA-256 digest."""

    def get_prep_value(self, value: str | None) -> bytes | None:
        """Return the bytes that are stored."""
        if value is None:
            return None
        try:
            stored = bytes.fromhex(value)
        except ValueError:
            stored = b""
        if len(stored) == _DIGEST_BYTES and stored.hex() == value:
            return stored
        raise ValueError(
            "A store was asked for a digest that is none: it is to be 64 lower-case hexadecimal "
            f"digits, and has {len(value)} characters. Hash handles with oauthstore_core.digests."
        )

    def from_db_value(self, value: bytes | None, *_: object) -> str | None:
        """Return the digits."""
        return None if value is None else bytes(value).hex()


class SealedField(_Binary):
    """Bytes that come back as `bytes`, whatever the driver has for them."""

    def from_db_value(self, value: bytes | None, *_: object) -> bytes | None:
        """Return the bytes."""
        return None if value is None else bytes(value)
