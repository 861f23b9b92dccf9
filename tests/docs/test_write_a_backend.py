"""The guide for authors of backends: it quotes code that runs, and leaves no hook out."""

from __future__ import annotations

import ast
import re
import textwrap
import tomllib
from dataclasses import fields
from pathlib import Path

import pytest

from oauthstore_core import errors, hookspecs
from oauthstore_core.backends import Capabilities
from oauthstore_core.hookspecs import ROLES
from oauthstore_core.plugins.hooks import hooks_of
from oauthstore_core.settings import Settings
from oauthstore_core.testing.address import StoreAddress
from oauthstore_core.testing.summary import ENDINGS

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs/write-a-backend.md"
TEXT = PAGE.read_text(encoding="utf-8")
HOOKSPECS = "oauthstore_core/hookspecs.py"
BLOCK = re.compile(
    r"^(?:<!-- (?P<source>[^\n]*) -->\n)?^```(?P<language>\w*)\n(?P<code>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
BLOCKS = [match.groupdict() for match in BLOCK.finditer(TEXT)]
SIGNATURES = re.compile(re.escape(HOOKSPECS) + ": signatures of (?P<protocol>\\w+)")
QUOTES = [b for b in BLOCKS if b["source"] and not SIGNATURES.fullmatch(b["source"])]
REFERENCE = {
    found["protocol"]: block["code"]
    for block in BLOCKS
    if block["source"] and (found := SIGNATURES.fullmatch(block["source"]))
}


def stands_in(code: str, source: str) -> bool:
    """Tell whether the code stands in the source as it is, but for how far it is indented."""
    lines = f"\n{source}"
    return any(f"\n{textwrap.indent(code, ' ' * width)}" in lines for width in (0, 4, 8))


def headers(code: str) -> list[str]:
    """Return the functions of a class or module without decorators, docstrings and bodies."""
    functions = [node for node in ast.walk(ast.parse(code)) if isinstance(node, ast.FunctionDef)]
    for function in functions:
        function.decorator_list = []
        function.body = [ast.Expr(ast.Constant(...))]
    return [ast.unparse(function) for function in functions]


def kit_source() -> str:
    paths = (ROOT / "oauthstore_core/testing").rglob("*.py")
    return "\n".join(path.read_text(encoding="utf-8") for path in paths)


def author_gives() -> set[str]:
    """Return the fixtures that the kit asks the author for."""
    asked = r'(?:find|getfixturevalue)\("(\w+)"|"(store_address)"|(store_address): StoreAddress'
    return {name for groups in re.findall(asked, kit_source()) for name in groups if name}


def limits() -> set[str]:
    """Return the variables that tell the kit how often."""
    return set(re.findall(r"OAUTHSTORE_TEST_\w+", kit_source()))


def protocols() -> dict[str, str]:
    """Return the source of each Protocol of the contract, by name."""
    source = (ROOT / HOOKSPECS).read_text(encoding="utf-8")
    classes = [node for node in ast.parse(source).body if isinstance(node, ast.ClassDef)]
    return {node.name: ast.get_source_segment(source, node) or "" for node in classes}


@pytest.mark.parametrize("quote", QUOTES, ids=lambda quote: quote["code"].splitlines()[0])
def test_a_quote_stands_in_its_source_word_for_word(quote: dict[str, str]) -> None:
    source = (ROOT / quote["source"]).read_text(encoding="utf-8")

    assert stands_in(quote["code"], source)


def test_all_code_is_quoted_and_from_the_example_or_the_contract() -> None:
    for block in BLOCKS:
        assert block["language"] == "text" or block["source"], block["code"]
    for quote in QUOTES:
        assert quote["source"] == HOOKSPECS or quote["source"].startswith("examples/")
    assert TEXT.count("```") == 2 * len(BLOCKS)
    assert TEXT.count("<!--") == len(QUOTES) + len(REFERENCE)


@pytest.mark.parametrize("protocol", protocols())
def test_the_reference_has_every_hook_of_a_role_with_its_exact_signature(protocol: str) -> None:
    assert headers(REFERENCE[protocol]) == headers(protocols()[protocol])


def test_the_reference_has_every_hook_that_the_core_calls() -> None:
    quoted = "\n".join(REFERENCE.values())

    for role in ROLES:
        for hook in hooks_of(role):
            assert f"def {hook}(" in quoted


def test_every_choice_is_explained() -> None:
    store_errors = [
        name for name in errors.__all__ if issubclass(getattr(errors, name), errors.StoreError)
    ]
    seams = {field.name for field in fields(StoreAddress)} - {"plugin", "url", "options"}
    capabilities = [field.name for field in fields(Capabilities)]

    for name in [*store_errors, *seams, *capabilities, *ROLES, *author_gives(), *limits()]:
        assert f"`{name}`" in TEXT
    assert author_gives() >= {"store_address", "raw_dump"}
    assert "OAUTHSTORE_TEST_ROUNDS" in limits()
    for ending in ENDINGS:
        assert f"\n| {ending} | " in TEXT
    assert set(REFERENCE) <= set(hookspecs.__all__)


def test_the_settings_have_no_problem() -> None:
    (text,) = (block["code"] for block in BLOCKS if block["code"].startswith("[oauthstore."))
    settings = Settings.from_mapping(tomllib.loads(text)["oauthstore"])

    assert settings.stores[settings.roles["nonces"]].scheme == "lmdb"


def test_every_link_leads_to_a_file() -> None:
    links = [link for link in re.findall(r"\]\(([^)]+)\)", TEXT) if "://" not in link]

    assert links
    for link in links:
        assert (PAGE.parent / link).is_file()


def test_what_differs_is_no_quote() -> None:
    source = "class A:\n    def b(self) -> int:\n        return 1\n"

    assert stands_in("def b(self) -> int:\n    return 1\n", source)
    for changed in ("def b(self) -> int:\n    return 2\n", "b(self) -> int:\n    return 1\n"):
        assert not stands_in(changed, source)
    assert headers("def b(self, now: int) -> int: ...") != headers(
        "def b(self, then: int) -> int: ..."
    )
