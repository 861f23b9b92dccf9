"""A store that fails is 503 under Django, too: the flows of Flask's test at the app's URLs."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ..flask_oauth1.test_outages import (
    backend,
    test_a_flow_makes_no_call_more,
    test_a_store_that_fails_is_503_with_retry_after,
)
from .site import Site, make_site

__all__ = [
    "backend",
    "test_a_flow_makes_no_call_more",
    "test_a_store_that_fails_is_503_with_retry_after",
]


@pytest.fixture
def new_site() -> Callable[..., Site]:
    return make_site
