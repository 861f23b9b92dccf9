"""Clients on the admin pages, in a store of each kind: register, look, change, rotate, delete."""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import quote

import pytest
from authlib.oauth2.rfc6749.grants import ResourceOwnerPasswordCredentialsGrant
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from oauthstore_core.cli.client import _information
from oauthstore_core.oauth1.registration import AUTH_METHOD
from oauthstore_core.oauth2.registration import Registration

from ..django_oauth2.site import make_site
from .desk import ADDED, Desk, first_secret, look_after


def _works(desk: Desk, client_id: str, secret: str) -> bool:
    """Tell whether a client authenticates by a secret."""
    client = Registration(desk.stored(client_id), secret)
    answer = desk.site.token(client, "client_credentials")
    assert answer.json["error"] in {"invalid_client", "unauthorized_client"}
    return bool(answer.json["error"] != "invalid_client")


def _metadata(desk: Desk, client_id: str = "album") -> dict[str, Any]:
    found: dict[str, Any] = json.loads(desk.stored(client_id).payload)["metadata"]
    return found


def test_a_client_goes_from_its_registration_to_its_end(any_desk: Desk) -> None:
    desk = any_desk
    added = desk.add()
    secret = first_secret(added.text)
    assert _works(desk, "album", secret)
    assert "Album" in desk.get("client/").text
    assert "Album" in desk.get("client/?q=album").text

    rotated = first_secret(desk.rotate("album", overlap="3600").text)
    assert _works(desk, "album", rotated)
    assert _works(desk, "album", secret)

    assert desk.change("album", client_name="Photos").status_code == 302
    assert _metadata(desk)["client_name"] == "Photos"

    client = desk.site.register(client_name="Other")
    token = desk.site.issue(client, scope="profile")["access_token"]
    other = client.client.client_id
    asked = desk.get(desk.client(other, "delete")).text
    assert "with all their tokens: 1" in asked
    assert desk.post(desk.client(other, "delete")).status_code == 302
    assert "1 grant was revoked" in desk.said()
    assert desk.site.ask("/profile", token).status_code == 401
    assert desk.stored(other) is None


