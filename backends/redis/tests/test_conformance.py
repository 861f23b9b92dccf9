"""The Redis backend keeps the contract: the whole suite, on Valkey."""

from __future__ import annotations

import pytest

from oauthstore_core.testing.suite import *  # noqa: F403 - that is how a suite is used

from .suite_on_servers import *  # noqa: F403 - the fixtures

SERVER = "valkey"

pytestmark = pytest.mark.servers
