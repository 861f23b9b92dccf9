"""oauthstore: OAuth authorization servers on Authlib, with storage as a plugin."""

from __future__ import annotations

from ._version import __version__

__all__ = ["__version__"]