def test_clients_are_listed_some_at_a_time_each_once(
    any_desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    from oauthstore_core.integrations.django.admin import ClientAdmin  # noqa: PLC0415

    monkeypatch.setattr(ClientAdmin, "list_per_page", 2)
    names = [f"Client {n}" for n in range(5)]
    for name in names:
        any_desk.site.register(client_name=name)

    pages, page = [], any_desk.get("client/").text
    while True:
        pages.append(page)
        if 'rel="next"' not in page:
            break
        following = page.partition('rel="next"')[0].rpartition('href="')[2].partition('"')[0]
        page = any_desk.get(f"client/{following}").text

    assert len(pages) == 3
    assert sorted(name for name in names for page in pages if name in page) == names


@pytest.mark.parametrize("after", ["nonsense", "0", "\0", "☃", "'; --", "x" * 3000])
def test_a_cursor_that_somebody_made_up_is_no_failure_of_ours(any_desk: Desk, after: str) -> None:
    for page in ("client/", "grant/"):
        assert any_desk.get(f"{page}?after={quote(after)}").status_code in {200, 302}


def test_metadata_is_registered_as_the_form_says(desk: Desk) -> None:
    desk.add(
        client_uri="https://album.example/",
        redirect_uris="https://album.example/a\r\n https://album.example/b \r\n",
        scope=["mail", "profile"],
        token_endpoint_auth_method="none",
        grant_types=["authorization_code"],
    )

    found = _metadata(desk)
    assert found["client_uri"] == "https://album.example/"
    assert found["redirect_uris"] == ["https://album.example/a", "https://album.example/b"]
    assert (found["scope"], found["response_types"]) == ("mail profile", ["code"])
    assert found["token_endpoint_auth_method"] == "none"
    assert "secret_digests" not in json.loads(desk.stored("album").payload)


def test_a_client_may_be_a_resource_server(monkeypatch: pytest.MonkeyPatch) -> None:
    resources = ["https://api.example/", "https://files.example/"]
    desk = look_after(monkeypatch, make_site(resources=resources))
    desk.add(resource_server="on", resources=["https://api.example/"])

    payload = json.loads(desk.stored("album").payload)
    assert (payload["resource_server"], payload["resources"]) == (True, resources[:1])
    desk.change("album")
    payload = json.loads(desk.stored("album").payload)
    assert (payload["resource_server"], payload["resources"]) == (False, [])


@pytest.mark.parametrize(
    "client_id", ["a/b?c&d e", "x_2Ay", "_5F", "..", "add", "a%2Fb", "x" * 2048]
)
def test_a_registration_from_elsewhere_keeps_its_id_and_secret(desk: Desk, client_id: str) -> None:
    desk.add(client_id=client_id, client_secret="an old one ")

    assert desk.site.server.query_client(client_id).check_client_secret("an old one ")
    assert desk.change(client_id, client_name="Photos").status_code == 302
    assert _metadata(desk, client_id)["client_name"] == "Photos"
    assert "Changed Name" in desk.get(desk.client(client_id, "history")).text
    assert len(first_secret(desk.rotate(client_id).text)) == 43
    assert desk.post(desk.client(client_id, "delete")).status_code == 302
    assert desk.stored(client_id) is None


def test_a_client_of_oauth_1_is_registered_with_no_secret_of_blanks(desk: Desk) -> None:
    page = desk.post("client/add/oauth1/", client_id="signer", client_secret="  ")

    assert "only blanks" in page.text
    assert desk.stored("signer") is None


def test_a_secret_from_elsewhere_may_be_weak_and_is_kept_under_the_key_ring(desk: Desk) -> None:
    desk.add(client_secret="short")

    (kept,) = json.loads(desk.stored("album").payload)["secret_digests"]
    assert kept["algorithm"] == "hmac-sha-256"


def test_a_client_of_oauth_1_is_registered_changed_and_rotated(any_desk: Desk) -> None:
    form = {"client_id": "signer", "client_name": "Signer", "signature_methods": ["HMAC-SHA256"]}
    first = any_desk.post("client/add/oauth1/", **form)

    assert first.status_code == 200
    metadata = _metadata(any_desk, "signer")
    assert metadata["token_endpoint_auth_method"] == AUTH_METHOD
    assert metadata["oauth1_signature_methods"] == ["HMAC-SHA256"]
    assert first_secret(any_desk.rotate("signer").text) != first_secret(first.text)
    form = {"client_name": "Pen", "version": any_desk.stored("signer").version}
    assert any_desk.post(any_desk.client("signer"), **form).status_code == 302
    assert _metadata(any_desk, "signer")["client_name"] == "Pen"


def test_a_client_that_signs_by_its_key_has_no_secret_to_rotate(desk: Desk) -> None:
    public = rsa.generate_private_key(65537, 2048).public_key()
    pem = public.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    ).decode()
    added = desk.post("client/add/oauth1/", client_id="signer", rsa_public_key=pem)

    assert "has no secret" in added.text
    assert "PUBLIC KEY" in desk.get(desk.client("signer")).text
    assert desk.rotate("signer").status_code == 409


@pytest.mark.parametrize(
    ("form", "field", "told"),
    [
        ({"redirect_uris": "http://a.example"}, "redirect_uris", "must be https"),
        ({"redirect_uris": "javascript:alert(1)"}, "redirect_uris", "must be https, or have"),
        ({"redirect_uris": ""}, "redirect_uris", "needs a redirect URI"),
        ({"client_uri": "javascript:alert(1)"}, "client_uri", "Enter a valid URL"),
        ({"client_secret": " "}, "client_secret", "only blanks"),
        ({"client_secret": "\u00a0\t "}, "client_secret", "only blanks"),
        ({"client_id": "ä"}, "client_id", "printable ASCII"),
        ({"grant_types": []}, "grant_types", "required"),
        ({"grant_types": ["implicit"]}, "grant_types", "not one of the available"),
        ({"scope": ["root"]}, "scope", "not one of the available"),
        ({"token_endpoint_auth_method": "x"}, "token_endpoint_auth_method", "not one of"),
    ],
)
def test_what_cannot_be_registered_is_told_at_its_field(
    desk: Desk, form: dict[str, Any], field: str, told: str
) -> None:
    page = desk.add(**form)

    assert page.status_code == 200
    at = page.text.index(f"field-{field}")
    assert told in page.text[at : page.text.index("</ul>", at)]
    assert list(desk.site.server.stores.clients.list_clients(None, None, 9).items) == []


def test_a_public_client_of_client_credentials_is_refused_above_the_form(desk: Desk) -> None:
    form = {"grant_types": ["client_credentials"], "token_endpoint_auth_method": "none"}

    assert "cannot use client_credentials" in desk.add(**form).text


