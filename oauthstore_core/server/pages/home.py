"""The first page: what this server is, and who is signed in."""

from __future__ import annotations

from ...http import HttpRequest, HttpResponse
from ..site import Site

__all__ = ["show"]


def show(site: Site, request: HttpRequest) -> HttpResponse:
    """Answer GET."""
    context = site.context(site.sessions.current(request))
    return site.renderer.page(request, "home.html", context)
