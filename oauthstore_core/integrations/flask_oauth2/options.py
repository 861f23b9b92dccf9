"""What may be said of an authorization server where it is made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypedDict

from ...clock import Clock
from ...oauth2.core import LoadUser
from ...translation import Translate

__all__ = ["Options"]


class Options(TypedDict, total=False):
    """Arguments of the server; all but the last four are settings, see `settings.Settings`."""

    #: The URL of the store for every role, such as ``sqlite:///oauth.db``.
    store: str
    #: Several stores by name, and which role each serves.
    stores: Mapping[str, object]
    roles: Mapping[str, str]
    #: The issuer identifier; without it, the address on loopback that is asked first.
    issuer: str
    #: The first seals, each opens; without it, derived from Flask's SECRET_KEY.
    secret_keys: Sequence[str]
    plugins: Sequence[str]
    grants: Sequence[str]
    #: Scope to what a person is told of it.
    scopes: Mapping[str, str]
    #: The protected resources that tokens may be asked for (RFC 8707).
    resources: Sequence[str]
    #: Seconds by name, such as ``{"access_token": 600}``.
    lifetimes: Mapping[str, int]
    reuse_grace: int
    #: Languages besides English, such as ``["de"]``.
    languages: Sequence[str]
    #: Maps a subject to the application's user, None where there is none any more.
    load_user: LoadUser
    #: The application's own translator: message id and language to text, or None.
    translate: Translate
    #: Whether to bring the stores' schemas up to date; without it, those of SQLite files.
    migrate: bool
    clock: Clock
