"""A project with models of its own, on SQLite, as several workers serve it."""

# ruff: noqa: ANN401 - of Authlib, which declares no types

from __future__ import annotations

from importlib import import_module
from types import ModuleType, SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import django
from authlib.oauth2.rfc6749 import AuthorizationCodeMixin, ClientMixin, grants
from django.apps import AppConfig
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, HttpResponse

__all__ = ["create_app", "database_settings", "fill"]

#: What `import_models` makes, once in a process.
MODELS = SimpleNamespace()


class _Own(AppConfig):
    name = label = "own"
    path = "/nowhere"

    def import_models(self) -> None:
        """Make the models: only now can they be."""
        super().import_models()
        _make_models()


def _make_models() -> None:
    from django.db import models  # noqa: PLC0415 - it asks for Django's settings

    _make_client(models)
    _make_issued(models)


def _make_client(models: Any) -> None:
    class Client(models.Model, ClientMixin):  # type: ignore[misc]  # of Authlib, untyped
        user_id = models.IntegerField(default=1)
        client_id = models.CharField(max_length=48, unique=True)

        class Meta:
            app_label = "own"

        def check_client_secret(self, client_secret: str) -> bool:
            return client_secret == "secret"

        def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
            return method == "client_secret_basic"

        def check_response_type(self, response_type: str) -> bool:
            return response_type == "code"

        def check_grant_type(self, grant_type: str) -> bool:
            return True

        def check_redirect_uri(self, redirect_uri: str) -> bool:
            return redirect_uri == "https://app.example.org/callback"

        def get_allowed_scope(self, scope: str) -> str:
            return scope

        def get_client_id(self) -> str:
            return str(self.client_id)

    MODELS.Client = Client


def _make_issued(models: Any) -> None:
    class Code(models.Model, AuthorizationCodeMixin):  # type: ignore[misc]  # the same
        client_id = models.CharField(max_length=48)
        code = models.CharField(max_length=120, unique=True)
        redirect_uri = models.TextField()
        scope = models.TextField()

        class Meta:
            app_label = "own"

        def get_redirect_uri(self) -> str:
            return str(self.redirect_uri)

        def get_scope(self) -> str:
            return str(self.scope)

    class Token(models.Model):
        user_id = models.IntegerField()
        client_id = models.CharField(max_length=48)
        token_type = models.CharField(max_length=40)
        access_token = models.CharField(max_length=255, unique=True)
        refresh_token = models.CharField(max_length=255, db_index=True)
        revoked = models.BooleanField(default=False)
        scope = models.TextField()
        expires_in = models.IntegerField()

        class Meta:
            app_label = "own"
            db_table = "token"

        def get_scope(self) -> str:
            return str(self.scope)

        def check_client(self, client: Any) -> bool:
            return bool(self.client_id == client.client_id)

    MODELS.Code, MODELS.Token = Code, Token


class _CodeGrant(grants.AuthorizationCodeGrant):  # type: ignore[misc]  # of Authlib, untyped
    """As Authlib's documentation writes it."""

    TOKEN_ENDPOINT_AUTH_METHODS = ("client_secret_basic",)

    def save_authorization_code(self, code: str, request: Any) -> None:
        MODELS.Code.objects.create(
            code=code,
            client_id=request.client.client_id,
            redirect_uri=request.payload.redirect_uri,
            scope=request.scope,
        )

    def query_authorization_code(self, code: str, client: Any) -> Any:
        return MODELS.Code.objects.filter(code=code, client_id=client.client_id).first()

    def delete_authorization_code(self, authorization_code: Any) -> None:
        authorization_code.delete()

    def authenticate_user(self, authorization_code: Any) -> Any:
        return SimpleNamespace(pk=1)


class _RefreshGrant(grants.RefreshTokenGrant):  # type: ignore[misc]  # of Authlib, untyped
    """As Authlib's documentation writes it."""

    TOKEN_ENDPOINT_AUTH_METHODS = ("client_secret_basic",)
    INCLUDE_NEW_REFRESH_TOKEN = True

    def authenticate_refresh_token(self, refresh_token: str) -> Any:
        return MODELS.Token.objects.filter(refresh_token=refresh_token, revoked=False).first()

    def authenticate_user(self, refresh_token: Any) -> Any:
        return SimpleNamespace(pk=refresh_token.user_id)

    def revoke_old_credential(self, refresh_token: Any) -> None:
        refresh_token.revoked = True
        refresh_token.save()


def create_app(prefix: str, database: str) -> Any:
    """Return the application, once in a process; its imports of Authlib's begin with `prefix`."""
    settings.configure(
        ALLOWED_HOSTS=["*"],
        AUTHLIB_OAUTH2_PROVIDER={"refresh_token_generator": True},
        DATABASES={"default": database_settings(database)},
        INSTALLED_APPS=[_Own("own", ModuleType("own"))],
        MIDDLEWARE=[],
        ROOT_URLCONF=(urls := ModuleType("urls")),
        SECRET_KEY="s" * 60,
    )
    django.setup()
    server = import_module(f"{prefix}.django_oauth2").AuthorizationServer(
        MODELS.Client, MODELS.Token
    )
    server.register_grant(_CodeGrant)
    server.register_grant(_RefreshGrant)
    urls.urlpatterns = _create_urls(server)  # type: ignore[attr-defined]
    return get_wsgi_application()


def database_settings(url: str) -> dict[str, Any]:
    """Return what DATABASES says of a database, as SQLAlchemy calls it."""
    parts = urlsplit(url)
    if parts.scheme == "sqlite":
        return {"ENGINE": "django.db.backends.sqlite3", "NAME": parts.path.removeprefix("/")}
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": parts.path.removeprefix("/"),
        "USER": parts.username or "",
        "PASSWORD": parts.password or "",
        "HOST": parts.hostname or "",
        "PORT": str(parts.port or ""),
    }


def _create_urls(server: Any) -> list[Any]:
    from django.urls import path  # noqa: PLC0415 - it asks for Django's settings

    def authorize(request: HttpRequest) -> HttpResponse:
        user = SimpleNamespace(pk=1)
        grant = server.get_consent_grant(request, end_user=user)
        answer: HttpResponse = server.create_authorization_response(
            request, grant_user=user, grant=grant
        )
        return answer

    return [
        path("oauth/authorize", authorize),
        path("oauth/token", server.create_token_response),
        path("me", lambda _: HttpResponse()),
    ]


def fill(_: Any) -> None:
    """Create the tables of the application, and a client."""
    from django.db import connection  # noqa: PLC0415 - it asks for Django's settings

    with connection.schema_editor() as editor:
        for model in vars(MODELS).values():
            editor.create_model(model)
    MODELS.Client.objects.create(client_id="c1")
