"""The flows of OAuth 1 under Django: on Authlib, with models, and without: what holds on Flask."""

from __future__ import annotations

from ..flask_oauth1.test_flows import *  # noqa: F403 - its tests, on the worlds of this folder
