"""What lies where: nothing usable in the cache, and nothing undone by a view's transaction."""

# ruff: noqa: ANN401 - of Authlib, which declares no types

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext
from typing import Any

import pytest
from django.core.cache import caches
from django.db import connections, transaction
from django.http import HttpRequest, HttpResponse
from django.test.utils import override_settings
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

from oauthstore_core.errors import ConflictError

from ..flask_oauth1.worlds import told
from .worlds import DjangoWorld, open_world


@pytest.fixture(params=["cache, models", "cache"])
def cached(request: pytest.FixtureRequest) -> Iterator[DjangoWorld]:
    yield from open_world(request.param)


def _held(world: DjangoWorld) -> str:
    """Return all that the cache has, keys and values."""
    cache: Any = caches["default"]
    with cache._lock:
        return "\n".join(f"{key} {cache._cache[key]!r}" for key in cache._cache)


def test_the_cache_has_no_token_secret_or_verifier_at_any_time(cached: DjangoWorld) -> None:
    undecided, temporary = cached.temporary(), cached.temporary()
    verifier = cached.authorize(temporary)
    before = _held(cached)
    found = told(cached.exchange(temporary, verifier))
    cached.me(temporary.using(found["oauth_token"], found["oauth_token_secret"]))
    after = _held(cached)

    assert "temporary_credential" in before
    issued = [verifier, *found.values()]
    for one in (undecided, temporary):
        issued += [one.token or "", one.token_secret]
    assert [value for value in issued if value in before or value in after] == []


def test_what_stands_in_the_cache_opens_under_no_other_key(cached: DjangoWorld) -> None:
    temporary = cached.temporary()
    verifier = cached.authorize(temporary)

    with override_settings(SECRET_KEY="t" * 60):
        answer = cached.exchange(temporary, verifier)

    assert (answer.status_code, told(answer)["error"]) == (503, "temporarily_unavailable")


# --- a view's transaction ---


class _ChangedItsMindError(Exception):
    pass


def _rolled_back(answer: Any) -> Any:
    @csrf_exempt
    @transaction.atomic
    def view(request: HttpRequest) -> HttpResponse:
        response = answer(request)
        assert response.status_code in {200, 302}
        raise _ChangedItsMindError

    return view


@pytest.mark.parametrize("deed", ["exchange", "decide"])
def test_what_was_won_stays_won_though_the_view_s_transaction_is_rolled_back(
    ours: DjangoWorld, deed: str
) -> None:
    temporary = ours.temporary()
    verifier = ours.authorize(temporary) if deed == "exchange" else ""
    patterns: list[Any] = ours.urls.urlpatterns
    answers = {
        "exchange": ("oauth1/token", ours.server.create_token_response),
        "decide": (
            "oauth1/authorize",
            lambda request: ours.server.create_authorization_response(request, _User()),
        ),
    }
    where, answer = answers[deed]
    patterns.insert(0, path(where, _rolled_back(answer)))

    def attempt() -> int:
        send = ours.exchange(temporary, verifier) if verifier else ours.decide(temporary)
        return int(send.status_code)

    assert attempt() == 500
    del patterns[0]
    assert attempt() == 401


class _User:
    pk = "1"


@pytest.mark.parametrize("name", ["cache, models", "store, models"])
def test_a_row_that_the_database_refuses_does_not_end_the_view_s_transaction(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(connections["default"].settings_dict, "ATOMIC_REQUESTS", True)  # noqa: FBT003 - a setting
    for world in open_world(name):
        taken, temporary = world.token(), world.temporary()
        verifier = world.authorize(temporary)
        made = {"oauth_token": taken.token, "oauth_token_secret": "s"}
        world.server.token_generator = lambda made=made: made

        answer = world.exchange(temporary, verifier)

        assert (answer.status_code, told(answer)["error"]) == (401, "invalid_token")
        assert world.models.Token.objects.count() == 1


@pytest.mark.parametrize("flow", ["initiate", "resource"])
@pytest.mark.parametrize("is_inside", [True, False])
def test_a_view_that_may_wait_for_its_own_transaction_is_told_so(
    flow: str,
    is_inside: bool,  # noqa: FBT001 - a case
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def lose(*_: object) -> None:
        raise ConflictError("the file is locked")

    for world in open_world("store"):
        client = world.token()
        with monkeypatch.context() as patched, transaction.atomic() if is_inside else nullcontext():
            patched.setattr(world.server.stores.nonces, "claim_nonce", lose)
            answer = world.initiate() if flow == "initiate" else world.me(client)

        assert answer.status_code == 503
        warned = [one for one in caplog.records if "non_atomic_requests" in one.getMessage()]
        assert bool(warned) == is_inside
