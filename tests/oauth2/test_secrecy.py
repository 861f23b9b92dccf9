"""Security checklist rows 24 and 25: what was issued is found nowhere but in the answers."""

from __future__ import annotations

import gc
import logging
import traceback
from collections.abc import Iterable
from types import FrameType, FunctionType, ModuleType, TracebackType
from typing import Any

import pytest
from authlib.oauth2 import OAuth2Error

from oauthstore_core.memory import MemoryBackend
from oauthstore_core.testing.probe import dump_objects

from .world import (
    ALICE,
    SECRET_KEY,
    VERIFIER,
    Party,
    World,
    basic,
    bearer,
    code_query,
    form_request,
)

#: A refresh token's family is constant, and as good as part of a secret.
_WRONG = "wrong-secret-that-a-client-mistyped"


class Recorder(logging.Handler):
    """Keeps each log line with its traceback, and what the record itself holds."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines += [self.format(record), repr(record.args), repr(record.__dict__)]


class Play:
    """Every flow with every kind of end, and the values that were issued or sent."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.secrets = {VERIFIER, _WRONG}
        self.party, self.public = world.register(), world.register_public()
        self.secrets.add(str(self.party.client_secret))
        for party in (self.party, self.public):
            self._play(party)
        self._fail()

    def _keep(self, tokens: dict[str, Any]) -> dict[str, Any]:
        names = {"access_token", "refresh_token"} & set(tokens)
        self.secrets |= {tokens[name] for name in names}
        if "refresh_token" in tokens:
            self.secrets |= set(tokens["refresh_token"].removeprefix("rt_").split("."))
        return tokens

    def _code(self, party: Party) -> str:
        code = self.world.code(party)
        self.secrets.add(code)
        return code

    def _play(self, party: Party) -> None:
        world = self.world
        code = self._code(party)
        world.redeem(party, code, code_verifier="w" * 43)
        first = self._keep(world.redeem(party, code).json)
        second = self._keep(world.refresh(party, first["refresh_token"]).json)
        world.refresh(party, first["refresh_token"])
        world.refresh(party, second["refresh_token"], scope="admin")
        world.introspect(party, second["access_token"])
        world.is_accepted(second["access_token"])
        world.is_accepted(second["refresh_token"])
        world.revoke(party, second["access_token"])
        self._keep(world.refresh(party, second["refresh_token"]).json)
        world.refresh(party, first["refresh_token"])
        world.redeem(party, code)

    def _fail(self) -> None:
        world, party = self.world, self.party
        self._keep(world.client_credentials(party).json)
        thief = world.register()
        self.secrets.add(str(thief.client_secret))
        tokens = self._keep(world.redeem(party, self._code(party)).json)
        world.refresh(thief, tokens["refresh_token"])
        world.revoke(thief, tokens["refresh_token"])
        world.redeem(thief, self._code(party))
        world.client_credentials(Party(party.client_id, _WRONG))
        world.client_credentials(Party("nobody", _WRONG))
        world.post_token({"grant_type": "x", "client_secret": _WRONG}, basic("a", _WRONG))
        world.post_token(f"client_secret={_WRONG}%FF".encode())
        world.post_token(f"client_secret={_WRONG}\xff".encode("latin-1"))
        world.authorize(party, user=None)
        world.authorize(party, scope="unknown")


@pytest.fixture
def log() -> Iterable[Recorder]:
    recorder, root = Recorder(), logging.getLogger()
    level = root.level
    root.addHandler(recorder)
    root.setLevel(logging.DEBUG)
    yield recorder
    root.removeHandler(recorder)
    root.setLevel(level)


def _found(secrets: Iterable[str], text: str) -> list[str]:
    return [secret for secret in secrets if secret in text]


def test_row_25_no_log_line_holds_what_was_issued_or_sent(world: World, log: Recorder) -> None:
    play = Play(world)

    everything = "\n".join(log.lines)
    assert len(play.secrets) > 20
    assert "Issue token <token response>" in everything
    assert _found(play.secrets, everything) == []


def test_row_24_the_store_holds_digests_and_sealed_bytes_only() -> None:
    backend = MemoryBackend()
    play = Play(World(backend))

    assert _found(play.secrets, dump_objects(backend).decode("utf-8", "replace")) == []


def _reachable(root: object) -> Iterable[object]:
    """Yield what hangs together with `root`, but for code, classes and modules."""
    seen: set[int] = set()
    waiting = [root]
    while waiting:
        thing = waiting.pop()
        skipped = (type, ModuleType, FunctionType, FrameType, TracebackType, logging.Logger)
        if id(thing) in seen or isinstance(thing, skipped):
            continue
        seen.add(id(thing))
        yield thing
        waiting += gc.get_referents(thing)


def test_row_25_the_server_holds_nothing_of_a_request_that_is_over(world: World) -> None:
    play = Play(world)

    texts = [
        thing if isinstance(thing, str) else thing.decode("latin-1")
        for thing in _reachable([world.server, world.stores, world.protector])
        if isinstance(thing, (str, bytes))
    ]

    assert len(texts) > 100
    assert _found(play.secrets, "\n".join(texts)) == []


def _errors(world: World, play: Play) -> Iterable[OAuth2Error]:
    """Yield the errors that a request at each endpoint ended with."""
    caught: list[OAuth2Error] = []
    answer = world.server.handle_error_response
    world.server.handle_error_response = (  # type: ignore[method-assign]
        lambda request, error: caught.append(error) or answer(request, error)  # type: ignore[func-returns-value]
    )
    play._fail()
    play._play(play.party)
    yield from caught


def test_row_25_no_error_or_traceback_holds_what_was_issued_or_sent(world: World) -> None:
    play = Play(world)
    errors = list(_errors(world, play))

    texts = []
    for error in errors:
        chained: BaseException | None = error
        while chained is not None:
            texts += [repr(chained), repr(vars(chained)), repr(chained.args)]
            chained = chained.__cause__ or chained.__context__
        texts += traceback.format_exception(error)

    assert len(errors) > 10
    assert _found(play.secrets, "\n".join(texts)) == []


def test_row_25_no_repr_shows_what_an_object_holds(world: World) -> None:
    party = world.register()
    code = world.code(party)
    answer = world.redeem(party, code)
    request = form_request("/token", {"code": code}, party.headers, query=code)
    grant = world.server.get_consent_grant(form_request("/", {}, {}, code_query(party)), ALICE)
    objects = [
        *(request, request.headers, grant, grant.request, grant.request.payload, grant.client),
        *(answer.response, world.server, world.stores, world.settings, world.server.key_ring),
        world.protector.validate(bearer(answer.json["access_token"])),
        party,
    ]
    secrets = [code, answer.json["access_token"], str(party.client_secret), SECRET_KEY]

    assert _found(secrets, "\n".join(map(repr, objects))) == []
