"""Security checklist row 44: hostile input is answered by an OAuth error, and never by a 500."""

from __future__ import annotations

import pytest
from authlib.oauth1.rfc5849.errors import OAuth1Error
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from oauthstore_core.http import FORM_TYPE, Headers, HttpRequest

from .signer import Signer, place
from .world import ALICE, INITIATE, NOW, RESOURCE, TOKEN, World

WORLD = World()
SIGNER = WORLD.register()
TEMPORARY = WORLD.begin(SIGNER)
GRANTED = WORLD.issue(SIGNER)
HOSTILE = [
    *("\0", "a\0b", "x" * 70_000, "é", "\N{KEY}", "\r\nSet-Cookie: a=b", "\n", "\t", " ", ""),
    *('{"$ne": null}', "' OR 1=1 --", '"', "\\", "<script>", "%00", "%FF", "%0d%0a", "%", "%zz"),
    *("null", "0", "-1", "[]", "\x7f", "\u2028", "oob", "OAuth", "1.0", "HMAC-SHA1", "PLAINTEXT"),
    *(SIGNER.client_id, TEMPORARY.token or "", GRANTED.token or "", str(NOW)),
]
NAMES = [
    *("oauth_consumer_key", "oauth_token", "oauth_signature_method", "oauth_signature"),
    *("oauth_timestamp", "oauth_nonce", "oauth_version", "oauth_callback", "oauth_verifier"),
    *("realm", "oauth_", "x", ""),
]
PATHS = ["/oauth1/initiate", "/oauth1/token", "/oauth1/authorize", "/photos"]


def answer(asked: HttpRequest) -> int:
    """Return the status; anything but an answer is a bug."""
    try:
        if asked.path == "/oauth1/authorize":
            return int(WORLD.server.create_authorization_response(asked, ALICE).status)
        if asked.path == "/photos":
            WORLD.validate(asked)
            return 200
    except OAuth1Error as error:
        response = WORLD.protector.create_error_response(error, asked)
        assert all("\n" not in value and "\r" not in value for _, value in response.headers)
        return response.status
    return WORLD.send(asked).status


texts = st.one_of(st.sampled_from(HOSTILE), st.text(max_size=20))
pairs = st.lists(st.tuples(st.sampled_from(NAMES), texts), max_size=8)


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(
    path=st.sampled_from(PATHS),
    where=st.sampled_from(["header", "query", "body"]),
    given_pairs=pairs,
)
def test_parameters_of_every_kind_are_answered(
    path: str, where: str, given_pairs: list[tuple[str, str]]
) -> None:
    sendable = [(k, v.encode("utf-8", "replace").decode()) for k, v in given_pairs]
    asked = place(where, "POST", f"https://auth.example.com{path}", sendable)

    assert answer(asked) in {200, 302, 400, 401}


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(
    path=st.sampled_from(PATHS),
    header=st.one_of(
        st.text(st.characters(max_codepoint=255), max_size=60),
        st.builds("OAuth {}".format, st.text(st.characters(max_codepoint=255), max_size=60)),
        st.sampled_from(
            [
                *(
                    "Basic eDp5",
                    "Bearer x",
                    "OAuth",
                    "OAuth ",
                    "oauth realm",
                    'OAuth a="b',
                    'OAuth "',
                ),
                *('OAuth realm="a\\"b", oauth_token="x"', "OAuth ,,,", 'OAuth a="b" c="d"'),
                *(
                    "Digest x",
                    "OAuthx y",
                    "OAuth " + 'a="b",' * 2000,
                    'OAuth a="%FF"',
                    'OAuth a="é"',
                ),
            ]
        ),
    ),
    query=st.text(st.characters(max_codepoint=255), max_size=40),
    body=st.binary(max_size=40),
    host=st.one_of(st.just("auth.example.com"), st.text(max_size=20)),
    raw_path=st.one_of(st.none(), st.text(max_size=20)),
)
def test_bytes_of_every_kind_are_answered(
    path: str, header: str, query: str, body: bytes, host: str, raw_path: str | None
) -> None:
    fields = [("Host", host), ("Authorization", header), ("Content-Type", FORM_TYPE)]
    asked = HttpRequest(
        "POST",
        path,
        query_string=query,
        headers=Headers(fields),
        body=body,
        scheme="https",
        raw_path=raw_path,
    )

    assert answer(asked) in {200, 302, 400, 401}


def test_a_repeated_parameter_is_refused() -> None:
    for where in ("header", "query", "body"):
        parameters = [*SIGNER.parameters(NOW), ("oauth_nonce", "again")]
        asked = place(where, "POST", INITIATE, parameters)
        assert WORLD.send(asked).outcome == (400, "duplicated_oauth_protocol_parameter")


@pytest.mark.parametrize("other", ["query", "body"])
def test_parameters_in_two_places_are_refused(other: str) -> None:
    signed = GRANTED.sign("POST", RESOURCE, NOW)
    second = place(
        other,
        "POST",
        RESOURCE,
        [("oauth_token", GRANTED.token or "")],
        headers=[("Authorization", signed.headers["Authorization"])],
    )

    assert WORLD.refusal(second) == (400, "duplicated_oauth_protocol_parameter")


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "HEAD"])
@pytest.mark.parametrize("url", [INITIATE, TOKEN])
def test_both_endpoints_take_post_only(method: str, url: str) -> None:
    answered = WORLD.send(TEMPORARY.sign(method, url, NOW, oauth_verifier="x"))

    assert answered.outcome == (405, "method_not_allowed")
    assert answered.headers["allow"] == "POST"


def test_a_resource_without_any_parameter_is_401_with_the_challenge() -> None:
    asked = HttpRequest("GET", "/photos", headers={"Host": "api.example.com"}, scheme="https")

    assert WORLD.refusal(asked) == (401, "missing_required_parameter")


def test_a_client_that_names_nobody_s_token_is_told_so() -> None:
    stranger = Signer(SIGNER.client_id, SIGNER.client_secret, "nobody's")

    assert WORLD.refusal(stranger.sign("GET", RESOURCE, NOW)) == (401, "invalid_token")
    assert WORLD.exchange(stranger, "x").outcome == (401, "invalid_token")
