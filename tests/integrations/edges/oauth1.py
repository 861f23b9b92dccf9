"""Exchanges of OAuth 1."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from .exchanges import CALLBACK, Exchange, Form, Signature
from .player import NOW

__all__ = ["OAUTH1"]

INITIATE, TOKEN = "/oauth/oauth1/initiate", "/oauth/oauth1/token"
AUTHORIZE = "/oauth/oauth1/authorize"
ASK = AUTHORIZE + "?oauth_token={oauth_token}"
SIGNED = "/signed"
GERMAN = {"Accept-Language": "de"}
#: Of a client that asks for temporary credentials.
BEGIN = Signature(changes={"oauth_callback": CALLBACK})


def _begin(
    name: str,
    *,
    by: Signature = BEGIN,
    form: Form | bytes | None = None,
    headers: Mapping[str, str] | None = None,
    target: str = INITIATE,
    **changes: str | None,
) -> Exchange:
    """Return a request for temporary credentials, with changes of what is signed."""
    signature = replace(by, changes={**by.changes, **changes})
    return Exchange(name, target, form, method="POST", headers=headers or {}, signature=signature)


def _exchange(name: str, token: int, **changes: str | None) -> Exchange:
    """Return the exchange of the temporary credentials of this number."""
    given = {"oauth_verifier": "{oauth_verifier}", **changes}
    return Exchange(name, TOKEN, method="POST", signature=Signature(token=token, changes=given))


def _use(name: str, token: int, target: str = SIGNED, **changes: str | None) -> Exchange:
    """Return a request to a protected resource."""
    return Exchange(name, target, signature=Signature(token=token, changes=changes))


def _header(name: str, header: str) -> Exchange:
    return Exchange(name, INITIATE, method="POST", headers={"Authorization": header})


# Each comment is the number of the credentials that are issued there.
TEMPORARY = (
    _begin("temporary credentials"),  # 1
    _begin("by HMAC-SHA256", by=replace(BEGIN, method="HMAC-SHA256")),  # 2
    _begin("in the query", by=replace(BEGIN, place="query")),  # 3
    _begin("in the form", by=replace(BEGIN, place="body")),  # 4
    _begin("by PLAINTEXT", by=replace(BEGIN, client="printer", method="PLAINTEXT")),  # 5
    _begin(
        "by PLAINTEXT without a nonce",
        by=replace(BEGIN, client="printer", method="PLAINTEXT"),
        oauth_nonce=None,
        oauth_timestamp=None,
    ),  # 6
    _begin("without a callback", oauth_callback="oob"),  # 7
    _begin("with version 1.0", oauth_version="1.0"),  # 8
    _begin("with version 1.0a", oauth_version="1.0a"),  # 9
    _begin("with a form beside", form={"size": "o r&g=\N{LATIN SMALL LETTER E WITH ACUTE}"}),  # 10
    _begin("with a query beside", target=INITIATE + "?b=2&a=1&a=0&c=%20+"),  # 11
    _begin("with JSON beside", form=b"", headers=GERMAN),  # 12
    _begin("at the end of the window", oauth_timestamp=str(NOW - 300)),  # 13
    _begin("ahead by as much", oauth_timestamp=str(NOW + 300)),  # 14
    _begin("too old", oauth_timestamp=str(NOW - 301)),
    _begin("too far ahead", oauth_timestamp=str(NOW + 301)),
    _begin("a timestamp that is none", oauth_timestamp="yesterday"),
    _begin("a timestamp of many digits", oauth_timestamp="1" * 16),
    _begin("no timestamp", oauth_timestamp=None),
    _begin("no nonce", oauth_nonce=None),
    _begin("a nonce once more", oauth_nonce="n0"),
    _begin("another version", oauth_version="2.0"),
    _begin("no callback", oauth_callback=None),
    _begin("another callback", oauth_callback="https://evil.example/"),
    _begin("a callback that is none", oauth_callback="javascript:alert(1)"),
    _begin("a wrong secret", by=replace(BEGIN, secret="wrong")),
    _begin("no callback, told in German", oauth_callback=None, headers=GERMAN),
    _begin(
        "a wrong secret by PLAINTEXT",
        by=replace(BEGIN, client="printer", method="PLAINTEXT", secret="no"),
    ),
    _begin("an unknown client", by=replace(BEGIN, client="nobody")),
    _begin("a client of OAuth 2", by=replace(BEGIN, client="c1")),
    _begin("no client", oauth_consumer_key=None),
    _begin("a method that is not the client's", by=replace(BEGIN, method="PLAINTEXT")),
    _begin("another method that is not its own", by=replace(BEGIN, client="printer")),
    _begin("a method that is none", oauth_signature_method="MD5"),
    _begin("no method", oauth_signature_method=None),
    _begin("parameters twice", target=INITIATE + "?oauth_nonce=x"),
    _begin("the same in the form", form={"oauth_nonce": "x"}),
    _begin("a form that is not UTF-8", form=b"a=%FF"),
    Exchange("nothing", INITIATE, method="POST"),
    Exchange("nothing by GET", INITIATE),
    Exchange("nothing by HEAD", INITIATE, method="HEAD"),
    Exchange("by GET", INITIATE, signature=BEGIN),
    Exchange("by PUT", INITIATE, method="PUT", signature=BEGIN),
    _header("a header that cannot be read", "OAuth oauth_nonce"),
    Exchange(
        "a header that cannot be read, told in German",
        INITIATE,
        method="POST",
        headers={"Authorization": "OAuth oauth_nonce", **GERMAN},
    ),
    _header("a header with quotes that do not end", 'OAuth oauth_nonce="x'),
    _header("a header that is not UTF-8", 'OAuth oauth_consumer_key="%FF"'),
    _header("a header with bytes", 'OAuth oauth_consumer_key="\xe9"'),
    _header("a header with a NUL", 'OAuth oauth_consumer_key="%00"'),
    _header("a header of nothing", "OAuth"),
    _header("a header that encodes nothing", 'OAuth oauth_consumer_key="%zz"'),
    _header("another scheme", "Bearer abc"),
    _header("a parameter twice in it", 'OAuth oauth_nonce="a", oauth_nonce="b"'),
    Exchange("too long a form", INITIATE, b"a=" + b"x" * (1 << 19)),
    Exchange("too many fields", INITIATE, b"&".join([b"a=1"] * 200)),
    Exchange("a query that is not UTF-8", INITIATE + "?oauth_token=%FF", method="POST"),
)

AUTHORIZATION = (
    _begin("alice is asked for these"),  # 15
    Exchange("the question", ASK),
    Exchange("the question to HEAD", ASK, method="HEAD"),
    Exchange("the question in German", ASK, headers=GERMAN),
    Exchange("the question to nobody", ASK, person=None),
    Exchange("a token that is none", AUTHORIZE + "?oauth_token=x"),
    Exchange("a token that is none, in German", AUTHORIZE + "?oauth_token=x", headers=GERMAN),
    Exchange("a token that is none, to nobody", AUTHORIZE + "?oauth_token=x", person=None),
    Exchange("no token", AUTHORIZE),
    Exchange("a token twice", AUTHORIZE + "?oauth_token=a&oauth_token=b"),
    Exchange("a token that is not UTF-8", AUTHORIZE + "?oauth_token=%FF"),
    Exchange("a form from elsewhere", ASK, {"decision": "allow"}),
    Exchange("a form of nobody", ASK, {"decision": "allow"}, person=None),
    Exchange("the question by PUT", ASK, {"decision": "allow"}, method="PUT"),
    Exchange("alice presses nothing", ASK, decision=""),
    Exchange("alice denies", ASK, decision="deny"),
    Exchange("the question that was denied", ASK),
    _exchange("what was denied", 15, oauth_verifier="x"),
    _begin("alice is asked once more"),  # 16
    _exchange("what nobody has allowed", 16, oauth_verifier="x"),
    Exchange("alice allows", ASK, decision="allow"),
    Exchange("alice allows once more", ASK, decision="allow"),
    _begin("a device asks", oauth_callback="oob"),  # 17
    Exchange("alice allows a device", ASK, decision="allow"),
    _exchange("the device's exchange", 17),  # 18
    _use("the device's request", 18),
    _begin("a device asks again", oauth_callback="oob"),  # 19
    Exchange("alice denies a device", ASK, decision="deny"),
)

EXCHANGE = (
    _begin("a client asks"),  # 20
    Exchange("alice allows the client", ASK, decision="allow"),
    _exchange("a wrong verifier", 20, oauth_verifier="x"),
    _exchange("no verifier", 20, oauth_verifier=None),
    Exchange(
        "another client's exchange",
        TOKEN,
        method="POST",
        signature=Signature(
            "printer", 20, "HMAC-SHA256", changes={"oauth_verifier": "{oauth_verifier}"}
        ),
    ),
    Exchange(
        "a wrong secret's exchange",
        TOKEN,
        method="POST",
        signature=Signature(token=20, secret="no", changes={"oauth_verifier": "{oauth_verifier}"}),
    ),
    Exchange("an exchange by GET", TOKEN, signature=Signature(token=20)),
    Exchange("an exchange of nothing", TOKEN, method="POST"),
    Exchange(
        "an exchange of what is unknown, told in German",
        TOKEN,
        method="POST",
        headers=GERMAN,
        signature=Signature(token=20, changes={"oauth_token": "x"}),
    ),
    _exchange("an exchange without a token", 0),
    _exchange("an exchange of what is unknown", 20, oauth_token="x"),
    _exchange("an exchange that is too old", 20, oauth_timestamp=str(NOW - 301)),
    _exchange("the exchange", 20),  # 21
    _exchange("the exchange once more", 20),
    Exchange("the question that was answered", ASK),
    _use("what came of it", 21),
    _use("a temporary credential at a resource", 1),
)

RESOURCE = (
    _begin("a client asks for its resource"),  # 22
    Exchange("alice allows the resource", ASK, decision="allow"),
    _exchange("the exchange for it", 22),  # 23
    _use("a resource", 23),
    _use("a resource with a query", 23, SIGNED + "?b=%C3%A9&a=1+2"),
    Exchange("a resource by HEAD", SIGNED, method="HEAD", signature=Signature(token=23)),
    Exchange("a resource in the query", SIGNED, signature=Signature(token=23, place="query")),
    Exchange("a resource by SHA-256", SIGNED, signature=Signature(token=23, method="HMAC-SHA256")),
    Exchange("a resource, wrong", SIGNED, signature=Signature(token=23, secret="no")),
    _use("a resource without a token", 0),
    _use("a resource of an unknown token", 23, oauth_token="x"),
    _use("a resource, too old", 23, oauth_timestamp=str(NOW - 301)),
    _use("a resource, a nonce once more", 23, oauth_nonce="x"),
    _use("a resource, that nonce again", 23, oauth_nonce="x"),
    Exchange("a resource, unsigned", SIGNED),
    Exchange("a resource, unsigned, in German", SIGNED, headers=GERMAN),
    Exchange("a resource by a bearer", SIGNED, headers={"Authorization": "Bearer {oauth_token}"}),
    Exchange(
        "a resource by a header that cannot be read", SIGNED, headers={"Authorization": "OAuth x"}
    ),
    Exchange(
        "the token as a bearer's", "/profile", headers={"Authorization": "Bearer {oauth_token}"}
    ),
)

#: Each depends on what those before it have left.
OAUTH1: Sequence[Exchange] = (*TEMPORARY, *AUTHORIZATION, *EXCHANGE, *RESOURCE)
