"""OAuth 1.0a clients that others wrote: every signature method and place that they know."""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from ..examples.processes import serve
from ..live.browser import Browser
from ..live.server import RunningServer, TestClient

pytestmark = pytest.mark.clients

ROOT = Path(__file__).parents[2]
CALLBACK = "http://127.0.0.1/callback"
METHODS = ["HMAC-SHA1", "HMAC-SHA256", "RSA-SHA1", "RSA-SHA256", "PLAINTEXT"]
#: What base strings are got wrong by: repeated names, empty values, beyond ASCII, reserved.
QUERY = [("a", "1"), ("a", "2"), ("b", ""), ("c@", "é ü"), ("d", "=%&+~"), ("e[]", "'(x)*!")]
FORM = [("z", "1 2"), ("z", ""), ("y&", "%20"), ("x", "\N{KEY}")]


@dataclass(frozen=True)
class OAuth1Setting:
    """The server, its protected resource, and a client for each way to sign."""

    server: RunningServer
    browser: Browser
    photos: str
    private_pem: str
    #: Signature method to client.
    clients: dict[str, TestClient]

    def endpoint(self, name: str) -> str:
        return f"{self.server.issuer}/oauth1/{name}"

    def visit(self, url: str, decision: str = "allow") -> str:
        """Decide; return where the browser is sent, or what the page shows."""
        answer = self.browser.decide(url, decision)
        if answer.is_redirect:
            return str(answer.headers["Location"])
        shown = re.search(r"<code>([A-Z-]{14})</code>", answer.text)
        assert shown is not None
        return shown[1]

    def key(self, method: str) -> dict[str, str]:
        return {"rsa_key": self.private_pem} if method.startswith("RSA-") else {}


@pytest.fixture(scope="module")
def setting(tmp_path_factory: pytest.TempPathFactory) -> Generator[OAuth1Setting]:
    folder = tmp_path_factory.mktemp("server")
    settings = {"oauth1": {"enabled": True, "signature_methods": METHODS}}
    server = RunningServer(folder, settings=settings)
    server.start()
    browser = Browser(server)
    try:
        browser.sign_in(server.add_user("alice", "correct horse battery staple"))
        key = generate_private_key(65537, 2048)
        public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        (folder / "public.pem").write_bytes(public)
        private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        clients = {method: register(server, method) for method in METHODS}
        command = ["uvicorn", "--factory", "tests.clients.photos:create", "--port", "{port}"]
        with serve(command, ROOT, {"OAUTHSTORE_CONFIG": str(server.config)}) as photos:
            yield OAuth1Setting(server, browser, photos, private.decode(), clients)
    finally:
        browser.close()
        server.stop()


def register(server: RunningServer, method: str) -> TestClient:
    options = ["--oauth1", "--redirect-uri", CALLBACK, "--signature-method", method]
    if method.startswith("RSA-"):
        options += ["--rsa-public-key", str(server.folder / "public.pem")]
    return server.create_client(*options)


@pytest.fixture(autouse=True)
def allow_http_on_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AUTHLIB_INSECURE_TRANSPORT", "OAUTHLIB_INSECURE_TRANSPORT"):
        monkeypatch.setenv(name, "1")


def import_or_skip(name: str) -> ModuleType:
    module: ModuleType = pytest.importorskip(name)
    return module


# --- requests-oauthlib ---


@pytest.mark.parametrize("callback", [CALLBACK, "oob", f"{CALLBACK.replace('/c', ':4711/c')}"])
@pytest.mark.parametrize("place", ["AUTH_HEADER", "QUERY", "BODY"])
@pytest.mark.parametrize("method", METHODS)
def test_requests_oauthlib_goes_through_all_of_it(
    method: str, place: str, callback: str, setting: OAuth1Setting
) -> None:
    session = requests_oauthlib_session(setting, method, place, callback)
    session.fetch_request_token(setting.endpoint("initiate"))
    told = setting.visit(session.authorization_url(setting.endpoint("authorize")))
    if callback == "oob":
        session._client.client.verifier = told
    else:
        assert told.startswith(f"{callback}?")
        session.parse_authorization_response(told)
    session.fetch_access_token(setting.endpoint("token"))

    posted = session.post(f"{setting.photos}/photos", params=QUERY, data=FORM)

    assert posted.status_code == 200, posted.text
    assert posted.json()["query"] == [[*pair] for pair in QUERY]
    assert posted.json()["form"] == [[*pair] for pair in FORM]
    if place != "BODY":  # the library signs no body of a GET
        found = session.get(f"{setting.photos}/photos", params=QUERY)
        assert found.json()["query"] == [[*pair] for pair in QUERY]


def requests_oauthlib_session(
    setting: OAuth1Setting, method: str, place: str, callback: str
) -> Any:  # noqa: ANN401 - an optional library's
    oauth1 = import_or_skip("oauthlib.oauth1")
    client = setting.clients[method]
    return import_or_skip("requests_oauthlib").OAuth1Session(
        client.client_id,
        client_secret=client.client_secret,
        callback_uri=callback,
        signature_method=method,
        signature_type=getattr(oauth1, f"SIGNATURE_TYPE_{place}"),
        **setting.key(method),
    )


@pytest.mark.parametrize("path", ["/photos", "/p/%C3%A9%20%C3%BC/%25", "/a%20b"])
def test_requests_oauthlib_asks_at_every_path(path: str, setting: OAuth1Setting) -> None:
    session = granted(setting)

    for _ in range(2):
        answer = session.get(f"{setting.photos}{path}")
        assert answer.status_code == 200, answer.text


