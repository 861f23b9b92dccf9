"""Where a request spends its time: each layer's share, and the statements that it costs.

``python -m benchmarks layers`` sends requests to the standalone application in one thread of this
process, first as they are, then under cProfile, which makes every call dearer: what it tells is
shares, and these are taken of the time without it. The way to a worker thread and the ASGI server
are not among them. Time of the standard library, of SQLAlchemy and of built-in functions is that of
the layer that called them.
"""

from __future__ import annotations

import asyncio
import cProfile
import json
import os
import platform
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import CodeType
from typing import Any, Final

from oauthstore_core.integrations.asgi import Application
from oauthstore_core.server.application import accounts_of, routes_of
from oauthstore_core.server.site import build_site

from .load import Flow, introspect_flow, issue_flow
from .ours_standalone import open_registered

__all__ = ["LAYERS", "Profile", "main"]

#: By what stands in the path of a module.
LAYERS: Final[Mapping[str, tuple[str, ...]]] = {
    "edge": ("oauthstore_core/integrations/", "oauthstore_core/server/", "oauthstore_core/http"),
    "hook": ("/pluggy/", "oauthstore_core/client_cache", "oauthstore_core/audit"),
    "façade": ("oauthstore_core/stores/",),
    "backend": ("/oauthstore_sqla/", "oauthstore_core/memory/"),
    "protocol": ("/authlib/", "/joserfc/", "oauthstore_core/"),
}
_ORDER: Final = ("edge", "protocol", "façade", "hook", "backend")
_STATEMENTS: Final = (
    "'execute' of 'sqlite3.",
    "'executemany' of 'sqlite3.",
    "'commit' of 'sqlite3.",
)
_ISSUER: Final = "http://127.0.0.1:8000/oauth"
_REQUESTS: Final = 2000

_Shares = Mapping[str, float]


class Profile:
    """What cProfile found, by layer."""

    def __init__(self, profile: cProfile.Profile) -> None:
        """Take its statistics."""
        #: Whom a function was called by, and the seconds that it took itself for that caller.
        self._callers: dict[Any, list[tuple[Any, float]]] = defaultdict(list)
        self._entries: list[Any] = profile.getstats()  # type: ignore[attr-defined]
        for entry in self._entries:
            for call in entry.calls or ():
                self._callers[call.code].append((entry.code, call.inlinetime))
        self._known: dict[Any, _Shares] = {}

    def seconds(self) -> dict[str, float]:
        """Return each layer's seconds; what no layer asked for is left out."""
        found = dict.fromkeys(_ORDER, 0.0)
        for entry in self._entries:
            for layer, share in self._shares(entry.code, frozenset()).items():
                found[layer] += share * entry.inlinetime
        return found

    def statements(self) -> int:
        """Return how often SQLite was asked, transactions' beginnings and ends, too."""
        return sum(
            entry.callcount
            for entry in self._entries
            if isinstance(entry.code, str) and any(name in entry.code for name in _STATEMENTS)
        )

    def _shares(self, code: Any, seen: frozenset[Any]) -> _Shares:
        """Return how much of a function's own time each layer is the cause of."""
        if code in self._known:
            return self._known[code]
        layer = _layer_of(code)
        if layer is not None:
            return {layer: 1.0}
        shares: dict[str, float] = defaultdict(float)
        callers = [(c, spent) for c, spent in self._callers[code] if c not in seen and c != code]
        total = sum(spent for _, spent in callers)
        for caller, spent in callers:
            for layer, share in self._shares(caller, seen | {code}).items():
                shares[layer] += share * spent / total if total else 0.0
        if not seen:
            self._known[code] = shares
        return shares


def _layer_of(code: Any) -> str | None:
    if not isinstance(code, CodeType):
        return None
    path = code.co_filename.replace(os.sep, "/")
    found = (layer for layer, parts in LAYERS.items() if any(part in path for part in parts))
    return next(found, None)


