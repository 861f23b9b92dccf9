"""OAuth 1 over HTTP: two workers, 16 requests at once, on one file of SQLite."""

from __future__ import annotations

import time
from collections.abc import Generator

import pytest
from authlib.oauth1.rfc5849.errors import OAuth1Error

from oauthstore_core.http import HttpRequest
from oauthstore_core.oauth1.resource import ResourceProtector
from oauthstore_core.settings import Settings
from oauthstore_core.stores import open_stores
from oauthstore_core.testing.races import rounds

from ..live.figures import Report, Tally
from ..live.wire import Answer, Connection
from ..oauth1.signer import Signer
from .conftest import OpenStage
from .stage import RACERS, Stage

pytestmark = pytest.mark.race

CALLBACK = "http://127.0.0.1/callback"
RESOURCE = "https://api.example.com/photos"


class Provider:
    """A stage whose server speaks OAuth 1, and a resource on the same file."""

    def __init__(self, stage: Stage, protector: ResourceProtector) -> None:
        self.stage = stage
        self._protector = protector
        client = stage.server.create_client("--oauth1", "--redirect-uri", CALLBACK)
        self.signer = Signer(client.client_id, client.client_secret or "")

    def endpoint(self, name: str) -> str:
        return f"{self.stage.server.issuer}/oauth1/{name}"

    def post(self, signer: Signer, name: str, **parameters: str) -> bytes:
        """Return the bytes of a signed request."""
        now = int(time.time())
        return wire(signer.sign("POST", self.endpoint(name), now, **parameters))  # type: ignore[arg-type]

    def begin(self) -> Signer:
        """Return what signs with fresh temporary credentials."""
        asked = self.post(self.signer, "initiate", oauth_callback=CALLBACK)
        return with_token(self.signer, self.ask(asked))

    def decision(self, temporary: Signer, decision: str = "allow") -> bytes:
        url = f"{self.endpoint('authorize')}?oauth_token={temporary.token}"
        return self.stage.browser.decision_request(url, decision)

    def authorize(self) -> tuple[Signer, str]:
        """Return fresh temporary credentials with their verifier."""
        temporary = self.begin()
        return temporary, verifier_of(self.ask(self.decision(temporary)))

    def ask(self, request: bytes) -> Answer:
        """Return the answer to one request alone."""
        connection = Connection(self.stage.server.address)
        try:
            return connection.exchange(request)
        finally:
            connection.close()

    def is_alive(self, token: Signer) -> bool:
        try:
            self._protector.validate(token.sign("GET", RESOURCE, int(time.time())))
        except OAuth1Error:
            return False
        return True


def wire(asked: HttpRequest) -> bytes:
    """Return the bytes of a neutral request."""
    lines = [
        f"{asked.method} {asked.path} HTTP/1.1",
        *(f"{k}: {v}" for k, v in asked.headers.items()),
    ]
    return "\r\n".join([*lines, "Content-Length: 0", "", ""]).encode()


def with_token(signer: Signer, answer: Answer) -> Signer:
    assert answer.status == 200, answer.outcome
    token, secret = answer.form["oauth_token"], answer.form["oauth_token_secret"]
    return Signer(signer.client_id, signer.client_secret, token, secret)


def verifier_of(answer: Answer) -> str:
    assert answer.status == 303, answer.body
    return answer.headers["location"].partition("oauth_verifier=")[2]


@pytest.fixture(scope="module")
def provider(open_stage: OpenStage) -> Generator[Provider]:
    stage = open_stage(demo=False, oauth1={"enabled": True})
    settings = Settings.load(stage.server.config, {})
    with open_stores(settings) as stores:
        yield Provider(stage, ResourceProtector(settings, stores))


def test_of_16_identical_requests_one_passes(provider: Provider, report: Report) -> None:
    tally = Tally("OAuth 1: one nonce, 16 times at once")
    for _ in range(rounds()):
        asked = provider.post(provider.signer, "initiate", oauth_callback=CALLBACK)

        answers = provider.stage.race([asked] * RACERS)

        tally.add(answers)
        outcomes = [answer.outcome for answer in answers]
        assert outcomes.count("200") == 1
        assert outcomes.count("401 invalid_nonce") == RACERS - 1
    report(tally.line())


@pytest.mark.parametrize("first", ["allow", "deny"])
def test_of_16_decisions_one_counts(provider: Provider, report: Report, first: str) -> None:
    tally = Tally(f"OAuth 1: one decision, 16 times at once, half of them {first}")
    other = {"allow": "deny", "deny": "allow"}[first]
    for _ in range(rounds()):
        temporary = provider.begin()
        asked = [provider.decision(temporary, each) for each in (first, other)]

        answers = provider.stage.race(asked * (RACERS // 2))

        tally.add([each for each in answers if each.status != 400])
        (won,) = [answer for answer in answers if answer.status == 303]
        assert [answer.status for answer in answers].count(400) == RACERS - 1
        assert ("oauth_verifier" in won.headers["location"]) != (
            "access_denied" in won.headers["location"]
        )
    report(tally.line())


def test_of_16_identical_exchanges_one_gets_token_credentials_and_they_live(
    provider: Provider, report: Report
) -> None:
    tally = Tally("OAuth 1: one signed exchange, 16 times at once")
    for _ in range(rounds()):
        temporary, verifier = provider.authorize()
        asked = provider.post(temporary, "token", oauth_verifier=verifier)

        answers = provider.stage.race([asked] * RACERS)

        tally.add(answers)
        won = [answer for answer in answers if answer.status == 200]
        lost = [answer.outcome for answer in answers if answer.status != 200]
        assert len(won) == 1
        assert lost == ["401 invalid_nonce"] * (RACERS - 1)
        assert provider.is_alive(with_token(provider.signer, won[0]))
    report(tally.line("alive afterwards"))


def test_of_16_exchanges_at_most_one_gets_token_credentials_and_they_are_dead(
    provider: Provider, report: Report
) -> None:
    bystander_pair = provider.authorize()
    asked = provider.post(bystander_pair[0], "token", oauth_verifier=bystander_pair[1])
    bystander = with_token(provider.signer, provider.ask(asked))
    tally = Tally("OAuth 1: one exchange, signed 16 times")
    winners = 0
    for _ in range(rounds()):
        temporary, verifier = provider.authorize()
        requests = [
            provider.post(temporary, "token", oauth_verifier=verifier) for _ in range(RACERS)
        ]

        answers = provider.stage.race(requests)

        tally.add(answers)
        won = [answer for answer in answers if answer.status == 200]
        winners += len(won)
        assert len(won) <= 1
        lost = [answer.outcome for answer in answers if answer.status != 200]
        assert set(lost) == {"401 invalid_token"}
        for answer in won:
            assert not provider.is_alive(with_token(provider.signer, answer))

    assert provider.is_alive(bystander)
    assert winners > 0
    report(tally.line("nothing alive afterwards"))
