from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

from .distributions import Distribution

#: Files that are longer than 400 lines, each with its reason.
LONG_FILES = {"noxfile.py": "the one entry point, which must run before anything can be imported"}
#: What a bare installation does not bring, and what no import of the core may ask for.
HEAVY = {
    *("argon2", "click", "httptools", "jinja2", "rich", "uvicorn", "uvloop"),
    *("django", "fastapi", "flask", "starlette"),
    *("pymongo", "redis", "sqlalchemy"),
    *("hypothesis", "pytest"),
}
IGNORED = {".bootstrap", ".git", ".nox", ".venv", "build", "dist", "node_modules"}


def _python_files(root: Path) -> list[Path]:
    files = (path.relative_to(root) for path in root.rglob("*.py"))
    return [path for path in files if IGNORED.isdisjoint(path.parts)]


def test_no_file_grows_beyond_400_lines_without_a_listed_reason(root: Path) -> None:
    long = {
        path.as_posix()
        for path in _python_files(root)
        if len((root / path).read_text().splitlines()) > 400
    }

    assert long == set(LONG_FILES)


def test_no_module_is_named_after_nothing(root: Path) -> None:
    names = {path.stem for path in _python_files(root)}

    assert names.isdisjoint({"base", "common", "helpers", "misc", "util", "utils"})


def test_every_public_name_of_a_module_is_in_its_all(distribution: Distribution) -> None:
    missing = {}
    for path in sorted(distribution.package.rglob("*.py")):
        if not _is_private(path.relative_to(distribution.package)):
            tree = ast.parse(path.read_text())
            missing[str(path)] = _public_definitions(tree) - _exported(tree)

    assert {name: names for name, names in missing.items() if names} == {}


def test_every_name_in_an_all_is_there(distribution: Distribution) -> None:
    missing = {}
    for path in sorted(distribution.package.rglob("*.py")):
        tree = ast.parse(path.read_text())
        missing[str(path)] = _exported(tree) - _bound(tree)

    assert {name: names for name, names in missing.items() if names} == {}


def test_importing_the_core_asks_for_no_driver_and_no_framework() -> None:
    program = f"import sys, oauthstore_core; print(*{HEAVY!r} & set(sys.modules))"

    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == []


def _is_private(path: Path) -> bool:
    # A command line is called, a migration is found by its revision; of the kit's contract classes
    # only the whole ones are for others, and its broken backends for nobody.
    folders = {"cli", "contracts", "migrations", "sabotage"}
    private = any(part.startswith("_") and part != "__init__.py" for part in path.parts)
    return private or not folders.isdisjoint(path.parts)


def _public_definitions(tree: ast.Module) -> set[str]:
    kinds = (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    names = {node.name for node in tree.body if isinstance(node, kinds)}
    return {name for name in names if not name.startswith("_")}


def _exported(tree: ast.Module) -> set[str]:
    for node in tree.body:
        if isinstance(node, ast.Assign) and _names(node) == {"__all__"}:
            return set(ast.literal_eval(node.value))
    return set()


def _names(node: ast.Assign) -> set[str]:
    return {target.id for target in node.targets if isinstance(target, ast.Name)}


def _bound(tree: ast.Module) -> set[str]:
    bound = _public_definitions(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign):
            bound |= _names(node)
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            bound.add(node.target.id)
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            bound |= {alias.asname or alias.name for alias in node.names}
    return bound
