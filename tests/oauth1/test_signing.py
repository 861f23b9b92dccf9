"""Signature methods (RFC 5849 section 3.4): each by name, per server and per client."""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import replace
from typing import Any

import pytest
from authlib.oauth1.rfc5849.base_server import BaseServer
from authlib.oauth1.rfc5849.errors import OAuth1Error
from authlib.oauth1.rfc5849.signature import generate_signature_base_string
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1
from cryptography.hazmat.primitives.asymmetric.ec import generate_private_key as generate_ec_key
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from oauthstore_core.http import HttpRequest
from oauthstore_core.oauth1.requests import SignedRequest
from oauthstore_core.oauth1.resource import ResourceProtector
from oauthstore_core.oauth2.registration import InvalidClientMetadataError

from .conftest import pem_of
from .signer import Signer
from .world import INITIATE, METHODS, NOW, RESOURCE, World

UNSUPPORTED = (400, "unsupported_signature_method")
WRONG = (401, "invalid_signature")


# --- by name, per server and per client ---


def test_plaintext_is_off_unless_the_settings_name_it() -> None:
    world = World(settings={"oauth1": {}})
    signer = world.register(method="PLAINTEXT")

    assert world.initiate(signer).outcome == UNSUPPORTED


def test_plaintext_is_off_for_a_client_that_is_not_registered_for_it(world: World) -> None:
    signer = replace(world.register(), method="PLAINTEXT")

    assert world.initiate(signer).outcome == UNSUPPORTED


@pytest.mark.parametrize("method", ["HMAC-SHA1", "HMAC-SHA256"])
def test_a_method_that_the_server_does_not_name_is_refused(method: str) -> None:
    world = World(settings={"oauth1": {"signature_methods": ["RSA-SHA256"]}})

    assert world.initiate(world.register(method=method)).outcome == UNSUPPORTED


def test_a_method_that_the_client_does_not_name_is_refused(world: World) -> None:
    signer = world.register(signature_methods=["HMAC-SHA256"])

    assert world.initiate(signer).outcome == UNSUPPORTED
    assert world.initiate(replace(signer, method="HMAC-SHA256")).status == 200


@pytest.mark.parametrize("method", ["HMAC-MD5", "hmac-sha1", "", "é"])
def test_an_unknown_method_is_refused(world: World, method: str) -> None:
    answer = world.initiate(world.register(), oauth_signature_method=method)

    assert answer.status == 400


# --- forged ---


@pytest.mark.parametrize("method", METHODS)
def test_a_signature_by_another_s_secret_or_key_is_refused(
    world: World, method: str, private_key: RSAPrivateKey
) -> None:
    registered = world.register(
        method=method,
        **({"rsa_public_key": pem_of(private_key)} if method.startswith("RSA-") else {}),
    )
    forger = replace(registered, client_secret="guessed", key=generate_private_key(65537, 2048))

    assert world.initiate(forger).outcome == WRONG


@pytest.mark.parametrize("method", ["HMAC-SHA1", "HMAC-SHA256", "PLAINTEXT"])
def test_a_client_with_a_key_only_cannot_sign_by_the_secret_that_it_does_not_have(
    world: World, method: str, private_key: RSAPrivateKey
) -> None:
    made = world.register(rsa_public_key=pem_of(private_key), signature_methods=METHODS)
    forger = Signer(made.client_id, "", method=method)

    assert world.initiate(forger).outcome == WRONG


@pytest.mark.parametrize("method", ["RSA-SHA1", "RSA-SHA256"])
def test_a_client_without_a_key_cannot_sign_by_one(
    world: World, method: str, private_key: RSAPrivateKey
) -> None:
    forger = replace(world.register(), method=method, key=private_key)

    assert world.initiate(forger).outcome == WRONG


@pytest.mark.parametrize("signature", ["é", "x", "====", " ", "\N{KEY}", "A" * 9000])
@pytest.mark.parametrize("method", ["HMAC-SHA1", "RSA-SHA256", "PLAINTEXT"])
def test_a_signature_that_is_none_is_refused(
    world: World, method: str, signature: str, private_key: RSAPrivateKey
) -> None:
    made = world.register(
        rsa_public_key=pem_of(private_key), client_secret="s", signature_methods=METHODS
    )
    asked = sent(made.client_id, method, signature)

    assert world.send(asked).outcome == WRONG


