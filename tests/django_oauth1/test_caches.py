"""Django's cache for a whole site answers no signed request: each is used once."""

from __future__ import annotations

from django.test import Client
from django.test.utils import override_settings

from ..integrations.django_oauth2.project import project_settings
from .worlds import DjangoWorld


def test_a_signed_request_that_is_sent_again_is_refused_before_any_cache(ours: DjangoWorld) -> None:
    header = ours.token().header("GET", "/me")
    middleware = [
        "django.middleware.cache.UpdateCacheMiddleware",
        *project_settings()["MIDDLEWARE"],
        "django.middleware.cache.FetchFromCacheMiddleware",
    ]

    with override_settings(MIDDLEWARE=middleware, ROOT_URLCONF=ours.urls):
        browser = Client(headers={"host": "localhost"})
        answers = [browser.get("/me", headers=header).status_code for _ in range(3)]

    assert answers == [200, 401, 401]
