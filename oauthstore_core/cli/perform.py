"""``oauthstore perform``: one flow from beginning to end, as a client goes through it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import click
from authlib.oauth2.rfc7636 import create_s256_code_challenge

from ..digests import generate_handle
from ..oauth2.redirect_uris import with_parameters
from .authorization_client import AuthorizationClient, refusal
from .callback import Callback
from .failures import RefusedFailure
from .invocation import (
    Invocation,
    global_options,
    pass_invocation,
    printable,
    show_fields,
)
from .perform_oauth1 import perform_oauth1
from .secrets_input import read_secret
from .sending import send_person

__all__ = ["perform"]

F = TypeVar("F", bound=Callable[..., Any])

_METHODS = ("client_secret_basic", "client_secret_post", "none")


@click.group()
def perform() -> None:
    """Go through a flow as a client does, against any authorization server.

    It asks the issuer, no store. What it prints is the token response: keep it to yourself.
    """


perform.add_command(perform_oauth1)


def _asking(method: str) -> Callable[[F], F]:
    """Give a command the options of a client that asks for a token."""
    options = (
        click.option("--client-id", metavar="ID", required=True, help="Who asks."),
        click.option(
            "--token-endpoint-auth-method",
            "method",
            type=click.Choice(_METHODS),
            default=method,
            show_default=True,
            help="How it authenticates. A secret is read from stdin, or asked for.",
        ),
        click.option("--scope", metavar='"A B"', help="What is asked for."),
        click.option(
            "--resource",
            "resources",
            multiple=True,
            metavar="URI",
            help="May be repeated: for which protected resource (RFC 8707).",
        ),
    )

    def decorate(command: F) -> F:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


@perform.command()
@_asking("client_secret_basic")
@global_options
@pass_invocation
def client_credentials(
    invocation: Invocation,
    client_id: str,
    method: str,
    scope: str | None,
    resources: tuple[str, ...],
) -> None:
    """Fetch a token for the client itself (RFC 6749 section 4.4)."""
    client = _client(invocation, client_id, method)
    metadata = client.find_metadata()
    form = [("grant_type", "client_credentials"), *_asked(scope, resources)]
    _tell(invocation, client.fetch_token(metadata["token_endpoint"], form))


@perform.command()
@_asking("none")
@click.option(
    "--redirect-uri",
    default="http://127.0.0.1/callback",
    show_default=True,
    metavar="URI",
    help="On loopback, and registered for the client; without a port a free one is taken.",
)
@click.option("--browser/--no-browser", default=True, help="Open a browser, or print the URL only.")
@click.option(
    "--timeout",
    type=click.IntRange(1),
    default=300,
    show_default=True,
    metavar="SECONDS",
    help="How long to wait for the answer.",
)
@global_options
@pass_invocation
def authorization_code(
    invocation: Invocation,
    client_id: str,
    method: str,
    scope: str | None,
    resources: tuple[str, ...],
    redirect_uri: str,
    timeout: int,
    *,
    browser: bool,
) -> None:
    """Fetch tokens for a person, who allows it in a browser (RFC 6749 section 4.1, with PKCE).

    A client for it: oauthstore client create --redirect-uri http://127.0.0.1/callback
    --token-endpoint-auth-method none
    """
    client = _client(invocation, client_id, method)
    metadata = client.find_metadata()
    state, verifier = generate_handle(), generate_handle()
    with Callback(redirect_uri, state) as callback:
        asked = [
            *(("response_type", "code"), ("client_id", client_id), ("state", state)),
            ("redirect_uri", callback.redirect_uri),
            ("code_challenge", create_s256_code_challenge(verifier)),
            ("code_challenge_method", "S256"),
            *_asked(scope, resources),
        ]
        send_person(with_parameters(metadata["authorization_endpoint"], asked), browser=browser)
        code = _code(callback.wait(timeout), metadata)
    form = [
        *(("grant_type", "authorization_code"), ("code", code), ("code_verifier", verifier)),
        ("redirect_uri", callback.redirect_uri),
    ]
    _tell(invocation, client.fetch_token(metadata["token_endpoint"], form))


def _client(invocation: Invocation, client_id: str, method: str) -> AuthorizationClient:
    issuer = invocation.issuer or invocation.settings().issuer
    if issuer is None:
        raise RefusedFailure(
            "A token is to be asked for, but no issuer is set. Name it: --issuer URL"
        )
    secret = None if method == "none" else read_secret("Client secret")
    return AuthorizationClient(issuer, client_id, secret, method)


def _asked(scope: str | None, resources: tuple[str, ...]) -> list[tuple[str, str]]:
    scopes = [] if scope is None else [("scope", scope)]
    return scopes + [("resource", uri) for uri in resources]


def _code(answer: Mapping[str, str], metadata: Mapping[str, Any]) -> str:
    """Return the code. `RefusedFailure`: an error, or another server's answer (RFC 9207)."""
    supported = metadata.get("authorization_response_iss_parameter_supported", False)
    if answer.get("iss", None if supported else metadata["issuer"]) != metadata["issuer"]:
        raise RefusedFailure(
            f"An answer of {metadata['issuer']} was awaited, but one came that is from "
            f"{printable(answer.get('iss', 'nobody'))} (RFC 9207). Nothing was sent there."
        )
    if "code" not in answer:
        raise refusal("No code", {"error": "an answer without one", **answer})
    return answer["code"]


def _tell(invocation: Invocation, response: Mapping[str, Any]) -> None:
    invocation.tell(dict(response), lambda: show_fields(response.items()))
