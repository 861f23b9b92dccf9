"""One application on Flask and on Django, as races find it: on its own models, or on a store."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import NullPool, create_engine, make_url, text

from ..integrations.django_oauth2.deployed_application import describe
from ..integrations.flask_oauth2.site import ConsentForm
from ..integrations.flask_oauth2.store_application import create_app as create_store_app
from ..integrations.opened import VERIFIER, ask, told
from .gunicorn import CALLBACK, CLIENT_ID, ROOT, SECRET, GunicornSite

__all__ = ["AUTHLIB", "EDGES", "OURS", "AsyncSite", "DeployedSite", "OwnSite", "StoreSite"]

OURS, AUTHLIB = "oauthstore_core.integrations", "authlib.integrations"
EDGES = ("flask", "django")
_DEPLOYED = "tests.integrations.django_oauth2.deployed_application"


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
        code = f"from {module} import create_app, fill; fill({made})"
        _run(code, {"OAUTHSTORE_STORE": "memory://"})
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
            return consent(browser)


class DeployedSite(GunicornSite):
    """A Django project with users, sessions and views of its own, on a store of ours."""

    def __init__(
        self,
        folder: Path,
        database: str,
        store: object,
        *,
        flags: Sequence[str] = (),
        asks_early: bool = False,
        **options: Any,
    ) -> None:
        """Fill the databases and the store; the options are those of `describe`."""
        alone = describe(database, store, "http://127.0.0.1/oauth", **options)
        _run(f"from {_DEPLOYED} import fill; fill()", alone)
        project = describe(database, store, "$ISSUER", asks_early=asks_early, **options)
        super().__init__(folder, f"{_DEPLOYED}:create_app()", project, flags)
        self.browser = httpx.Client(base_url=self.url)

    def __exit__(self, *reason: object) -> None:
        self.browser.close()
        super().__exit__(*reason)

    def code(self) -> dict[str, str]:
        """Let alice consent, signed in with a session; return the form that redeems the code."""
        if "sessionid" not in self.browser.cookies:
            self.browser.get("/login")
        return consent(self.browser)


class AsyncSite(DeployedSite):
    """The same project on an ASGI server, in one process."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        command = f"-m uvicorn --factory {_DEPLOYED}:create_asgi_app --port={self.port}"
        self._command = [sys.executable, *command.split(), "--log-level=warning"]

    @property
    def _is_complete(self) -> bool:
        return True


def consent(browser: httpx.Client) -> dict[str, str]:
    """Press the consent page's button, and return the form that redeems the code."""
    form = ConsentForm(browser.get(ask(CLIENT_ID, prompt="consent")).text)
    answer = browser.post(form.action, data={**form.hidden, "decision": "allow"})
    return {
        "grant_type": "authorization_code",
        "code": told(answer.headers["Location"])["code"],
        "redirect_uri": CALLBACK,
        "code_verifier": VERIFIER,
    }


def _run(code: str, environ: Mapping[str, str]) -> None:
    """Run Python: Django's settings are made once in a process, and not in this one."""
    whole = {**os.environ, "PYTHONPATH": str(ROOT), **environ}
    subprocess.run([sys.executable, "-c", code], env=whole, check=True)  # noqa: S603 - our own command
