"""Importing the core brings no driver and no web framework with it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import oauthstore_core

#: These need an extra, and say so.
OF_EXTRAS = ("cli", "integrations", "introspection", "pages", "server", "testing")
FOREIGN = {
    *("sqlalchemy", "alembic", "pymongo", "bson", "redis", "valkey", "sqlite3"),
    *("flask", "werkzeug", "django", "starlette", "fastapi", "uvicorn", "httptools"),
    *("jinja2", "click", "typer", "rich", "argon2", "pydantic", "httpx", "requests", "urllib3"),
    *("pytest", "hypothesis"),
}

IMPORT_ALL = """
import importlib, json, sys
for name in sys.argv[1:]:
    importlib.import_module(name)
print(json.dumps([sorted({name.partition(".")[0] for name in sys.modules})]))
"""


def modules_of_the_core() -> list[str]:
    # Not by pkgutil, which imports every package in order to look into it.
    root = Path(oauthstore_core.__file__).parent
    paths = [path.relative_to(root) for path in root.rglob("*.py")]
    names = [".".join(path.with_suffix("").parts).removesuffix(".__init__") for path in paths]
    return [
        f"oauthstore_core.{name}"
        for name in names
        if name != "__init__" and name.partition(".")[0] not in OF_EXTRAS
    ]


def run(code: str, *arguments: str) -> list[list[str]]:
    done = subprocess.run(  # noqa: S603 - our own fixed code
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=True
    )
    found: list[list[str]] = json.loads(done.stdout)
    return found


def test_no_module_of_the_core_imports_a_driver_or_a_web_framework() -> None:
    names = modules_of_the_core()

    (imported,) = run(IMPORT_ALL, *names)

    assert {"oauthstore_core.audit", "oauthstore_core.stores.routing"} <= set(names)
    assert sorted(FOREIGN & set(imported)) == []


def test_the_package_itself_imports_nothing_but_its_version() -> None:
    code = (
        "import json, sys, oauthstore_core; "
        "print(json.dumps([sorted(n for n in sys.modules if n.startswith('oauthstore_'))]))"
    )

    assert run(code) == [["oauthstore_core", "oauthstore_core._version"]]


def test_opening_stores_imports_no_backend_but_the_one_that_is_named() -> None:
    code = (
        "import json, sys\n"
        "from oauthstore_core.settings import Settings\n"
        "from oauthstore_core.stores import open_stores\n"
        "open_stores(Settings.from_mapping({'store': 'memory://'}))\n"
        "print(json.dumps([sorted(n for n in sys.modules if n.startswith('oauthstore_'))]))"
    )

    (imported,) = run(code)

    assert "oauthstore_core.memory" in imported
    assert "oauthstore_core.audit" not in imported
    assert {name.partition(".")[0] for name in imported} == {"oauthstore_core"}


def test_what_the_edges_share_imports_no_web_framework() -> None:
    names = ["asgi", "embedding", "mounted"]

    (imported,) = run(IMPORT_ALL, *(f"oauthstore_core.integrations.{name}" for name in names))

    assert sorted(FOREIGN & set(imported)) == []
