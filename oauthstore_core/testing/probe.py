"""The raw probe: every form in which a value could lie around, and a dump of live objects."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from enum import Enum
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType
from urllib.parse import quote

__all__ = ["dump_objects", "find", "variants"]

#: Shared by all programs, so not part of a store.
_OPAQUE = (type, ModuleType, FunctionType, BuiltinFunctionType, Enum)


def variants(value: str) -> dict[str, bytes]:
    """Return the value in the forms that a store or driver might give it, by name."""
    plain = value.encode()
    encoded = {
        "plain": plain,
        "utf-16": value.encode("utf-16-le"),
        "hex": plain.hex().encode(),
        "HEX": plain.hex().upper().encode(),
        "reversed": plain[::-1],
        "urlencoded": quote(value, safe="").encode(),
        "base32": base64.b32encode(plain).rstrip(b"="),
    }
    # In the midst of a longer text base64 looks different at each offset.
    for offset in range(3):
        text = base64.b64encode(b"\0" * offset + plain)
        inner = text[4 if offset else 0 : len(text) // 4 * 4 - 4]
        encoded[f"base64+{offset}"] = inner
        encoded[f"base64url+{offset}"] = inner.translate(bytes.maketrans(b"+/", b"-_"))
    return encoded


def find(value: str, dump: bytes) -> list[str]:
    """Return the names of the forms in which the dump contains the value."""
    return [name for name, form in variants(value).items() if form in dump]


def dump_objects(*roots: object) -> bytes:
    """Return all text and bytes that can be reached from these objects, as bytes.

    The raw probe of a store that lives in this process.
    """
    return b"\n".join(_leaves(list(roots)))


def _leaves(waiting: list[object]) -> Iterator[bytes]:
    seen: dict[int, object] = {}
    while waiting:
        value = waiting.pop()
        if id(value) in seen or isinstance(value, _OPAQUE):
            continue
        seen[id(value)] = value
        if isinstance(value, str):
            yield value.encode("utf-8", "surrogatepass")
        elif isinstance(value, bytes | bytearray | memoryview):
            yield bytes(value)
        else:
            waiting.extend(_parts(value))


def _parts(value: object) -> Iterator[object]:
    if isinstance(value, dict):
        yield from value.keys()
        yield from value.values()
    elif isinstance(value, list | tuple | set | frozenset):
        yield from value
    elif isinstance(value, MethodType):
        yield value.__self__
    yield from getattr(value, "__dict__", {}).values()
    for ancestor in type(value).__mro__:
        slots = vars(ancestor).get("__slots__", ())
        for name in (slots,) if isinstance(slots, str) else slots:
            yield getattr(value, name, None)
