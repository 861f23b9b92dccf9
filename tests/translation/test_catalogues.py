"""The catalogues: complete, sound, and compiled as they are written."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from babel.messages.checkers import checkers

from oauthstore_core.translation import catalogue_languages
from oauthstore_core.translation.descriptions import TEMPLATES, find_template

from . import catalogues
from .extraction import descriptions_of, messages_of_pages, templates_of, without_names

PATHS = catalogues.paths()
#: What stands between tags and placeholders in a template, once its own code is gone.
CODE = re.compile(r"{% trans .*?{% endtrans %}|{%.*?%}|{{.*?}}|<[^>]*>", re.DOTALL)
each_catalogue = pytest.mark.parametrize("path", PATHS, ids=lambda path: path.parents[1].name)


def test_there_is_a_catalogue_of_german() -> None:
    assert catalogue_languages() == ("de",)
    assert [path.parents[1].name for path in PATHS] == ["de"]


@each_catalogue
def test_a_catalogue_has_every_message_of_the_source_and_no_other(path: Path) -> None:
    found = set(catalogues.translations(catalogues.read(path)))

    # `python -m tests.translation` brings a catalogue up to date.
    assert found == catalogues.all_messages()


@each_catalogue
def test_every_message_is_translated(path: Path) -> None:
    told = catalogues.translations(catalogues.read(path))

    assert [message for message, text in told.items() if not all((text, *text))] == []
    assert not any(message.fuzzy for message in catalogues.read(path) if message.id)


@each_catalogue
def test_placeholders_tags_and_numbers_of_forms_agree(path: Path) -> None:
    catalogue = catalogues.read(path)
    for message in catalogue:
        for check in checkers if message.id else ():
            check(catalogue, message)
        if isinstance(message.id, str) and message.id:
            assert _marks(str(message.string)) == _marks(message.id)


def _marks(text: str) -> list[str]:
    return sorted(re.findall(r"%\(\w+\)s|<[^>]*>|%(?!\()", text))


@each_catalogue
def test_what_gettext_reads_is_what_is_written(path: Path) -> None:
    written = catalogues.translations(catalogues.read(path))

    assert catalogues.translations(catalogues.read_compiled(path)) == written


def test_the_templates_of_descriptions_are_those_of_the_source() -> None:
    said = descriptions_of(authlib_s=True) | descriptions_of(authlib_s=False)

    assert {without_names(template) for template in TEMPLATES} == {s for s in said if "{}" in s}


def test_no_template_takes_another_one_s_description() -> None:
    for template in TEMPLATES:
        names = re.findall(r"%\((\w+)\)s", template)
        values = {name: f"<{name}>" for name in names}

        assert find_template(template % values) == (template, values)


def test_the_extraction_finds_what_authlib_and_the_pages_are_known_to_say() -> None:
    theirs, ours = descriptions_of(authlib_s=True), descriptions_of(authlib_s=False)

    assert "Invalid 'code' in request." in theirs
    assert "response_type={} is not supported" in theirs
    assert len(theirs) > 80
    assert {'missing "{}" in parameters', "OAuth 1 MUST utilize https."} <= theirs
    assert "The code or refresh token is not valid." in ours
    assert "The query is not UTF-8." in ours
    assert "The Authorization header cannot be read." in ours
    # What a class hands on to a parent that takes no description.
    assert "oauth_consumer_key" not in ours
    assert {"Not you?", "There is no such page", "Allow %(name)s?"} <= messages_of_pages()


@pytest.mark.parametrize("path", templates_of(), ids=lambda path: path.name)
def test_a_template_has_no_words_that_are_not_marked(path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    source = re.sub(r"{% trans\b.*?{% endtrans %}|<pre.*?</pre>", "", source, flags=re.DOTALL)
    left = CODE.sub(" ", source)

    assert set(re.findall(r"[A-Za-z]{2,}", left)) <= {"demo"}
