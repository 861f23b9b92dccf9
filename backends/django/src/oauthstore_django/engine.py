"""The database of an alias: what a connection to it must be, and what databases differ in."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, ClassVar, Final

from django.db import connections

from .connections import OwnConnection, make
from .options import Options

__all__ = ["Engine"]

_NAMES: Final = ("ENGINE", "NAME", "HOST", "PORT", "USER")


class Engine(ABC):
    """A database; a subclass for each that is spoken to."""

    #: What the server is called.
    server: ClassVar[str]
    #: What a SELECT ends with that leaves to others what they hold.
    skip_locked: ClassVar[str] = ""

    def __init__(self, alias: str, options: Options) -> None:
        """Speak to the database of an alias, without connecting."""
        self.alias = alias
        self.options = options
        #: What error messages call it.
        self.where = f"the database django://{alias}"

    @property
    def settings(self) -> dict[str, Any]:
        """What DATABASES says now: tests put another database in its place."""
        found: dict[str, Any] = connections.settings[self.alias]
        return found

    def target(self) -> tuple[object, ...]:
        """Return what a connection must be to for its use; another file has another one."""
        settings = self.settings
        return tuple(str(settings[name]) for name in _NAMES)

    def connect(
        self, alias: str, prepare: Callable[[OwnConnection], None] | None = None
    ) -> OwnConnection:
        """Return a new connection in autocommit that the ORM is to know by this alias."""
        given = self.settings
        own = {
            "ATOMIC_REQUESTS": False,
            "AUTOCOMMIT": True,
            "OPTIONS": self.connection_options(dict(given["OPTIONS"])),
        }
        made = make({**given, **own}, alias)
        made.prepare = prepare or self.prepare
        made.bound = self.bound
        try:
            self.check(made)
            made.ensure_connection()
        except BaseException:
            made.discard()
            raise
        made.target = self.target()
        if self.options.on_io is not None:
            made.listen(self.options.on_io)
        return made

    @abstractmethod
    def connection_options(self, given: dict[str, Any]) -> dict[str, Any]:
        """Return the OPTIONS of the store's connections, for those of the application's."""

    def bound(self, driver: Any) -> None:  # noqa: ANN401, B027 - the driver's; SQLite's is a file
        """Let a driver's connection that was just opened wait no longer than it may."""

    @abstractmethod
    def prepare(self, made: OwnConnection) -> None:
        """Set what the promises need, on a connection that was just opened."""

    @abstractmethod
    def told(self, lent: OwnConnection) -> dict[str, Any]:
        """Return what the server tells of itself."""

    @abstractmethod
    def keep_migrations_out(self, made: OwnConnection) -> None:
        """Let no other migration begin before this transaction has ended."""

    def check(self, made: OwnConnection) -> None:  # noqa: B027 - most have nothing to refuse
        """Refuse what cannot be a store, before it is connected."""

    def turn(self) -> AbstractContextManager[object]:
        """Wait for a turn to write, where the database has one writer at a time."""
        return nullcontext()

    def announce(self, lent: OwnConnection, scopes: Sequence[str]) -> None:  # noqa: B027 - SQLite's one writer needs no word
        """Let revocations of these scopes wait until this transaction has ended."""

    def await_announced(self, lent: OwnConnection, scope: str) -> None:  # noqa: B027 - the same
        """Wait for those who announced themselves before the scope's fence stood."""

    def forked(self) -> None:  # noqa: B027 - most have nothing
        """Make anew what must not be inherited."""
