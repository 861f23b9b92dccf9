"""The answers that every edge gives, as they are kept beside this file.

Where answers are to change, or exchanges are added, record them anew, and read the difference::

    python -m tests.integrations.edges.recording
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from .addresses import ADDRESSES
from .applications import EDGES, SETTINGS, people
from .differences import own_answer, without_differences
from .exchanges import Exchange
from .oauth1 import OAUTH1
from .oauth2 import OAUTH2
from .player import Player, Taken

__all__ = ["CORPORA", "edges_of", "play", "read_expected"]

CORPORA: Final[Mapping[str, Sequence[Exchange]]] = {
    "addresses": ADDRESSES,
    "oauth1": OAUTH1,
    "oauth2": OAUTH2,
}
#: The settings of each, where they are not those of all.
_SETTINGS: Final[Mapping[str, Mapping[str, Any]]] = {
    "addresses": {name: value for name, value in SETTINGS.items() if name != "issuer"},
}
#: Whose answers are written down: the first's, unless that has one in its own way.
_RECORDED: Final = ("Flask", "Starlette")


def edges_of(corpus: str) -> Sequence[str]:
    """Return the edges that play a corpus; the standalone server is not without an issuer."""
    return [name for name in EDGES if corpus != "addresses" or name != "standalone"]


def play(name: str, corpus: str) -> tuple[Mapping[str, Taken], Mapping[str, str]]:
    """Return the answers of an edge, and what it issued with what stands for it."""
    with EDGES[name](_SETTINGS.get(corpus, SETTINGS)) as edge:
        player = Player(people(edge))
        exchanges = [it for it in CORPORA[corpus] if _path(it) not in edge.lacks]
        taken = {
            exchange.name: without_differences(edge, exchange, answer)
            for exchange, answer in zip(exchanges, player.play(exchanges), strict=True)
        }
    return taken, player.issued


def _path(exchange: Exchange) -> str:
    return exchange.target.partition("?")[0]


def read_expected(corpus: str) -> Mapping[str, Taken]:
    """Return the recorded answers, by the exchange's name."""
    found = json.loads(_file(corpus).read_text())
    return {name: (each["status"], each["head"], each["body"]) for name, each in found.items()}


def _file(corpus: str) -> Path:
    return Path(__file__).with_name(f"{corpus}.json")


def _record() -> None:
    for corpus, exchanges in CORPORA.items():
        taken = {edge: play(edge, corpus)[0] for edge in _RECORDED}
        told = {}
        for name in (exchange.name for exchange in exchanges):
            edge = next(edge for edge in _RECORDED if own_answer(edge, corpus, name) is None)
            status, head, body = taken[edge][name]
            told[name] = {"status": status, "head": head, "body": body}
        _file(corpus).write_text(json.dumps(told, indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    _record()
