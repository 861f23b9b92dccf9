"""The database server is killed under load, is away for a while, and comes back."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

import pytest

from backends.sqla.tests.server_processes import (
    MariaDBProcess,
    PostgreSQLProcess,
    ServerProcess,
    find_mariadb,
    find_postgresql,
    find_postgresql_wheel,
)

from ..live.figures import Report
from ..live.oauth import Party, refresh_form
from ..live.wire import Answer
from .ledger import Ledger, check
from .stage import Stage

pytestmark = [pytest.mark.race, pytest.mark.timeout(600)]

OUTAGES = 4
#: Clients of each kind of load, but for the one that redeems codes.
CLIENTS = 2
CODES = 100
#: Seconds after which the server gives up a database that does not answer; its least are 1.
TIMEOUT = 1
#: Seconds between two requests of a client.
PAUSE = 0.03
FORM = {"grant_type": "client_credentials", "scope": "profile"}


@dataclass(frozen=True)
class Line:
    """What a client heard, when it asked and when that came."""

    asked: float
    heard: float
    status: int


class Diary(list[Line]):
    """All that one client heard."""

    def served(self, since: float) -> float | None:
        """Return when it heard something useful first, to what it asked since a moment."""
        return next((x.heard for x in self if x.status != 503 and x.asked >= since), None)

    def refused(self, since: float) -> bool:
        """Tell whether it was told that the store is away, since a moment."""
        return any(line.status == 503 and line.asked >= since for line in self)


class Load:
    """Clients that go on whatever they hear, each in a thread of its own."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.ledger = Ledger()
        self._diaries: list[Diary] = []
        self._over = threading.Event()
        self._pool = ThreadPoolExecutor(32)
        self._working: list[Future[None]] = []
        self._began = 0.0
        #: Seconds until all clients were served after each outage.
        self._recoveries: list[float] = []

    def add(self, work: Callable[..., None], *arguments: object) -> None:
        """Let one more client work."""
        diary = Diary()
        self._diaries.append(diary)
        self._working.append(self._pool.submit(Client(self, diary).run, work, *arguments))

    def goes_on(self) -> bool:
        """Tell whether a client shall ask for something more."""
        return not self._over.wait(PAUSE)

    @contextmanager
    def outage(self) -> Iterator[None]:
        """While the database is away; then wait until every client is served again."""
        self._began = time.monotonic()
        yield
        back = time.monotonic()
        self.wait_until_served(back)
        served = max(diary.served(back) or 0 for diary in self._diaries)
        self._recoveries.append(served - back)

    def wait_until_served(self, since: float) -> None:
        """Wait until every client heard something useful to what it asked since a moment."""
        self.wait(lambda diary: diary.served(since) is not None)

    def wait_until_refused(self) -> None:
        """Wait until every client was told that the store is away."""
        self.wait(lambda diary: diary.refused(self._began))

    def wait(self, condition: Callable[[Diary], bool]) -> None:
        """Wait until every client's diary meets a condition."""
        while not all(map(condition, self._diaries)):
            for future in self._working:
                if future.done():
                    future.result()
            time.sleep(0.01)

    def end(self) -> None:
        """Let every client finish what it is at."""
        self._over.set()
        for future in self._working:
            future.result()

    def judge(self) -> Counter[str]:
        """Hold the server to all that it told; return how much that was."""
        self.ledger.statuses.update(line.status for line in self._lines())
        assert set(self.ledger.statuses) <= {200, 303, 400, 503}
        return check(self.stage, self.ledger)

    def tell(self, told: Counter[str]) -> str:
        """Return the figures."""
        figures = ", ".join(f"{number} {what}" for what, number in told.most_common())
        pauses = ", ".join(f"{seconds:.2f}" for seconds in self._recoveries)
        slowest = max(line.heard - line.asked for line in self._lines())
        return (
            f"{figures}, {self.ledger.statuses[503]} x 503; every client served {pauses} s after "
            f"it was back; slowest answer {slowest:.2f} s"
        )

    def _lines(self) -> list[Line]:
        return [line for diary in self._diaries for line in diary]


class Client:
    """One client, with a connection and a diary of its own."""

    def __init__(self, load: Load, diary: Diary) -> None:
        self.load = load
        self.ledger = load.ledger
        self.party = Party(load.stage.server, load.stage.client)
        self._diary = diary

    def run(self, work: Callable[..., None], *arguments: object) -> None:
        try:
            work(self, *arguments)
        finally:
            self.party.close()

    def hear(self, request: bytes) -> Answer:
        """Return the one answer; a store that is away is told as such."""
        asked = time.monotonic()
        answer = self.party.exchange(request)
        self._diary.append(Line(asked, time.monotonic(), answer.status))
        assert answer.status != 503 or int(answer.headers["retry-after"]) > 0
        return answer

    def ask(self, request: bytes) -> Answer:
        """Return the answer of an endpoint, to which its error belongs."""
        answer = self.hear(request)
        assert answer.status != 503 or answer.json["error"] == "temporarily_unavailable"
        return answer

    def insist(self, request: bytes) -> tuple[Answer, int]:
        """Ask until the store is back; return the answer, and how often it was away."""
        refused = 0
        while (answer := self.ask(request)).status == 503:
            refused += 1
            time.sleep(PAUSE)
        return answer, refused


