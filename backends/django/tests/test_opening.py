"""What is refused when a store is opened, and how Django is found."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from django_project import alias_of

from oauthstore_core.errors import ConfigurationError, StoreUnavailableError
from oauthstore_core.settings import Settings
from oauthstore_core.stores import open_stores
from oauthstore_django import plugin
from oauthstore_django.backend import DjangoBackend

SETTINGS = """
DATABASES = {{"default": {{"ENGINE": "django.db.backends.sqlite3", "NAME": {path!r}}}}}
INSTALLED_APPS = {apps!r}
SECRET_KEY = "of a test"
"""
OPEN = """
import json
from oauthstore_core.errors import ConfigurationError
from oauthstore_django import plugin
try:
    store = plugin.open("django://default", {})
    store.migrate()
    told = dict(store.describe())
    store.close()
except ConfigurationError as error:
    told = str(error)
print(json.dumps(told))
"""


def opened_alone(folder: Path, code: str = OPEN, **environment: str) -> Any:  # noqa: ANN401 - JSON
    """Run the code in a process that has these variables and the folder on its path."""
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("DJANGO")}
    done = subprocess.run(  # noqa: S603 - our own code
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        cwd=folder,
        env={**inherited, **environment},
    )
    return json.loads(done.stdout)


def test_settings_choose_it_by_an_alias(store: DjangoBackend, alias: str) -> None:
    stores = open_stores(Settings.from_mapping({"store": f"django://{alias}"}))

    assert stores.backends["default"].describe()["url"] == f"django://{alias}"
    stores.close()


def test_django_is_set_up_by_its_variable(tmp_path: Path) -> None:
    written = SETTINGS.format(path=str(tmp_path / "db.sqlite3"), apps=["oauthstore_django"])
    (tmp_path / "a_project.py").write_text(written)

    told = opened_alone(tmp_path, DJANGO_SETTINGS_MODULE="a_project")

    assert told["schema"]["current"] == told["schema"]["head"]


def test_without_settings_it_says_which_variable(tmp_path: Path) -> None:
    assert "DJANGO_SETTINGS_MODULE" in opened_alone(tmp_path)


def test_settings_that_cannot_be_imported_are_told(tmp_path: Path) -> None:
    told = opened_alone(tmp_path, DJANGO_SETTINGS_MODULE="no_such_project")

    assert "no_such_project" in told
    assert "PYTHONPATH" in told


def test_without_the_app_it_says_where_to_install_it(tmp_path: Path) -> None:
    written = SETTINGS.format(path=str(tmp_path / "db.sqlite3"), apps=[])
    (tmp_path / "another_project.py").write_text(written)

    told = opened_alone(tmp_path, DJANGO_SETTINGS_MODULE="another_project")
    assert "INSTALLED_APPS" in told


def test_while_django_loads_its_apps_it_says_when_to_open(tmp_path: Path) -> None:
    apps = ["oauthstore_django", "too_early"]
    written = SETTINGS.format(path=str(tmp_path / "db.sqlite3"), apps=apps)
    (tmp_path / "early_project.py").write_text(written)
    (tmp_path / "too_early.py").write_text(OPEN)
    code = "import django; django.setup()"

    told = opened_alone(tmp_path, code, DJANGO_SETTINGS_MODULE="early_project")
    assert "AppConfig.ready" in told


@pytest.mark.parametrize(
    "url", ["django://", "django:///x", "django://a/b", "django://a?b=c", "django://u@a"]
)
def test_a_url_that_is_more_than_an_alias_is_refused(url: str) -> None:
    with pytest.raises(ConfigurationError, match="django://default"):
        plugin.open(url, {})


def test_an_alias_that_is_none_is_refused_with_those_that_are() -> None:
    with pytest.raises(ConfigurationError, match=r"it has: .*default"):
        plugin.open("django://nowhere", {})


@pytest.mark.parametrize("engine", ["mysql", "oracle", "dummy"])
def test_another_database_is_refused(engine: str) -> None:
    alias = alias_of({"ENGINE": f"django.db.backends.{engine}", "NAME": "x"})

    with pytest.raises(ConfigurationError):
        plugin.open(f"django://{alias}", {})


@pytest.mark.parametrize("name", [":memory:", "file:memorydb?mode=memory&cache=shared"])
def test_a_database_in_memory_is_told_to_be_a_file(name: str) -> None:
    alias = alias_of({"ENGINE": "django.db.backends.sqlite3", "NAME": name})
    store = plugin.open(f"django://{alias}", {})

    for verb in (store.ping, store.migrate, store.describe):
        with pytest.raises(StoreUnavailableError, match="TEST"):
            verb()
    store.close()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"engine": None}, "does not know"),
        ({"busy_timeout": -1}, "a number of seconds"),
        ({"busy_timeout": float("nan")}, "a number of seconds"),
        ({"timeout": 0}, "1 or more"),
        ({"connections": 0}, "1 or more"),
        ({"access_tokens_per_grant": True}, "1 or more"),
        ({"synchronous": "OFF"}, "FULL or NORMAL"),
    ],
)
def test_an_option_that_cannot_be_meant_is_refused(
    alias: str, options: Mapping[str, Any], message: str
) -> None:
    with pytest.raises(ConfigurationError, match=message):
        plugin.open(f"django://{alias}", options)


def test_an_option_of_sqlites_is_refused_on_postgresql() -> None:
    alias = alias_of({"ENGINE": "django.db.backends.postgresql", "NAME": "x"})

    with pytest.raises(ConfigurationError, match="SQLite's"):
        plugin.open(f"django://{alias}", {"synchronous": "FULL"})
