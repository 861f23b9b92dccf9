"""The example of an application that is an authorization server besides, with two workers."""

from __future__ import annotations

import re
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from html import unescape
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from .application import CALLBACK, VERIFIER, ask, serve_application


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Generator[str]:
    with serve_application(tmp_path_factory.mktemp("app")) as address:
        yield address


def _consent(app: str, name: str) -> str:
    """Sign in on the way, allow, and return the code."""
    with httpx.Client(base_url=app, timeout=30) as browser:
        asked = browser.get(ask())
        signed_in = browser.post(asked.headers["Location"], data={"name": name})
        page = browser.get(signed_in.headers["Location"])
        action, csrf = re.findall(r'(?:action|name="csrf" value)="([^"]+)"', page.text)
        answer = browser.post(unescape(action), data={"csrf": csrf, "decision": "allow"})
    location: str = answer.headers["Location"]
    assert location.startswith(CALLBACK)
    return parse_qs(urlsplit(location).query)["code"][0]


def _redeem(app: str, code: str) -> httpx.Response:
    form = {
        "grant_type": "authorization_code",
        "client_id": "notes",
        "code": code,
        "redirect_uri": CALLBACK,
        "code_verifier": VERIFIER,
    }
    return httpx.post(f"{app}/oauth/token", data=form, timeout=30)


def test_the_code_flow_leads_to_the_protected_route(app: str) -> None:
    tokens = _redeem(app, _consent(app, "ada")).json()

    answer = httpx.get(f"{app}/me", headers={"Authorization": f"Bearer {tokens['access_token']}"})

    assert answer.json() == {"sub": "ada"}
    assert tokens["scope"] == "profile"


def test_of_many_who_redeem_a_code_at_once_at_most_one_gets_tokens_and_nobody_5xx(
    app: str,
) -> None:
    code = _consent(app, "ada")

    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda _: _redeem(app, code), range(8)))

    statuses = [answer.status_code for answer in answers]
    assert statuses.count(200) <= 1
    assert set(statuses) <= {200, 400}


def test_the_metadata_lies_at_the_root_and_names_the_mounted_endpoints(app: str) -> None:
    metadata = httpx.get(f"{app}/.well-known/oauth-authorization-server/oauth").json()

    assert metadata["issuer"] == f"{app}/oauth"
    assert metadata["token_endpoint"] == f"{app}/oauth/token"


def test_a_sign_in_leads_to_no_other_host(app: str) -> None:
    for target in ("https://evil.example/", "//evil.example", "/\\evil.example"):
        answer = httpx.post(f"{app}/login", params={"next": target}, data={"name": "ada"})

        assert answer.headers["Location"] == "/"
