"""For ``include`` at the root of a project's URLs: the endpoints of the app's server."""

from __future__ import annotations

from ..django_oauth2 import default_server
from .routes import create_routes

__all__ = ["app_name", "urlpatterns"]

app_name = "oauthstore"
urlpatterns = create_routes(default_server())
