"""Applications are looked after by several workers, each of which remembers clients."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from oauthstore_core.server.accounts import Accounts
from oauthstore_core.server.application import open_server, routes_of
from oauthstore_core.server.site import build_site
from oauthstore_core.settings import Settings
from oauthstore_core.testing.clock import FakeClock

from .browser import ISSUER, PASSWORD, Browser
from .conftest import cheap_hasher
from .test_applications import LIST, at, register, shown, works


@pytest.fixture
def workers(tmp_path: Path, clock: FakeClock) -> Iterator[list[Browser]]:
    """Yield an administrator's one browser, as it asks the one worker or the other."""
    settings = Settings.from_mapping(
        {
            "issuer": ISSUER,
            "store": f"sqlite:///{tmp_path}/oauth.db",
            "secret_keys": ["k" * 40],
            "plugins": ["client_cache"],
        }
    )
    browsers = []
    with ExitStack() as stack:
        for _ in range(2):
            server = open_server(settings, clock)
            stack.enter_context(server.stores).migrate()
            assert server.stores.accounts is not None
            accounts = Accounts(server.stores.accounts, clock, cheap_hasher())
            browsers.append(Browser(routes_of(build_site(server, accounts))))
        accounts.create("ada", PASSWORD, administrator=True)
        first, second = browsers
        first.sign_in("ada")
        second.cookies = first.cookies
        yield browsers


def test_whichever_worker_asks_and_whichever_answers_a_secret_is_rotated_again_and_again(
    workers: list[Browser],
) -> None:
    client_id = shown(register(workers[0]), "Client id")
    for asking, answering in itertools.product(workers, repeat=2):
        # All of them remember the client as it is.
        for worker in workers:
            works(worker, client_id, "guessed")

        page = asking.get(at("rotate", client_id))
        answer = answering.submit(page, f"{LIST}/rotate", overlap="0")

        assert answer.status == 200, answer.text
        assert works(answering, client_id, shown(answer, "Client secret"))


def test_a_new_secret_counts_at_once_where_the_client_is_remembered_with_the_old(
    workers: list[Browser],
) -> None:
    first, second = workers
    registered = register(first)
    client_id, before = shown(registered, "Client id"), shown(registered, "Client secret")
    assert works(second, client_id, before)

    rotated = first.submit(first.get(at("rotate", client_id)), f"{LIST}/rotate", overlap="0")

    assert works(second, client_id, shown(rotated, "Client secret"))
    assert not works(second, client_id, before)
    assert not works(second, client_id, "guessed")


def test_a_form_that_is_sent_to_both_workers_rotates_once(workers: list[Browser]) -> None:
    first, second = workers
    client_id = shown(register(first), "Client id")
    works(second, client_id, "guessed")
    page = first.get(at("rotate", client_id))

    statuses = [w.submit(page, f"{LIST}/rotate", overlap="0").status for w in (first, second)]

    assert statuses == [200, 409]
