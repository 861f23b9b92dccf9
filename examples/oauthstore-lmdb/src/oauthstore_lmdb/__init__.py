"""Nonces for oauthstore in one LMDB file."""

from .backend import LmdbBackend, plugin

__all__ = ["LmdbBackend", "plugin"]
