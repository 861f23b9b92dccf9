"""As with one store, so where roles are routed to several."""

from __future__ import annotations

import pytest

from ..oauth2.test_client_authentication import *  # noqa: F403 - its tests, on the stores of this folder

pytestmark = pytest.mark.slow
