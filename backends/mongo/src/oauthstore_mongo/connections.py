"""The way to the server: a client for each process, one flight at a time."""

from __future__ import annotations

import os
import random
import time
import warnings
from collections.abc import Callable, Mapping
from itertools import count
from typing import Any, Final, NamedTuple, TypeVar

from pymongo import MongoClient, ReadPreference, WriteConcern
from pymongo.database import Database
from pymongo.errors import PyMongoError
from pymongo.read_concern import ReadConcern

from oauthstore_core.errors import (
    ConfigurationError,
    ConflictError,
    DuplicateError,
    SchemaError,
    StoreUnavailableError,
)

from .discretion import keep_out_of_logs
from .documents import Document
from .errors import DRIVER_ERRORS, BusyError, translated
from .options import Options, check_url, url_options

__all__ = ["ATTEMPTS", "HEAD", "SCHEMA", "Connections", "Flight", "Rivals", "overtaken"]

T = TypeVar("T")
Flight = Callable[[Database[Document]], T]

#: The version of the schema that this code knows, and the collection in which it stands.
HEAD: Final = 1
SCHEMA: Final = "oauthstore_schema"
#: How often a step is made anew that others overtook.
ATTEMPTS: Final = 8
#: Long enough for those who deadlock one another on FerretDB to part.
_FIRST_PAUSE: Final = 0.05
_LONGEST_PAUSE: Final = 2.0


class Rivals(NamedTuple):
    """Where those are who may have taken a unique key."""

    collection: str
    condition: Document


class Connections:
    """A database on a server or a replica set; primary reads, majority writes on the disk."""

    def __init__(self, url: str, options: Options) -> None:
        """Take the URL, without connecting."""
        check_url(url)
        self._url = url
        self._options = options
        #: By process id: a fork must neither share nor close what is its parent's.
        self._databases: dict[int, Database[Document]] = {}
        self._checked: set[int] = set()
        self._closed = False
        self.url = _shown(url)
        #: What error messages call it.
        self.where = f"the database {self.url}"
        self._database()

    # --- flights ---

    def run(self, flight: Flight[T], rivals: Rivals | None = None) -> T:
        """Make one flight to a store whose schema is known; again, where it met other writers.

        `rivals` finds who has taken a key that the flight wants, for `DuplicateError`.
        """
        if os.getpid() not in self._checked:
            self._require_schema()
        return self.run_unchecked(flight, rivals)

    def _require_schema(self) -> None:
        # MongoDB would create what is missing, and without the indexes that keep keys unique.
        problem = ""
        try:
            self.check_schema()
        except SchemaError as error:
            problem = str(error)
        if problem:
            raise StoreUnavailableError(problem)
        self._checked.add(os.getpid())

    def run_unchecked(self, flight: Flight[T], rivals: Rivals | None = None) -> T:
        """Make one flight, whatever the schema."""
        patience = self._options.busy_timeout
        give_up = time.monotonic() + patience
        for attempt in count():
            try:
                return self._attempt(flight)
            except BusyError:
                if time.monotonic() >= give_up:
                    break
            pause = min(_LONGEST_PAUSE, _FIRST_PAUSE * 4**attempt)
            time.sleep(random.uniform(0, pause))  # noqa: S311 - jitter
            if rivals is not None:
                self._give_way(rivals)
        raise ConflictError(
            f"{self.where} was to be used, but for {patience} s other writers were first: "
            "nothing was executed. Try again; if it happens often, raise `busy_timeout`."
        )

    def _give_way(self, rivals: Rivals) -> None:
        # On FerretDB those who want one unique key stand in each other's way until each has
        # looked: also after one of them has it.
        if self._attempt(lambda db: db[rivals.collection].find_one(rivals.condition, {"_id": 1})):
            raise DuplicateError(f"The key of a new record is taken in {self.where}.")

    def _attempt(self, flight: Flight[T]) -> T:
        try:
            return self._flown(flight)
        except DRIVER_ERRORS as error:
            failure = translated(error, self.where)
        # Outside of the handler, so that the driver's exception does not hang on.
        raise failure

    def _flown(self, flight: Flight[T]) -> T:
        if self._closed:
            raise StoreUnavailableError(
                f"{self.where} was to be used, but this handle on it is closed. Open it again."
            )
        on_io = self._options.on_io
        if on_io is None:
            return flight(self._database())
        on_io("before")
        result = flight(self._database())
        on_io("after")
        return result

    def check_schema(self) -> None:
        """Return if the store has the schema that this version knows."""
        version = self.schema_version()
        if version != HEAD:
            raise SchemaError(
                f"The schema of {self.where} was asked for: it is at {version or 'none'}, and "
                f"this version of oauthstore-mongo needs {HEAD}. Run `oauthstore migrate`, or "
                "install the version that migrated it."
            )

    def schema_version(self) -> int | None:
        """Return the version of the store's schema, None where `migrate` has never run."""
        found = self.run_unchecked(lambda db: db[SCHEMA].find_one({"_id": "schema"}))
        return None if found is None else int(found["version"])

    # --- the driver's client ---

    def _database(self) -> Database[Document]:
        """Return the database through this process's own client."""
        found = self._databases.get(os.getpid())
        if found is None:
            client = self._options.client or self._open()
            found = client.get_default_database("oauthstore").with_options(
                # Whatever the application's client says.
                read_preference=ReadPreference.PRIMARY,
                read_concern=ReadConcern("local"),
                write_concern=WriteConcern("majority", j=True, wtimeout=self._milliseconds()),
            )
            keep_out_of_logs(found.name)
            self._databases[os.getpid()] = found
        return found

    def _open(self) -> MongoClient[Document]:
        patience = self._milliseconds()
        settings: Mapping[str, Any] = {
            "appname": "oauthstore",
            "connectTimeoutMS": patience,
            "serverSelectionTimeoutMS": patience // 2,
            "socketTimeoutMS": patience,
            "waitQueueTimeoutMS": patience,
        }
        named = url_options(self._url)
        chosen = {name: value for name, value in settings.items() if name.lower() not in named}
        try:
            with warnings.catch_warnings():
                # PyMongo warns of an option that it does not know, and goes on without it.
                warnings.simplefilter("error", UserWarning)
                return MongoClient(self._url, connect=False, **chosen)
        except (PyMongoError, ValueError, UserWarning) as error:
            reason = type(error).__name__
        raise ConfigurationError(
            f"The store was to be opened at {self.url}, but PyMongo refuses this URL ({reason}). "
            "Give mongodb://user:password@host/database, and PyMongo's own options."
        )

    def _milliseconds(self) -> int:
        return int(self._options.timeout * 1000)

    def close(self) -> None:
        """Close this process's own client, and refuse further calls."""
        database = self._databases.get(os.getpid())
        if not self._closed and database is not None and self._options.client is None:
            database.client.close()
        self._closed = True


def _shown(url: str) -> str:
    """Return the URL as messages and `describe` show it: without user, password and options."""
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{rest.partition('?')[0].rpartition('@')[2]}"


def overtaken(what: str) -> ConflictError:
    """Return the error for a step that others made anew whenever it was judged."""
    return ConflictError(
        f"A {what} was tried {ATTEMPTS} times, but each time another writer changed the record "
        "in between: nothing was written. Try again."
    )
