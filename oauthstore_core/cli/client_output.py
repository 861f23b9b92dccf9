"""How a client is printed."""

from __future__ import annotations

from typing import Any, Final

from .failures import NotFoundFailure
from .invocation import moment, show_fields

__all__ = ["missing_client", "show_client"]

_TIMES: Final = ("client_id_issued_at", "previous_secret_expires_at")


def show_client(information: dict[str, Any]) -> None:
    """Print a client information response (RFC 7591 section 3.2.1) for people."""
    shown = dict(information)
    shown |= {name: moment(shown[name]) for name in _TIMES if name in shown}
    if shown.pop("client_secret_expires_at", None) == 0:
        shown["client_secret"] = f"{shown['client_secret']}  (shown this once)"
    show_fields(
        (name, ", ".join(value) if isinstance(value, list) else value)
        for name, value in shown.items()
        if value != []
    )


def missing_client(client_id: str) -> NotFoundFailure:
    """Return the failure for a client id that nobody has."""
    return NotFoundFailure(
        f"There is no client {client_id!r} in this store. See all: oauthstore client list"
    )
