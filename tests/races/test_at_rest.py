from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path

import pytest

from ..live.figures import Report
from ..live.oauth import Party, refresh_form
from ..live.server import RunningServer
from ..live.wire import basic
from .stage import RACERS, Stage

pytestmark = pytest.mark.race

ROUNDS = 5
#: Python imports it at its start, in every process of the server: no logger is spared, and
#: neither are those that the server's own configuration would keep quiet.
EVERYTHING_IS_LOGGED = """
import logging
import sys
logging.Logger.isEnabledFor = lambda self, level: True
logging.Logger.getEffectiveLevel = lambda self: logging.DEBUG
logging.Logger.callHandlers = lambda self, record: sys.stderr.write(
    logging.Formatter("%(levelname)s %(name)s %(message)s").format(record) + "\\n"
)
"""


def test_neither_database_nor_logs_at_debug_hold_anything_that_was_issued(
    tmp_path: Path, report: Report
) -> None:
    (tmp_path / "sitecustomize.py").write_text(EVERYTHING_IS_LOGGED)
    server = RunningServer(
        tmp_path / "server", options=["--access-log"], environ={"PYTHONPATH": str(tmp_path)}
    )
    server.start()
    stage = Stage(server)
    issued = list(_use(stage))
    log = server.output()
    server.kill()  # the write-ahead log stays
    stage.close()
    files = {path.name: path.read_bytes() for path in server.folder.iterdir()}
    del files["oauthstore.toml"]

    assert {"oauth.db", "oauth.db-wal", "server.log"} <= set(files)
    assert b"DEBUG" in log
    assert log.count(b"/token") >= RACERS * ROUNDS
    found = [
        f"{name} holds {what}"
        for what, value in issued
        for name, content in files.items()
        if value.encode() in content
    ]
    assert not found
    size = sum(map(len, files.values()))
    report(f"{len(issued)} issued values: none in {size} bytes of database, write-ahead log, logs")


def _use(stage: Stage) -> Iterator[tuple[str, str]]:
    """Do all that a server is there for; yield every secret that passes."""
    client, party, browser = stage.client, stage.party, stage.browser
    assert client.client_secret is not None
    yield "the client's secret", client.client_secret
    authorization = basic(client.client_id, client.client_secret)
    yield "the client's Authorization", authorization.removeprefix("Basic ")
    yield "a password", stage.user.password
    yield "a password in base64", base64.b64encode(stage.user.password.encode()).decode()
    for _ in range(ROUNDS):
        yield "a client's token", party.fetch_tokens(_CLIENT)["access_token"]
        code = browser.fetch_code(client.client_id)
        yield "a code", code.code
        yield "a code's verifier", code.code_verifier
        for answer in stage.race([party.token_request(code.form())] * RACERS):
            if answer.status == 200:
                yield from _tokens(answer.json)
        response = stage.fetch_family()
        yield from _tokens(response)
        for answer in stage.race([_refresh(party, response)] * RACERS):
            yield from _tokens(answer.json)
        party.revoke(response["access_token"])
        assert party.ask_token(refresh_form("rt_" + "a" * 22 + ".unknown-to-all")).status == 400
        assert party.is_active(answer.json["refresh_token"])
        party.revoke(answer.json["refresh_token"])
    for cookie in browser.cookies():
        yield "a cookie", cookie


_CLIENT = {"grant_type": "client_credentials", "scope": "profile"}


def _refresh(party: Party, response: dict[str, str]) -> bytes:
    return party.token_request(refresh_form(response["refresh_token"]))


def _tokens(response: dict[str, str]) -> Iterator[tuple[str, str]]:
    yield "an access token", response["access_token"]
    family, _, secret = response["refresh_token"].removeprefix("rt_").partition(".")
    yield "a refresh token's family", family
    yield "a refresh token's secret", secret
