"""The neutral request and response."""

from __future__ import annotations

import traceback

import pytest

from oauthstore_core.http import (
    FORM_TYPE,
    Headers,
    HttpRequest,
    HttpResponse,
    MalformedRequestError,
    json_response,
    redirect,
    repeated_names,
)

SECRET = "a-secret-that-nobody-may-see"


def _form(body: bytes, content_type: str = FORM_TYPE) -> HttpRequest:
    return HttpRequest("POST", "/", headers=Headers([("Content-Type", content_type)]), body=body)


def test_header_names_are_found_whatever_their_case() -> None:
    headers = Headers([("X-One", "1")])

    assert headers["x-ONE"] == "1"
    assert "X-ONE" in headers
    assert headers.get("x-two") is None
    assert dict(headers) == {"x-one": "1"}


def test_repeated_header_fields_are_joined_by_a_comma_cookies_by_a_semicolon() -> None:
    headers = Headers([("A", "1"), ("a", "2"), ("Cookie", "x=1"), ("cookie", "y=2")])

    assert (headers["a"], headers["cookie"]) == ("1, 2", "x=1; y=2")
    assert HttpRequest("GET", "/", headers=headers).cookies == {"x": "1", "y": "2"}


@pytest.mark.parametrize("foreign", ['{"a": "b c"}', "flag", "path=/", "x=\x01", "a b=c", '"', ""])
def test_cookies_are_found_behind_whatever_others_set(foreign: str) -> None:
    headers = Headers([("Cookie", f"{foreign}; ours=1")])

    assert HttpRequest("GET", "/", headers=headers).cookies["ours"] == "1"


@pytest.mark.parametrize("space", ["\xa0", "\x85", "\x1f"])
def test_a_cookie_behind_an_exotic_space_has_another_name(space: str) -> None:
    headers = Headers([("Cookie", f"{space}__Host-ours=1")])

    assert "__Host-ours" not in HttpRequest("GET", "/", headers=headers).cookies


def test_query_and_form_keep_order_repetition_and_empty_values() -> None:
    request = HttpRequest("GET", "/", query_string="b=2&a=&b=%2B+%C3%A9&c")

    assert request.query == [("b", "2"), ("a", ""), ("b", "+ é"), ("c", "")]
    assert _form(b"a=1&a=2").form == [("a", "1"), ("a", "2")]
    assert repeated_names(request.query) == ["b"]


def test_a_semicolon_separates_nothing() -> None:
    assert HttpRequest("GET", "/", query_string="a=1;b=2").query == [("a", "1;b=2")]


@pytest.mark.parametrize("content_type", ["", "application/json", "multipart/form-data", "x/y"])
def test_only_a_form_is_read_as_one(content_type: str) -> None:
    assert _form(b"a=1", content_type).form == ()


@pytest.mark.parametrize(
    "content_type", [FORM_TYPE.upper(), FORM_TYPE + "; charset=utf-8", " " + FORM_TYPE + " ;"]
)
def test_a_form_is_one_whatever_the_parameters_of_its_type(content_type: str) -> None:
    assert _form(b"a=1", content_type).form == [("a", "1")]


@pytest.mark.parametrize(
    ("raw", "complaint"),
    [
        (b"a=%FF", "not UTF-8"),
        (b"%ED%A0%80=a", "not UTF-8"),
        (b"a=\xff", "not url-encoded"),
        ("a=é".encode(), "not url-encoded"),
        (b"a=%00", "NUL"),
        (b"%00=a", "NUL"),
        (b"a=\x00", "NUL"),
        (b"a&" * 100, "too many fields"),
    ],
)
def test_row_44_a_malformed_form_or_query_is_told_apart_from_an_empty_one(
    raw: bytes, complaint: str
) -> None:
    with pytest.raises(MalformedRequestError, match=f"The form .*{complaint}"):
        _ = _form(raw).form
    with pytest.raises(MalformedRequestError, match=f"The query .*{complaint}"):
        _ = HttpRequest("GET", "/", query_string=raw.decode("latin-1")).query


def test_a_hundred_fields_are_not_too_many() -> None:
    assert len(_form(b"&".join(b"a=1" for _ in range(100))).form) == 100


@pytest.mark.parametrize("end", [b"%FF", b"\xff", b"%00", b"&" * 101])
def test_row_25_the_error_for_a_malformed_form_holds_nothing_of_it(end: bytes) -> None:
    with pytest.raises(MalformedRequestError) as caught:
        _ = _form(b"client_secret=" + SECRET.encode() + end).form

    chained: list[BaseException | None] = [caught.value]
    while chained[-1] is not None:
        chained.append(chained[-1].__cause__ or chained[-1].__context__)
    assert SECRET not in "".join(traceback.format_exception(caught.value)) + repr(chained)


def test_row_25_a_request_s_repr_shows_neither_query_nor_body_nor_headers() -> None:
    request = HttpRequest(
        "POST",
        "/token\nforged: line",
        query_string=SECRET,
        headers=Headers([("Authorization", SECRET)]),
        body=SECRET.encode(),
    )

    assert SECRET not in repr(request) + repr(request.headers)
    assert "\n" not in repr(request)


def test_row_25_a_response_s_repr_shows_neither_body_nor_headers() -> None:
    assert SECRET not in repr(json_response(200, {"token": SECRET}, [("X", SECRET)]))


def test_row_22_a_json_answer_is_not_stored_whatever_headers_it_is_given() -> None:
    response = json_response(
        200, {}, [("cache-control", "public"), ("CONTENT-TYPE", "x"), ("A", "1")]
    )

    assert response.headers == [
        ("Content-Type", "application/json"),
        ("Cache-Control", "no-store"),
        ("A", "1"),
    ]


def test_row_11_a_redirect_is_a_303_unless_said_otherwise() -> None:
    response = redirect("https://a.example/")

    assert (response.status, response.location) == (303, "https://a.example/")
    assert ("Cache-Control", "no-store") in response.headers


def test_setting_a_header_replaces_it() -> None:
    response = HttpResponse(200, b"", [("location", "/a"), ("X", "1")])

    response.location = "/b"

    assert response.headers == [("X", "1"), ("Location", "/b")]
    assert HttpResponse(200).location is None
