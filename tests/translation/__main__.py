# ruff: noqa: T201 - it talks to a person
"""Bring every catalogue up to date with the source, and compile it.

::

    python -m tests.translation

New message ids are added without a translation, those that nothing says any
more are taken out. It ends with 1 where a translation is missing.
"""

from __future__ import annotations

import sys

from . import catalogues


def main() -> int:
    """Update all; return 1 where something is not translated."""
    missing = [(path, text) for path in catalogues.paths() for text in catalogues.update(path)]
    for path, text in missing:
        print(f"{path}: not translated: {text}")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
