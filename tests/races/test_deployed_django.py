"""A Django project as it is deployed: in transactions, forked, pooled, on an event loop."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

from backends.sqla.tests.server_processes import PostgreSQLProcess, find_postgresql_wheel
from backends.sqla.tests.servers import PostgreSQL

from ..live.figures import Report, Tally
from ..live.oauth import refresh_form
from .gunicorn import CLIENT_ID, SECRET
from .sites import AsyncSite, DeployedSite

pytestmark = [pytest.mark.race, pytest.mark.timeout(300)]

ROUNDS = 10
#: Databases, and the store in each: of SQLAlchemy's backend or of Django's.
PLACES = [
    f"{database}-{backend}"
    for database in ("sqlite", "postgresql")
    for backend in ("sqla", "django")
]
CLIENT = {"grant_type": "client_credentials", "scope": "profile"}
Place = tuple[str, str]


@pytest.fixture
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """Return the URL of the project's database, and of the store in it."""
    kind, backend = request.param.split("-")
    if kind == "postgresql":
        url = str(request.getfixturevalue("postgresql"))
    else:
        url = f"sqlite:///{tmp_path}/site.db"
    return url, "django://default" if backend == "django" else url


everywhere = pytest.mark.parametrize("place", PLACES, indirect=True)
on_postgresql = pytest.mark.parametrize("place", PLACES[2:], indirect=True)


def ask(site: DeployedSite, path: str, form: Mapping[str, str], **headers: str) -> httpx.Response:
    """Send a form as the client, to one of the project's own views."""
    return httpx.post(
        site.url + path, data={**form}, auth=(CLIENT_ID, SECRET), headers=headers, timeout=60
    )


def race(site: DeployedSite, tally: Tally) -> None:
    """Race codes and refresh tokens."""
    response = site.ask_token(site.code()).json()
    for _ in range(ROUNDS):
        answers = site.race(site.token_request(site.code()))
        tally.add(answers)
        assert sum(answer.status == 200 for answer in answers) <= 1
        answers = site.race(site.refresh_request(response["refresh_token"]))
        tally.add(answers)
        assert len({answer.body for answer in answers}) == 1
        response = answers[0].json
    assert site.is_accepted(response["access_token"])


@everywhere
def test_what_was_won_or_revoked_stays_so_where_the_view_s_transaction_is_rolled_back(
    tmp_path: Path, place: Place
) -> None:
    with DeployedSite(tmp_path, *place, ATOMIC_REQUESTS=True) as site:
        code = site.code()
        first = ask(site, "/own/token", code, **{"X-Roll-Back": "1"}).json()
        assert site.is_accepted(first["access_token"])

        rotation = refresh_form(first["refresh_token"])
        second = ask(site, "/own/token", rotation, **{"X-Roll-Back": "1"}).json()
        assert site.is_accepted(second["access_token"])

        revoked = {"token": second["access_token"]}
        assert ask(site, "/own/revoke", revoked, **{"X-Roll-Back": "1"}).status_code == 200
        assert not site.is_accepted(second["access_token"])

        again = ask(site, "/own/token", code, **{"X-Roll-Back": "1"})
        assert again.json()["error"] == "invalid_grant"
        assert not site.is_accepted(first["access_token"])


@on_postgresql
def test_a_view_that_has_written_in_its_transaction_is_served_on_postgresql(
    tmp_path: Path, place: Place
) -> None:
    with DeployedSite(tmp_path, *place, ATOMIC_REQUESTS=True) as site:
        headers = {"X-Write": "before", "X-Roll-Back": "1"}
        answer = ask(site, "/own/token", site.code(), **headers)

        assert answer.status_code == 200
        assert site.is_accepted(answer.json()["access_token"])


@pytest.mark.parametrize("place", PLACES[:2], indirect=True)
def test_on_sqlite_it_waits_for_itself_which_is_503_and_told(tmp_path: Path, place: Place) -> None:
    with DeployedSite(tmp_path, *place, ATOMIC_REQUESTS=True) as site:
        code = site.code()
        answer = ask(site, "/own/token", code, **{"X-Write": "before"})

        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
        assert "non_atomic_requests" in site.output()
        assert ask(site, "/own/token", code).status_code == 200


def test_our_urls_join_no_transaction_of_a_second_database_either(
    tmp_path: Path, report: Report
) -> None:
    tally = Tally("Django, in a second database: codes and refresh tokens")
    immediate = {"OPTIONS": {"transaction_mode": "IMMEDIATE"}, "ATOMIC_REQUESTS": True}
    default, second = (f"sqlite:///{tmp_path}/{name}.db" for name in ("site", "second"))
    with DeployedSite(tmp_path, default, "django://second", second=second, **immediate) as site:
        race(site, tally)

    report(tally.line())


