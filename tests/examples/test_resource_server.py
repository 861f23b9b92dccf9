"""The example of resource servers elsewhere, as processes beside a real authorization server."""

from __future__ import annotations

from collections.abc import Generator, Iterator

import httpx
import pytest

from ..live.server import RunningServer, TestClient
from .processes import EXAMPLES, serve

COMMANDS = {
    "fastapi": ["uvicorn", "fastapi_api:app", "--port", "{port}"],
    "flask": ["flask", "--app", "flask_api", "run", "--port", "{port}"],
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Generator[RunningServer]:
    server = RunningServer(tmp_path_factory.mktemp("server"), workers=1)
    server.command("migrate")
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def machine(server: RunningServer) -> TestClient:
    return server.create_client(
        *("--client-name", "Machine", "--grant-type", "client_credentials"),
        *("--scope", "reports profile"),
    )


@pytest.fixture(scope="module", params=sorted(COMMANDS))
def api(request: pytest.FixtureRequest, server: RunningServer) -> Iterator[str]:
    """Start the example; return its address."""
    registered = server.create_client("--client-name", "Reports API", "--resource-server")
    environ = {
        "INTROSPECTION_URL": f"{server.issuer}/introspect",
        "CLIENT_ID": registered.client_id,
        "CLIENT_SECRET": str(registered.client_secret),
        "CACHE_SECONDS": "0",
    }
    with serve(COMMANDS[request.param], EXAMPLES / "resource-server", environ) as address:
        yield f"{address}/reports"


def _issue(server: RunningServer, machine: TestClient, scope: str) -> str:
    form = {"grant_type": "client_credentials", "scope": scope}
    answer = httpx.post(f"{server.issuer}/token", data=form, auth=_credentials(machine))
    token: str = answer.json()["access_token"]
    return token


def _credentials(client: TestClient) -> tuple[str, str]:
    return client.client_id, str(client.client_secret)


def _ask(api: str, token: str) -> httpx.Response:
    return httpx.get(api, headers={"Authorization": f"Bearer {token}"})


def test_a_token_opens_the_api_until_it_is_revoked(
    api: str, server: RunningServer, machine: TestClient
) -> None:
    token = _issue(server, machine, "reports")
    opened = _ask(api, token)
    revoked = httpx.post(
        f"{server.issuer}/revoke", data={"token": token}, auth=_credentials(machine)
    )
    refused = _ask(api, token)

    assert opened.status_code == 200
    assert opened.json()["for"] == machine.client_id
    assert revoked.status_code == 200
    assert refused.status_code == 401
    assert 'error="invalid_token"' in refused.headers["WWW-Authenticate"]


def test_a_token_of_another_scope_does_not(
    api: str, server: RunningServer, machine: TestClient
) -> None:
    assert _ask(api, _issue(server, machine, "profile")).status_code == 403


def test_while_the_authorization_server_is_away_the_api_says_that_nobody_can_tell(
    api: str, server: RunningServer, machine: TestClient
) -> None:
    token = _issue(server, machine, "reports")
    server.stop()

    away = _ask(api, token)
    server.start()
    back = _ask(api, token)

    assert away.status_code == 503
    assert away.headers["Retry-After"] == "5"
    assert back.status_code == 200