class Subject:
    """The standalone application on one store."""

    def __init__(self, store: Mapping[str, Any]) -> None:
        """Open the store."""
        self._server = open_registered(store, _ISSUER)
        site = build_site(self._server, accounts_of(self._server))
        # In one thread, so that the profiler sees all of it.
        self._application = Application(routes_of(site), blocking=False)

    def close(self) -> None:
        """Close the store."""
        self._server.stores.close()

    async def send(self, flow: Flow, times: int = 1) -> bytes:
        """Send a request so often; return the last answer's body."""
        body = (flow.body or "").encode()
        scope = _scope(flow, body)
        answer: list[Mapping[str, Any]] = []

        async def receive() -> Mapping[str, Any]:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Mapping[str, Any]) -> None:
            answer.append(message)

        for _ in range(times):
            answer.clear()
            await self._application({**scope}, receive, send)
        found = b"".join(part.get("body", b"") for part in answer)
        if flow.expected not in found.decode():
            raise SystemExit(f"{flow.path} was asked, but the answer is wrong: {found!r}")
        return found


def _scope(flow: Flow, body: bytes) -> dict[str, Any]:
    fields = {
        "host": "127.0.0.1:8000",
        "authorization": flow.authorization,
        "content-type": "application/x-www-form-urlencoded",
        "content-length": str(len(body)),
    }
    return {
        "type": "http",
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": flow.path,
        "raw_path": flow.path.encode(),
        "query_string": b"",
        "headers": [(name.encode(), value.encode()) for name, value in fields.items()],
        "client": ("127.0.0.1", 50000),
        "server": ("127.0.0.1", 8000),
    }


def main(arguments: Iterable[str]) -> None:
    """Print the table; a path among the arguments is where its figures are written."""
    rows = [row for name, store in _stores() for row in _measure(name, store)]
    print(_table(rows))  # noqa: T201 - it is what was asked for
    for path in arguments:
        told = {"python": platform.python_version(), "requests": _REQUESTS, "rows": rows}
        Path(path).write_text(json.dumps(told, indent=2) + "\n", encoding="utf-8")


def _stores() -> Iterable[tuple[str, Mapping[str, Any]]]:
    yield "memory", {"url": "memory://"}
    with tempfile.TemporaryDirectory(prefix="oauthstore-benchmark-") as folder:
        # What a disk takes for a commit is not the code's.
        yield "SQLite", {"url": f"sqlite:///{folder}/o.db", "options": {"synchronous": "NORMAL"}}


def _measure(name: str, store: Mapping[str, Any]) -> list[dict[str, Any]]:
    subject = Subject(store)
    try:
        issue = issue_flow()
        token = json.loads(asyncio.run(subject.send(issue)))["access_token"]
        flows = {"issue": issue, "introspect": introspect_flow(token)}
        return [_row(subject, name, title, flow) for title, flow in flows.items()]
    finally:
        subject.close()


def _row(subject: Subject, store: str, title: str, flow: Flow) -> dict[str, Any]:
    asyncio.run(subject.send(flow, _REQUESTS // 4))  # what is made once is made
    before = time.process_time()
    asyncio.run(subject.send(flow, _REQUESTS))
    plain = (time.process_time() - before) / _REQUESTS * 1e6
    profile = cProfile.Profile()
    profile.enable()
    asyncio.run(subject.send(flow, _REQUESTS))
    profile.disable()
    found = Profile(profile)
    seconds = found.seconds()
    whole = sum(seconds.values())
    return {
        "flow": title,
        "store": store,
        "us": plain,
        **{layer: plain * spent / whole for layer, spent in seconds.items()},
        "statements": found.statements() / _REQUESTS,
    }


def _table(rows: Iterable[Mapping[str, Any]]) -> str:
    head = ("flow", "store", "CPU, us", *_ORDER, "statements")
    lines = [f"| {' | '.join(head)} |", "|" + "---|" * len(head)]
    for row in rows:
        shares = [f"{row[layer]:.0f} ({row[layer] / row['us']:.0%})" for layer in _ORDER]
        cells = [row["flow"], row["store"], f"{row['us']:.0f}", *shares, f"{row['statements']:.1f}"]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)
