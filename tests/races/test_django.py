"""Races over HTTP against a Django project in two processes."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from ..integrations.flask_oauth2.site import ConsentForm
from ..integrations.opened import VERIFIER, ask, told
from ..live.figures import Report, Tally
from .gunicorn import CALLBACK, CLIENT_ID, ROOT, GunicornSite
from .stage import RACERS
from .test_flask import AUTHLIB, OURS, ROUNDS, StoreSite

pytestmark = [pytest.mark.race, pytest.mark.timeout(900)]

OWN = "tests.integrations.django_oauth2.own_application"
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


class OwnSite(GunicornSite):
    """A project with its own models, on SQLite."""

    def __init__(self, folder: Path, prefix: str) -> None:
        self._database = folder / "site.db"
        made = f"create_app('{prefix}', '{self._database}')"
        # Its models are made once in a process, and not in this one.
        code = f"from {OWN} import create_app, fill; {made}; fill()"
        environ = {**os.environ, "PYTHONPATH": str(ROOT)}
        subprocess.run([sys.executable, "-c", code], env=environ, check=True)  # noqa: S603 - our own command
        store = {"OAUTHSTORE_STORE": f"sqlite:///{folder}/claims.db"}
        super().__init__(folder, f"{OWN}:{made}", store)

    def code(self) -> dict[str, str]:
        """Return the form that redeems a fresh code."""
        answer = httpx.post(self.url + ask(CLIENT_ID))
        code = told(answer.headers["Location"])["code"]
        return {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK}

    def count_tokens(self) -> int:
        with closing(sqlite3.connect(self._database)) as database:
            count: int = database.execute("select count(*) from own_token").fetchone()[0]
            return count


def test_in_own_mode_one_presentation_of_a_code_wins(tmp_path: Path, report: Report) -> None:
    tally = Tally("Django, own mode: one code, 16 times at once")
    with OwnSite(tmp_path, OURS) as site:
        for number in range(1, ROUNDS + 1):
            tally.add(site.race(site.token_request(site.code())))

            assert site.count_tokens() == number

    assert tally.outcomes == {"200": ROUNDS, "400 invalid_grant": ROUNDS * (RACERS - 1)}
    report(tally.line())


def test_on_authlib_as_it_comes_several_win(tmp_path: Path, report: Report) -> None:
    tally = Tally("Django on Authlib: one code, 16 times at once")
    with OwnSite(tmp_path, AUTHLIB) as site:
        for _ in range(ROUNDS):
            tally.add(site.race(site.token_request(site.code())))
        tokens = site.count_tokens()

    assert tokens > ROUNDS
    report(tally.line(f"{ROUNDS} codes gave {tokens} times tokens"))
