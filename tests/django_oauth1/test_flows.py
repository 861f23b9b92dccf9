"""The flows of OAuth 1 under Django: the same on Authlib, with models, and without any."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ..flask_oauth1.own_application import CALLBACK
from ..flask_oauth1.worlds import told
from .worlds import DjangoWorld


def test_a_project_of_authlib_s_goes_through_the_whole_flow(world: DjangoWorld) -> None:
    temporary = world.temporary()
    page = world.open(f"/oauth1/authorize?oauth_token={temporary.token}", "GET")
    answer = world.exchange(temporary, world.authorize(temporary))
    found = told(answer)
    client = temporary.using(found["oauth_token"], found["oauth_token_secret"])

    assert page.json == {"client": "c1"}
    assert world.me(client).json == {"user": 1, "client": "c1"}


def test_who_authorizes_is_sent_to_the_callback(world: DjangoWorld) -> None:
    temporary = world.temporary()

    location = world.decide(temporary).location

    assert location.startswith(f"{CALLBACK}?oauth_token={temporary.token}&oauth_verifier=")


@pytest.mark.parametrize("method", ["HMAC-SHA1", "RSA-SHA1", "PLAINTEXT"])
def test_each_signature_method_is_accepted_from_end_to_end(world: DjangoWorld, method: str) -> None:
    client = world.token(replace(world.client, method=method))
    forged = replace(client, token_secret="x", client_secret="y", method="HMAC-SHA1")

    assert world.me(client).json == {"user": 1, "client": "c1"}
    assert world.me(forged).status_code == 401
