"""The standalone authorization server: its pages, accounts and sessions.

Needs the extra ``oauthstore-core[server]``. `application.create_application`
makes the ASGI application that ``oauthstore serve`` runs.
"""

from __future__ import annotations

__all__: list[str] = []
