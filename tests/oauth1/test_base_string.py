"""The signature base string, by RFC 5849's own examples and by its rules."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oauthstore_core.http import FORM_TYPE, HttpRequest
from oauthstore_core.oauth1.requests import SignedRequest, origin_of
from oauthstore_core.oauth1.signatures import HMAC_SHA1, PLAINTEXT, SIGNATURE_METHODS

from . import signer
from .signer import Signer, request


class Party:
    """A client with a secret, and a credential with another."""

    def __init__(self, secret: str) -> None:
        self._secret = secret

    def get_client_secret(self) -> str:
        return self._secret

    def get_oauth_token_secret(self) -> str:
        return self._secret


def read(asked: HttpRequest) -> SignedRequest:
    return SignedRequest(asked, origin_of(asked))


EXAMPLE_HEADER = (
    'OAuth realm="Example", oauth_consumer_key="9djdj82h48djs9d2", '
    'oauth_token="kkk9d7dh3k39sjv7", oauth_signature_method="HMAC-SHA1", '
    'oauth_timestamp="137131201", oauth_nonce="7d8f3e4a", '
    'oauth_signature="bYT5CMsGcbgUdFHObYMEfcx6bsw%3D"'
)


def test_the_example_of_section_3_4_1_has_its_base_string() -> None:
    asked = request(
        "POST",
        "https://EXAMPLE.COM:443/request?b5=%3D%253D&a3=a&c%40=&a2=r%20b",
        body=b"c2&a3=2+q",
        headers=[("Content-Type", FORM_TYPE), ("Authorization", EXAMPLE_HEADER)],
    )

    # As printed, but for the scheme: plain http is refused here.
    assert read(asked).base_string == (
        "POST&https%3A%2F%2Fexample.com%2Frequest&a2%3Dr%2520b%26a3%3D2%2520q%26a3%3Da"
        "%26b5%3D%253D%25253D%26c%2540%3D%26c2%3D%26oauth_consumer_key%3D9djdj82h48djs9d2"
        "%26oauth_nonce%3D7d8f3e4a%26oauth_signature_method%3DHMAC-SHA1"
        "%26oauth_timestamp%3D137131201%26oauth_token%3Dkkk9d7dh3k39sjv7"
    )


def sent(method: str, url: str, header: str) -> SignedRequest:
    """Return a request as an example of the RFC has it."""
    return read(request(method, url, headers=[("Authorization", header)]))


def test_the_temporary_credential_request_of_section_1_2_is_signed() -> None:
    asked = sent(
        "POST",
        "https://photos.example.net/initiate",
        'OAuth realm="Photos", oauth_consumer_key="dpf43f3p2l4k3l03", '
        'oauth_signature_method="HMAC-SHA1", oauth_timestamp="137131200", '
        'oauth_nonce="wIjqoS", oauth_callback="http%3A%2F%2Fprinter.example.com%2Fready", '
        'oauth_signature="74KNZJeDHnMBp0EMJ9ZHt%2FXKycU%3D"',
    )
    asked.client = Party("kd94hf93k423kf44")

    assert SIGNATURE_METHODS[HMAC_SHA1](asked) is True
    assert asked.realm == "Photos"


def test_the_token_request_of_section_1_2_is_signed() -> None:
    asked = sent(
        "POST",
        "https://photos.example.net/token",
        'OAuth realm="Photos", oauth_consumer_key="dpf43f3p2l4k3l03", '
        'oauth_token="hh5s93j4hdidpola", oauth_signature_method="HMAC-SHA1", '
        'oauth_timestamp="137131201", oauth_nonce="walatlh", oauth_verifier="hfdp7dh39dks9884", '
        'oauth_signature="gKgrFCywp7rO0OXSjdot%2FIHF7IU%3D"',
    )
    asked.client, asked.credential = Party("kd94hf93k423kf44"), Party("hdhd0244k9j7ao03")

    assert SIGNATURE_METHODS[HMAC_SHA1](asked) is True


def test_the_resource_request_of_section_1_2_is_signed_over_plain_http() -> None:
    """The RFC's is over http, which only loopback may use here: the text is taken by itself."""
    signed = sent(
        "GET",
        "http://127.0.0.1/photos?file=vacation.jpg&size=original",
        'OAuth realm="Photos", oauth_consumer_key="dpf43f3p2l4k3l03", '
        'oauth_token="nnch734d00sl2jdk", oauth_signature_method="HMAC-SHA1", '
        'oauth_timestamp="137131202", oauth_nonce="chapoH", '
        'oauth_signature="MdpQcU8iPSUjWoN%2FUDMsK2sui9I%3D"',
    )
    signed.origin = "http://photos.example.net"
    signed.client, signed.credential = Party("kd94hf93k423kf44"), Party("pfkkdhi9sl3r4s00")

    assert SIGNATURE_METHODS[HMAC_SHA1](signed) is True