def redeem(client: Client, codes: list[dict[str, str]]) -> None:
    ledger = client.ledger
    waiting = iter(codes)
    while client.load.goes_on():
        form = next(waiting)
        answer, refused = client.insist(client.party.token_request(form))
        if answer.status == 200:
            ledger.redeemed.append((form, answer.json))
        else:
            # It was redeemed, but nobody could be told so: the second time it is a used one.
            assert (answer.outcome, refused > 0) == ("400 invalid_grant", True)
            ledger.unknown_codes.append(form)


def rotate(client: Client, response: dict[str, str]) -> None:
    ledger = client.ledger
    place = len(ledger.latest)
    ledger.latest.append(response)
    while client.load.goes_on():
        spent = ledger.latest[place]["refresh_token"]
        answer, _ = client.insist(client.party.token_request(refresh_form(spent)))
        # What was lost on the way is told again.
        assert answer.status == 200, answer.outcome
        ledger.latest[place] = answer.json
        ledger.rotated.append(spent)


def issue_and_revoke(client: Client) -> None:
    ledger = client.ledger
    while client.load.goes_on():
        answer, _ = client.insist(client.party.token_request(FORM))
        assert answer.status == 200, answer.outcome
        token = answer.json["access_token"]
        if random.random() < 0.5:  # noqa: S311 - no secret
            ledger.issued.append(token)
            continue
        answer, _ = client.insist(client.party.revocation_request(token))
        assert answer.status == 200, answer.outcome
        ledger.revoked.append(token)


def introspect(client: Client, token: str) -> None:
    """A token that is alive is active, or nobody knows."""
    while client.load.goes_on():
        answer = client.ask(client.party.introspection_request(token))
        assert answer.status in {200, 503}, answer.outcome
        assert answer.status == 503 or answer.json["active"] is True


def use(client: Client, token: str) -> None:
    """A token that is alive opens the resource, or nobody knows."""
    while client.load.goes_on():
        answer = client.ask(client.party.resource_request(token))
        assert answer.status in {200, 503}, answer.outcome


def browse(client: Client) -> None:
    """A person is asked to sign in, or to come again."""
    page = client.party.authorization_page()
    while client.load.goes_on():
        answer = client.hear(page)
        assert answer.status in {303, 503}, answer.outcome


def find_any_postgresql() -> PostgreSQLProcess | None:
    programs = find_postgresql() or find_postgresql_wheel()
    return PostgreSQLProcess(programs) if programs else None


def find_any_mariadb() -> MariaDBProcess | None:
    programs = find_mariadb()
    return MariaDBProcess(*programs) if programs else None


@pytest.fixture(params=[find_any_postgresql, find_any_mariadb], ids=["postgresql", "mariadb"])
def database(request: pytest.FixtureRequest) -> Iterator[ServerProcess]:
    """Return a running database server with its usual, durable settings."""
    found: ServerProcess | None = request.param()
    if found is None:
        pytest.skip("its programs are not installed: apt install mariadb-server")
    found.start()
    yield found
    found.close()


@pytest.fixture
def load(database: ServerProcess, open_stage: Callable[..., Stage]) -> Iterator[Load]:
    """Return a load on a server that uses the database."""
    store = {"url": database.url, "options": {"timeout": TIMEOUT}}
    # An answer that was lost is asked for again until the store is back.
    stage = open_stage(stores={"default": store}, reuse_grace=60)
    started = start_load(stage)
    try:
        yield started
        started.end()
    finally:
        stage.close()


def test_after_a_kill_of_the_database_everything_told_is_there_and_nothing_works_twice(
    database: ServerProcess, load: Load, report: Report
) -> None:
    for _ in range(OUTAGES):
        time.sleep(random.uniform(0.2, 0.6))  # noqa: S311 - the kill meets anything
        with load.outage():
            database.kill()
            load.wait_until_refused()
            time.sleep(random.uniform(0, 1))  # noqa: S311 - some try again meanwhile
            database.start()
    load.end()

    told = load.judge()
    assert min(told[what] for what in ("revocations", "rotations", "codes redeemed")) >= OUTAGES
    report(f"kill -9 of {type(database).__name__} under load: {load.tell(told)}")


def test_a_database_that_does_not_answer_is_given_up_and_taken_back_when_it_does(
    database: ServerProcess, load: Load, report: Report
) -> None:
    with load.outage():
        database.freeze()
        try:
            load.wait_until_refused()
        finally:
            database.thaw()
    load.end()

    report(f"{type(database).__name__} frozen under load: {load.tell(load.judge())}")


def start_load(stage: Stage) -> Load:
    load = Load(stage)
    load.add(
        redeem, [stage.browser.fetch_code(stage.client.client_id).form() for _ in range(CODES)]
    )
    for _ in range(CLIENTS):
        load.add(rotate, stage.fetch_family())
        load.add(issue_and_revoke)
    load.add(introspect, stage.fetch_family()["access_token"])
    load.add(use, stage.fetch_family()["access_token"])
    load.add(browse)
    load.wait_until_served(0)
    return load