def sent(client_id: str, method: str, signature: str) -> HttpRequest:
    """Return a request with a signature that nobody made."""
    from .signer import place  # noqa: PLC0415 - only here

    signer = Signer(client_id, method=method)
    parameters = signer.parameters(NOW, oauth_callback="oob")
    return place("header", "POST", INITIATE, [*parameters, ("oauth_signature", signature)])


@pytest.mark.parametrize(
    "changed",
    [
        "https://api.example.com/photos?size=small",
        "https://api.example.com/photos",
        "https://api.example.com/photos?size=original&size=small",
        "https://api.example.com/Photos?size=original",
        "https://other.example.com/photos?size=original",
        "https://api.example.com:8443/photos?size=original",
    ],
)
def test_what_was_signed_for_one_address_is_not_for_another(world: World, changed: str) -> None:
    token = world.issue(world.register())
    signed = token.sign("GET", RESOURCE, NOW)
    elsewhere = Signer("x").sign("GET", changed, NOW)
    moved = HttpRequest(
        "GET",
        elsewhere.path,
        query_string=elsewhere.query_string,
        headers={**signed.headers, "host": elsewhere.headers["Host"]},
        scheme="https",
    )
    moved.headers = type(signed.headers)(moved.headers.items())  # type: ignore[call-arg]

    assert world.refusal(moved) == WRONG


def test_a_token_credential_is_of_one_client(world: World) -> None:
    token, other = world.issue(world.register()), world.register()
    stolen = replace(other, token=token.token, token_secret=token.token_secret)

    assert world.refusal(stolen.sign("GET", RESOURCE, NOW)) == (401, "invalid_token")


def test_a_temporary_credential_opens_no_resource_and_a_token_is_not_exchanged(
    world: World,
) -> None:
    signer = world.register()
    temporary, token = world.begin(signer), world.issue(signer)

    assert world.refusal(temporary.sign("GET", RESOURCE, NOW)) == (401, "invalid_token")
    assert world.exchange(token, "v").outcome == (401, "invalid_token")


# --- transport ---


def test_http_is_for_loopback_only(world: World) -> None:
    token = world.issue(world.register())

    local = token.sign("GET", "http://127.0.0.1:8000/", NOW)
    remote = token.sign("GET", "http://api.example.com/", NOW)

    assert world.refusal(local) is None
    assert world.refusal(remote) == (400, "insecure_transport")


def test_the_switch_that_turns_security_off_does_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AUTHLIB_INSECURE_TRANSPORT", "1")
    token = world.issue(world.register())

    refused = world.refusal(token.sign("GET", "http://api.example.com/", NOW))

    assert refused == (400, "insecure_transport")


def test_behind_a_proxy_the_origin_is_what_clients_know() -> None:
    world = World(origin="https://api.example.com")
    token = world.issue(world.register())
    asked = token.sign("GET", RESOURCE, NOW)
    asked.scheme, fields = "http", dict(asked.headers)
    asked.headers = type(asked.headers)([*fields.items(), ("Host", "10.0.0.7")])  # type: ignore[call-arg]

    assert world.refusal(asked) is None


def test_an_origin_that_is_none_is_refused_at_the_start(world: World) -> None:
    with pytest.raises(ValueError, match="no origin"):
        ResourceProtector(world.settings, world.stores, origin="https://api.example.com/photos")


# --- methods of one's own ---


def verify_hmac_sha512(request: Any) -> Any:  # noqa: ANN401 - of Authlib, untyped
    """As Authlib's documentation shows it, which returns the signature and no truth value."""
    text = generate_signature_base_string(request)
    key = f"{request.client_secret}&{request.token_secret or ''}"
    return base64.b64encode(hmac.digest(key.encode(), text.encode(), "sha512")).decode()


def verify_by_base_string(request: SignedRequest) -> bool:
    key = f"{request.client_secrets[0]}&{request.token_secret or ''}"
    expected = hmac.new(key.encode(), request.base_string.encode(), hashlib.sha512).digest()
    return hmac.compare_digest(base64.b64encode(expected).decode(), request.signature)


