"""Every flow over Django: what holds on Flask, word for word, and what is Django's own."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlsplit

from ..flask_oauth2.test_flows import *  # noqa: F403 - its tests, on the site of this folder
from ..opened import ask
from .site import Site


def test_who_is_not_signed_in_is_told_so(site: Site) -> None:
    """In Django's way, by LOGIN_URL."""
    client = site.register()
    asked = ask(client.client.client_id)

    answer = site.app.test_client().get(asked)

    assert answer.status_code == 303
    assert urlsplit(answer.location).path == "/accounts/login/"
    assert dict(parse_qsl(urlsplit(answer.location).query)) == {"next": asked}
