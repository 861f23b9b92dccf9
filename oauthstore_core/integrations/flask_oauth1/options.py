"""What may be said of OAuth 1 where a server or a resource protector is made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypedDict

from ...clock import Clock
from ...oauth2.core import LoadUser
from ...translation import Translate

__all__ = ["Options"]


class Options(TypedDict, total=False):
    """Arguments; all but the last four are settings, see `settings.Settings`."""

    #: The URL of the store for every role, such as ``sqlite:///oauth.db``.
    store: str
    #: Several stores by name, and which role each serves.
    stores: Mapping[str, object]
    roles: Mapping[str, str]
    #: The address that clients know, such as ``https://example.com``: its scheme and host are
    #: what they sign. Without it, those of the request.
    issuer: str
    #: The first seals, each opens; without it, derived from Flask's SECRET_KEY.
    secret_keys: Sequence[str]
    plugins: Sequence[str]
    #: ``signature_methods`` and ``timestamp_window``, in seconds.
    oauth1: Mapping[str, object]
    #: Seconds by name, such as ``{"temporary_credential": 300}``.
    lifetimes: Mapping[str, int]
    #: Languages besides English, such as ``["de"]``.
    languages: Sequence[str]
    #: Maps a subject to the application's user, None where there is none any more.
    load_user: LoadUser
    #: The application's own translator: message id and language to text, or None.
    translate: Translate
    #: Whether to bring the stores' schemas up to date; without it, those of SQLite files.
    migrate: bool
    clock: Clock
