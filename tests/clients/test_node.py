from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import IO

import pytest

from ..live.server import REDIRECT_URI, TestClient
from .setting import SCOPE, Setting

pytestmark = pytest.mark.clients


@pytest.mark.parametrize(
    ("name", "whose"),
    [
        ("oauth4webapi", "confidential"),
        ("oauth4webapi", "odd"),
        ("openid-client", "confidential"),
        ("passport-oauth2", "poster"),
        ("simple-oauth2", "confidential"),
        ("simple-oauth2", "odd"),
    ],
)
def test_a_client_from_npm_completes_every_flow(
    name: str, whose: str, setting: Setting, node_folder: Path, node: str
) -> None:
    client: TestClient = getattr(setting, whose)
    given = {
        "issuer": setting.server.issuer,
        "resource": setting.resource,
        "redirect_uri": REDIRECT_URI,
        "scope": SCOPE,
        "client_id": client.client_id,
        "client_secret": client.client_secret,
        "public_id": setting.public.client_id,
        "post_id": setting.poster.client_id,
        "post_secret": setting.poster.client_secret,
    }
    with subprocess.Popen(  # noqa: S603 - our own command
        [node, f"{name}.mjs"],
        cwd=node_folder,
        env={**os.environ, "GIVEN": json.dumps(given)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as script:
        assert script.stdin
        assert script.stdout
        assert script.stderr
        achieved = _accompany(setting, script.stdin, script.stdout)
        complaint = script.stderr.read()

    assert script.returncode == 0, complaint
    assert {"code", "refresh", "own"} <= set(achieved)


def _accompany(setting: Setting, answers: IO[str], questions: IO[str]) -> list[str]:
    """Be the script's person; return what it achieved, nothing where it broke off."""
    for line in questions:
        told = json.loads(line)
        if "achieved" in told:
            return [*told["achieved"]]
        arrived = setting.visit(told["visit"], told["decision"])
        print(json.dumps({"arrived": arrived}), file=answers, flush=True)
    return []
