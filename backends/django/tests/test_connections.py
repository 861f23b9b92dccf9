"""The store's connections are its own, whatever the application does with Django's."""

from __future__ import annotations

import asyncio
import logging
import os
import sqlite3
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from django.core.signals import request_finished, request_started
from django.db import connections, transaction
from django.http import HttpRequest, HttpResponse
from django.test import Client as Browser
from django.test import override_settings
from django.urls import path as route
from django_project import alias_of

from oauthstore_core.errors import ConflictError, StoreTimeoutError, StoreUnavailableError
from oauthstore_core.testing.samples import access_token, client, fresh, grant
from oauthstore_django import plugin
from oauthstore_django.backend import DjangoBackend

NOW = 1_700_000_000


@pytest.fixture
def aged(database: dict[str, Any]) -> Iterator[DjangoBackend]:
    """Return a store whose connections live as Django's do by default."""
    backend = plugin.open(f"django://{alias_of({**database, 'CONN_MAX_AGE': 0})}", {})
    backend.migrate()
    yield backend
    backend.close()


def idle(backend: DjangoBackend) -> int:
    return len(backend._store._pool._idle)


def test_what_a_verb_wrote_survives_the_callers_rollback(store: DjangoBackend, alias: str) -> None:
    made = client()

    def within() -> None:
        with transaction.atomic(using=alias):
            store.clients.save_client(made)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        within()

    assert store.clients.query_client(made.client_id) is not None


def test_what_a_verb_wrote_survives_the_rollback_of_a_request(
    database: dict[str, Any], store: DjangoBackend
) -> None:
    alias = alias_of({**database, "ATOMIC_REQUESTS": True})
    made = client()

    def view(request: HttpRequest) -> HttpResponse:
        assert connections[alias].in_atomic_block
        with closing(plugin.open(f"django://{alias}", {})) as within:
            within.clients.save_client(made)
        raise ZeroDivisionError

    with serving(view) as browser:
        response = browser.get("/")
    connections[alias].close()
    del connections.settings[alias]

    assert response.status_code == 500
    assert store.clients.query_client(made.client_id) is not None


@contextmanager
def serving(view: Callable[[HttpRequest], HttpResponse]) -> Iterator[Browser]:
    """Serve a view at the root."""
    urls = ModuleType("urls_of_a_test")
    urls.urlpatterns = [route("", view)]  # type: ignore[attr-defined]
    sys.modules[urls.__name__] = urls
    with override_settings(ROOT_URLCONF=urls.__name__, ALLOWED_HOSTS=["*"]):
        yield Browser(raise_request_exception=False)
    del sys.modules[urls.__name__]


def test_a_caller_who_holds_the_file_is_a_conflict_that_wrote_nothing(
    store: DjangoBackend, alias: str
) -> None:
    impatient = plugin.open(f"django://{alias}", {"busy_timeout": 0.1})
    made = client()

    with transaction.atomic(using=alias):
        with connections[alias].cursor() as cursor:
            cursor.execute("CREATE TABLE of_the_application (name text)")
        with pytest.raises(ConflictError, match="busy_timeout"):
            impatient.clients.save_client(made)
    connections[alias].close()

    assert store.clients.query_client(made.client_id) is None
    impatient.clients.save_client(made)
    impatient.close()


def test_a_statement_is_not_logged_where_debug_is_on(
    store: DjangoBackend, caplog: pytest.LogCaptureFixture
) -> None:
    made = access_token(NOW, payload='{"note": "a secret"}')

    with override_settings(DEBUG=True), caplog.at_level(logging.DEBUG):
        store.tokens.save_token(grant(NOW, payload='{"note": "a secret"}'), [made])
        store.tokens.query_token(made.digest)

    assert "a secret" not in caplog.text


def test_the_orm_of_the_application_does_not_find_the_stores_connection(
    store: DjangoBackend, alias: str
) -> None:
    store.ping()

    assert f"oauthstore:{alias}" not in list(connections)
    assert not hasattr(connections._connections, f"oauthstore:{alias}")


# --- how long they live ---


def test_outside_of_a_request_a_connection_ends_with_its_verb(aged: DjangoBackend) -> None:
    aged.clients.query_client("c")

    assert idle(aged) == 0


def test_within_requests_a_connection_lives_until_the_last_has_ended(aged: DjangoBackend) -> None:
    request_started.send(sender=None)
    request_started.send(sender=None)
    aged.clients.query_client("c")
    request_finished.send(sender=None)
    during = idle(aged)
    request_finished.send(sender=None)

    assert (during, idle(aged)) == (1, 0)


