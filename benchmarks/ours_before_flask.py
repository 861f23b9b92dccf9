"""Ours: the same, and the endpoints are answered before Flask dispatches, as one may opt into."""

from __future__ import annotations

from flask import Flask

from . import ours_flask

__all__ = ["create_app"]


def create_app() -> Flask:
    """Return the application on the database that the environment names."""
    return ours_flask.create_app(before_flask=True)
