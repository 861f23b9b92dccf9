"""One application on Flask and on Django, as races find it: on its own models, or on a store."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import httpx
from sqlalchemy import NullPool, create_engine, make_url, text

from ..integrations.flask_oauth2.site import ConsentForm
from ..integrations.flask_oauth2.store_application import create_app as create_store_app
from ..integrations.opened import VERIFIER, ask, told
from .gunicorn import CALLBACK, CLIENT_ID, ROOT, SECRET, GunicornSite

__all__ = ["AUTHLIB", "EDGES", "OURS", "OwnSite", "StoreSite"]

OURS, AUTHLIB = "oauthstore_core.integrations", "authlib.integrations"
EDGES = ("flask", "django")


class OwnSite(GunicornSite):
    """An application with its own models in `database`, and its claims in `claims`, both URLs."""

    def __init__(
        self,
        edge: str,
        folder: Path,
        prefix: str = OURS,
        *,
        database: str | None = None,
        claims: str | None = None,
        flags: Sequence[str] = (),
    ) -> None:
        """Fill the database; what the application imports of Authlib's begins with `prefix`."""
        self._database = database or f"sqlite:///{folder}/site.db"
        self.name = f"{edge}, own mode, {make_url(self._database).get_backend_name()}"
        module = f"tests.integrations.{edge}_oauth2.own_application"
        made = f"create_app('{prefix}', '{self._database}')"
        # Django's settings are made once in a process, and not in this one.
        code = f"from {module} import create_app, fill; fill({made})"
        alone = {**os.environ, "PYTHONPATH": str(ROOT), "OAUTHSTORE_STORE": "memory://"}
        subprocess.run([sys.executable, "-c", code], env=alone, check=True)  # noqa: S603 - our own command
        store = {"OAUTHSTORE_STORE": claims or f"sqlite:///{folder}/claims.db"}
        super().__init__(folder, f"{module}:{made}", store, flags)

    def code(self) -> dict[str, str]:
        """Return the form that redeems a fresh code."""
        answer = httpx.post(self.url + ask(CLIENT_ID), data={"confirm": "yes"})
        code = told(answer.headers["Location"])["code"]
        return {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK}

    def count_tokens(self) -> int:
        """Return how often tokens were stored."""
        engine = create_engine(self._database, poolclass=NullPool)
        with engine.connect() as connection:
            return int(connection.scalar(text("select count(*) from token")) or 0)


class StoreSite(GunicornSite):
    """An application whose OAuth is in a store of ours, on SQLite."""

    def __init__(
        self, edge: str, folder: Path, grace: int = 10, *, flags: Sequence[str] = ()
    ) -> None:
        self._store = f"sqlite:///{folder}/oauth.db"
        module = f"tests.integrations.{edge}_oauth2.store_application"
        application = f"{module}:create_app('{self._store}', '$ISSUER', {grace})"
        super().__init__(folder, application, {}, flags)

    def register(self) -> None:
        """Register the client, once the workers have made the file; on Flask, for either edge."""
        server = create_store_app(self._store).extensions["oauthstore"]
        metadata = {
            "redirect_uris": [CALLBACK],
            "grant_types": ["authorization_code", "refresh_token"],
            "scope": "profile",
        }
        server.register_client(metadata, client_id=CLIENT_ID, client_secret=SECRET)
        server.close()

    def code(self) -> dict[str, str]:
        """Consent in a browser's way, with its cookies; return the form that redeems the code."""
        with httpx.Client(base_url=self.url) as browser:
            form = ConsentForm(browser.get(ask(CLIENT_ID, prompt="consent")).text)
            answer = browser.post(form.action, data={**form.hidden, "decision": "allow"})
        return {
            "grant_type": "authorization_code",
            "code": told(answer.headers["Location"])["code"],
            "redirect_uri": CALLBACK,
            "code_verifier": VERIFIER,
        }
