"""Ours: the same, and the application has Flask call a function before each request."""

from __future__ import annotations

from flask import Flask

from . import ours_flask

__all__ = ["create_app"]


def create_app() -> Flask:
    """Return the application on the database that the environment names."""
    app = ours_flask.create_app()
    app.before_request(_do_nothing)
    return app


def _do_nothing() -> None:
    """Do what an extension does, at the least: be called."""
