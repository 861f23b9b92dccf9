"""What may be wrong in a line of code: each condition, step and outcome, changed one at a time."""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import EnumType
from typing import Any, Final

from oauthstore_core import records

__all__ = ["DROPPED", "LATE", "Edit", "edits_of"]

#: What stands in the place of something that an edit takes away.
DROPPED: Final = "(dropped)"
#: What is said of a step that is done after what its function answers.
LATE: Final = "(after the answer)"

#: A comparison's boundary moved, and the comparison inverted.
COMPARISONS: Final[dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]]] = {
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}
#: Calls whose arguments are conditions, or steps of an update.
EACH_ARGUMENT: Final = {"and_", "or_", "ordered_values", "where"}
#: Calls whose keywords are what is written.
EACH_KEYWORD: Final = {"replace", "values"}
#: Parts of a statement that may be left out as a whole.
PARTS: Final = {"desc", "limit", "offset", "order_by", "where", "with_for_update"}
RENAMED: Final = {"is_": "is_not", "is_not": "is_", "max": "min", "min": "max"}
#: Calls that give one of their arguments.
EITHER: Final = {"coalesce", "greatest", "least", "max", "min"}
#: Answers whose last argument is the evidence.
ANSWERS: Final = {"Claim", "Decision", "Poll", "Rotation"}
ENUMS: Final[dict[str, Any]] = {
    name: kind for name, kind in vars(records).items() if isinstance(kind, EnumType)
}
REFUSALS: Final = ("ConflictError", "DuplicateError", "GrantRevokedError")


@dataclass(frozen=True, slots=True)
class Edit:
    """One change: `target`, a node of the tree, becomes `new`."""

    target: ast.AST
    new: ast.AST
    before: str
    after: str
    line: int


def edits_of(node: ast.AST) -> Iterator[Edit]:
    """Yield every edit that begins at this node; those of the nodes below it are not among them."""
    for operator in OPERATORS:
        yield from operator(node)


# --- conditions ---


def _comparisons(node: ast.AST) -> Iterator[Edit]:
    if isinstance(node, ast.Compare) and len(node.ops) == 1:
        for moved in COMPARISONS[type(node.ops[0])]:
            yield _edit(node, ast.Compare(node.left, [moved()], node.comparators))


def _operands(node: ast.AST) -> Iterator[Edit]:
    if isinstance(node, ast.BoolOp):
        for index, operand in enumerate(node.values):
            rest = _without(node.values, index)
            yield _drop(node, rest[0] if len(rest) == 1 else ast.BoolOp(node.op, rest), operand)


def _negations(node: ast.AST) -> Iterator[Edit]:
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.Not, ast.Invert)):
        yield _edit(node, node.operand)


def _forced(node: ast.AST) -> Iterator[Edit]:
    if isinstance(node, ast.If):
        yield _edit(node.test, ast.Constant(value=True))
    if isinstance(node, (ast.If, ast.While)):
        yield _edit(node.test, ast.Constant(value=False))
    if isinstance(node, ast.IfExp):
        yield _edit(node, node.body)
        yield _edit(node, node.orelse)
    if isinstance(node, ast.comprehension):
        for test in node.ifs:
            yield _edit(test, ast.Constant(value=True))


def _conditions_listed(node: ast.AST) -> Iterator[Edit]:
    if isinstance(node, ast.List):
        for index, element in enumerate(node.elts):
            if isinstance(element, ast.Compare) or _called(element) in RENAMED:
                yield _drop(node, ast.List(_without(node.elts, index), node.ctx), element)


def _join_conditions(node: ast.AST) -> Iterator[Edit]:
    if isinstance(node, ast.Call) and _called(node) in {"join", "join_from"}:
        for condition in node.args:
            if isinstance(condition, ast.Compare):
                yield _edit(condition, ast.Compare(condition.left, [ast.Eq()], [condition.left]))


# --- calls, and what is written ---


def _arguments(node: ast.AST) -> Iterator[Edit]:
    if isinstance(node, ast.Call) and _called(node) in EACH_ARGUMENT and len(node.args) > 1:
        for index, argument in enumerate(node.args):
            call = ast.Call(node.func, _without(node.args, index), node.keywords)
            yield _drop(node, call, argument)


def _keywords(node: ast.AST) -> Iterator[Edit]:
    if isinstance(node, ast.Call) and _called(node) in EACH_KEYWORD:
        for index, keyword in enumerate(node.keywords):
            call = ast.Call(node.func, node.args, _without(node.keywords, index))
            yield _drop(node, call, keyword)


def _entries(node: ast.AST) -> Iterator[Edit]:
    for entries in _written(node):
        for index, (name, value) in enumerate(zip(entries.keys, entries.values, strict=True)):
            rest = ast.Dict(_without(entries.keys, index), _without(entries.values, index))
            yield _drop(entries, rest, ast.Dict([name], [value]))


def _written(node: ast.AST) -> Iterator[ast.Dict]:
    if isinstance(node, ast.keyword) and node.arg == "set_" and isinstance(node.value, ast.Dict):
        yield node.value


def _parts(node: ast.AST) -> Iterator[Edit]:
    if isinstance(node, ast.Call) and _called(node) in PARTS and len(node.args) < 2:
        assert isinstance(node.func, ast.Attribute)
        part = ast.Call(ast.Name(node.func.attr), node.args, node.keywords)
        yield _drop(node, node.func.value, part)


def _renamed(node: ast.AST) -> Iterator[Edit]:
    if isinstance(node, ast.Call) and _called(node) in RENAMED:
        name = RENAMED[_called(node)]
        if isinstance(node.func, ast.Attribute):
            called: ast.expr = ast.Attribute(node.func.value, name, ast.Load())
        else:
            called = ast.Name(name, ast.Load())
        yield _edit(node, ast.Call(called, node.args, node.keywords))


