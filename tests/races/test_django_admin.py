"""Administrators who do the same at once, under gunicorn with two workers: one of them does it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from threading import Barrier

import httpx
import pytest

from ..docs.test_django import Project
from ..live.server import free_port

pytestmark = pytest.mark.race

PASSWORD = "correct horse battery staple"
ADMINISTRATORS = 6
ROUNDS = 5

#: The page that a form is on, and what is sent besides what the page has hidden.
Form = tuple[str, dict[str, object]]


@pytest.fixture(scope="module", params=["sqlite", "django"])
def administrators(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Generator[Sequence[httpx.Client]]:
    """Serve the project of docs/django.md, and sign them in; its requests are transactions."""
    project = Project(Path(tmp_path_factory.mktemp(request.param)))
    project.add(
        "mysite/settings.py",
        'DATABASES["default"]["ATOMIC_REQUESTS"] = True\nALLOWED_HOSTS = ["127.0.0.1"]\n',
    )
    if request.param == "django":
        own = 'INSTALLED_APPS += ["oauthstore_django"]\nOAUTHSTORE["store"] = "django://default"\n'
        project.add("mysite/settings.py", own)
    project.environ["DJANGO_SUPERUSER_PASSWORD"] = PASSWORD
    project.run("python manage.py migrate --verbosity 0")
    project.run("python manage.py createsuperuser --noinput --username ada --email a@example.org")
    address = f"127.0.0.1:{free_port()}"
    command = f"gunicorn --workers 2 --threads 4 --bind {address} mysite.wsgi"
    with ExitStack() as stack:
        stack.enter_context(project.serve(command, f"http://{address}/admin/"))
        found = [
            stack.enter_context(httpx.Client(base_url=f"http://{address}", timeout=60))
            for _ in range(ADMINISTRATORS)
        ]
        for each in found:
            sign_in = {"username": "ada", "password": PASSWORD}
            assert send(each, ("/admin/login/?next=/admin/", sign_in)).status_code == 302
        yield found


def hidden(page: str) -> dict[str, str]:
    return dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page))


def send(client: httpx.Client, form: Form, meet: Callable[[], object] = int) -> httpx.Response:
    page, given = form
    known = hidden(client.get(page).text)
    meet()
    return client.post(page, data={**known, **given})


def at_once(administrators: Sequence[httpx.Client], form: Form) -> Counter[tuple[int, bool]]:
    """Let all send a form that each has opened; count statuses, and who was shown a secret."""
    barrier = Barrier(len(administrators))
    with ThreadPoolExecutor(len(administrators)) as pool:
        answers = pool.map(lambda each: send(each, form, barrier.wait), administrators)
        return Counter((a.status_code, 'id="client_secret"' in a.text) for a in answers)


def test_of_administrators_at_once_one_registers_one_rotates_and_nobody_fails(
    administrators: Sequence[httpx.Client],
) -> None:
    others = ADMINISTRATORS - 1
    for number in range(ROUNDS):
        client = f"/admin/oauthstore/client/album{number}"
        registered = {
            "client_id": f"album{number}",
            "grant_types": ["client_credentials"],
            "token_endpoint_auth_method": "client_secret_basic",
        }

        added = at_once(administrators, ("/admin/oauthstore/client/add/", registered))
        rotated = at_once(administrators, (f"{client}/rotate/", {"overlap": "3600"}))
        deleted = at_once(administrators, (f"{client}/delete/", {}))

        assert added == {(200, True): 1, (200, False): others}
        assert rotated == {(200, True): 1, (409, False): others}
        assert deleted == {(302, False): ADMINISTRATORS}
