"""Where temporary credentials and tokens lie in two stores: claimed first, saved second."""

from __future__ import annotations

from oauthstore_core.backends import Backend
from oauthstore_core.memory import MemoryBackend

from .test_budget import composed
from .test_races import exchange_differently, exchange_identically


def test_an_exchange_has_one_winner_whose_tokens_live(backend: Backend) -> None:
    exchange_identically(composed(MemoryBackend(), backend))


def test_exchanges_that_are_signed_anew_leave_nothing_alive(backend: Backend) -> None:
    exchange_differently(composed(backend, MemoryBackend()))