def _either(node: ast.AST) -> Iterator[Edit]:
    if isinstance(node, ast.Call) and _called(node) in EITHER and len(node.args) > 1:
        for argument in node.args:
            yield _edit(node, argument)


def _cases(node: ast.AST) -> Iterator[Edit]:
    if isinstance(node, ast.Call) and _called(node) == "case":
        for when in node.args:
            if isinstance(when, ast.Tuple):
                yield _edit(node, when.elts[1])
        for keyword in node.keywords:
            yield _edit(node, keyword.value)


def _terms(node: ast.AST) -> Iterator[Edit]:
    if isinstance(node, ast.BinOp):
        if isinstance(node.op, (ast.Add, ast.Sub, ast.BitAnd)):
            yield _edit(node, node.left)
        if isinstance(node.op, ast.BitAnd):
            yield _edit(node, node.right)


# --- outcomes ---


def _outcomes(node: ast.AST) -> Iterator[Edit]:
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        members = [member.name for member in ENUMS.get(node.value.id, ())]
        if node.attr in members:
            following = members[(members.index(node.attr) + 1) % len(members)]
            yield _edit(node, ast.Attribute(node.value, following, ast.Load()))


def _evidence(node: ast.AST) -> Iterator[Edit]:
    if isinstance(node, ast.Call) and _called(node) in ANSWERS and len(node.args) > 1:
        yield _drop(node, ast.Call(node.func, node.args[:-1], node.keywords), node.args[-1])


def _constants(node: ast.AST) -> Iterator[Edit]:
    if isinstance(node, ast.Constant) and isinstance(node.value, bool):
        yield _edit(node, ast.Constant(not node.value))
    elif isinstance(node, ast.Constant) and isinstance(node.value, int):
        yield _edit(node, ast.Constant(node.value + 1))
    elif isinstance(node, ast.Constant) and node.value == "BEGIN IMMEDIATE":
        yield _edit(node, ast.Constant("BEGIN"))


def _refusals(node: ast.AST) -> Iterator[Edit]:
    if isinstance(node, ast.Call) and _called(node) in REFUSALS:
        other = next(name for name in REFUSALS if name != _called(node))
        # By its module, for the one that is changed may not have imported it.
        module = ast.parse("__import__('oauthstore_core.errors').errors", mode="eval").body
        new = ast.Call(ast.Attribute(module, other, ast.Load()), node.args, node.keywords)
        yield Edit(node, new, _called(node), other, node.lineno)


# --- steps ---


def _steps(node: ast.AST) -> Iterator[Edit]:
    if isinstance(node, (ast.AugAssign, ast.Delete, ast.Raise)) or _acts(node):
        yield _drop(node, ast.Pass(), node)


def _acts(node: ast.AST) -> bool:
    if isinstance(node, ast.Assign):
        return isinstance(node.targets[0], (ast.Attribute, ast.Subscript))
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)


def _locks(node: ast.AST) -> Iterator[Edit]:
    if isinstance(node, ast.With) and _head(node) == "with self._lock:":
        yield _edit(node, ast.If(ast.Constant(value=True), node.body, []))


def _transactions(node: ast.AST) -> Iterator[Edit]:
    if isinstance(node, ast.Call) and _called(node) == "transact":
        assert isinstance(node.func, ast.Attribute)
        alone = ast.Attribute(node.func.value, "run", ast.Load())
        writes = ast.keyword("writes", ast.Constant(value=True))
        yield _edit(node, ast.Call(alone, node.args, [writes]))


def _order(node: ast.AST) -> Iterator[Edit]:
    if not isinstance(node, (ast.FunctionDef, ast.With)):
        return
    answer = node.body[-1]
    if not isinstance(answer, ast.Return) or not any(map(_called, ast.walk(answer))):
        return
    last = ast.Name("_last", ast.Load())
    keep = ast.Assign([ast.Name("_last", ast.Store())], answer.value)
    for index, step in enumerate(node.body):
        if isinstance(step, ast.Expr) and isinstance(step.value, ast.Call):
            late = copy.copy(node)
            late.body = [*_without(node.body[:-1], index), keep, step, ast.Return(last)]
            yield Edit(node, late, _head(step), LATE, step.lineno)


OPERATORS: Final[tuple[Callable[[ast.AST], Iterator[Edit]], ...]] = (
    *(_comparisons, _operands, _negations, _forced, _conditions_listed, _join_conditions),
    *(_arguments, _keywords, _entries, _parts, _renamed, _either, _cases, _terms),
    *(_outcomes, _evidence, _constants, _refusals),
    *(_steps, _locks, _transactions, _order),
)


def _edit(target: ast.AST, new: ast.AST) -> Edit:
    return Edit(target, new, _head(target), _head(new), _line(target))


def _drop(target: ast.AST, new: ast.AST, part: ast.AST) -> Edit:
    return Edit(target, new, _head(part), DROPPED, _line(part))


def _line(node: ast.AST) -> int:
    lines = (getattr(each, "lineno", 0) for each in ast.walk(node))
    return next((line for line in lines if line), 0)


def _head(node: ast.AST) -> str:
    return ast.unparse(node).partition("\n")[0]


def _called(node: ast.AST) -> str:
    if not isinstance(node, ast.Call):
        return ""
    if isinstance(node.func, ast.Attribute):
        return node.func.attr
    return node.func.id if isinstance(node.func, ast.Name) else ""


def _without(items: Sequence[Any], index: int) -> list[Any]:
    return [*items[:index], *items[index + 1 :]]