def test_a_client_of_a_grant_of_the_project_s_own_is_registered_and_changed(desk: Desk) -> None:
    desk.site.server.register_grant(ResourceOwnerPasswordCredentialsGrant)

    assert len(first_secret(desk.add(grant_types=["password"]).text)) == 43
    assert desk.change("album", grant_types=["password"], client_name="Photos").status_code == 302
    assert _metadata(desk)["grant_types"] == ["password"]


def test_a_form_that_is_sent_twice_registers_once(desk: Desk) -> None:
    secret = first_secret(desk.add().text)
    again = desk.add()

    assert "A client has this id already" in again.text
    assert 'id="client_secret"' not in again.text
    assert _works(desk, "album", secret)


def test_each_form_offers_an_id_of_its_own(desk: Desk) -> None:
    pages = [desk.get("client/add/").text for _ in range(2)]

    assert len({re.findall(r'name="client_id" value="([^"]+)"', page)[0] for page in pages}) == 2


def test_of_two_administrators_who_change_a_client_the_second_is_told(desk: Desk) -> None:
    desk.add()
    version = desk.stored("album").version
    assert desk.change("album", client_name="First").status_code == 302

    second = desk.change("album", client_name="Second", version=version)

    assert second.status_code == 409
    assert "Somebody else has changed the client" in second.text
    assert "Second" in second.text
    assert _metadata(desk)["client_name"] == "First"


def test_a_rotation_that_is_sent_twice_rotates_once(desk: Desk) -> None:
    desk.add()
    version = desk.stored("album").version
    secret = first_secret(desk.rotate("album", version=version).text)

    again = desk.rotate("album", version=version)

    assert again.status_code == 409
    assert 'id="client_secret"' not in again.text
    assert _works(desk, "album", secret)


@pytest.mark.parametrize("overlap", ["-1", "99999999999", "x", ""])
def test_a_secret_overlaps_only_as_long_as_is_offered(desk: Desk, overlap: str) -> None:
    desk.add()

    page = desk.rotate("album", overlap=overlap)

    assert page.status_code == 200
    assert 'id="client_secret"' not in page.text


def test_a_public_client_that_becomes_confidential_is_shown_its_secret(desk: Desk) -> None:
    desk.add(token_endpoint_auth_method="none")

    page = desk.change("album", token_endpoint_auth_method="client_secret_post")

    assert len(first_secret(page.text)) == 43


def test_what_the_form_does_not_know_stays(desk: Desk) -> None:
    client_id = desk.site.register(tos_uri="https://album.example/tos").client.client_id

    assert "https://album.example/tos" in desk.get(desk.client(client_id)).text
    assert desk.change(client_id).status_code == 302
    assert _metadata(desk, client_id)["tos_uri"] == "https://album.example/tos"


@pytest.mark.parametrize("page", ["change", "rotate", "delete", "history"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_client_that_is_gone_meanwhile_is_told_by_a_message(
    desk: Desk, page: str, method: str
) -> None:
    desk.add()
    desk.post(desk.client("album", "delete"))
    desk.said()

    answer = desk.browser.open(f"/admin/oauthstore/{desk.client('album', page)}", method=method)

    assert answer.status_code == 302
    assert "album" in desk.said()


def test_grants_that_a_deletion_left_behind_can_be_revoked_by_another_one(desk: Desk) -> None:
    client = desk.site.register()
    token = desk.site.issue(client)["access_token"]
    client_id = client.client.client_id
    desk.site.server.stores.clients.delete_client(client_id)

    assert "with all their tokens: 1" in desk.get(desk.client(client_id, "delete")).text
    desk.post(desk.client(client_id, "delete"))

    assert "1 grant was revoked" in desk.said()
    assert desk.site.ask("/profile", token).status_code == 401


def test_the_history_tells_who_did_what(desk: Desk) -> None:
    desk.add()
    desk.rotate("album")
    desk.change("album", client_name="Photos")

    page = desk.get(desk.client("album", "history")).text

    assert page.index("Added.") < page.index("Changed Client secret.") < page.index("Changed Name.")
    assert "root" in page
    desk.post(desk.client("album", "delete"))
    assert "Photos" in desk.browser.get("/admin/").text


def test_the_same_client_id_is_the_same_client_for_the_command_line(desk: Desk) -> None:
    desk.add()

    told = _information(desk.stored("album"))
    wanted = {
        name: value for name, value in ADDED.items() if name not in {"scope", "redirect_uris"}
    }
    assert {name: told[name] for name in wanted} == wanted
