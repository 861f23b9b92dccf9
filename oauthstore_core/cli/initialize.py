"""``oauthstore init``: a configuration to begin with, and an empty store."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import click

from ..plugins.discovery import load_backend
from ..settings import Settings, mask_url
from ..stores import open_stores
from .failures import RefusedFailure
from .invocation import Invocation, global_options, pass_invocation, show_fields

__all__ = ["init", "initialize"]

FILE_NAME: Final = "oauthstore.toml"
DATABASE_NAME: Final = "oauthstore.db"
ISSUER: Final = "http://127.0.0.1:8000"

_TEMPLATE = """\
# The configuration of an oauthstore server. It holds a secret: keep it private.
# See all settings and where they come from: oauthstore config show

[oauthstore]
# What clients know this server by. On the internet: its https address.
issuer = {issuer}
store = {store}
# The first key seals, every key opens. To replace one, put a new one in front.
secret_keys = [{secret_key}]
# client_cache: a client's registration is read once in five seconds. audit: what happens to
# grants and tokens is logged as JSON, with fingerprints in place of tokens.
plugins = ["client_cache", "audit"]

# The scopes that clients may ask for, as people read them on the consent page.
# While there are none here, each client may ask for those that it is registered with.
# [oauthstore.scopes]
# profile = "See your account's name and id"

# How long things live, in seconds.
# [oauthstore.lifetimes]
# access_token = 3600

# How the server listens, and the proxies before it whose X-Forwarded-For is believed.
# [oauthstore.server]
# bind = "127.0.0.1:8000"
# workers = 2
# trusted_proxies = ["127.0.0.1"]
"""


@click.command()
@global_options
@pass_invocation
def init(invocation: Invocation) -> None:
    """Write oauthstore.toml with fresh keys, and set up the store.

    By default the store is a SQLite file beside it. An existing file stays as it is.
    """
    path = (invocation.config or Path(FILE_NAME)).absolute()
    settings = initialize(path, store=invocation.store, issuer=invocation.issuer or ISSUER)
    store = next(iter(settings.stores.values()))
    told = {"config": str(path), "issuer": settings.issuer, "store": mask_url(store.url)}

    def show() -> None:
        show_fields(told.items())
        click.echo("\nNext: oauthstore user add NAME, then oauthstore serve")

    invocation.tell(told, show)


def initialize(path: Path, *, store: str | None, issuer: str) -> Settings:
    """Write a configuration that only its owner can read, and migrate its store.

    Either both are there afterwards, or no file is, so that it can be tried again.
    `RefusedFailure`: the file exists, or cannot be written. `StoreError`, `ConfigurationError`: the
    store cannot be set up.
    """
    database = path.with_name(DATABASE_NAME)
    url = store or f"sqlite:///{database.as_posix()}"
    wanted = {"issuer": issuer, "store": url, "secret_keys": [secrets.token_urlsafe(48)]}
    # Whatever is wrong with them is told before anything is written.
    settings = Settings.from_mapping(wanted)
    load_backend(settings.stores["default"].scheme)
    _write(
        path,
        _TEMPLATE.format(
            issuer=_quoted(issuer), store=_quoted(url), secret_key=_quoted(settings.secret_keys[0])
        ),
    )
    if store is None:
        # Before SQLite does it, so that it is nobody else's to read either.
        database.touch(mode=0o600)
    with _removed_on_failure(path), open_stores(settings) as stores:
        stores.migrate()
    return settings


@contextmanager
def _removed_on_failure(path: Path) -> Generator[None]:
    try:
        yield
    except BaseException:
        path.unlink()
        raise


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _write(path: Path, text: str) -> None:
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        raise RefusedFailure(
            f"A configuration was to be written to {path}, but that file exists. "
            "It was not touched. Choose another name with --config, or move it away."
        ) from error
    except OSError as error:
        raise RefusedFailure(
            f"A configuration was to be written to {path}, but that failed "
            f"({error.strerror}). Mend the path or its permissions."
        ) from error
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
