"""What every race needs: a server with two workers, a person, and a client."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ..live.browser import Browser
from ..live.oauth import Party
from ..live.server import REDIRECT_URI, RunningServer, TestClient, TestUser
from ..live.wire import Answer, Volley

__all__ = ["FEW_ROUNDS", "RACERS", "ROUNDS", "Stage", "register"]

#: So many requests meet.
RACERS = 16
#: So often.
ROUNDS = 50
#: Where the same is raced elsewhere in as many as that, or where several winners are awaited.
FEW_ROUNDS = 20


class Stage:
    """A server with two workers, a person signed in, and a client."""

    def __init__(self, server: RunningServer, rounds: int = ROUNDS) -> None:
        self.server = server
        self.rounds = rounds
        self.user: TestUser = server.add_user("alice", "correct horse battery staple")
        self.client: TestClient = register(server)
        self.party = Party(server, self.client)
        self.browser = Browser(server)
        self.browser.sign_in(self.user)

    def fetch_family(self) -> dict[str, str]:
        """Return the token response of a fresh consent."""
        return self.party.fetch_tokens(self.browser.fetch_code(self.client.client_id).form())

    def race(
        self,
        requests: Sequence[bytes],
        spacing: float = 0.0,
        meanwhile: Callable[[], object] = lambda: None,
    ) -> list[Answer]:
        """Return the answers to requests that meet, half of them in each worker."""
        volley = Volley(self.server.address, self.server.worker_pids(), RACERS)
        assert set(volley.spread.values()) == {RACERS // 2}
        try:
            return volley.fire(requests, spacing, meanwhile)
        finally:
            volley.close()

    def assert_dead(self, response: dict[str, str]) -> None:
        """Nothing of a token response is worth anything, wherever it is shown."""
        access, refresh = response["access_token"], response["refresh_token"]
        assert not self.party.is_active(access)
        assert not self.party.is_active(refresh)
        assert self.party.ask_resource(access) == 401

    def assert_alive(self, response: dict[str, str]) -> None:
        """Both tokens of a token response are worth something."""
        access, refresh = response["access_token"], response["refresh_token"]
        assert self.party.is_active(access)
        assert self.party.is_active(refresh)
        assert self.party.ask_resource(access) == 200

    def close(self) -> None:
        self.party.close()
        self.browser.close()
        self.server.stop()


def register(server: RunningServer, *options: str) -> TestClient:
    grants = ("authorization_code", "refresh_token", "client_credentials")
    return server.create_client(
        *("--client-name", "Racer", "--redirect-uri", REDIRECT_URI, "--scope", "profile reports"),
        *(part for grant in grants for part in ("--grant-type", grant)),
        *options,
    )
