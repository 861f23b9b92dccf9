"""The page on Django: from `startproject` to a token by its commands, and all its blocks run."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest

from ..live.server import free_port

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs/django.md"
TEXT = PAGE.read_text("utf-8")
SETTINGS, URLS, PROTECT, FRAMEWORK, NINJA, PEOPLE, LOCALES, GRANTS = re.findall(
    r"^```python\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL
)
(FOOTER,) = re.findall(r"^```html\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
CONSOLES = re.findall(r"^```console\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
START, TOKEN, WORDS, CARE, WORKERS = (
    re.findall(r"^\$ (.+)$", block, re.MULTILINE) for block in CONSOLES
)
#: Seconds in which it starts or stops.
_PATIENCE = 60

#: What the last part of the page is tried with, in a process of the project's own.
TRY = """
from base64 import b64encode
import django
django.setup()
import own_grants
from django.contrib.auth.models import User
from django.core.management import call_command
from django.test import Client
from oauthstore_core.integrations.django_oauth2 import default_server

call_command("migrate", verbosity=0)
alice = User.objects.create_user("alice", password="wonderland")
registered = default_server().register_client(
    {
        "redirect_uris": ["https://app.example/cb"],
        "grant_types": ["password", "authorization_code", "client_credentials"],
        "scope": "profile",
    }
)
client_id = registered.client.client_id
browser = Client(headers={"host": "127.0.0.1"})
form = "grant_type=password&username=alice&password=wonderland"
basic = b64encode(f"{client_id}:{registered.client_secret}".encode()).decode()
answer = browser.post(
    "/oauth/token", form, "application/x-www-form-urlencoded",
    headers={"authorization": "Basic " + basic},
)
bearer = {"authorization": "Bearer " + answer.json()["access_token"]}
for path in ("/me", "/either", "/photos", "/public", "/profile", "/api/albums"):
    seen = browser.get(path, headers=bearer)
    print(path, seen.status_code, seen.content.decode())
print("/me", browser.get("/me").status_code, "/public", browser.get("/public").json())
browser.force_login(alice)
page = browser.get(f"/oauth/authorize?response_type=code&client_id={client_id}"
    f"&code_challenge={'c' * 43}&code_challenge_method=S256&scope=profile&prompt=consent")
own = browser.post(
    "/oauth/token", "grant_type=client_credentials&scope=profile",
    "application/x-www-form-urlencoded", headers={"authorization": "Basic " + basic},
).json()["access_token"]
own_bearer = {"authorization": "Bearer " + own}
print("a client's /public", browser.get("/public", headers=own_bearer).json())
print("consent", page.status_code, "ACME Ltd" in page.content.decode())
"""

#: What the receivers of the page are tried with, behind all that.
END = """
from django.db import transaction

def token_of(name):
    User.objects.create_user(name, password="wonderland")
    form = f"grant_type=password&username={name}&password=wonderland&scope=profile"
    answer = browser.post("/oauth/token", form, "application/x-www-form-urlencoded",
        headers={"authorization": "Basic " + basic})
    return {"authorization": "Bearer " + answer.json()["access_token"]}

def seen(token):
    return tuple(browser.get("/me", headers=asked).status_code for asked in (token, own))

own = token_of("eve")
for name in ("bob", "carol"):
    user, token = User.objects.filter(username=name), token_of(name)
    user.get().save()
    with transaction.atomic():
        if name == "bob":
            user.get().delete()
        else:
            person = user.get()
            person.is_active = False
            person.save()
        before = seen(token)
    print(name, "before", before, "after", seen(token))
"""

#: What the project's own words are tried with.
ASK_IN_FRENCH = """
import django
django.setup()
from django.test import Client
browser = Client(headers={"host": "127.0.0.1", "accept-language": "fr"})
print(browser.post("/oauth/token", "x=1", "application/x-www-form-urlencoded").json())
"""

#: Without it, `check --deploy` of Django 6.1 has an error of its own about mails.
MAILERS = """
MAILERS = {"default": {"BACKEND": "django.core.mail.backends.smtp.EmailBackend"}}
"""
#: What makes the project of the page one that may be deployed.
DEPLOYED = (
    MAILERS
    + """
