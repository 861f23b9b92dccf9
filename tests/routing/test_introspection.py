"""As with one store, so where roles are routed to several."""

from __future__ import annotations

from ..oauth2.test_introspection import *  # noqa: F403 - its tests, on the stores of this folder
