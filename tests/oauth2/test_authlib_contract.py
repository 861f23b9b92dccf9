"""What we override and call of Authlib: an upgrade that changes it fails here, by name."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import pytest
from authlib.common import security
from authlib.oauth2 import OAuth2Error, base
from authlib.oauth2.rfc6749 import (
    AuthorizationCodeMixin,
    AuthorizationServer,
    ClientMixin,
    OAuth2Payload,
    OAuth2Request,
    ResourceProtector,
    TokenMixin,
    grants,
)
from authlib.oauth2.rfc6749.authenticate_client import ClientAuthentication
from authlib.oauth2.rfc6749.endpoint import Endpoint
from authlib.oauth2.rfc6749.errors import InsecureTransportError
from authlib.oauth2.rfc6749.hooks import Hookable
from authlib.oauth2.rfc6749.token_endpoint import TokenEndpoint
from authlib.oauth2.rfc6750 import BearerTokenGenerator, BearerTokenValidator
from authlib.oauth2.rfc7009 import RevocationEndpoint
from authlib.oauth2.rfc7636 import CodeChallenge, create_s256_code_challenge
from authlib.oauth2.rfc7662 import IntrospectionEndpoint
from authlib.oauth2.rfc8414 import AuthorizationServerMetadata, get_well_known_url

from oauthstore_core.oauth2 import clients, endpoints, pkce, requests, resource, server, views
from oauthstore_core.oauth2 import grants as our_grants

GENERATE = "grant_type=None, expires_in=None, include_refresh_token=True"
PARAMETERS: list[tuple[Callable[..., Any], str]] = [
    (AuthorizationServer.__init__, "self, scopes_supported=None"),
    (AuthorizationServer.query_client, "self, client_id"),
    (AuthorizationServer.authenticate_client, "self, request, methods, endpoint='token'"),
    (AuthorizationServer.register_client_auth_method, "self, method, func"),
    (AuthorizationServer.register_token_generator, "self, grant_type, func"),
    (AuthorizationServer.register_grant, "self, grant_cls, extensions=None"),
    (AuthorizationServer.register_endpoint, "self, endpoint"),
    (AuthorizationServer.send_signal, "self, name, *args, **kwargs"),
    (AuthorizationServer.create_oauth2_request, "self, request"),
    (AuthorizationServer.handle_response, "self, status, body, headers"),
    (AuthorizationServer.handle_error_response, "self, request, error"),
    (AuthorizationServer.get_token_grant, "self, request"),
    (AuthorizationServer.get_consent_grant, "self, request=None, end_user=None"),
    (AuthorizationServer.create_token_response, "self, request=None"),
    (AuthorizationServer.create_endpoint_response, "self, name, request=None"),
    (AuthorizationServer.validate_requested_scope, "self, scope"),
    (ClientAuthentication.authenticate, "self, request, methods, endpoint"),
    (ClientMixin.get_client_id, "self"),
    (ClientMixin.get_default_redirect_uri, "self"),
    (ClientMixin.get_allowed_scope, "self, scope"),
    (ClientMixin.check_redirect_uri, "self, redirect_uri"),
    (ClientMixin.check_client_secret, "self, client_secret"),
    (ClientMixin.check_endpoint_auth_method, "self, method, endpoint"),
    (ClientMixin.check_response_type, "self, response_type"),
    (ClientMixin.check_grant_type, "self, grant_type"),
    (TokenMixin.check_client, "self, client"),
    (TokenMixin.get_scope, "self"),
    (TokenMixin.get_expires_in, "self"),
    (TokenMixin.is_expired, "self"),
    (TokenMixin.is_revoked, "self"),
    (AuthorizationCodeMixin.get_redirect_uri, "self"),
    (AuthorizationCodeMixin.get_scope, "self"),
    (OAuth2Request.__init__, "self, method, uri, body=None, headers=None"),
    (grants.AuthorizationCodeGrant.validate_authorization_request, "self"),
    (
        grants.AuthorizationCodeGrant.create_authorization_response,
        "self, redirect_uri, grant_user",
    ),
    (grants.AuthorizationCodeGrant.generate_authorization_code, "self"),
    (grants.AuthorizationCodeGrant.save_authorization_code, "self, code, request"),
    (grants.AuthorizationCodeGrant.query_authorization_code, "self, code, client"),
    (grants.AuthorizationCodeGrant.delete_authorization_code, "self, authorization_code"),
    (grants.AuthorizationCodeGrant.authenticate_user, "self, authorization_code"),
    (grants.AuthorizationCodeGrant.save_token, "self, token"),
    (grants.RefreshTokenGrant.authenticate_refresh_token, "self, refresh_token"),
    (grants.RefreshTokenGrant.authenticate_user, "self, refresh_token"),
    (grants.RefreshTokenGrant.issue_token, "self, user, refresh_token"),
    (grants.RefreshTokenGrant.revoke_old_credential, "self, refresh_token"),
    (grants.RefreshTokenGrant._validate_token_scope, "self, token"),
    (grants.ClientCredentialsGrant.validate_token_request, "self"),
    (grants.BaseGrant.generate_token, f"self, user=None, scope=None, {GENERATE}"),
    (BearerTokenGenerator.get_allowed_scope, "client, scope"),
    (BearerTokenValidator.authenticate_token, "self, token_string"),
    (BearerTokenValidator.validate_token, "self, token, scopes, request"),
    (ResourceProtector.validate_request, "self, scopes, request, **kwargs"),
    (ResourceProtector.register_token_validator, "self, validator"),
    (CodeChallenge.__init__, "self, required=True"),
    (CodeChallenge.validate_code_challenge, "self, grant, redirect_uri"),
    (CodeChallenge.validate_code_verifier, "self, grant, result"),
    (create_s256_code_challenge, "code_verifier"),
    (Endpoint.create_endpoint_request, "self, request"),
    (TokenEndpoint.authenticate_endpoint_client, "self, request"),
    (RevocationEndpoint.authenticate_token, "self, request, client"),
    (RevocationEndpoint.check_params, "self, request, client"),
    (RevocationEndpoint.query_token, "self, token_string, token_type_hint"),
    (RevocationEndpoint.revoke_token, "self, token, request"),
    (IntrospectionEndpoint.check_params, "self, request, client"),
    (IntrospectionEndpoint.check_permission, "self, token, client, request"),
    (IntrospectionEndpoint.query_token, "self, token_string, token_type_hint"),
    (IntrospectionEndpoint.introspect_token, "self, token"),
    (AuthorizationServerMetadata.validate, "self, metadata_classes=None"),
    (get_well_known_url, "issuer, external=False, suffix='oauth-authorization-server'"),
    (OAuth2Error.__call__, "self, uri=None"),
    (OAuth2Error.get_body, "self"),
    (OAuth2Error.get_headers, "self"),
    (OAuth2Error.get_error_description, "self"),
    (InsecureTransportError.check, "uri"),
    (base.invalid_error_characters, "text"),
    (security.is_secure_transport, "uri"),
    (Hookable.register_hook, "self, hook_type, hook"),
]


def _parameters(function: Callable[..., Any]) -> str:
    empty = inspect.Parameter.empty
    found = inspect.signature(function).parameters.values()
    return ", ".join(str(parameter.replace(annotation=empty)) for parameter in found)


@pytest.mark.parametrize(
    ("function", "parameters"), PARAMETERS, ids=[f.__qualname__ for f, _ in PARAMETERS]
)
def test_authlib_s_method_has_the_parameters_that_we_rely_on(
    function: Callable[..., Any], parameters: str
) -> None:
    assert _parameters(function) == parameters


OURS: list[tuple[type, set[str]]] = [
    (clients.ClientRecord, set()),
    (endpoints.IntrospectionEndpoint, set()),
    (endpoints.RevocationEndpoint, set()),
    (our_grants.AuthorizationCodeGrant, {"issue_records"}),
    (our_grants.ClientCredentialsGrant, {"issue_records"}),
    (our_grants.RefreshTokenGrant, {"issue_records"}),
    (pkce.S256CodeChallenge, set()),
    (resource.BearerTokenValidator, set()),
    (server.AuthorizationServer, set()),
    (views.AccessToken, set()),
]


@pytest.mark.parametrize(("ours", "own"), OURS, ids=lambda value: getattr(value, "__name__", ""))
def test_what_we_override_takes_what_authlib_gives(ours: type, own: set[str]) -> None:
    inherited = [parent for parent in ours.__mro__ if parent.__module__.startswith("authlib")]
    assert inherited

    for name, method in vars(ours).items():
        theirs = next((vars(p)[name] for p in inherited if name in vars(p)), None)
        # A hooked method takes whatever it is called with; `__init__` is our own.
        if name in own or name == "__init__" or not inspect.isfunction(theirs):
            continue
        if inspect.isfunction(method) and theirs.__name__ != "wrapper":
            required = [p.name for p in inspect.signature(theirs).parameters.values()]
            given = list(inspect.signature(method).parameters)
            assert given == required or inspect.signature(method).parameters.get("args"), name


def test_the_hooks_that_pkce_hangs_on_are_still_called() -> None:
    source = inspect.getsource(CodeChallenge.__call__)
    # `validate_authorization_request_payload` and `validate_token_request` are hooked.
    payload = inspect.getsource(inspect.getmodule(grants.AuthorizationCodeGrant))  # type: ignore[arg-type]

    assert '"after_validate_authorization_request_payload"' in source
    assert '"after_validate_token_request"' in source
    assert "@hooked\n    def validate_authorization_request_payload(" in payload
    assert "@hooked\n    def validate_token_request(" in payload


def test_the_payload_has_no_parameter_that_we_do_not_guard() -> None:
    properties = {name for name, kind in vars(OAuth2Payload).items() if isinstance(kind, property)}

    assert properties == {
        *("data", "datalist", "client_id", "response_type", "grant_type"),
        *("redirect_uri", "scope", "state"),
    }
    assert {"response_type", "redirect_uri", "scope"} <= set(vars(requests.Payload))
