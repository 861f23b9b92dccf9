"""Views of each kind are protected alike, also where the store may not be asked on a loop."""

from __future__ import annotations

import pytest
from django.core.management import call_command
from django.http import HttpRequest, HttpResponse

from backends.django.tests.django_project import alias_of

from ..flask_oauth2.site import bearer
from .site import Site, make_site
from .view_kinds import KINDS, ask_kind, make_kinds


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return the alias of a database of Django's."""
    path = tmp_path_factory.mktemp("kinds") / "oauth.db"
    alias: str = alias_of({"ENGINE": "django.db.backends.sqlite3", "NAME": str(path)})
    call_command("migrate", "oauthstore_django", database=alias, verbosity=0)
    return alias


@pytest.fixture(params=["memory", "django"])
def site(request: pytest.FixtureRequest) -> Site:
    """Return a project on memory, and one in a database of Django's, which no loop may ask."""
    if request.param == "memory":
        return make_site()
    return make_site(store=f"django://{request.getfixturevalue('database')}")


def _tell(request: HttpRequest) -> HttpResponse:
    return HttpResponse(request.oauth_token.subject)  # type: ignore[attr-defined]  # Authlib's


@pytest.mark.parametrize(("kind", "server"), KINDS)
def test_a_view_of_any_kind_is_for_those_with_a_token(site: Site, kind: str, server: str) -> None:
    urls = make_kinds(site.protector("profile"), _tell)
    token = site.issue(site.register())["access_token"]

    reached = ask_kind(urls, kind, server, bearer(token))
    unknown, without = (ask_kind(urls, kind, server, sent) for sent in (bearer("x"), {}))

    assert (reached.status_code, reached.text) == (200, "alice")
    assert (unknown.status_code, without.status_code) == (401, 401)
    assert "invalid_token" in unknown.text
    for answer, cached_by in ((reached, "private"), (unknown, "no-store"), (without, "no-store")):
        assert answer.headers["Vary"] == "Authorization"
        assert answer.headers["Cache-Control"] == cached_by