@everywhere
def test_a_store_that_was_asked_before_the_fork_serves_every_worker(
    tmp_path: Path, place: Place, report: Report
) -> None:
    tally = Tally(f"Django, {place[1].partition(':')[0]}, preloaded: codes and refresh tokens")
    with DeployedSite(tmp_path, *place, flags=["--preload"], asks_early=True) as site:
        race(site, tally)

    report(tally.line())


@on_postgresql
@pytest.mark.parametrize(
    "options",
    [
        {"CONN_MAX_AGE": None},
        {"CONN_MAX_AGE": 60, "CONN_HEALTH_CHECKS": True},
        {"OPTIONS": {"pool": {"min_size": 1, "max_size": 4}}},
    ],
    ids=["for ever", "checked", "pooled"],
)
def test_connections_that_django_keeps_disturb_no_race(
    tmp_path: Path, place: Place, report: Report, options: dict[str, Any]
) -> None:
    tally = Tally(f"Django, {place[1].partition(':')[0]}, {options}: codes and refresh tokens")
    with DeployedSite(tmp_path, *place, **options) as site:
        race(site, tally)

    report(tally.line())


@pytest.fixture
def process() -> Iterator[PostgreSQLProcess]:
    """Yield a server of the test's own, to be stopped."""
    programs = find_postgresql_wheel()
    assert programs is not None
    with closing(PostgreSQLProcess(programs, ["-c", "fsync=off"])) as made:
        made.start()
        yield made


@pytest.fixture(params=["sqla", "django"])
def patient(
    request: pytest.FixtureRequest, process: PostgreSQLProcess, tmp_path: Path
) -> Iterator[DeployedSite]:
    """Yield a project on that server, whose store waits for seconds only."""
    url = PostgreSQL(process.url).create_migrated()
    store_url = "django://default" if request.param == "django" else url
    store = {"url": store_url, "options": {"timeout": 1, "busy_timeout": 0.5}}
    with DeployedSite(tmp_path, url, store, CONN_MAX_AGE=None, CONN_HEALTH_CHECKS=True) as site:
        yield site


def stop(process: PostgreSQLProcess, how: str) -> None:
    if how == "killed":
        process.kill()
    else:
        process.freeze()


def go_on(process: PostgreSQLProcess, how: str) -> None:
    if how == "killed":
        process.start()
    else:
        process.thaw()


@pytest.mark.parametrize("how", ["killed", "frozen"])
def test_a_database_that_is_away_is_503_within_seconds_and_all_goes_on_when_it_is_back(
    process: PostgreSQLProcess, patient: DeployedSite, how: str
) -> None:
    site = patient
    response = site.ask_token(site.code()).json()
    bearer = {"Authorization": f"Bearer {response['access_token']}"}

    def ask_all() -> list[httpx.Response]:
        later = httpx.get(f"{site.url}/later", headers=bearer, timeout=60)
        return [ask(site, "/oauth/token", form) for form in (CLIENT, code)] + [later]

    code = site.code()
    stop(process, how)
    away = [answer for _ in range(3) for answer in ask_all()]
    if how == "killed":
        away.append(site.browser.get("/oauth/authorize"))
    go_on(process, how)
    time.sleep(1)
    back = ask_all()

    assert 500 not in {answer.status_code for answer in away}, site.output()
    assert {(answer.status_code, answer.headers.get("Retry-After")) for answer in away} == {
        (503, "5")
    }
    assert [answer.status_code for answer in back] == [200, 200, 200]


@contextmanager
def clients_locked(url: str) -> Generator[Callable[[int], None]]:
    """Let nobody read a client meanwhile; yield what waits until so many are held up."""
    plain = url.replace("+psycopg", "")
    with psycopg.connect(plain) as locking, psycopg.connect(plain, autocommit=True) as looking:
        tables = locking.execute("select tablename from pg_tables where tablename like '%client%'")
        for (name,) in tables.fetchall():
            locking.execute(f"lock table {name} in access exclusive mode")

        def wait(number: int) -> None:
            held_up = "select count(*) from pg_stat_activity where wait_event_type = 'Lock'"
            while looking.execute(held_up).fetchone() != (number,):
                time.sleep(0.01)

        yield wait


@on_postgresql
def test_on_an_event_loop_a_slow_call_holds_nobody_else_up_nor_does_who_hangs_up(
    tmp_path: Path, place: Place
) -> None:
    with AsyncSite(tmp_path, *place) as site:
        token = site.ask_token(site.code()).json()["access_token"]
        with clients_locked(place[0]) as wait_until_held_up:
            asking = threading.Thread(target=ask, args=(site, "/oauth/token", CLIENT))
            asking.start()
            with socket.create_connection(("127.0.0.1", site.port)) as leaving:
                leaving.sendall(site.token_request(CLIENT))
                wait_until_held_up(2)
            accepted = site.is_accepted(token)
            assert asking.is_alive()
        asking.join()

        assert accepted
        assert ask(site, "/oauth/token", CLIENT).status_code == 200
