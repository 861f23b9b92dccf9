"""``oauthstore perform oauth1``: the three steps of RFC 5849 section 2, as a client takes them."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from ..oauth1.credentials import OUT_OF_BAND
from ..settings.checks import SIGNATURE_METHODS
from .callback import Callback
from .failures import RefusedFailure
from .invocation import Invocation, global_options, pass_invocation, show_fields
from .oauth1_client import Answer, OAuth1Client
from .sending import send_person

__all__ = ["perform_oauth1"]


@click.command("oauth1")
@click.option("--client-id", metavar="ID", required=True, help="Who asks.")
@click.option(
    "--signature-method",
    "method",
    type=click.Choice(SIGNATURE_METHODS),
    help="Else HMAC-SHA256, or with a private key RSA-SHA256.",
)
@click.option(
    "--rsa-private-key",
    "key_file",
    metavar="FILE",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="PEM, to sign by in the place of a secret, which is read from stdin, or asked for.",
)
@click.option(
    "--callback",
    default="http://127.0.0.1/callback",
    show_default=True,
    metavar="URI",
    help="On loopback, without a port a free one is taken; or oob: the verifier is typed here.",
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
def perform_oauth1(
    invocation: Invocation,
    client_id: str,
    method: str | None,
    key_file: Path | None,
    callback: str,
    timeout: int,
    *,
    browser: bool,
) -> None:
    """Fetch token credentials for a person, who allows it in a browser (OAuth 1.0a, RFC 5849).

    A client for it: oauthstore client create --oauth1. Where nothing is asked on a
    terminal, stdin has the secret on its first line, and for oob the verifier on the second.
    """
    client = _client(invocation, client_id, method, key_file)
    if callback == OUT_OF_BAND:
        temporary = client.fetch_temporary_credentials(callback)
        send_person(client.authorization_url(temporary), browser=browser)
        verifier = _read_line("Verifier", hidden=False)
    else:
        temporary, verifier = _wait_for_verifier(client, callback, timeout, browser=browser)
    answer = client.fetch_token_credentials(temporary, verifier)
    invocation.tell(dict(answer), lambda: show_fields(answer.items()))


def _wait_for_verifier(
    client: OAuth1Client, uri: str, timeout: int, *, browser: bool
) -> tuple[Answer, str]:
    """Return the temporary credentials, and the verifier that came to the callback."""
    with Callback(uri, named="oauth_token") as callback:
        temporary = client.fetch_temporary_credentials(callback.redirect_uri)
        callback.expect(temporary["oauth_token"])
        send_person(client.authorization_url(temporary), browser=browser)
        found = callback.wait(timeout)
    if "oauth_verifier" not in found:
        told = found.get("error", "an answer without one")
        raise RefusedFailure(f"A verifier was awaited, but the answer is {told}. Start again.")
    return temporary, found["oauth_verifier"]


def _client(
    invocation: Invocation, client_id: str, method: str | None, key_file: Path | None
) -> OAuth1Client:
    issuer = invocation.issuer or invocation.settings().issuer
    if issuer is None:
        raise RefusedFailure(
            "Token credentials are to be asked for, but no issuer is set. Name it: --issuer URL"
        )
    usual = "HMAC-SHA256" if key_file is None else "RSA-SHA256"
    method = method or usual
    if method.startswith("RSA-") and key_file is None:
        raise RefusedFailure(
            f"{method} signs with a private key, but none was named. Name it: --rsa-private-key"
        )
    by_key = method.startswith("RSA-")
    return OAuth1Client(
        issuer,
        client_id,
        client_secret=None if by_key else _read_line("Client secret", hidden=True),
        rsa_key=key_file.read_text() if by_key and key_file is not None else None,
        method=method,
    )


def _read_line(what: str, *, hidden: bool) -> str:
    """Return a line of stdin; on a terminal, ask for it."""
    if sys.stdin.isatty():
        answer: str = click.prompt(what, hide_input=hidden, err=True)
        return answer.strip()
    line = sys.stdin.readline().strip()
    if not line:
        raise RefusedFailure(f"{what} was to come from stdin, but nothing came. Pipe it in.")
    return line