DEBUG = False
SECRET_KEY = "".join(map(chr, range(48, 123)))
ALLOWED_HOSTS = ["example.com"]
SECURE_HSTS_SECONDS = 31_536_000
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = True
SECURE_SSL_REDIRECT = SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = True
OAUTHSTORE |= {"issuer": "https://example.com/oauth", "plugins": ["audit"]}
"""
)


class Project:
    """The project that the page's commands make."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "mysite"
        # Commands of an environment, and settings of nobody else.
        path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
        known = {k: v for k, v in os.environ.items() if not k.startswith("OAUTHSTORE_")}
        self.environ = {**known, "PATH": path, "PYTHONPATH": str(ROOT)}
        install, start, enter = START
        assert install.startswith("pip install ")
        assert enter == "cd mysite"
        self._run(shlex.split(start), folder)
        self.add("mysite/settings.py", SETTINGS)
        self.add("mysite/urls.py", URLS)

    def add(self, name: str, code: str) -> None:
        """Put lines at a file's end."""
        file = self.folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text((file.read_text() if file.exists() else "") + "\n" + code)

    def run(self, command: str) -> str:
        """Run a command of the page's, and return what it prints."""
        return self._run(shlex.split(command), self.folder)

    def _run(self, command: list[str], folder: Path) -> str:
        done = subprocess.run(  # noqa: S603 - the page's own command
            command, cwd=folder, env=self.environ, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    @contextmanager
    def serve(self, command: str, url: str, **environ: str) -> Iterator[None]:
        """Serve by a command of the page's until the block ends; `url` answers then."""
        with subprocess.Popen(  # noqa: S603 - the page's own command
            shlex.split(command),
            cwd=self.folder,
            env={**self.environ, **environ},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        ) as process:
            give_up = time.monotonic() + _PATIENCE
            try:
                while time.monotonic() < give_up:
                    with suppress(httpx.TransportError):
                        httpx.get(url)
                        break
                    time.sleep(0.05)
                yield
            finally:
                process.terminate()
                process.wait(_PATIENCE)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


def _fields(printed: str) -> Mapping[str, str]:
    pairs = (line.split(maxsplit=1) for line in printed.splitlines() if line.strip())
    return {name: value.split()[0] for name, value in pairs}


def _curl(command: str, port: int, client: Mapping[str, str]) -> httpx.Response:
    """Send what the page has curl send."""
    program, option, user, data_option, data, url = shlex.split(command)
    assert (program, option, data_option) == ("curl", "-u", "-d")
    names = {"$CLIENT_ID": client["client_id"], "$CLIENT_SECRET": client["client_secret"]}
    name, secret = (names[part] for part in user.split(":"))
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    where = url.replace(":8000", f":{port}")
    return httpx.post(where, content=data, headers=headers, auth=(name, secret))


def test_from_startproject_four_lines_and_three_commands_lead_to_a_token(project: Project) -> None:
    assert len([line for line in (SETTINGS + URLS).splitlines() if line]) == 4
    create, serve, curl = TOKEN
    client = _fields(project.run(create))
    port = free_port()
    command = f"{serve} 127.0.0.1:{port} --noreload"

    with project.serve(command, f"http://127.0.0.1:{port}/"):
        answer = _curl(curl, port, client)
        refused = httpx.post(f"http://127.0.0.1:{port}/oauth/token")

    assert (answer.status_code, answer.json()["scope"]) == (200, "profile")
    assert refused.json()["error"] == "invalid_request"


def test_the_views_the_grant_and_the_footer_of_the_page_do_what_it_says(project: Project) -> None:
    project.add("mysite/urls.py", PROTECT + FRAMEWORK + NINJA)
    project.add("own_grants.py", GRANTS)
    project.add("mysite/settings.py", 'TEMPLATES[0]["DIRS"] = [BASE_DIR / "templates"]\n')
    project.add("templates/oauthstore/base.html", FOOTER.strip())
    project.environ["DJANGO_SETTINGS_MODULE"] = "mysite.settings"
    project.add("people/__init__.py", "")
    project.add("people/apps.py", PEOPLE)
    project.add("mysite/settings.py", 'INSTALLED_APPS += ["people"]\n')
    (project.folder / "try.py").write_text(TRY + END)

    printed = project.run("python try.py")

    assert '/me 200 {"sub": "1"}' in printed
    assert "/either 200" in printed
    assert "/photos 403" in printed
    assert '/profile 200 {"name":"alice"}' in printed
    assert '/api/albums 200 {"albums of": "1"}' in printed
    assert '/public 200 {"name": "alice"}' in printed
    assert "/me 401 /public {'name': None}" in printed
    assert "a client's /public {'name': None}" in printed
    assert "consent 200 True" in printed
    for name in ("bob", "carol"):
        assert f"{name} before (200, 200) after (401, 200)" in printed


def test_words_of_the_project_s_own_are_spoken_as_the_page_says(project: Project) -> None:
    make, copy, compile_ = WORDS
    project.run(make)
    source, target = copy.removeprefix("cp ").rsplit(maxsplit=1)
    assert source.startswith('"$(python -c ')
    copied = project.run(f"sh -c {shlex.quote(copy)}")
    assert copied == ""
    words = project.folder / target / "oauthstore.po"
    text = words.read_text("utf-8").replace("In der Anfrage fehlt 'grant_type'.", "Il manque tout.")
    words.write_text(text.replace("Language: de", "Language: fr"), "utf-8")
    if shutil.which("msgfmt") is None:
        pytest.skip("compilemessages needs GNU gettext")
    project.run(compile_)
    project.add("mysite/settings.py", LOCALES)
    project.environ["DJANGO_SETTINGS_MODULE"] = "mysite.settings"

    assert "Il manque tout." in project.run(f"python -c {shlex.quote(ASK_IN_FRENCH)}")


def test_the_commands_that_look_after_it_succeed(project: Project) -> None:
    project.run(TOKEN[0])
    project.add("mysite/settings.py", MAILERS)

    printed = {command: project.run(command) for command in CARE}

    assert "Album" in printed["python manage.py oauthstore client list"]
    assert "no issues" in printed["python manage.py check"]
    assert "oauthstore.rule_https" in printed["python manage.py check --deploy"]


def test_a_deployment_as_it_should_be_passes_every_check(project: Project) -> None:
    project.add("mysite/settings.py", DEPLOYED)

    told = project.run("python manage.py check --deploy --fail-level WARNING")

    assert "WARNINGS" not in told
    assert "oauthstore.rule_one_winner" in told


def test_two_workers_serve_it_as_the_page_says(project: Project) -> None:
    variable, _, command = WORKERS[0].partition(" ")
    name, _, issuer = variable.partition("=")
    project.add("mysite/settings.py", 'ALLOWED_HOSTS = ["127.0.0.1"]\n')
    port = free_port()
    url = f"http://127.0.0.1:{port}/.well-known/oauth-authorization-server/oauth"

    with project.serve(f"{command} --bind 127.0.0.1:{port}", url, **{name: issuer}):
        metadata: dict[str, Any] = httpx.get(url).json()

    assert metadata["issuer"] == issuer
    assert metadata["token_endpoint"] == "https://example.com/oauth/token"


def test_every_file_that_is_linked_exists() -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]+)", TEXT)

    assert [link for link in links if not (PAGE.parent / link).exists()] == []
