"""Guesses of a password that meet in several workers: no more are looked at than of one worker."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from ..live.browser import Browser
from ..live.server import RunningServer
from ..live.wire import Volley, form_request
from .browser import Form

pytestmark = [pytest.mark.race, pytest.mark.timeout(300)]

GUESSES = 16
LOOKED_AT = 10


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RunningServer]:
    server = RunningServer(tmp_path, workers=2)
    server.start()
    yield server
    server.stop()


def guess(server: RunningServer, name: str) -> bytes:
    """Return the form of a sign-in with a wrong password, of a browser that has its page."""
    page = httpx.get(f"{server.issuer}/sign-in")
    fields = next(fields for action, fields in Form(page.text).found if "sign-in" in action)
    cookie = page.headers["Set-Cookie"].partition(";")[0]
    form = {**fields, "name": name, "password": "a wrong one"}
    request = form_request(f"{server.issuer}/sign-in", form)
    return request.replace(b"\r\n", f"\r\nCookie: {cookie}\r\n".encode(), 1)


def test_of_guesses_that_meet_in_two_workers_ten_are_looked_at(server: RunningServer) -> None:
    user = server.add_user("alice", "correct horse battery staple")
    guesses = [guess(server, user.name) for _ in range(GUESSES)]
    volley = Volley(server.address, server.worker_pids(), GUESSES)
    try:
        statuses = Counter(answer.status for answer in volley.fire(guesses))
    finally:
        volley.close()

    assert statuses == {422: LOOKED_AT, 429: GUESSES - LOOKED_AT}
    browser = Browser(server)
    with pytest.raises(AssertionError, match="429"):
        browser.sign_in(user)
    browser.close()
