"""Races over HTTP against a Django project in two processes."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from ..integrations.flask_oauth2.site import ConsentForm
from ..integrations.opened import VERIFIER, ask, told
from ..live.figures import Report, Tally
from .gunicorn import CALLBACK, CLIENT_ID, GunicornSite
from .stage import RACERS
from .test_flask import ROUNDS, StoreSite

pytestmark = [pytest.mark.race, pytest.mark.timeout(900)]

STORE = "tests.integrations.django_oauth2.store_application:create_app"


class DjangoSite(StoreSite):
    """A project whose OAuth is in a store of ours, on SQLite; its client is registered by Flask."""

    def __init__(self, folder: Path, grace: int = 10) -> None:
        self._store = f"sqlite:///{folder}/oauth.db"
        application = f"{STORE}('{self._store}', '$ISSUER', {grace})"
        GunicornSite.__init__(self, folder, application, {})

    def code(self) -> dict[str, str]:
        """Consent in a browser's way, with Django's cookie; return the form of the code."""
        with httpx.Client(base_url=self.url) as browser:
            form = ConsentForm(browser.get(ask(CLIENT_ID, prompt="consent")).text)
            answer = browser.post(form.action, data={**form.hidden, "decision": "allow"})
        return {
            "grant_type": "authorization_code",
            "code": told(answer.headers["Location"])["code"],
            "redirect_uri": CALLBACK,
            "code_verifier": VERIFIER,
        }


@pytest.mark.parametrize("grace", [0, 10])
def test_a_code_presented_16_times_gets_one_answer_at_most_and_it_is_dead(
    tmp_path: Path, report: Report, grace: int
) -> None:
    tally = Tally(f"Django, grace {grace} s: one code, 16 times at once")
    with DjangoSite(tmp_path, grace) as site:
        site.register()
        bystander = site.ask_token(site.code()).json()["access_token"]
        for _ in range(ROUNDS):
            answers = site.race(site.token_request(site.code()))
            tally.add(answers)
            won = [answer.json["access_token"] for answer in answers if answer.status == 200]

            assert len(won) <= 1
            assert not any(site.is_accepted(token) for token in won)
        assert site.is_accepted(bystander)

    assert set(tally.outcomes) <= {"200", "400 invalid_grant"}
    assert tally.outcomes["200"] > 0
    report(tally.line("nothing alive afterwards"))


def test_a_refresh_token_presented_16_times_within_the_grace_gets_one_answer(
    tmp_path: Path, report: Report
) -> None:
    tally = Tally("Django: one refresh token, 16 times at once")
    with DjangoSite(tmp_path) as site:
        site.register()
        response = site.ask_token(site.code()).json()
        for _ in range(ROUNDS):
            answers = site.race(site.refresh_request(response["refresh_token"]))
            tally.add(answers)

            assert len({answer.body for answer in answers}) == 1
            response = answers[0].json
        assert site.is_accepted(response["access_token"])

    assert tally.outcomes == {"200": ROUNDS * RACERS}
    report(tally.line(f"{ROUNDS} successors"))
