"""The scripts, each one atomic step on keys of one slot: all of them are in its KEYS.

They are files of their own, so that an editor and a linter know their language.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

__all__ = ["Script", "script"]


@dataclass(frozen=True, slots=True)
class Script:
    """A script's text, and the name under which a server that has seen it knows it."""

    text: str
    sha: str


@cache
def script(name: str) -> Script:
    """Return the script of that name, behind the prelude that all of them share."""
    folder = files("oauthstore_redis") / "lua"
    text = "\n".join((folder / f"{part}.lua").read_text() for part in ("prelude", name))
    return Script(text, hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest())