def test_a_body_that_is_no_form_is_not_signed(setting: OAuth1Setting) -> None:
    session = granted(setting)

    sent = session.put(f"{setting.photos}/photos", json={"a": 1})
    uploaded = session.post(f"{setting.photos}/photos", files={"file": b"x"})

    assert (sent.status_code, uploaded.status_code) == (200, 200)


def granted(setting: OAuth1Setting) -> Any:  # noqa: ANN401 - an optional library's
    """Return a session of requests-oauthlib that was allowed in."""
    session = requests_oauthlib_session(setting, "HMAC-SHA256", "AUTH_HEADER", CALLBACK)
    session.fetch_request_token(setting.endpoint("initiate"))
    url = session.authorization_url(setting.endpoint("authorize"))
    session.parse_authorization_response(setting.visit(url))
    session.fetch_access_token(setting.endpoint("token"))
    return session


def test_a_denial_comes_to_the_callback(setting: OAuth1Setting) -> None:
    session = requests_oauthlib_session(setting, "HMAC-SHA1", "AUTH_HEADER", CALLBACK)
    session.fetch_request_token(setting.endpoint("initiate"))
    url = session.authorization_url(setting.endpoint("authorize"))

    told = setting.visit(url, "deny")

    assert "error=access_denied" in told
    assert "oauth_verifier" not in told


# --- Authlib's own ---


@pytest.mark.filterwarnings("ignore:.*httpx.*:DeprecationWarning")
@pytest.mark.parametrize("place", ["HEADER", "QUERY", "BODY"])
@pytest.mark.parametrize("method", ["HMAC-SHA1", "RSA-SHA1", "PLAINTEXT"])
@pytest.mark.parametrize(
    ("module", "name"), [("requests_client", "OAuth1Session"), ("httpx_client", "OAuth1Client")]
)
def test_authlib_s_client_goes_through_all_of_it(
    module: str, name: str, method: str, place: str, setting: OAuth1Setting
) -> None:
    if module == "requests_client":
        import_or_skip("requests")
    with authlib_client(module, name, setting, method, place) as session:
        session.fetch_request_token(setting.endpoint("initiate"))
        url = session.create_authorization_url(setting.endpoint("authorize"))
        session.parse_authorization_response(setting.visit(url))
        session.fetch_access_token(setting.endpoint("token"))
        found = session.get(f"{setting.photos}/photos?a=1&b=x%20y")
        posted = session.post(f"{setting.photos}/photos", data={"z": "1 2"})

    assert found.status_code == 200, found.text
    assert posted.json()["form"] == [["z", "1 2"]]


@pytest.mark.filterwarnings("ignore:.*httpx.*:DeprecationWarning")
def test_authlib_s_asynchronous_client_goes_through_all_of_it(setting: OAuth1Setting) -> None:
    async def complete() -> int:
        module, name = "httpx_client", "AsyncOAuth1Client"
        async with authlib_client(module, name, setting, "HMAC-SHA1", "HEADER") as session:
            await session.fetch_request_token(setting.endpoint("initiate"))
            url = session.create_authorization_url(setting.endpoint("authorize"))
            session.parse_authorization_response(setting.visit(url))
            await session.fetch_access_token(setting.endpoint("token"))
            answer = await session.get(f"{setting.photos}/photos")
            status: int = answer.status_code
            return status

    assert asyncio.run(complete()) == 200


def authlib_client(module: str, name: str, setting: OAuth1Setting, method: str, place: str) -> Any:  # noqa: ANN401 - Authlib declares no types
    client = setting.clients[method]
    return getattr(import_or_skip(f"authlib.integrations.{module}"), name)(
        client.client_id,
        client.client_secret,
        redirect_uri=CALLBACK,
        signature_method=method,
        signature_type=place,
        **setting.key(method),
    )


# --- Node's ---


@pytest.mark.parametrize(
    ("name", "method"),
    [
        *(("oauth", method) for method in ("HMAC-SHA1", "RSA-SHA1", "PLAINTEXT")),
        *(("oauth-1.0a", method) for method in ("HMAC-SHA1", "HMAC-SHA256", "RSA-SHA1")),
        ("oauth-1.0a", "PLAINTEXT"),
    ],
)
def test_a_client_from_npm_goes_through_all_of_it(
    name: str, method: str, setting: OAuth1Setting, node_folder: Path, node: str
) -> None:
    client = setting.clients[method]
    given = {
        "initiate": setting.endpoint("initiate"),
        "authorize": setting.endpoint("authorize"),
        "token": setting.endpoint("token"),
        "photos": f"{setting.photos}/photos",
        "callback": CALLBACK,
        "method": method,
        "client_id": client.client_id,
        "secret": setting.private_pem if method.startswith("RSA-") else client.client_secret,
    }
    with subprocess.Popen(  # noqa: S603 - our own command
        [node, f"{name}.mjs"],
        cwd=node_folder,
        env={**os.environ, "GIVEN": json.dumps(given)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as script:
        assert script.stdin
        assert script.stdout
        assert script.stderr
        achieved = None
        for line in script.stdout:
            told = json.loads(line)
            achieved = told.get("achieved")
            if achieved is None:
                arrived = setting.visit(told["visit"], told["decision"])
                print(json.dumps({"arrived": arrived}), file=script.stdin, flush=True)
        complaint = script.stderr.read()

    assert script.returncode == 0, complaint
    assert achieved == ["token", "get", "post", "replay"]
