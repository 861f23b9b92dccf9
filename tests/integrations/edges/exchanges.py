"""What is asked of an edge, in an order, and with the words that stand for earlier answers.

``{code}``, ``{access_token}``, ``{refresh_token}``, ``{oauth_token}`` and ``{oauth_verifier}`` are
the latest that were issued. An answer is recorded with each of them
numbered, ``{access_token 2}``, so that it shows which of them is meant.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

__all__ = ["CALLBACK", "FORM", "ISSUER", "Exchange", "Form", "Signature"]

ISSUER = "https://auth.example/oauth"
CALLBACK = "https://app.example.org/callback"
FORM = "application/x-www-form-urlencoded"
Form = Mapping[str, str | Sequence[str]]


@dataclass(frozen=True)
class Signature:
    """How a client signs by OAuth 1."""

    client: str = "album"
    #: Which of the credentials that were issued it signs with; 0: none.
    token: int = 0
    method: str = "HMAC-SHA1"
    place: str = "header"
    secret: str = "secret"
    #: Parameters that differ; None leaves one out.
    changes: Mapping[str, str | None] = field(default_factory=dict)


@dataclass(frozen=True)
class Exchange:
    """A request of a client's or of alice's browser, or her decision at a consent page."""

    name: str
    target: str
    form: Form | bytes | None = None
    #: Who authenticates by HTTP Basic.
    client: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    content_type: str | None = FORM
    #: By default POST where there is a form, else GET.
    method: str | None = None
    #: Whose browser it is; None: nobody's who is signed in.
    person: str | None = "alice"
    #: What alice presses, where the target is a request for her consent.
    decision: str | None = None
    signature: Signature | None = None
