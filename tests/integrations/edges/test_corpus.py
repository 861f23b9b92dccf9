"""One corpus of exchanges: every edge gives the recorded answers, byte for byte."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from itertools import product

import pytest

from .differences import OWN, Own, own_answer
from .player import Taken
from .recording import CORPORA, edges_of, play, read_expected

#: At least 128 bits, of what stands in a URL or a form without being encoded; a verifier that a
#: person types has fewer.
FRESH = re.compile(r"[A-Za-z0-9._~-]{22,}|[A-Z0-9]{4}(-[A-Z0-9]{4})+")


@cache
def played(edge: str, corpus: str) -> tuple[Mapping[str, Taken], Mapping[str, str]]:
    return play(edge, corpus)


def answers(edge: str, corpus: str) -> Mapping[str, Taken]:
    return played(edge, corpus)[0]


@pytest.mark.parametrize(
    ("corpus", "edge"), [(corpus, edge) for corpus in CORPORA for edge in edges_of(corpus)]
)
def test_an_edge_gives_the_recorded_answers(edge: str, corpus: str) -> None:
    expected = read_expected(corpus)

    given = answers(edge, corpus)

    differing = {
        name: (taken, expected[name])
        for name, taken in given.items()
        if taken != expected[name] and own_answer(edge, corpus, name) is None
    }
    assert differing == {}


@pytest.mark.parametrize("own", OWN, ids=lambda own: own.reason)
def test_an_edge_differs_only_where_the_table_says_so(own: Own) -> None:
    for edge, corpus, name in product(own.edges, own.corpora, own.exchanges):
        given = answers(edge, corpus)[name]

        assert given[0] == own.status
        # The table has nothing that is no difference any more.
        assert given != read_expected(corpus)[name]


@pytest.mark.parametrize("corpus", CORPORA)
def test_every_exchange_is_recorded_under_a_name_of_its_own(corpus: str) -> None:
    names = [exchange.name for exchange in CORPORA[corpus]]

    assert list(read_expected(corpus)) == names
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("corpus", CORPORA)
def test_no_exchange_is_answered_by_a_5xx(corpus: str) -> None:
    for edge in edges_of(corpus):
        assert max(status for status, _, _ in answers(edge, corpus).values()) < 500


@pytest.mark.parametrize("corpus", CORPORA)
def test_what_is_issued_is_fresh_on_every_edge(corpus: str) -> None:
    issued = [value for edge in edges_of(corpus) for value in played(edge, corpus)[1]]

    assert len(set(issued)) == len(issued) > 0
    assert all(FRESH.fullmatch(value) for value in issued)
