"""MongoDB's aggregation expressions, of which an update in one step is made.

Whatever a caller gave goes through `literal`: a text that begins with a dollar
would be a field's name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from oauthstore_core.judgement import surplus_tokens
from oauthstore_core.records import Token

from .documents import Document, document, key

__all__ = [
    "all_of",
    "any_of",
    "equal",
    "holds_none_of",
    "is_none",
    "later",
    "literal",
    "merged",
    "tokens_with",
    "where",
]


def literal(value: object) -> Document:
    """Return a value as it is."""
    return {"$literal": value}


def equal(field: str, value: object) -> Document:
    """Tell whether a field is just this."""
    return {"$eq": [field, literal(value)]}


def is_none(field: str) -> Document:
    """Tell whether a field is not there."""
    return {"$eq": [{"$ifNull": [field, None]}, None]}


def later(field: str, now: int) -> Document:
    """Tell whether a field is there and after `now`."""
    return {"$gt": [field, now]}  # what is not there sorts before every number


def all_of(*conditions: Document) -> Document:
    """Tell whether all conditions hold."""
    return {"$and": list(conditions)}


def any_of(*conditions: Document) -> Document:
    """Tell whether one of the conditions holds."""
    return {"$or": list(conditions)}


def merged(changes: Mapping[str, object]) -> Document:
    """Return the document with these fields changed."""
    return {"$mergeObjects": ["$$ROOT", changes]}


def where(*cases: tuple[Document, Document]) -> list[Document]:
    """Return the update that takes the first case whose condition holds, else changes nothing."""
    branches = [{"case": condition, "then": then} for condition, then in cases]
    return [{"$replaceWith": {"$switch": {"branches": branches, "default": "$$ROOT"}}}]


# --- the access tokens in a grant's document ---


def tokens_with(added: Sequence[Token], limit: int, owner: object) -> Any:  # noqa: ANN401
    """Return the grant's access tokens, without those to drop, and with those that are added.

    As `judgement.surplus_tokens` says, of what is stored when the update is made.
    """
    if not added:
        return "$tokens"
    surplus = surplus_tokens((), added, limit)
    new = [token for token in added if token.kind != "refresh" and token not in surplus]
    ends = {"$gt": ["$$this.expires_at", None]}
    counted = all_of({"$eq": ["$$this.kind", "access"]}, ends)
    latest = max(token.issued_at for token in added)
    live = _filtered(all_of(counted, {"$gt": ["$$this.expires_at", latest]}))
    room = limit - sum(token.kind == "access" and token.expires_at is not None for token in new)
    oldest_first = {"$sortArray": {"input": live, "sortBy": {"issued_at": 1, "digest": 1}}}
    kept = {"$slice": [oldest_first, -room]} if room > 0 else []
    stored = [document(token) | {"written_by": owner} for token in new]
    return {"$concatArrays": [_filtered({"$not": [counted]}), kept, literal(stored)]}


def _filtered(condition: Document) -> Document:
    return {"$filter": {"input": "$tokens", "as": "this", "cond": condition}}


def holds_none_of(tokens: Sequence[Token]) -> Document:
    """Tell whether the grant has none of these tokens yet."""
    digests = [key(token.digest) for token in tokens if token.kind != "refresh"]
    return all_of(*({"$not": [{"$in": [literal(d), "$tokens.digest"]}]} for d in digests))
