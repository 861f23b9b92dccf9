"""Exchanges of OAuth 2."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlencode

from ..flask_oauth2.site import basic
from ..opened import VERIFIER, ask
from .exchanges import CALLBACK, FORM, Exchange

__all__ = ["OAUTH2"]

TOKEN, REVOKE, INTROSPECT = "/oauth/token", "/oauth/revoke", "/oauth/introspect"
METADATA = "/.well-known/oauth-authorization-server/oauth"
OWN = {"grant_type": "client_credentials"}
REFRESH = {"grant_type": "refresh_token", "refresh_token": "{refresh_token}"}
BEARER = {"Authorization": "Bearer {access_token}"}
PHOTOS, MAIL = "https://api.example/photos", "https://api.example/mail"
GERMAN = {"Accept-Language": "de"}


def _redeem(**changes: str) -> dict[str, str]:
    form = {"grant_type": "authorization_code", "code": "{code}", "redirect_uri": CALLBACK}
    return {**form, "code_verifier": VERIFIER, **changes}


def _allow(name: str, client_id: str = "c1", **changes: str) -> Exchange:
    return Exchange(name, ask(client_id, prompt="consent", **changes), decision="allow")


AUTHORIZATION = (
    Exchange("the question", ask("c1")),
    Exchange("the question to HEAD", ask("c1"), method="HEAD"),
    Exchange("the question to nobody", ask("c1"), person=None),
    Exchange("the question to nobody by HEAD", ask("c1"), method="HEAD", person=None),
    Exchange("a decision of nobody", ask("c1"), {"decision": "allow"}, person=None),
    Exchange("an unknown client", ask("nobody")),
    Exchange("an unknown client, to nobody", ask("nobody"), person=None),
    Exchange("no parameter at all", "/oauth/authorize"),
    Exchange("a redirect URI not registered", ask("c1", redirect_uri="https://evil.example")),
    Exchange("a redirect URI with more", ask("c1", redirect_uri=CALLBACK + "/")),
    Exchange("a redirect URI with a fragment", ask("c1", redirect_uri=CALLBACK + "#a")),
    Exchange("no redirect URI where there is one", ask("c1", redirect_uri="")),
    Exchange("no redirect URI of several", ask("c5", redirect_uri="")),
    Exchange(
        "a loopback with another port",
        ask("c5", redirect_uri="http://127.0.0.1:4711/back?of=app", scope="admin"),
    ),
    Exchange("a custom scheme", ask("c5", redirect_uri="org.example.app:/back", scope="admin")),
    Exchange("no PKCE", ask("c1", code_challenge="")),
    Exchange("no PKCE, to nobody", ask("c1", code_challenge=""), person=None),
    Exchange("plain PKCE", ask("c1", code_challenge_method="plain")),
    Exchange("a challenge that is none", ask("c1", code_challenge="short")),
    Exchange("an unknown scope", ask("c1", scope="admin")),
    Exchange("a scope with a quote", ask("c1", scope='pro"file')),
    Exchange("a state to the letter", ask("c1", scope="admin", state="a b&c=d%é+/?")),
    Exchange("a response type that is none", ask("c1", response_type="token")),
    Exchange("no response type", ask("c1", response_type="")),
    Exchange("a response mode that is none", ask("c1", response_mode="nonsense")),
    Exchange("an error in the fragment", ask("c1", response_mode="fragment", scope="admin")),
    Exchange("no prompt is wanted", ask("c1", prompt="none")),
    Exchange("no prompt is wanted of nobody", ask("c1", prompt="none"), person=None),
    Exchange("a prompt that is none", ask("c1", prompt="nonsense")),
    Exchange("a client that may not", ask("c3")),
    Exchange("a parameter twice", ask("c1") + "&scope=mail"),
    Exchange("a NUL", ask("c1", state="a\0b")),
    Exchange("a query that is not UTF-8", "/oauth/authorize?client_id=%FF"),
    Exchange("a query with bytes", "/oauth/authorize?client_id=\xe9"),
    Exchange("percent signs that encode nothing", "/oauth/authorize?client_id=%zz&scope=%"),
    Exchange("too many parameters", ask("c1") + "&a=1" * 100),
    Exchange("an unknown resource", ask("c1", resource="https://other.example")),
    Exchange("a resource with a fragment", ask("c1", resource=PHOTOS + "#a")),
    Exchange("an error in German", ask("nobody"), headers=GERMAN),
    Exchange("a form from elsewhere", ask("c1"), {"decision": "allow"}),
    Exchange("no form", ask("c1"), b""),
    Exchange(
        "JSON for a form", ask("c1"), b'{"decision":"allow"}', content_type="application/json"
    ),
    Exchange("the question by PUT", ask("c1"), {"decision": "allow"}, method="PUT"),
    Exchange("the question by OPTIONS", ask("c1"), method="OPTIONS"),
    Exchange("alice denies", ask("c1", prompt="consent"), decision="deny"),
    Exchange("alice presses nothing", ask("c1", prompt="consent"), decision=""),
    Exchange(
        "alice denies in the fragment",
        ask("c1", prompt="consent", response_mode="fragment"),
        decision="deny",
    ),
)

CODE = (
    _allow("alice allows"),
    Exchange("a wrong verifier", TOKEN, _redeem(code_verifier="w" * 43), "c1"),
    Exchange("no verifier", TOKEN, _redeem(code_verifier=""), "c1"),
    Exchange("a verifier that is none", TOKEN, _redeem(code_verifier="short"), "c1"),
    Exchange("another redirect URI", TOKEN, _redeem(redirect_uri=CALLBACK + "/x"), "c1"),
    Exchange("no redirect URI", TOKEN, _redeem(redirect_uri=""), "c1"),
    Exchange("another client's code", TOKEN, _redeem(client_id="c2")),
    Exchange("no code", TOKEN, _redeem(code=""), "c1"),
    Exchange("an unknown code", TOKEN, _redeem(code="x" * 43), "c1"),
    Exchange("the code", TOKEN, _redeem(), "c1"),
    Exchange("alice is remembered", ask("c1")),
    Exchange("alice is remembered, and HEAD changes nothing", ask("c1"), method="HEAD"),
    Exchange("a protected view", "/profile", headers=BEARER),
    Exchange("a protected view to HEAD", "/profile", headers=BEARER, method="HEAD"),
    Exchange(
        "the scheme in capitals", "/profile", headers={"Authorization": "BEARER {access_token}"}
    ),
    Exchange("the token in the query", "/profile?access_token={access_token}"),
    Exchange("too little scope", "/both", headers=BEARER),
    Exchange("one of two scopes", "/either", headers=BEARER),
    Exchange("a refresh", TOKEN, REFRESH, "c1"),
    Exchange("a refresh for more", TOKEN, {**REFRESH, "scope": "profile mail"}, "c1"),
    Exchange("another client's refresh", TOKEN, {**REFRESH, "client_id": "c2"}),
    Exchange("no refresh token", TOKEN, {"grant_type": "refresh_token"}, "c1"),
    Exchange(
        "a refresh token that was never one",
        TOKEN,
        {"grant_type": "refresh_token", "refresh_token": "x"},
        "c1",
    ),
    Exchange("introspection", INTROSPECT, {"token": "{access_token}"}, "c1"),
    Exchange("introspection of a refresh token", INTROSPECT, {"token": "{refresh_token}"}, "c1"),
    Exchange("introspection by another", INTROSPECT, {"token": "{access_token}"}, "c3"),
    Exchange("introspection by nobody", INTROSPECT, {"token": "{access_token}"}),
    Exchange(
        "introspection by a public client",
        INTROSPECT,
        {"token": "{access_token}", "client_id": "c2"},
    ),
    Exchange("introspection of nothing", INTROSPECT, {}, "c1"),
    Exchange("introspection of what is unknown", INTROSPECT, {"token": "x"}, "c1"),
    Exchange(
        "a hint that is none",
        INTROSPECT,
        {"token": "{access_token}", "token_type_hint": "nonsense"},
        "c1",
    ),
    Exchange("a revocation by another", REVOKE, {"token": "{access_token}"}, "c3"),
    Exchange("a revocation by nobody", REVOKE, {"token": "{access_token}"}),
    Exchange("a revocation", REVOKE, {"token": "{refresh_token}"}, "c1"),
    Exchange("a revocation once more", REVOKE, {"token": "{refresh_token}"}, "c1"),
    Exchange("a revocation of nothing known", REVOKE, {"token": "x"}, "c1"),
    Exchange("a revocation of nothing", REVOKE, {}, "c1"),
    Exchange("a revoked token", "/profile", headers=BEARER),
    Exchange("introspection of it", INTROSPECT, {"token": "{access_token}"}, "c1"),
    Exchange("a revoked refresh", TOKEN, REFRESH, "c1"),
    _allow("alice allows what will be used twice"),
    Exchange("another code", TOKEN, _redeem(), "c1"),
    Exchange("that code again", TOKEN, _redeem(), "c1"),
    Exchange("what came of it", "/profile", headers=BEARER),
    _allow("alice allows a public client", "c2"),
    Exchange("its code", TOKEN, _redeem(client_id="c2")),
    Exchange("its refresh", TOKEN, {**REFRESH, "client_id": "c2"}),
    Exchange(
        "its refresh with a secret", TOKEN, {**REFRESH, "client_id": "c2", "client_secret": "s"}
    ),
    Exchange("its revocation", REVOKE, {"token": "{access_token}", "client_id": "c2"}),
    Exchange(
        "alice allows two resources",
        ask("c1", prompt="consent") + "&" + urlencode({"resource": [PHOTOS, MAIL]}, doseq=True),
        decision="allow",
    ),
    Exchange("the code for one of them", TOKEN, _redeem(resource=MAIL), "c1"),
    Exchange("introspection of the token for it", INTROSPECT, {"token": "{access_token}"}, "c1"),
    Exchange("a refresh for the other", TOKEN, {**REFRESH, "resource": PHOTOS}, "c1"),
    Exchange(
        "a refresh for a third", TOKEN, {**REFRESH, "resource": "https://other.example"}, "c1"
    ),
    _allow("alice allows in the fragment", response_mode="fragment"),
    _allow("alice allows in a form", response_mode="form_post"),
)

CLIENTS = (
    Exchange("a client's own token", TOKEN, OWN, "c1"),
    Exchange("a client's token of one scope", TOKEN, {**OWN, "scope": "mail"}, "c3"),
    Exchange("a scope of another client's", TOKEN, {**OWN, "scope": "profile"}, "c3"),
    Exchange("a scope that is none", TOKEN, {**OWN, "scope": " "}, "c3"),
    Exchange("a client's token for a resource", TOKEN, {**OWN, "resource": PHOTOS}, "c1"),
    Exchange("for an unknown resource", TOKEN, {**OWN, "resource": "https://other.example"}, "c1"),
    Exchange("a public client's own token", TOKEN, {**OWN, "client_id": "c2"}),
    Exchange("no grant type", TOKEN, {"scope": "mail"}, "c1"),
    Exchange("an unknown grant type", TOKEN, {"grant_type": "password"}, "c1"),
    Exchange("a grant type that is not the client's", TOKEN, REFRESH, "c3"),
    Exchange("no client", TOKEN, OWN),
    Exchange("a wrong secret", TOKEN, OWN, headers=basic("c1", "wrong")),
    Exchange("an unknown client's secret", TOKEN, OWN, headers=basic("nobody", "secret")),
    Exchange("a wrong secret, told in German", TOKEN, OWN, headers={**basic("c1", "no"), **GERMAN}),
    Exchange("an empty secret", TOKEN, OWN, headers=basic("c1", "")),
    Exchange("a secret of a client without", TOKEN, OWN, headers=basic("c2", "secret")),
    Exchange("Basic that is not base64", TOKEN, OWN, headers={"Authorization": "Basic %%%"}),
    Exchange("Basic without a colon", TOKEN, OWN, headers={"Authorization": "Basic YzE="}),
    Exchange("Basic that is not UTF-8", TOKEN, OWN, headers={"Authorization": "Basic /zr/"}),
    Exchange("another scheme", TOKEN, OWN, headers={"Authorization": "Digest abc"}),
    Exchange("a secret in the form", TOKEN, {**OWN, "client_id": "c4", "client_secret": "secret"}),
    Exchange("a wrong one in the form", TOKEN, {**OWN, "client_id": "c4", "client_secret": "no"}),
    Exchange("a secret by the wrong method", TOKEN, OWN, "c4"),
    Exchange("two methods", TOKEN, {**OWN, "client_id": "c1", "client_secret": "secret"}, "c1"),
    Exchange("another client id in the form", TOKEN, {**OWN, "client_id": "c3"}, "c1"),
    Exchange("a parameter of two values", TOKEN, {**OWN, "scope": ["mail", "profile"]}, "c1"),
    Exchange("parameters in the address", f"{TOKEN}?{urlencode(OWN)}", {}, "c1"),
    Exchange("a form with a charset", TOKEN, OWN, "c1", content_type=f"{FORM}; charset=UTF-8"),
    Exchange(
        "a form with another charset", TOKEN, OWN, "c1", content_type=f"{FORM};charset=utf-16"
    ),
    Exchange("a form's type in capitals", TOKEN, OWN, "c1", content_type=FORM.upper()),
    Exchange("a form without a type", TOKEN, OWN, "c1", content_type=None),
    Exchange("JSON", TOKEN, b'{"grant_type":"x"}', "c1", content_type="application/json"),
    Exchange(
        "a multipart form", TOKEN, b"--a--", "c1", content_type="multipart/form-data; boundary=a"
    ),
    Exchange("no body", TOKEN, b"", "c1"),
    Exchange("no body and no type", TOKEN, b"", "c1", content_type=None),
    Exchange("a form that is not UTF-8", TOKEN, b"grant_type=%FF", "c1"),
    Exchange("a form that is not encoded", TOKEN, b"grant_type=\xff", "c1"),
    Exchange("a form with a NUL", TOKEN, b"grant_type=%00", "c1"),
    Exchange("a form that encodes nothing", TOKEN, b"grant_type=%zz&%=%", "c1"),
    Exchange("a form of ampersands", TOKEN, b"&&&=&", "c1"),
    Exchange("too many fields", TOKEN, b"&".join([b"a=1"] * 200), "c1"),
    Exchange("a long form", TOKEN, b"grant_type=x&a=" + b"x" * 60_000, "c1"),
    Exchange("too long a form", TOKEN, b"a=" + b"x" * (1 << 19), "c1"),
    Exchange("the token endpoint by GET", f"{TOKEN}?{urlencode(OWN)}", client="c1"),
    Exchange("the token endpoint by HEAD", TOKEN, client="c1", method="HEAD"),
    Exchange("the token endpoint by PUT", TOKEN, OWN, "c1", method="PUT"),
    Exchange("the token endpoint by OPTIONS", TOKEN, method="OPTIONS"),
    Exchange("revocation by GET", f"{REVOKE}?token=x", client="c1"),
    Exchange("introspection by GET", f"{INTROSPECT}?token=x", client="c1"),
    Exchange(
        "introspection with the wrong type", INTROSPECT, b"{}", "c1", content_type="text/plain"
    ),
    Exchange("a revocation with a token twice", REVOKE, {"token": ["a", "b"]}, "c1"),
)

RESOURCES = (
    Exchange("no token", "/profile"),
    Exchange("no token, in German", "/profile", headers=GERMAN),
    Exchange("a scheme that is not Bearer", "/profile", headers={"Authorization": "Token abc"}),
    Exchange("a scheme alone", "/profile", headers={"Authorization": "Bearer"}),
    Exchange("two tokens", "/profile", headers={"Authorization": "Bearer a b"}),
    Exchange("an unknown token", "/profile", headers={"Authorization": "Bearer abc"}),
    Exchange("a token with a quote", "/profile", headers={"Authorization": 'Bearer "a"'}),
    Exchange("a token in Latin 1", "/profile", headers={"Authorization": "Bearer \xe9"}),
    Exchange(
        "a refresh token for an access token",
        "/profile",
        headers={"Authorization": "Bearer {refresh_token}"},
    ),
)

PLACES = (
    Exchange("the metadata", METADATA),
    Exchange("the metadata to HEAD", METADATA, method="HEAD"),
    Exchange("the metadata by POST", METADATA, {}),
    Exchange("the metadata of another issuer", METADATA + "/other"),
    Exchange("the metadata of the root", METADATA.removesuffix("/oauth")),
    Exchange("an unknown path", "/oauth/nothing"),
    Exchange("an unknown path by POST", "/oauth/nothing", {"a": "1"}),
    Exchange("a slash too many", TOKEN + "/", OWN, "c1"),
    Exchange("a path in capitals", TOKEN.upper(), OWN, "c1"),
    Exchange("an encoded path", "/oauth/%74oken", OWN, "c1"),
    Exchange("a path that is not UTF-8", "/oauth/%FF"),
)

#: Each depends on what those before it have left.
OAUTH2: Sequence[Exchange] = (*PLACES, *AUTHORIZATION, *CODE, *CLIENTS, *RESOURCES)
