"""One corpus of requests: Flask's edge and Django's answer the same, byte for byte."""

from __future__ import annotations

from functools import cache

import pytest

from ..corpus import CLIENTS, CORPUS, Taken, play
from ..flask_oauth2.site import Site as FlaskSite
from ..flask_oauth2.site import make_site as make_flask_site
from .site import make_site


def _answers(site: FlaskSite) -> list[Taken]:
    for client_id, metadata in CLIENTS.items():
        public = metadata.get("token_endpoint_auth_method") == "none"
        secret = None if public else "secret"
        site.server.register_client(metadata, client_id=client_id, client_secret=secret)
    return list(play(site.browser))


@cache
def flask_answers() -> list[Taken]:
    return _answers(make_flask_site())


@cache
def django_answers() -> list[Taken]:
    return _answers(make_site())


@pytest.mark.parametrize("number", range(len(CORPUS)), ids=lambda n: CORPUS[n].name)
def test_an_answer_is_the_same_on_both_edges(number: int) -> None:
    assert django_answers()[number] == flask_answers()[number]


def test_the_corpus_meets_success_and_every_kind_of_refusal() -> None:
    assert {200, 302, 400, 401, 403} <= {taken.status for taken in flask_answers()}
    assert max(taken.status for taken in flask_answers()) < 500
