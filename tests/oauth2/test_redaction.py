"""What could be a handle is quoted by no log."""

from __future__ import annotations

import logging
from collections.abc import Callable

import pytest

from oauthstore_core.digests import digest, generate_handle
from oauthstore_core.oauth2.handles import new_refresh_handle
from oauthstore_core.redaction import redact

from .world import World


@pytest.mark.parametrize("generate", [generate_handle, lambda: str(new_refresh_handle())])
def test_a_handle_in_a_text_becomes_its_fingerprint(generate: Callable[[], str]) -> None:
    handle = generate()

    told = redact(f"Redirect URI https://c.example/{handle} is not supported by client.")

    assert told == (
        f"Redirect URI https://c.example/<{digest(handle)[:8]}> is not supported by client."
    )


def test_the_password_of_a_url_is_masked() -> None:
    assert redact("no answer from postgresql://user:secret@db/oauth") == (
        "no answer from postgresql://***@db/oauth"
    )


def test_an_ordinary_text_stays_as_it_is() -> None:
    text = "Missing 'redirect_uri' in request of rHr7KpTA5Jz5PgGc_aZ0Mw."

    assert redact(text) == text


def test_authlib_logs_no_token_that_is_sent_as_a_client_id(
    caplog: pytest.LogCaptureFixture,
) -> None:
    world, handle = World(), str(new_refresh_handle())
    with caplog.at_level(logging.DEBUG):
        world.authorize(world.register(), client_id=handle)

    assert handle not in caplog.text
    assert f"<{digest(handle)[:8]}>" in caplog.text
