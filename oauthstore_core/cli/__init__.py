"""The command line ``oauthstore``: a noun, then a verb; one module a noun."""

from __future__ import annotations

import sys

__all__ = ["main"]

_EXTRA = {"argon2", "click", "jinja2", "rich", "urllib3", "uvicorn"}


def main() -> None:
    """Run the command line and exit with its code."""
    try:
        from .commands import oauthstore  # noqa: PLC0415 - needs the extra, which may be missing
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in _EXTRA:
            raise
        sys.exit(
            f"The command line needs {error.name}, which is not installed. "
            "Install it: pip install 'oauthstore-core[server]'"
        )
    oauthstore(prog_name="oauthstore")
