"""The picture of the benchmarks, drawn from the tables of the page: both always tell the same.

``python -m benchmarks picture`` writes it after the tables were changed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Final

__all__ = ["PAGE", "PICTURE", "Bar", "Panel", "draw", "main", "read"]

_DOCS: Final = Path(__file__).parents[1] / "docs"
PAGE: Final = _DOCS / "benchmarks.md"
PICTURE: Final = _DOCS / "benchmarks.svg"

#: Title of the section, first words of what stands above the table, title in the picture.
_CHOSEN: Final = (
    ("Under Flask", "granian with 16 threads, `synchronous=FULL`", "In Flask, SQLite"),
    ("Standalone", "`synchronous=FULL`", "Standalone, SQLite"),
    ("Standalone", "In memory", "Standalone, in memory"),
)
_ROW: Final = re.compile(
    r"^\| (?P<flow>\w+) \| (?P<side>[^|]+?) "
    r"\| (?P<middle>[\d,]+) \((?P<least>[\d,]+)-(?P<most>[\d,]+)\)",
    re.MULTILINE,
)
#: In pixels: the whole, the names before the bars, the numbers behind them, and a line.
_WIDTH, _NAMES, _NUMBERS, _LINE = 760, 230, 70, 22
_STYLE: Final = """
text { font: 13px system-ui, sans-serif; fill: #1b1f23; }
.title { font-weight: 600; font-size: 15px; } .number { font-variant-numeric: tabular-nums; }
.other { fill: #9aa5b1; } .ours { fill: #0f7b6c; } .spread { stroke: #1b1f23; stroke-width: 1; }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3; } .other { fill: #6b7785; } .ours { fill: #4fc3ae; }
  .spread { stroke: #e6edf3; }
}
"""


@dataclass(frozen=True, slots=True)
class Bar:
    """Requests per second of one side in one flow: the median of the rounds, and their spread."""

    flow: str
    side: str
    middle: int
    least: int
    most: int


@dataclass(frozen=True, slots=True)
class Panel:
    """The bars of one table."""

    title: str
    bars: Sequence[Bar]


def read(page: str) -> list[Panel]:
    """Return what is drawn of the page's tables. `ValueError`: a table is not there."""
    parts = re.split(r"^## ", page, flags=re.MULTILINE)
    sections = {part.partition("\n")[0]: part for part in parts}
    return [Panel(title, _bars(sections.get(name, ""), above)) for name, above, title in _CHOSEN]


def _bars(section: str, above: str) -> Sequence[Bar]:
    found = re.search(rf"^{re.escape(above)}.*:\n\n((?:\|.*\n)+)", section, re.MULTILINE)
    if found is None:
        raise ValueError(f"There is no table below {above!r}. Change `_CHOSEN`, or the page.")
    return [
        Bar(row["flow"], row["side"], *(_number(row[name]) for name in ("middle", "least", "most")))
        for row in _ROW.finditer(found[1])
    ]


def _number(text: str) -> int:
    return int(text.replace(",", ""))


def draw(panels: Sequence[Panel]) -> str:
    """Return the picture as SVG."""
    scale = (_WIDTH - _NAMES - _NUMBERS) / max(bar.most for panel in panels for bar in panel.bars)
    lines = [line for panel in panels for line in _lines(panel, scale)]
    parts = [
        f'<g transform="translate(0 {number * _LINE})">{line}</g>'
        for number, line in enumerate(lines)
        if line
    ]
    height = len(lines) * _LINE
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" '
        f'width="{_WIDTH}" height="{height}" role="img" aria-labelledby="title">'
    )
    title = '<title id="title">Requests per second; the tables have the same figures.</title>'
    return "\n".join([head, title, f"<style>{_STYLE}</style>", *parts, "</svg>\n"])


def _lines(panel: Panel, scale: float) -> Iterator[str]:
    """Yield what stands on each line; nothing on one that is left free."""
    yield f'<text class="title" x="0" y="16">{escape(panel.title)}, requests per second</text>'
    flow = ""
    for bar in panel.bars:
        yield _line(bar, bar.flow if bar.flow != flow else "", scale)
        flow = bar.flow
    yield ""


def _line(bar: Bar, flow: str, scale: float) -> str:
    ends = [_NAMES + round(number * scale, 1) for number in (bar.least, bar.middle, bar.most)]
    kind = "ours" if bar.side.startswith("ours") else "other"
    return (
        f'<text x="0" y="15">{escape(flow)}</text><text x="90" y="15">{escape(bar.side)}</text>'
        f'<rect class="{kind}" x="{_NAMES}" y="3" width="{ends[1] - _NAMES:.1f}" height="16"/>'
        f'<line class="spread" x1="{ends[0]}" x2="{ends[2]}" y1="11" y2="11"/>'
        f'<text class="number" x="{ends[2] + 6:.1f}" y="15">{bar.middle:,}</text>'
    )


def main() -> None:
    """Write the picture."""
    PICTURE.write_text(draw(read(PAGE.read_text(encoding="utf-8"))), encoding="utf-8")
