"""The example of a FastAPI application, on a SQLite file of its own with one client."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlencode

from ..live.browser import code_challenge
from .processes import EXAMPLES, serve

__all__ = ["CALLBACK", "VERIFIER", "ask", "serve_application"]

CALLBACK = "http://127.0.0.1/callback"
VERIFIER = "v" * 43

_COMMAND = ["uvicorn", "app:app", "--app-dir", str(EXAMPLES / "fastapi-app"), "--port", "{port}"]
_ENVIRON = {"OAUTHSTORE_SECRET_KEYS": json.dumps(["k" * 40]), "SESSION_KEY": "s" * 40}
_REGISTER = f"""
import asyncio
from app import app, oauth

async def register():
    async with oauth.lifespan(app):
        oauth.register_client(
            {{
                "client_name": "Notes",
                "redirect_uris": [{CALLBACK!r}],
                "grant_types": ["authorization_code", "refresh_token"],
                "token_endpoint_auth_method": "none",
                "scope": "profile",
            }},
            client_id="notes",
        )

asyncio.run(register())
"""


@contextmanager
def serve_application(folder: Path) -> Generator[str]:
    """Serve it with two workers; its database is in the folder. Gives its address."""
    environ = {**_ENVIRON, "PYTHONPATH": str(EXAMPLES / "fastapi-app")}
    subprocess.run([sys.executable, "-c", _REGISTER], cwd=folder, env=environ, check=True)  # noqa: S603 - our own code
    with serve([*_COMMAND, "--workers", "2"], folder, _ENVIRON) as address:
        yield address


def ask(redirect_uri: str = CALLBACK) -> str:
    """Return the path and query of an authorization request."""
    query = {
        "response_type": "code",
        "client_id": "notes",
        "redirect_uri": redirect_uri,
        "scope": "profile",
        "code_challenge": code_challenge(VERIFIER),
        "code_challenge_method": "S256",
    }
    return f"/oauth/authorize?{urlencode(query)}"
