"""What a client may be registered for at a server that is mounted: what it serves."""

from __future__ import annotations

import pytest

from oauthstore_core.oauth2.registration import InvalidClientMetadataError

from .flask_oauth2.own_grants import PasswordGrant
from .opened import CLIENT, Opened
from .test_starlette import build

MACHINE = {"grant_types": ["client_credentials"]}
MACHINES_ONLY = {"grants": ["client_credentials"]}


@pytest.mark.parametrize("issuer", [None, "https://example.com/oauth"])
def test_a_client_is_registered_for_what_is_served_and_for_nothing_else(
    issuer: str | None,
) -> None:
    app, oauth = build(issuer=issuer, settings=MACHINES_ONLY)

    with Opened(app, oauth):
        assert oauth.register_client(MACHINE).client_secret is not None
        with pytest.raises(InvalidClientMetadataError, match="grant_types are of"):
            oauth.register_client(CLIENT)


def test_a_client_is_registered_for_a_grant_type_that_the_application_serves() -> None:
    app, oauth = build(settings=MACHINES_ONLY)

    with Opened(app, oauth) as opened:
        oauth.running.server_at("http://127.0.0.1:8000/oauth").register_grant(PasswordGrant)
        client = oauth.register_client({"grant_types": ["password"]})
        form = {"grant_type": "password", "username": "alice", "password": "wonderland"}
        secret = (client.client.client_id, str(client.client_secret))
        answer = opened.post("/oauth/token", data=form, auth=secret)

    assert answer.status_code == 200
