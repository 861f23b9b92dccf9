"""A store that is away when the first request of OAuth 1 comes: 503 until it is there."""

from __future__ import annotations

import pytest

from ..integrations.django_oauth2.test_late_stores import Late, late
from .site import Site, make_site

__all__ = ["late"]

PATHS = ("/oauth/oauth1/initiate", "/oauth/oauth1/authorize", "/oauth/oauth1/token", "/me")


@pytest.fixture
def site(late: Late) -> Site:
    del late
    return make_site(store="late://", languages=["de"])


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("path", PATHS)
def test_every_view_says_that_nobody_can_tell(site: Site, path: str, method: str) -> None:
    answer = site.browser().open(path, method=method)

    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "5"
    assert "temporarily_unavailable" in answer.text


def test_once_it_is_there_the_same_worker_serves(site: Site, late: Late) -> None:
    site.browser().post("/oauth/oauth1/initiate")

    late.is_away = False

    assert site.me(site.token(site.register())).json["sub"] == "alice"


def test_without_oauth_1_no_store_is_opened_for_its_paths(late: Late) -> None:
    site = make_site(store="late://", oauth1={})

    assert site.browser().post("/oauth/oauth1/token").status_code == 404
    assert late.asked == 0
