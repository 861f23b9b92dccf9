"""The code blocks of a document in reStructuredText, and what is edited in them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent

__all__ = ["Block", "Edit", "edited", "read_blocks", "read_plain_blocks"]

#: How a line of Python begins at the margin, or behind it; a bullet is none.
_CODE = re.compile(r"(from|import|class|def) |@|\w+ = |#|[ \t]+[^\s•]")


@dataclass(frozen=True)
class Block:
    """Some lines of code."""

    #: Of its first line, counted from 1.
    line: int
    text: str


@dataclass(frozen=True)
class Edit:
    """A line that is written otherwise, as a person would who moves over."""

    line: int
    text: str
    instead: str
    reason: str


def read_blocks(document: Path) -> Sequence[Block]:
    """Return the literal blocks: what is indented behind a line that ends with two colons."""
    return list(_blocks(document.read_text(encoding="utf-8").splitlines()))


def _blocks(lines: Sequence[str]) -> Iterator[Block]:
    number = 0
    while number < len(lines):
        line = lines[number]
        number += 1
        if not line.endswith("::") or line.lstrip().startswith(".. "):
            continue
        start, outer = number, _indent(line)
        while number < len(lines) and (not lines[number] or _indent(lines[number]) > outer):
            number += 1
        blank = next(i for i in range(start, number) if lines[i])
        yield Block(blank + 1, dedent("\n".join(lines[blank:number])))


def read_plain_blocks(document: Path) -> Sequence[Block]:
    """Return the code of a document that has lost its markup: runs of lines that are Python."""
    found: list[tuple[int, list[str]]] = []
    is_open = False
    for number, line in enumerate(document.read_text(encoding="utf-8").splitlines(), 1):
        is_code = _CODE.match(line) is not None
        if is_code and not is_open:
            found.append((number, []))
        is_open = is_code or (is_open and not line.strip())
        if is_open:
            found[-1][1].append(line)
    return [Block(number, "\n".join(lines).rstrip()) for number, lines in found]


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def edited(block: Block, edits: Sequence[Edit], replaced: tuple[str, str]) -> str:
    """Return the block's code with its edits and with the prefix replaced."""
    lines = block.text.splitlines()
    for edit in edits:
        number = edit.line - block.line
        if 0 <= number < len(lines):
            assert lines[number].strip() == edit.text, f"line {edit.line} is {lines[number]!r}"
            indent = lines[number][: _indent(lines[number])]
            lines[number] = indent + edit.instead if edit.instead else ""
    return "\n".join(lines).replace(*replaced)
