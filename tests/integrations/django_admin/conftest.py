from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.test.utils import override_settings
from django.utils import translation

from backends.django.tests.django_project import alias_of
from oauthstore_core.integrations.django_oauth2.reading import close_servers
from tests.routing.routes import RedisKeeper, settings_of

from ..django_oauth2.project import project_settings
from ..django_oauth2.site import make_site
from .desk import Desk, admin_settings, create_tables, look_after


@pytest.fixture(autouse=True)
def _admin() -> Iterator[None]:
    """Install Django's admin site for the test."""
    with override_settings(**admin_settings(project_settings())):
        create_tables()
        from django.contrib.admin.models import LogEntry  # noqa: PLC0415 - once it is installed

        yield
        LogEntry.objects.all().delete()
    # The middleware leaves the language of the last request activated.
    translation.deactivate()
    close_servers()


@pytest.fixture(scope="session")
def valkey() -> Iterator[RedisKeeper]:
    with closing(RedisKeeper("valkey")) as keeper:
        yield keeper


@pytest.fixture(params=["memory", "sqlite", "valkey", "django"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[dict[str, Any]]:
    """Yield the settings of an empty store of each kind."""
    if request.param == "memory":
        yield {"store": "memory://"}
    elif request.param == "sqlite":
        yield {"store": f"sqlite:///{tmp_path}/oauth.db"}
    elif request.param == "valkey":
        with request.getfixturevalue("valkey").store(tmp_path) as store:
            yield {"store": None, **settings_of({"main": store})}
    else:
        path = tmp_path / "django.db"
        alias = alias_of({"ENGINE": "django.db.backends.sqlite3", "NAME": str(path)})
        call_command("migrate", "oauthstore_django", database=alias, verbosity=0)
        yield {"store": f"django://{alias}"}


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch) -> Desk:
    """Return a superuser's admin site, on memory."""
    return look_after(monkeypatch, make_site())


@pytest.fixture
def any_desk(monkeypatch: pytest.MonkeyPatch, storage: dict[str, Any]) -> Desk:
    """Return a superuser's admin site, on a store of each kind."""
    return look_after(monkeypatch, make_site(**storage))
