"""Which database a URL means, and the parts in which it is particular."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Final

from sqlalchemy import URL, Engine, make_url
from sqlalchemy.exc import ArgumentError

from oauthstore_core.errors import ConfigurationError

from .errors import shown
from .nonces import SqlaNonces
from .options import Options
from .store import Store
from .writing import TokenWriter

__all__ = ["DIALECTS", "Database", "check_driver", "check_query", "open_database"]

#: The package that speaks to the database, by what stands before a URL's `+`.
DIALECTS: Final = {
    "sqlite": "sqlite",
    "postgresql": "postgresql",
    "mysql": "mysql",
    "mariadb": "mysql",
}


@dataclass(frozen=True, slots=True)
class Database:
    """An open database, and the classes that are its own."""

    store: Store
    writer: type[TokenWriter]
    nonces: type[SqlaNonces]
    #: The file of a database that is one.
    path: Path | None = None


def open_database(url: str, options: Options) -> Database:
    """Open what the URL or the application's engine is connected to, without connecting."""
    parsed = _parsed(url) if options.engine is None else _url_of(options.engine)
    dialect = parsed.get_backend_name()
    if dialect not in DIALECTS:
        raise ConfigurationError(
            f"The store {shown(parsed)} was to be opened, but "
            f"oauthstore-sqla speaks to {', '.join(DIALECTS)} only. Use one of these, or another "
            "backend."
        )
    return _opener(DIALECTS[dialect])(parsed, options)


def _opener(package: str) -> Callable[[URL, Options], Database]:
    # Only the database in use: the drivers of the others need not be installed.
    try:
        found = import_module(f"{__package__}.{package}")
    except ImportError as error:
        raise ConfigurationError(
            f"A store on {package} was to be opened, but its driver cannot be imported ({error}). "
            f"Install it: pip install 'oauthstore-sqla[{package}]'."
        ) from error
    opener: Callable[[URL, Options], Database] = found.open_database
    return opener


def check_driver(url: URL, dialect: str, driver: str) -> URL:
    """Return the URL with the driver named; refuse one that names another."""
    if "+" in url.drivername and url.get_driver_name() != driver:
        raise ConfigurationError(
            f"The store {shown(url)} was to be opened, but "
            f"oauthstore-sqla speaks to {dialect} through {driver} only. "
            f"Write {dialect}+{driver}://..."
        )
    return url.set(drivername=f"{dialect}+{driver}")


def check_query(url: URL, refused: Iterable[str]) -> None:
    """Refuse a URL with parameters that its driver does not know, or cannot read."""
    names = ", ".join(refused)
    if names:
        raise ConfigurationError(
            f"The store {shown(url)} was to be opened, but its driver does not take "
            f"what the URL gives for {names}. Correct it, or leave it out."
        )


def _url_of(engine: Engine) -> URL:
    """Return the URL of an application's engine, with the driver that it really has."""
    url, dialect = engine.url, engine.dialect
    if dialect.is_async:
        raise ConfigurationError(
            f"The store {shown(url)} was to be opened, but its engine is for asyncio. "
            "Give a synchronous one; an ASGI server calls the store in a worker thread."
        )
    return url.set(drivername=f"{dialect.name}+{dialect.driver}")


def _parsed(url: str) -> URL:
    try:
        return make_url(url)
    except (ArgumentError, ValueError):  # a ValueError quotes what stands after the host
        raise ConfigurationError(
            "A store was to be opened, but its URL cannot be read. Give one such as "
            "sqlite:///oauth.db, postgresql://user@host/database or mysql://user@host/database."
        ) from None
