"""What Authlib's own classes do, and we must not: the hazards that ours close.

Each test shows the hazard on Authlib; the name in its docstring is the test of
ours. Where one fails after an upgrade, Authlib has closed it too.
"""

from __future__ import annotations

from typing import Any

import pytest
from authlib.common.urls import add_params_to_uri
from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import InvalidRequestError, OAuth2Request, grants
from authlib.oauth2.rfc6749.authenticate_client import ClientAuthentication
from authlib.oauth2.rfc6749.requests import BasicOAuth2Payload
from authlib.oauth2.rfc6749.util import extract_basic_authorization
from authlib.oauth2.rfc6750 import BearerTokenGenerator
from authlib.oauth2.rfc7009 import RevocationEndpoint
from authlib.oauth2.rfc7636 import CodeChallenge

from .world import CALLBACK, basic, raw_basic


class StockRequest(OAuth2Request):
    """A request with a form."""

    def __init__(self, form: dict[str, str], headers: dict[str, str] | None = None) -> None:
        super().__init__("POST", "https://auth.example.com/token", headers=headers)
        self.payload = BasicOAuth2Payload(form)

    @property
    def form(self) -> Any:  # noqa: ANN401 - Authlib's own
        return self.payload.data


class StockClient:
    """A client whose secret is `secret`."""

    client_id = "app"

    def check_client_secret(self, secret: str) -> bool:
        return secret == "secret"

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        return True


def _authenticate(request: StockRequest) -> Any:  # noqa: ANN401 - Authlib's own
    known = {"app": StockClient()}
    methods = ["client_secret_basic", "client_secret_post"]
    return ClientAuthentication(known.get)(request, methods)


def test_two_methods_in_one_request_are_accepted() -> None:
    """Ours: test_row_18_two_methods_in_one_request_are_refused."""
    form = {"client_id": "other", "client_secret": "another"}

    assert _authenticate(StockRequest(form, basic("app", "secret"))).client_id == "app"


def test_unknown_client_and_wrong_secret_are_told_apart() -> None:
    """Ours: test_row_20_unknown_client_and_wrong_secret_are_answered_alike."""
    descriptions = set()
    for client_id in ("nobody", "app"):
        with pytest.raises(OAuth2Error) as caught:
            _authenticate(StockRequest({}, basic(client_id, "wrong")))
        descriptions.add(caught.value.description)

    assert len(descriptions) == 2


def test_a_basic_header_that_is_not_utf_8_raises_what_no_flow_catches() -> None:
    """Ours: test_row_21_a_malformed_header_is_answered_like_a_wrong_one."""
    with pytest.raises(UnicodeDecodeError):
        extract_basic_authorization(raw_basic(b"\xff:\xff"))


def test_basic_credentials_are_not_form_decoded() -> None:
    """Ours: test_row_19_basic_credentials_are_form_decoded."""
    assert extract_basic_authorization(basic("a b", "c d")) == ("a+b", "c+d")


@pytest.mark.parametrize("value", ['fo"o', "https://x/é", "back\\slash"])
def test_request_data_in_an_error_raises_what_no_flow_catches(value: str) -> None:
    """Ours: test_row_2_without_a_known_client_and_redirect_uri_nothing_redirects."""
    with pytest.raises(ValueError, match="forbidden characters"):
        InvalidRequestError(f"Redirect URI {value} is not supported by client.")


def test_pkce_is_plain_unless_said_otherwise() -> None:
    """Ours: test_row_6_what_is_wrong_after_the_redirect_uri_is_told_by_redirect."""
    assert CodeChallenge.DEFAULT_CODE_CHALLENGE_METHOD == "plain"
    assert "plain" in CodeChallenge.SUPPORTED_CODE_CHALLENGE_METHOD


def test_pkce_may_be_left_out_although_it_is_required() -> None:
    """Ours: test_row_6_what_is_wrong_after_the_redirect_uri_is_told_by_redirect."""
    grant = grants.AuthorizationCodeGrant(StockRequest({"client_id": "app"}), None)

    CodeChallenge(required=True).validate_code_challenge(grant, CALLBACK)


@pytest.mark.parametrize("blank", [" ", "\t", "\xa0"])
def test_a_blank_scope_passes_for_a_part_of_any_scope(blank: str) -> None:
    """Ours: test_row_26_scope_is_never_widened."""

    class Token:
        def get_scope(self) -> str:
            return "email"

    request = StockRequest({"grant_type": "refresh_token", "scope": blank})
    grant = grants.RefreshTokenGrant(request, None)

    grant._validate_token_scope(Token())
    assert grant.request.payload.scope == blank


def test_an_unknown_hint_is_an_error_of_status_401() -> None:
    """Ours: test_row_31_a_token_is_found_whatever_the_hint."""
    request = StockRequest({"token": "x", "token_type_hint": "id_token"})

    with pytest.raises(OAuth2Error) as caught:
        RevocationEndpoint(None).check_params(request, None)
    assert caught.value.status_code == 401


def test_a_redirect_uri_is_written_anew() -> None:
    """Ours: test_parameters_are_added_and_all_else_is_kept_to_the_letter."""
    assert add_params_to_uri(CALLBACK + "?sig=%FF", {}) == CALLBACK + "?sig=%EF%BF%BD"


def test_tokens_of_a_client_live_ten_days() -> None:
    """Ours: test_a_client_gets_an_access_token_and_no_refresh_token."""
    assert BearerTokenGenerator.GRANT_TYPES_EXPIRES_IN["client_credentials"] == 864_000


def test_a_refresh_token_is_not_rotated() -> None:
    """Ours: test_row_27_a_public_client_gets_a_rotated_token_too."""
    assert grants.RefreshTokenGrant.INCLUDE_NEW_REFRESH_TOKEN is False


def test_a_redemption_is_not_gated_where_the_code_is_deleted_after_the_tokens_are_saved() -> None:
    """Ours: test_row_3_of_16_presentations_of_a_code_at_most_one_gets_tokens_and_they_are_dead."""
    events: list[str] = []

    class Grant(grants.AuthorizationCodeGrant):
        def authenticate_user(self, authorization_code: object) -> object:
            return "alice"

        def generate_token(self, **_: object) -> dict[str, str]:
            return {}

        def save_token(self, token: object) -> None:
            events.append("save")

        def delete_authorization_code(self, authorization_code: object) -> None:
            events.append("delete")

    request = StockRequest({})
    request.client, request.authorization_code = _Client(), _Code()
    Grant(request, None).create_token_response()

    assert events == ["save", "delete"]


class _Code:
    def get_scope(self) -> str:
        return ""


class _Client:
    def check_grant_type(self, grant_type: str) -> bool:
        return True
