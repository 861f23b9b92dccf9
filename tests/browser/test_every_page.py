"""Every page in a real Chromium: fitting, legible, labelled, and reached by the keyboard."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Any

import pytest

from ..live.server import RunningServer
from .conftest import DESK, PHONE
from .keyboard import press_tab
from .walk import walk

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Page

pytestmark = pytest.mark.browser

WINDOWS = {"phone": PHONE, "desk": DESK}
#: What WCAG 2.2 asks at level AA, and what axe recommends besides.
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
SCHEMES = ("light", "dark")
everywhere = pytest.mark.parametrize(
    "context",
    [
        pytest.param(
            (window, scheme, script), id=f"{name}-{scheme}{'' if script else '-without-javascript'}"
        )
        for (name, window), scheme, script in product(WINDOWS.items(), SCHEMES, (True, False))
    ],
    indirect=True,
)
in_colours = pytest.mark.parametrize(
    "context",
    [
        pytest.param((window, scheme, True), id=f"{name}-{scheme}")
        for (name, window), scheme in product(WINDOWS.items(), SCHEMES)
    ],
    indirect=True,
)
#: Of each element that has the focus: its words, and whether one sees that it has it.
FOCUSED = """() => {
    const element = document.activeElement, style = getComputedStyle(element);
    return {
        words: element.name === 'csrf' ? '' : element.innerText || element.id || element.value,
        ring: style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2,
        box: element.getBoundingClientRect().toJSON(),
    };
}"""
#: How many stops Tab makes: of a group of radio buttons it makes one.
STOPS = """() => {
    const found = [...document.querySelectorAll(
        'a[href], button, input:not([type=hidden]), textarea, pre[tabindex]')];
    const groups = new Set(found.filter(e => e.type === 'radio').map(e => e.name));
    return found.filter(e => e.type !== 'radio').length + groups.size;
}"""


@everywhere
def test_every_page_works_and_none_is_wider_than_its_window(
    context: BrowserContext, server: RunningServer, password: str
) -> None:
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    root = "document.documentElement"
    seen = []

    for name in walk(page, server.issuer, password):
        assert page.evaluate(f"{root}.scrollWidth <= {root}.clientWidth"), name
        assert page.evaluate(f"{root}.lang") == "en"
        seen.append(name)

    assert len(seen) == len(set(seen)) > 20
    # Chromium tells of an answer with 4xx, which four of the pages are; of nothing else.
    assert [
        told for told in complaints if "the server responded with a status of 4" not in told
    ] == []


@in_colours
def test_the_accessibility_engine_finds_nothing_on_any_page(
    context: BrowserContext, server: RunningServer, password: str, axe: str
) -> None:
    page = context.new_page()
    found: list[str] = []

    for name in walk(page, server.issuer, password):
        found += [f"{name}: {told}" for told in violations(page, axe)]

    assert found == []


def test_the_accessibility_engine_finds_what_is_wrong(context: BrowserContext, axe: str) -> None:
    page = context.new_page()
    page.set_content(
        "<html lang=en><title>x</title><main><h1>x</h1>"
        "<input><p style='color: #999; background: #fff'>hard to read</p></main>"
    )

    assert {told.partition(" ")[0] for told in violations(page, axe)} >= {"color-contrast", "label"}


def violations(page: Page, axe: str) -> list[str]:
    """Return what the engine finds on the page, with the element's source."""
    page.evaluate(axe)
    options = {"runOnly": RULES, "resultTypes": ["violations"]}
    result: dict[str, Any] = page.evaluate("options => axe.run(document, options)", options)
    assert result["testEngine"]["name"] == "axe-core"
    assert result["passes"], "It has looked at nothing."
    return [
        f"{violation['id']} {node['html'][:200]}"
        for violation in result["violations"]
        for node in violation["nodes"]
    ]


@pytest.mark.parametrize(
    "context", [(PHONE, "light", True), (DESK, "dark", False)], indirect=True, ids=["phone", "desk"]
)
def test_the_keyboard_reaches_everything_in_order_and_one_sees_where_it_is(
    context: BrowserContext, server: RunningServer, password: str
) -> None:
    page = context.new_page()

    for name in walk(page, server.issuer, password):
        # Where the page has put the focus into a field, Tab would begin behind it.
        page.evaluate("document.body.tabIndex = -1; document.body.focus()")
        stops = [press_tab(page) or page.evaluate(FOCUSED) for _ in range(page.evaluate(STOPS))]

        assert stops[0]["words"] == "Skip to the content", name
        assert [stop["words"] for stop in stops if not stop["ring"]] == [], name
        assert len({str(stop["box"]) for stop in stops}) == len(stops), name
