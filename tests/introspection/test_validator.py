"""Bearer tokens judged by what the authorization server says of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import pytest
from authlib.oauth2.rfc6750 import InvalidTokenError

from oauthstore_core.introspection import (
    IntrospectedToken,
    IntrospectionClient,
    IntrospectionTokenValidator,
)
from oauthstore_core.oauth2.errors import (
    InsufficientScopeError,
    TemporarilyUnavailableError,
    WrongAudienceError,
)
from oauthstore_core.oauth2.resource import Scopes
from oauthstore_core.testing.clock import FakeClock

from .endpoint import ACTIVE, Endpoint

NOW = 1_800_000_000
Make = Callable[..., IntrospectionTokenValidator]


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    with Endpoint() as endpoint:
        yield endpoint


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(NOW)


@pytest.fixture
def make(endpoint: Endpoint, clock: FakeClock) -> Iterator[Make]:
    with closing(IntrospectionClient(endpoint.url, "api", "secret")) as client:

        def validator(**options: Any) -> IntrospectionTokenValidator:
            return IntrospectionTokenValidator(client, clock=clock, **options)

        yield validator


def test_an_active_token_comes_with_its_claims(make: Make) -> None:
    validator = make()

    token = validator.authenticate_token("token")
    validator.validate_token(token, ["profile"], None)

    assert isinstance(token, IntrospectedToken)
    assert token == ACTIVE
    assert (token.subject, token.client_id, token.scope) == ("alice", "album", "profile mail")
    assert (token.expires_at, token.audience) == (None, ())


@pytest.mark.parametrize(
    "changes",
    [
        {"active": False},
        {"exp": NOW},
        {"exp": NOW - 0.5},
        {"nbf": NOW + 1},
        {"token_type": "mac"},
        {"token_type": "N_A"},
        {"token_type": None},
    ],
    ids=str,
)
def test_a_token_that_is_no_valid_access_token_is_refused(
    endpoint: Endpoint, make: Make, changes: dict[str, Any]
) -> None:
    claims = {**ACTIVE, **changes}
    endpoint.answer = {name: value for name, value in claims.items() if value is not None}
    validator = make()

    token = validator.authenticate_token("token")

    assert token is None
    with pytest.raises(InvalidTokenError):
        validator.validate_token(token, None, None)


def test_a_token_without_a_type_may_be_accepted_where_the_owner_says_so(
    endpoint: Endpoint, make: Make
) -> None:
    del endpoint.answer["token_type"]

    assert make(accept_untyped=True).authenticate_token("token") is not None


@pytest.mark.parametrize(
    ("issuer", "accepted"), [("https://a.example", True), ("https://b", False)]
)
def test_a_token_of_another_issuer_is_refused(
    endpoint: Endpoint, make: Make, issuer: str, *, accepted: bool
) -> None:
    endpoint.answer["iss"] = "https://a.example"

    token = make(issuer=issuer).authenticate_token("token")

    assert (token is not None) == accepted


@pytest.mark.parametrize(
    ("audience", "accepted"),
    [
        ("https://api.example", True),
        (["https://x.example", "https://api.example"], True),
        (["https://x.example"], False),
        ("https://api.example/deeper", False),
        ([], False),
        (None, False),
    ],
)
def test_a_token_for_another_resource_is_refused_before_its_scope_is_looked_at(
    endpoint: Endpoint, make: Make, audience: object, *, accepted: bool
) -> None:
    if audience is not None:
        endpoint.answer["aud"] = audience
    validator = make(audience="https://api.example")
    token = validator.authenticate_token("token")

    expected = InsufficientScopeError if accepted else WrongAudienceError
    with pytest.raises(expected):
        validator.validate_token(token, "admin", None)


@pytest.mark.parametrize(
    ("scopes", "reaches"),
    [
        ("profile", True),
        ("profile mail", True),
        ("profile admin", False),
        (["admin", "mail"], True),
        (["admin"], False),
        (None, True),
        (lambda granted: len(granted) == 2, True),
        (lambda _: False, False),
    ],
)
def test_scopes_are_as_authlib_has_them(make: Make, scopes: Scopes, *, reaches: bool) -> None:
    validator = make()
    token = validator.authenticate_token("token")

    if reaches:
        validator.validate_token(token, scopes, None)
    else:
        with pytest.raises(InsufficientScopeError):
            validator.validate_token(token, scopes, None)


@pytest.mark.parametrize("token", ["", "a b", "a\n", "ä", "=", 'a"b'])
def test_what_is_no_token_is_refused_without_a_question(
    endpoint: Endpoint, make: Make, token: str
) -> None:
    assert make().authenticate_token(token) is None
    assert endpoint.asked == []


@pytest.mark.parametrize(
    "changes",
    [
        {"scope": ["profile"]},
        {"exp": "soon"},
        {"exp": True},
        {"nbf": []},
        {"aud": {"x": 1}},
        {"aud": [1]},
        {"token_type": 7},
        {"sub": 7},
    ],
    ids=str,
)
def test_claims_of_wrong_types_say_nothing_of_the_token(
    endpoint: Endpoint, make: Make, changes: dict[str, Any]
) -> None:
    endpoint.answer.update(changes)

    with pytest.raises(TemporarilyUnavailableError):
        make().authenticate_token("token")


def test_a_server_that_fails_is_503_and_is_asked_again_next_time(
    endpoint: Endpoint, make: Make
) -> None:
    validator = make(cache_seconds=60)
    endpoint.status = 500

    with pytest.raises(TemporarilyUnavailableError) as error:
        validator.authenticate_token("token")
    endpoint.status = 200

    status, _, headers = error.value()
    assert status == 503
    assert dict(headers)["Retry-After"] == "5"
    assert validator.authenticate_token("token") is not None


# --- the cache ---


def test_without_a_time_to_keep_answers_each_request_is_a_question(
    endpoint: Endpoint, make: Make
) -> None:
    validator = make()
    validator.authenticate_token("token")
    endpoint.answer = {"active": False}

    assert validator.authenticate_token("token") is None
    assert len(endpoint.asked) == 2


def test_a_revoked_token_is_honoured_no_longer_than_the_owner_chose(
    endpoint: Endpoint, make: Make, clock: FakeClock
) -> None:
    validator = make(cache_seconds=30)
    validator.authenticate_token("token")
    endpoint.answer = {"active": False}

    clock.advance(29)
    assert validator.authenticate_token("token") is not None
    clock.advance(1)
    assert validator.authenticate_token("token") is None
    assert len(endpoint.asked) == 2


def test_the_time_counts_from_before_the_question(
    endpoint: Endpoint, make: Make, clock: FakeClock
) -> None:
    endpoint.before = lambda: clock.advance(30)
    validator = make(cache_seconds=30)

    validator.authenticate_token("token")
    validator.authenticate_token("token")

    assert len(endpoint.asked) == 2


def test_a_kept_answer_does_not_outlive_its_token(
    endpoint: Endpoint, make: Make, clock: FakeClock
) -> None:
    endpoint.answer["exp"] = NOW + 10
    validator = make(cache_seconds=30)
    validator.authenticate_token("token")

    clock.advance(10)

    assert validator.authenticate_token("token") is None


def test_a_refusal_is_kept_as_long(endpoint: Endpoint, make: Make, clock: FakeClock) -> None:
    endpoint.answer = {"active": False}
    validator = make(cache_seconds=30)
    for _ in range(3):
        assert validator.authenticate_token("token") is None
    assert len(endpoint.asked) == 1

    clock.advance(30)
    endpoint.answer = dict(ACTIVE)

    assert validator.authenticate_token("token") is not None


def test_no_more_answers_are_kept_than_the_owner_allows(endpoint: Endpoint, make: Make) -> None:
    validator = make(cache_seconds=30, cache_entries=3)
    for number in range(5):
        validator.authenticate_token(f"good-{number}")
    endpoint.answer = {"active": False}
    for number in range(20):
        validator.authenticate_token(f"bad-{number}")

    assert len(validator._cache) == 6


def test_invented_tokens_do_not_drive_out_the_answers_to_good_ones(
    endpoint: Endpoint, make: Make
) -> None:
    validator = make(cache_seconds=30, cache_entries=3)
    validator.authenticate_token("good")
    endpoint.answer = {"active": False}
    for number in range(20):
        validator.authenticate_token(f"bad-{number}")

    assert validator.authenticate_token("good") is not None
    assert len(endpoint.asked) == 21


def test_a_token_is_nowhere_in_the_cache(make: Make) -> None:
    validator = make(cache_seconds=30)
    validator.authenticate_token("the-token-itself")

    assert "the-token-itself" not in repr(vars(validator._cache))


def test_what_an_application_does_to_its_token_is_not_kept(make: Make) -> None:
    validator = make(cache_seconds=30)
    first = validator.authenticate_token("token")
    assert first is not None
    first["scope"] = "admin"

    second = validator.authenticate_token("token")

    assert second is not None
    assert second.scope == "profile mail"
