"""The demo: a client, an application and an account to try the server with.

Only ``oauthstore serve --demo`` makes and serves them.
"""

from __future__ import annotations

from .registration import ACCOUNT, APP_ID, CLIENT_ID, SCOPES, DemoNotes, demo_settings, prepare_demo

__all__ = ["ACCOUNT", "APP_ID", "CLIENT_ID", "SCOPES", "DemoNotes", "demo_settings", "prepare_demo"]
