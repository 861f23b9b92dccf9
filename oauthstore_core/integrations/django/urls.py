"""For ``include`` at the root of a project's URLs: the endpoints of the app's servers."""

from __future__ import annotations

from ..django_oauth1 import default_server as default_oauth1_server
from ..django_oauth2 import default_server
from .routes import create_routes

__all__ = ["app_name", "urlpatterns"]

app_name = "oauthstore"
urlpatterns = create_routes(default_server(), default_oauth1_server())
