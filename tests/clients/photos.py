"""A protected resource of OAuth 1 beside the server, on its settings and its store."""

from __future__ import annotations

from authlib.oauth1.rfc5849.errors import OAuth1Error

from oauthstore_core.http import HttpRequest, HttpResponse, json_response
from oauthstore_core.integrations.asgi import Application
from oauthstore_core.oauth1.resource import ResourceProtector
from oauthstore_core.settings import Settings
from oauthstore_core.stores import open_stores

PATHS = ("/photos", "/p/é ü/%", "/a b")


def create() -> Application:
    """Return the application; what it is sent, it tells."""
    settings = Settings.load()
    stores = open_stores(settings)
    protector = ResourceProtector(settings, stores)

    def answer(request: HttpRequest) -> HttpResponse:
        try:
            credential = protector.validate(request)
        except OAuth1Error as error:
            return protector.create_error_response(error, request)
        protocol = "oauth_"
        told = {
            "subject": credential.subject,
            "query": [pair for pair in request.query if not pair[0].startswith(protocol)],
            "form": [pair for pair in request.form if not pair[0].startswith(protocol)],
        }
        return json_response(200, told)

    methods = dict.fromkeys(("GET", "POST", "PUT"), answer)
    return Application(
        dict.fromkeys(PATHS, methods), blocking=stores.blocking, on_shutdown=stores.close
    )