def test_the_plaintext_example_of_section_2_1_is_signed() -> None:
    signed = sent(
        "POST",
        "https://server.example.com/request_temp_credentials",
        'OAuth realm="Example", oauth_consumer_key="jd83jd92dhsh93js", '
        'oauth_signature_method="PLAINTEXT", '
        'oauth_callback="http%3A%2F%2Fclient.example.net%2Fcb%3Fx%3D1", '
        'oauth_signature="ja893SD9%26"',
    )
    signed.client = Party("ja893SD9")

    assert SIGNATURE_METHODS[PLAINTEXT](signed) is True


@pytest.mark.parametrize(
    ("url", "uri"),
    [
        # Section 3.4.1.2's two examples, the first of them over https.
        ("https://EXAMPLE.COM:443/r%20v/X?id=123", "https://example.com/r%20v/X"),
        ("https://www.example.net:8080/?q=1", "https://www.example.net:8080/"),
        ("https://example.net", "https://example.net/"),
        ("https://example.net:80/", "https://example.net:80/"),
        ("http://localhost:80/a", "http://localhost/a"),
        ("http://localhost:443/a", "http://localhost:443/a"),
        ("http://[::1]:80/a", "http://[::1]/a"),
        ("http://[::1]:8000/a", "http://[::1]:8000/a"),
        ("https://example.net/a;b=c/d", "https://example.net/a;b=c/d"),
        ("https://example.net/a%2Fb/%c3%a9", "https://example.net/a%2Fb/%c3%a9"),
    ],
)
def test_the_base_uri_is_as_it_was_asked_for(url: str, uri: str) -> None:
    assert read(request("GET", url)).base_string == f"GET&{signer.encode(uri)}&" + signer.encode(
        "&".join(
            f"{signer.encode(name)}={signer.encode(value)}"
            for name, value in signer.decode_form(url.partition("?")[2])
        )
    )


def test_a_path_that_an_edge_moved_is_encoded_anew() -> None:
    asked = HttpRequest(
        "GET",
        "/oauth/é b",
        headers={"Host": "example.net"},
        scheme="https",
        raw_path="/%C3%A9%20b",
    )

    assert read(asked).uri == "https://example.net/oauth/%C3%A9%20b"


def test_a_body_counts_only_where_it_is_a_form() -> None:
    json_ = request(
        "POST",
        "https://example.net/",
        body=b"a=b",
        headers=[("Content-Type", "application/json")],
    )
    form = request(
        "PUT",
        "https://example.net/",
        body=b"a=b",
        headers=[("Content-Type", f"{FORM_TYPE}; charset=UTF-8")],
    )

    assert read(json_).base_string == "POST&https%3A%2F%2Fexample.net%2F&"
    assert read(form).base_string == "PUT&https%3A%2F%2Fexample.net%2F&a%3Db"


def test_a_parameter_of_the_application_named_realm_is_signed() -> None:
    assert read(request("GET", "https://example.net/?realm=x")).base_string.endswith("&realm%3Dx")


texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)
names = texts.filter(lambda name: name and not name.startswith("oauth_"))
pairs = st.lists(st.tuples(names, texts), max_size=6)


@given(query=pairs, form=pairs, place=st.sampled_from(["header", "query", "body"]))
def test_what_another_implementation_signs_has_the_same_base_string(
    query: list[tuple[str, str]], form: list[tuple[str, str]], place: str
) -> None:
    url = "https://example.net/x?" + _joined(query)
    body = _joined(form) if form or place == "body" else None
    sender = Signer("client", "secret", token="token", place=place)
    asked = sender.sign("POST", url, 1, body=body, oauth_callback="https://c.example/?a=%26 é")
    signed = read(asked)
    signed.client = Party("secret")

    assert SIGNATURE_METHODS[HMAC_SHA1](signed) is True


def _joined(given_pairs: list[tuple[str, str]]) -> str:
    return "&".join(f"{signer.encode(k)}={signer.encode(v)}" for k, v in given_pairs)
