"""Which language a request gets."""

from __future__ import annotations

import pytest

from oauthstore_core.http import Headers, HttpRequest
from oauthstore_core.translation.languages import choose_language, wished_languages

OFFERED = {"en": "en", "de": "de", "pt-br": "pt-BR"}


def request(accepted: str | None = None, query: str = "") -> HttpRequest:
    headers = Headers([] if accepted is None else [("Accept-Language", accepted)])
    return HttpRequest("GET", "/authorize", query_string=query, headers=headers)


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        (None, None),
        ("", None),
        ("*", None),
        ("fr", None),
        ("de", "de"),
        ("DE", "de"),
        ("de-AT", "de"),
        ("de-Latn-AT-x-own", "de"),
        ("pt-br", "pt-BR"),
        ("pt", None),
        ("fr, de", "de"),
        ("de, en", "de"),
        ("en, de", "en"),
        ("en;q=0.5, de", "de"),
        ("en;q=0.5,de;q=0.501", "de"),
        ("fr, en;q=0.8, de ; q=0.9", "de"),
        ("de;q=0, en;q=0.1", "en"),
        ("de;q=0", None),
        ("de;q=2, en;q=0.1", "en"),
        ("de;q=nan", None),
        ("de;level=1", None),
        (",;,=;q=,de", "de"),
        ("d" * 40, None),
        ("fr," * 32 + "de", None),
    ],
)
def test_the_header_decides_by_weight_then_by_order(
    accepted: str | None, language: str | None
) -> None:
    assert choose_language(request(accepted), OFFERED) == language


@pytest.mark.parametrize(
    ("query", "language"),
    [
        ("ui_locales=de", "de"),
        ("ui_locales=fr-CA+de+en", "de"),
        ("ui_locales=fr", "en"),
        ("ui_locales=", "en"),
        ("ui_locales=de&ui_locales=de", "en"),
        ("ui_locales=%ff", "en"),
        ("ui_locales=" + "fr+" * 40 + "de", "en"),
    ],
)
def test_ui_locales_come_before_the_header(query: str, language: str) -> None:
    assert choose_language(request("en", query), OFFERED) == language


def test_a_header_as_long_as_servers_take_has_a_bounded_number_of_wishes() -> None:
    long = "-".join(["a"] * 4000) + ", " + ", ".join(["de-AT"] * 4000)

    assert len(list(wished_languages(request(long)))) == 31