def test_a_connection_is_kept_where_it_may_grow_old(store: DjangoBackend) -> None:
    store.clients.query_client("c")
    (first,) = store._store._pool._idle
    request_started.send(sender=None)
    request_finished.send(sender=None)
    store.clients.query_client("c")

    assert store._store._pool._idle == [first]


def test_threads_that_end_leave_no_connection_behind(store: DjangoBackend) -> None:
    made = client()
    store.clients.save_client(made)
    found: list[object] = []

    def read() -> None:
        found.append(store.clients.query_client(made.client_id))

    threads = [threading.Thread(target=read) for _ in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(found) == 40
    assert None not in found
    assert idle(store) <= 20


def test_connections_that_are_all_in_use_are_a_timeout(store: DjangoBackend, alias: str) -> None:
    narrow = plugin.open(f"django://{alias}", {"connections": 1, "timeout": 1})

    with (
        narrow._store._pool.connection(),
        pytest.raises(StoreTimeoutError, match="fewer threads"),
    ):
        narrow.clients.query_client("c")

    narrow.close()


def test_a_closed_store_keeps_nothing_open(store: DjangoBackend) -> None:
    store.ping()
    store.close()

    assert idle(store) == 0
    with pytest.raises(StoreUnavailableError, match="Open it again"):
        store.ping()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_forked_child_opens_its_own_connections(store: DjangoBackend) -> None:
    store.clients.save_client(client(client_id="parent"))
    parents = list(store._store._pool._idle)
    nonce = fresh()

    child = os.fork()
    if child == 0:
        found = store.clients.query_client("parent") is not None
        won = store.nonces.claim_nonce(nonce, NOW + 9, NOW)
        others = set(map(id, store._store._pool._idle)).isdisjoint(map(id, parents))
        os._exit(0 if found and won and others else 1)

    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert not store.nonces.claim_nonce(nonce, NOW + 9, NOW)
    assert [id(each) for each in store._store._pool._idle] == [id(each) for each in parents]


# --- the file ---


def test_a_file_that_was_put_in_place_of_the_old_one_is_used(
    store: DjangoBackend, path: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other.db"
    new = {"ENGINE": "django.db.backends.sqlite3", "NAME": str(other)}
    with closing(plugin.open(f"django://{alias_of(new)}", {})) as restored:
        restored.migrate()
        restored.clients.save_client(client(client_id="restored"))
    for name in ("oauth.db-wal", "oauth.db-shm"):
        (tmp_path / name).unlink(missing_ok=True)
    other.rename(path)

    assert store.clients.query_client("restored") is not None


def test_a_file_that_was_deleted_is_told_and_not_written_to(
    store: DjangoBackend, path: Path
) -> None:
    store.ping()
    for each in path.parent.glob("oauth.db*"):
        each.unlink()

    with pytest.raises(StoreUnavailableError, match=r"manage\.py migrate"):
        store.clients.save_client(client())


def test_the_connection_writes_ahead_and_through(
    store: DjangoBackend, alias: str, path: Path
) -> None:
    facts = store.describe()
    with closing(plugin.open(f"django://{alias}", {"synchronous": "NORMAL"})) as other:
        chosen = other.describe()["synchronous"]
    with closing(sqlite3.connect(path)) as raw:
        ((mode,),) = raw.execute("PRAGMA journal_mode").fetchall()

    assert (facts["journal_mode"], facts["synchronous"], mode) == ("WAL", "FULL", "wal")
    assert chosen == "NORMAL"


# --- interruptions ---


def test_an_event_loop_is_told_to_use_a_thread(store: DjangoBackend) -> None:
    async def on_the_loop() -> None:
        with pytest.raises(StoreUnavailableError, match="worker thread"):
            store.clients.query_client("c")

    asyncio.run(on_the_loop())


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("place", range(1, 5))
def test_an_interrupt_leaves_a_save_whole_and_the_store_in_use(
    store: DjangoBackend, alias: str, moment: str, place: int
) -> None:
    count = 0

    def interrupt(when: str) -> None:
        nonlocal count
        if when == moment:
            count += 1
            if count == place:
                raise KeyboardInterrupt

    given, token = grant(NOW), access_token(NOW)
    with closing(plugin.open(f"django://{alias}", {"on_io": interrupt})) as interrupted:
        with pytest.raises(KeyboardInterrupt):
            interrupted.tokens.save_token(given, [token])
        saved = store.tokens.query_token(token.digest) is not None
        interrupted.tokens.save_token(grant(NOW), [access_token(NOW)])

    listed = store.tokens.list_grants(given.client_id, None, None, 5).items
    assert saved == bool(listed)
    # The fourth and last is the COMMIT.
    assert saved == (moment == "after" and place == 4)