@pytest.mark.parametrize("verify", [verify_hmac_sha512, verify_by_base_string])
def test_a_method_of_one_s_own_is_of_that_server_alone(world: World, verify: Any) -> None:  # noqa: ANN401
    signer = world.register(
        signature_methods=["HMAC-SHA1"], metadata={"oauth1_signature_methods": None}
    )
    world.server.register_signature_method("HMAC-SHA512", verify)
    _allow(world, signer, "HMAC-SHA512")
    by_own = replace(signer, method="HMAC-SHA512")
    callback = "https://client.example/cb?a=%26%20b"

    assert world.initiate(by_own, oauth_callback=callback).status == 200
    assert world.initiate(replace(by_own, client_secret="guessed")).outcome == WRONG
    assert "HMAC-SHA512" not in BaseServer.SIGNATURE_METHODS
    assert "HMAC-SHA512" not in World().server.SUPPORTED_SIGNATURE_METHODS
    assert "HMAC-SHA512" not in world.protector.SIGNATURE_METHODS


def _allow(world: World, signer: Signer, method: str) -> None:
    import json  # noqa: PLC0415 - only here

    stored = world.stores.clients.query_client(signer.client_id)
    assert stored is not None
    payload = json.loads(stored.payload)
    payload["metadata"]["oauth1_signature_methods"] = [method]
    world.stores.clients.save_client(replace(stored, payload=json.dumps(payload)))


@pytest.mark.parametrize("found", ["yes", 1, b"x", object(), None, ["x"]])
def test_only_true_is_yes(world: World, found: object) -> None:
    world.server.register_signature_method("HMAC-SHA1", lambda _: found)

    assert world.initiate(world.register()).outcome == WRONG


# --- registration ---


@pytest.mark.parametrize("method", ["HMAC-MD5", ""])
def test_an_unknown_method_is_not_registered(world: World, method: str) -> None:
    with pytest.raises(InvalidClientMetadataError):
        world.register(signature_methods=[method])


def test_what_is_no_rsa_key_of_2048_bits_is_not_registered(world: World) -> None:
    curve = generate_ec_key(SECP256R1()).public_key()
    pem = curve.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()

    short = pem_of(generate_private_key(65537, 1024))  # noqa: S505 - to be refused
    for key in ("nonsense", "", pem, short):
        with pytest.raises(InvalidClientMetadataError):
            world.register(rsa_public_key=key)


@pytest.mark.parametrize(
    ("registered", "callback", "status"),
    [
        (["https://client.example/cb"], "https://client.example/cb", 200),
        (["https://client.example/cb"], "https://client.example/cb?x=1", 400),
        (["https://client.example/cb"], "https://evil.example/cb", 400),
        (["http://127.0.0.1/cb"], "http://127.0.0.1:4711/cb", 200),
        (["https://client.example/cb"], "oob", 200),
        (None, "https://anywhere.example/", 200),
        (None, "http://anywhere.example/", 400),
        (None, "javascript://anywhere.example/%0aalert(1)", 400),
        (None, "https://user@anywhere.example/", 400),
        (None, "https://anywhere.example/#fragment", 400),
        (None, "nowhere", 400),
        (None, "", 400),
    ],
)
def test_a_callback_is_a_registered_one_or_where_none_is_one_that_could_be(
    world: World, registered: list[str] | None, callback: str, status: int
) -> None:
    signer = world.register(metadata={"redirect_uris": registered})

    assert world.initiate(signer, oauth_callback=callback).status == status


def test_a_client_of_oauth_2_cannot_sign(world: World) -> None:
    from oauthstore_core.oauth2.registration import register_client  # noqa: PLC0415 - only here

    made = register_client(
        world.stores.clients,
        {"grant_types": ["client_credentials"]},
        key_ring=None,
        clock=world.clock,
    )

    for secret in (made.client_secret or "", ""):
        signer = Signer(made.client.client_id, secret)
        assert world.initiate(signer).outcome == (401, "invalid_client")


def test_an_error_carries_the_challenge(world: World) -> None:
    answer = world.initiate(Signer("nobody", "s"))
    try:
        world.fetch(Signer("nobody", "s", "t"))
    except OAuth1Error as error:
        refused = dict(world.protector.create_error_response(error).headers)

    assert answer.headers["www-authenticate"] == 'OAuth realm="oauthstore"'
    assert refused["WWW-Authenticate"] == 'OAuth realm="oauthstore"'
