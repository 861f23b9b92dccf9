"""Mutants of a module: its source with one edit. The file on the disk is never touched."""

from __future__ import annotations

import ast
import copy
import importlib.util
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import CodeType
from typing import Final

from .edits import Edit, edits_of

__all__ = ["Mutant", "mutants_of", "source_of"]

#: Fields of a node that decide nothing when the module runs.
_SILENT: Final = {"annotation", "decorator_list", "returns"}


@dataclass(frozen=True, slots=True)
class Mutant:
    """One edit of one module; equal to any other of the same words in the same function."""

    module: str
    #: The qualified name of the function or class, or of a constant; empty for the rest.
    function: str
    before: str
    after: str
    line: int = field(compare=False)
    tree: ast.Module = field(compare=False, repr=False)
    edit: Edit = field(compare=False, repr=False)
    #: The store that judges it: what one never runs, another may need.
    store: str = ""

    def code(self) -> CodeType:
        """Compile the module with the edit."""
        tree, edit = copy.deepcopy((self.tree, self.edit))
        changed = _Replacement(edit).visit(tree)
        return compile(ast.fix_missing_locations(changed), f"<mutant of {self.module}>", "exec")

    def __str__(self) -> str:
        place = f"{self.module}:{self.line} {self.function}"
        return f"{self.store} {place}: `{self.before}` -> `{self.after}`"


class _Replacement(ast.NodeTransformer):
    def __init__(self, edit: Edit) -> None:
        self._edit = edit

    def visit(self, node: ast.AST) -> ast.AST:
        if node is self._edit.target:
            return ast.copy_location(self._edit.new, node)
        return self.generic_visit(node)


def source_of(module: str) -> str:
    """Return the source of a module that can be imported; it is not imported."""
    found = importlib.util.find_spec(module)
    assert found is not None, f"There is no module {module}: correct `targets.TARGETS`."
    assert found.origin is not None, f"{module} has no source."
    return Path(found.origin).read_text(encoding="utf-8")


def mutants_of(
    module: str, source: str, only: tuple[str, ...] = (), store: str = ""
) -> list[Mutant]:
    """Return every mutant of a module, or those of the functions that begin with one of `only`."""
    tree = ast.parse(source)
    mutants = [
        Mutant(module, function, edit.before, edit.after, edit.line, tree, edit, store)
        for function, node in _nodes(tree, "")
        for edit in edits_of(node)
    ]
    return [mutant for mutant in mutants if not only or mutant.function.startswith(only)]


def _nodes(node: ast.AST, function: str) -> Iterator[tuple[str, ast.AST]]:
    for child in _below(node):
        name = _name_of(child)
        inner = f"{function}.{name}".strip(".")
        # What is set in a constructor is there to be asked for: no condition, no step.
        if not (inner.endswith("__init__") and isinstance(child, ast.Assign)):
            yield inner, child
        yield from _nodes(child, inner)


def _name_of(node: ast.AST) -> str:
    """Return the name of a function, a class or a constant; what has none is its owner's."""
    if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
        return node.name
    if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
        return node.target.id
    return ""


def _below(node: ast.AST) -> Iterator[ast.AST]:
    """Yield the children that decide: no text of an error, no annotation, no place in a row."""
    if isinstance(node, ast.JoinedStr) or _refuses(node):
        return
    for name, value in ast.iter_fields(node):
        if name in _SILENT or (name == "slice" and isinstance(value, (ast.Constant, ast.Slice))):
            continue
        children = value if isinstance(value, list) else [value]
        yield from (child for child in children if isinstance(child, ast.AST))


def _refuses(node: ast.AST) -> bool:
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
        return False
    return node.func.id.endswith("Error")
