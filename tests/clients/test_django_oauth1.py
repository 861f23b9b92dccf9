"""OAuth 1.0a clients that others wrote, at Django's endpoints and views that Django protects."""

from __future__ import annotations

import re
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from oauthstore_core.clock import SystemClock
from oauthstore_core.integrations.embedding import derive_key
from oauthstore_core.oauth1.registration import register_client
from oauthstore_core.sealing import KeyRing
from oauthstore_core.settings import Settings
from oauthstore_core.stores import open_stores

from ..examples.processes import serve
from ..integrations.flask_oauth2.site import ConsentForm
from ..live.server import TestClient
from .test_oauth1 import (
    CALLBACK,
    METHODS,
    allow_http_on_loopback,
    test_a_body_that_is_no_form_is_not_signed,
    test_a_client_from_npm_goes_through_all_of_it,
    test_a_denial_comes_to_the_callback,
    test_authlib_s_asynchronous_client_goes_through_all_of_it,
    test_authlib_s_client_goes_through_all_of_it,
    test_requests_oauthlib_asks_at_every_path,
    test_requests_oauthlib_goes_through_all_of_it,
)

__all__ = [
    "allow_http_on_loopback",
    "test_a_body_that_is_no_form_is_not_signed",
    "test_a_client_from_npm_goes_through_all_of_it",
    "test_a_denial_comes_to_the_callback",
    "test_authlib_s_asynchronous_client_goes_through_all_of_it",
    "test_authlib_s_client_goes_through_all_of_it",
    "test_requests_oauthlib_asks_at_every_path",
    "test_requests_oauthlib_goes_through_all_of_it",
]

pytestmark = pytest.mark.clients

ROOT = Path(__file__).parents[2]
SECRET_KEY = "s" * 40


@dataclass(frozen=True)
class DjangoSetting:
    """The project, in which alice is signed in, and a client for each way to sign."""

    address: str
    browser: httpx.Client
    private_pem: str
    clients: Mapping[str, TestClient]

    @property
    def photos(self) -> str:
        return self.address

    def endpoint(self, name: str) -> str:
        return f"{self.address}/oauth/oauth1/{name}"

    def visit(self, url: str, decision: str = "allow") -> str:
        """Decide; return where the browser is sent, or what the page shows."""
        form = ConsentForm(self.browser.get(url).text)
        answer = self.browser.post(form.action, data={**form.hidden, "decision": decision})
        if answer.is_redirect:
            return answer.headers["Location"]
        shown = re.search(r"<code>([A-Z-]{14})</code>", answer.text)
        assert shown is not None
        return shown[1]

    def key(self, method: str) -> dict[str, str]:
        return {"rsa_key": self.private_pem} if method.startswith("RSA-") else {}


@pytest.fixture(scope="module")
def setting(tmp_path_factory: pytest.TempPathFactory) -> Generator[DjangoSetting]:
    folder = tmp_path_factory.mktemp("project")
    store = f"sqlite:///{folder}/oauth.db"
    application = f"tests.django_oauth1.deployed_application:create_app('{store}')"
    command = ["gunicorn", "--bind=127.0.0.1:{port}", "--threads=4", application]
    key = generate_private_key(65537, 2048)
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    with (
        serve(command, ROOT, {"HOME": str(folder)}) as address,
        httpx.Client(base_url=address) as browser,
    ):
        # The process has made the file by then.
        browser.get("/me")
        yield DjangoSetting(address, browser, private, _register(store, public.decode()))


def _register(store: str, public_pem: str) -> Mapping[str, TestClient]:
    settings = Settings.from_mapping({"store": store})
    made = {}
    with open_stores(settings) as stores:
        for method in METHODS:
            registered = register_client(
                stores.clients,
                {"client_name": "Album", "redirect_uris": [CALLBACK]},
                key_ring=KeyRing([derive_key(SECRET_KEY)]),
                clock=SystemClock(),
                rsa_public_key=public_pem if method.startswith("RSA-") else None,
                signature_methods=[method],
            )
            made[method] = TestClient(registered.client.client_id, registered.client_secret)
    return made
