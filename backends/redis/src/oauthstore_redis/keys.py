"""The names of keys, and which of them lie in one slot of a cluster.

An id is hashed before it becomes part of a key, so that it may hold anything.
What stands in braces decides about the slot: a grant or credential shares it
with the index that its purge reads, one of `SHARDS`; the index of a client's or
subject's grants shares it with the fences over them.
"""

from __future__ import annotations

import hashlib
from base64 import urlsafe_b64encode
from typing import Final

__all__ = ["SHARDS", "TAG_WIDTH", "Keys", "tag"]

#: Over so many slots grants and credentials are spread.
SHARDS: Final = 64
#: Characters of a tag.
TAG_WIDTH: Final = 32


def tag(identifier: str) -> str:
    """Return what stands for an id in a key: 32 characters, 192 bits of its SHA-256."""
    # What is no Unicode is refused where it is sent.
    encoded = identifier.encode(errors="surrogatepass")
    return urlsafe_b64encode(hashlib.sha256(encoded).digest()[:24]).decode()


class Keys:
    """The keys of the store with this prefix."""

    def __init__(self, prefix: str) -> None:
        self.prefix = prefix
        self.schema = f"{prefix}:schema"

    def record(self, kind: str, identifier: str) -> tuple[str, str]:
        """Return the keys of a grant or credential and of its shard's index, in one slot."""
        name = tag(identifier)
        shard = hashlib.sha256(name.encode()).digest()[0] % SHARDS
        return f"{self.prefix}:{kind}:{{{self.prefix}.{shard}}}:{name}", self.shard(kind, shard)

    def shard(self, kind: str, number: int) -> str:
        """Return the key of one of the indexes by end, of all records of this kind."""
        return f"{self.prefix}:{kind}-ends:{{{self.prefix}.{number}}}"

    def range(self, kind: str, identifier: str, fence: str = "") -> tuple[str, str]:
        """Return the keys of the index of a client's or subject's grants and of a fence over it."""
        name = tag(identifier)
        index = f"{self.prefix}:{kind}-grants:{{{name}}}"
        return index, f"{self.prefix}:{kind}-fence:{{{name}}}{fence and ':' + tag(fence)}"

    def single(self, kind: str, *parts: str) -> str:
        """Return a key in a slot of its own."""
        return f"{self.prefix}:{kind}:{':'.join(parts)}"

    def register(self, kind: str) -> list[str]:
        """Return the keys of a register, all in one slot: records, index, ends, names."""
        parts = ("", "-index", "-ends", "-names")
        return [f"{self.prefix}:{kind}{part}:{{{self.prefix}.{kind}}}" for part in parts]
