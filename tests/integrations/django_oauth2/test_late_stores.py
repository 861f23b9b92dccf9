"""A store that is away when the first request comes: 503 until it is there, without a restart."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Any

import pytest

from oauthstore_core.backends import BackendPlugin
from oauthstore_core.errors import StoreUnavailableError
from oauthstore_core.integrations.django_oauth2 import AuthorizationServer
from oauthstore_core.memory import MemoryBackend
from oauthstore_core.plugins import register_backend
from oauthstore_core.testing.clock import FakeClock

from ..flask_oauth2.site import NOW, SCOPES, bearer
from ..flask_oauth2.test_outages import ROLES
from ..opened import ask
from .site import Site


class Late:
    """A store that cannot be opened yet."""

    def __init__(self) -> None:
        self.is_away = True
        self.asked = 0
        #: Whoever opens it waits for that.
        self.goes_on = threading.Event()
        self.goes_on.set()

    def open(self, *_: object) -> MemoryBackend:
        self.asked += 1
        self.goes_on.wait()
        if self.is_away:
            raise StoreUnavailableError("It is away.")
        return MemoryBackend()


@pytest.fixture
def late() -> Iterator[Late]:
    store = Late()
    plugin = BackendPlugin("late", ROLES, MemoryBackend().capabilities, store.open)
    with register_backend(plugin):
        yield store


@pytest.fixture
def site(late: Late) -> Site:
    options = {"store": "late://", "scopes": SCOPES}
    return Site(AuthorizationServer(options=options, clock=FakeClock(NOW)))


FORM = {"grant_type": "client_credentials", "client_id": "c1", "client_secret": "s"}
METADATA = "/.well-known/oauth-authorization-server/oauth"


@pytest.mark.parametrize("path", ["/oauth/token", "/oauth/revoke", "/oauth/introspect"])
def test_what_clients_send_is_503_until_it_is_there(late: Late, site: Site, path: str) -> None:
    browser = site.app.test_client()
    answers = [browser.post(path, data=FORM) for _ in range(2)]
    late.is_away = False
    then = browser.post(path, data=FORM)

    assert {(answer.status_code, answer.headers["Retry-After"]) for answer in answers} == {
        (503, "5")
    }
    assert answers[0].json["error"] == "temporarily_unavailable"
    assert then.json["error"] == "invalid_client"


@pytest.mark.parametrize(
    ("path", "status"), [(ask("nobody"), 400), (METADATA, 200), ("/profile", 401), ("/later", 401)]
)
def test_pages_the_metadata_and_protected_views_are_503_until_it_is_there(
    late: Late, site: Site, path: str, status: int
) -> None:
    browser, headers = site.app.test_client(), bearer("x")
    answer = browser.get(path, headers=headers)
    late.is_away = False
    then = browser.get(path, headers=headers)

    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert then.status_code == status


class CountedLock:
    """The lock of a server, which tells how many came for it."""

    def __init__(self, lock: Any) -> None:  # noqa: ANN401 - a lock has no class of its own
        self._lock = lock
        self.came = threading.Semaphore(0)

    def __enter__(self) -> None:
        self.came.release()
        self._lock.acquire()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._lock.release()


def test_who_waits_for_a_request_that_finds_it_away_is_told_at_once(late: Late, site: Site) -> None:
    late.goes_on.clear()
    lock = CountedLock(site.server._lock)
    site.server._lock = lock  # type: ignore[assignment]  # as good a lock
    with ThreadPoolExecutor(4) as pool:
        asking = [pool.submit(site.app.test_client().post, "/oauth/token", data=FORM)]
        asking += [
            pool.submit(site.app.test_client().post, "/oauth/token", data=FORM) for _ in range(3)
        ]
        for _ in asking:
            lock.came.acquire()
        late.goes_on.set()
        answers = [future.result() for future in asking]

    assert [answer.status_code for answer in answers] == [503] * 4
    assert late.asked == 1
