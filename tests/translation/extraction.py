"""The message ids that the source can say, read from it.

Of pages: the calls of `Message` and `Plural`, and the templates. Of error
descriptions: what Authlib's error classes and ours are made with, with a
placeholder for each value that is put in.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import pkgutil
import re
import warnings
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import authlib
from authlib.oauth1.rfc5849.errors import OAuth1Error
from authlib.oauth2 import OAuth2Error
from jinja2 import Environment

import oauthstore_core

__all__ = [
    "Said",
    "descriptions_of",
    "django_templates",
    "messages_of_pages",
    "templates_of",
    "without_names",
]

#: A message id; a singular and its plural.
Said = str | tuple[str, str]

OURS = Path(oauthstore_core.__file__).parent
AUTHLIB = Path(authlib.__file__).parent
#: Where the classes of errors are.
ERRORS = (
    *("authlib.oauth1", "authlib.oauth2", "authlib.oidc"),
    *("oauthstore_core.oauth1", "oauthstore_core.oauth2"),
)
#: Whoever registers a client reads these, in a program or on the command line: no client does.
NOT_TOLD = {"client_changes.py", "registration.py"}
#: What is not put into a description as it comes, but is one of few words.
WORDS = {"what": ("query", "form"), "told": ("A parameter more than once", "Multiple '{}'")}
_SAID = re.compile(r"""\{% say ("|')(.+?)\1[ %]""")


# --- pages ---


def messages_of_pages() -> set[Said]:
    """Return what the templates and the pages' code say."""
    found: set[Said] = set()
    for path in OURS.rglob("*.py"):
        found.update(_marked(ast.parse(path.read_text(encoding="utf-8"))))
    for path in templates_of():
        found.update(_in_template(path))
    for path in django_templates():
        found.update(text for _, text in _SAID.findall(path.read_text(encoding="utf-8")))
    return found


def templates_of() -> Sequence[Path]:
    """Return our templates."""
    return sorted(OURS.rglob("templates/*.html"))


def django_templates() -> Sequence[Path]:
    """Return the templates of Django's pages, which say texts by a tag."""
    return sorted((OURS / "integrations/django/templates").rglob("*.html"))


def _marked(tree: ast.AST) -> Iterator[Said]:
    for call in _calls(tree):
        texts = [a.value for a in call.args if isinstance(a, ast.Constant)]
        if _name(call.func) == "Message" and texts:
            yield texts[0]
        if _name(call.func) == "Plural":
            yield texts[0], texts[1]


def _in_template(path: Path) -> Iterator[Said]:
    environment = Environment(extensions=["jinja2.ext.i18n"], autoescape=True)
    environment.policies["ext.i18n.trimmed"] = True
    extract: Any = environment
    for _, _, message in extract.extract_translations(path.read_text(encoding="utf-8")):
        yield message


# --- error descriptions ---


def descriptions_of(*, authlib_s: bool) -> set[str]:
    """Return the error descriptions of Authlib's server side or of ours; ``{}`` for a value."""
    if authlib_s:
        folders = ("oauth1", "oauth2", "oidc")
        roots, left_out = [AUTHLIB / name for name in folders], set[str]()
    else:
        folders = ("oauth1", "oauth2", "integrations", "introspection")
        roots, left_out = [OURS / "http.py", *(OURS / name for name in folders)], NOT_TOLD
    constructors = _constructors()
    found: set[str] = set()
    for path in _python_files(roots):
        if path.name not in left_out:
            for node in _described(ast.parse(path.read_text(encoding="utf-8")), constructors):
                found.update(_texts(node))
    return found


def without_names(message: str) -> str:
    """Return a message id with ``{}`` for each placeholder."""
    return re.sub(r"%\(\w+\)s", "{}", message)


def _python_files(roots: Iterable[Path]) -> Iterator[Path]:
    for root in roots:
        yield from sorted(root.rglob("*.py")) if root.is_dir() else [root]


def _constructors() -> dict[str, int | None]:
    """Return each error class, and at which place it takes its description."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name in ERRORS:
            package = importlib.import_module(name)
            for module in pkgutil.walk_packages(package.__path__, f"{name}."):
                importlib.import_module(module.name)
    found: dict[str, int | None] = {"MalformedRequestError": 0}
    for kind in (*_with_subclasses(OAuth1Error), *_with_subclasses(OAuth2Error)):
        names = list(inspect.signature(kind.__init__).parameters)[1:]
        found[kind.__name__] = names.index("description") if "description" in names else None
    return found


def _with_subclasses(kind: type) -> Iterator[type]:
    yield kind
    for below in kind.__subclasses__():
        yield from _with_subclasses(below)


def _described(tree: ast.AST, constructors: dict[str, int | None]) -> Iterator[ast.expr]:
    """Yield what becomes a description: arguments, attributes of classes, assignments."""
    for call in _calls(tree):
        name = _name(call.func)
        if name in constructors:
            yield from _argument(call, constructors[name])
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef) and node.name in constructors:
            yield from _own(node)
            yield from _handed_on(node, constructors)
        if isinstance(node, ast.Assign) and _name(node.targets[0]) == "description":
            yield node.value


def _argument(call: ast.Call, place: int | None) -> Iterator[ast.expr]:
    yield from (call.args[place : place + 1] if place is not None else ())
    yield from (keyword.value for keyword in call.keywords if keyword.arg == "description")


def _handed_on(node: ast.ClassDef, constructors: dict[str, int | None]) -> Iterator[ast.expr]:
    """Yield what a class of errors gives its parent, which need not take a description."""
    places = [constructors.get(_name(parent) or "") for parent in node.bases]
    for call in _calls(node):
        if _name(call.func) == "__init__":
            yield from _argument(call, places[0])


def _own(node: ast.ClassDef) -> Iterator[ast.expr]:
    for part in node.body:
        if isinstance(part, ast.FunctionDef) and part.name == "get_error_description":
            returns = (r for r in ast.walk(part) if isinstance(r, ast.Return))
            yield from (r.value for r in returns if r.value is not None)


def _texts(node: ast.expr) -> set[str]:
    """Return the texts that an expression stands for; none where they come from elsewhere."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value:
        return {node.value}
    if not isinstance(node, ast.JoinedStr):
        return set()
    found = {""}
    for part in node.values:
        if isinstance(part, ast.Constant):
            choices: Sequence[str] = (str(part.value),)
        else:
            value = part.value if isinstance(part, ast.FormattedValue) else part
            choices = WORDS.get(_name(value) or "", ("{}",))
        found = {text + choice for text in found for choice in choices}
    return found


def _calls(tree: ast.AST) -> Iterator[ast.Call]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.Call))


def _name(node: ast.expr) -> str | None:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else None
