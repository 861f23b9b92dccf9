"""The paths of the pages that are somebody's."""

from __future__ import annotations

from collections.abc import Mapping

from ..paths import Paths
from ..site import View
from . import applications, connections, registering
from .access import for_administrators, for_signed_in

__all__ = ["page_routes"]


def page_routes(paths: Paths) -> Mapping[str, Mapping[str, View]]:
    """Return path to method to view."""
    here = paths.of_applications
    administrative = {
        here["list"]: {"GET": applications.show_all},
        here["new"]: {"GET": registering.show, "POST": registering.submit},
        here["show"]: {"GET": applications.show},
        here["rotate"]: {"GET": applications.ask_to_rotate, "POST": applications.rotate},
        here["delete"]: {"GET": applications.ask_to_delete, "POST": applications.delete},
    }
    personal = {paths.connections: {"GET": connections.show, "POST": connections.disconnect}}
    return {
        path: {method: guard(view) for method, view in views.items()}
        for guard, pages in ((for_signed_in, personal), (for_administrators, administrative))
        for path, views in pages.items()
    }
