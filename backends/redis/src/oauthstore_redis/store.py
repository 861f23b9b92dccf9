"""The store: a client that runs scripts, several of them in one flight, and translates errors."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from functools import partial
from threading import Lock
from typing import Any, NamedTuple, TypeVar

from redis import exceptions

from oauthstore_core.errors import StoreUnavailableError
from oauthstore_core.records import Purged
from oauthstore_core.settings import mask_url

from .connections import Client, check_url, connect, is_cluster
from .errors import DRIVER_ERRORS, translated
from .keys import SHARDS, Keys
from .options import Options
from .scripts import Script, script

__all__ = ["Command", "Store", "call", "new_owner"]

T = TypeVar("T")


class Command(NamedTuple):
    """A command, and the key by which a cluster finds its node."""

    words: tuple[Any, ...]
    key: str
    script: Script | None = None


def call(name: str, keys: Sequence[str], *values: object) -> Command:
    """Return the call of a script; None is sent as the empty string."""
    found = script(name)
    sent = ("" if value is None else value for value in values)
    return Command(("EVALSHA", found.sha, len(keys), *keys, *sent), keys[0], found)


def new_owner() -> str:
    """Return what marks the writes of one call: delivered again, it knows them for its own."""
    return secrets.token_urlsafe(9)


class Store:
    """A server, or a cluster; connected to when it is used first."""

    def __init__(self, url: str, options: Options) -> None:
        """Open the store without connecting."""
        check_url(url)
        self._url = url
        self.options = options
        self.keys = Keys(options.prefix)
        self._client: Client | None = None
        self._closed = False
        self._lock = Lock()
        self.url = mask_url(url)
        #: What error messages call it.
        self.where = f"the store {self.url}"

    def get(self, key: str) -> str | None:
        """Return the value of a key."""
        found: bytes | None = self.run(Command(("GET", key), key))[0]
        return None if found is None else found.decode()

    def call(self, name: str, keys: Sequence[str], *values: object) -> Any:  # noqa: ANN401 - its own
        """Run a script alone, and return its answer."""
        return self.run(call(name, keys, *values))[0]

    def run(self, *commands: Command) -> list[Any]:
        """Run commands in one flight and return their answers; each is a step of its own."""
        if not commands:
            return []
        answers = self.ask(partial(_send, commands=commands))
        unseen = [i for i, answer in enumerate(answers) if isinstance(answer, _UNSEEN)]
        if unseen:
            # A server that was started anew, or told to forget, takes the whole text.
            whole = [_with_text(commands[i]) for i in unseen]
            for i, answer in zip(unseen, self.ask(partial(_send, commands=whole)), strict=True):
                answers[i] = answer
        for answer in answers:
            if isinstance(answer, Exception):
                raise translated(answer, self.where)
        return answers

    def ask(self, question: Callable[[Client], T]) -> T:
        """Return what the client answers, or raise the contract's error."""
        try:
            client = self._connected()
            self._note("before")
            answer = question(client)
            self._note("after")
        except DRIVER_ERRORS as error:
            failure = translated(error, self.where)
        else:
            return answer
        # Here, so that the driver's exception does not hang on to it.
        raise failure

    def _note(self, moment: str) -> None:
        if self.options.on_io is not None:
            self.options.on_io(moment)

    def _connected(self) -> Client:
        with self._lock:
            if self._closed:
                raise StoreUnavailableError(
                    f"{self.where} was to be used, but this handle on it is closed. Open it again."
                )
            if self._client is None:
                self._client = connect(self._url, self.options)
            return self._client

    def close(self) -> None:
        """Close the connections; a second call does nothing."""
        with self._lock:
            client, self._client, self._closed = self._client, None, True
        if client is not None:
            client.close()

    def purge(
        self, kind: str, now: int, limit: int, remove: Callable[[Sequence[str], int], int]
    ) -> Purged:
        """Remove at most `limit` records of a kind that have ended; `remove` returns how many."""
        each = limit // SHARDS + 1
        indexes = (self.keys.shard(kind, number) for number in range(SHARDS))
        found = self.run(*(call("due", [index], now, each) for index in indexes))
        due = sum(count for count, _ in found)
        chosen = [member.decode() for _, members in found for member in members][:limit]
        removed = remove(chosen, now) if chosen else 0
        return Purged(removed, more=due > len(chosen))


_UNSEEN = exceptions.NoScriptError


def _with_text(command: Command) -> Command:
    assert command.script is not None  # noqa: S101 - only a script is answered so
    return command._replace(words=("EVAL", command.script.text, *command.words[2:]))


def _send(client: Client, commands: Sequence[Command]) -> list[Any]:
    """Return what is answered to each command, an error of the server as itself."""
    if len(commands) == 1:
        try:
            return [client.execute_command(*commands[0].words)]
        except exceptions.ResponseError as error:
            return [error]
    if is_cluster(client):
        pipeline = client.pipeline()
        for words, key, _ in commands:
            # The driver would ask the server in which words the keys are, once for each call.
            node = client.get_node_from_key(key)
            pipeline.execute_command(*words, target_nodes=node)
    else:
        pipeline = client.pipeline(transaction=False)
        for words, _, _ in commands:
            pipeline.execute_command(*words)
    answers: list[Any] = pipeline.execute(raise_on_error=False)
    return answers
