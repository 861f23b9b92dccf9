"""A folder of the owner's with templates, files and texts in the place of ours.

::

    templates/consent.html    whole, or what it changes: {% extends "oauthstore/consent.html" %}
    static/style.css          or any other file, for templates: {{ static["logo.png"] }}
    texts.toml                [de] "Sign in" = "Einloggen"

It is read once, when the server starts; templates again when they change.
"""

from __future__ import annotations

import difflib
import logging
import re
import tomllib
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from jinja2 import (
    BaseLoader,
    ChoiceLoader,
    Environment,
    FileSystemLoader,
    PackageLoader,
    PrefixLoader,
    TemplateSyntaxError,
    meta,
)

from ..errors import SettingsError
from ..translation import Translate, catalogue_languages, fits, message_ids
from .static_files import MEDIA_TYPES, StaticFile

__all__ = ["Overrides", "load_overrides", "template_loader"]

log = logging.getLogger("oauthstore")

_KNOWN: Final = ("templates", "static", "texts.toml")
#: What needs no quoting in a URL.
_FILE_NAME: Final = re.compile(r"[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)+")
#: What the texts of English are called, which needs no setting.
_ENGLISH: Final = "en"


@dataclass(frozen=True, slots=True)
class Overrides:
    """What a folder holds; nothing by default."""

    templates: Path | None = None
    static_files: Mapping[str, StaticFile] = field(default_factory=dict)
    #: Language tag in lower case to message id to text.
    texts: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def translator(self, otherwise: Translate | None) -> Translate | None:
        """Return what knows these texts, and asks another translator for all else."""
        if not self.texts:
            return otherwise

        def translate(message: str, language: str) -> str | None:
            own = self.texts.get(language.lower(), {}).get(message)
            return otherwise(message, language) if own is None and otherwise else own

        return translate


def template_loader(packages: Iterable[str], folder: Path | None) -> BaseLoader:
    """Return what finds a folder's templates first, then ours; ours also as ``oauthstore/...``."""
    ours = ChoiceLoader([PackageLoader(package) for package in packages])
    own = [] if folder is None else [FileSystemLoader(folder)]
    return ChoiceLoader([*own, ours, PrefixLoader({"oauthstore": ours})])


def load_overrides(
    folder: Path | None, packages: Collection[str], languages: Collection[str] = ()
) -> Overrides:
    """Return what is in the folder. `SettingsError` lists everything that is wrong with it.

    `packages` are those that have our templates; `languages`, besides English,
    those that the server speaks.
    """
    if folder is None:
        return Overrides()
    problems = [*_judge_entries(folder)]
    templates = folder / "templates" if (folder / "templates").is_dir() else None
    if templates is not None:
        problems += _judge_templates(templates, packages)
    static_files = _load_static(folder / "static", problems)
    texts = _load_texts(folder / "texts.toml", languages, problems)
    if problems:
        raise SettingsError([f"`server.pages` ({folder}) {problem}" for problem in problems])
    return Overrides(templates, static_files, texts)


def _visible(folder: Path) -> Iterator[Path]:
    found = sorted(folder.iterdir()) if folder.is_dir() else []
    yield from (path for path in found if not path.name.startswith("."))


def _judge_entries(folder: Path) -> Iterator[str]:
    for path in _visible(folder):
        if path.name not in _KNOWN:
            yield f"has {path.name!r}, which nothing reads. It may have {', '.join(_KNOWN)}."


# --- templates ---


def _judge_templates(folder: Path, packages: Collection[str]) -> Iterator[str]:
    """Yield what would fail when a page is rendered, or never be rendered at all."""
    loader = template_loader(packages, folder)
    environment = Environment(loader=loader, extensions=["jinja2.ext.i18n"], autoescape=True)
    own = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    known = set(loader.list_templates())
    ours = {name.removeprefix("oauthstore/") for name in known if name.startswith("oauthstore/")}
    referred: set[str | None] = set()
    for name in sorted(own):
        try:
            tree = environment.parse((folder / name).read_text(encoding="utf-8"))
        except TemplateSyntaxError as error:
            yield f"has a template that cannot be read: {name}, line {error.lineno}: {error}"
            continue
        found = set(meta.find_referenced_templates(tree))
        referred |= found
        for missing in sorted(str(other) for other in found if other and other not in known):
            yield f"has a template {name} that needs {missing}, which is not there."
    for name in sorted(own - ours - referred):
        near = difflib.get_close_matches(name, ours, n=1)
        advice = f"Did you mean {near[0]}?" if near else f"There are {', '.join(sorted(ours))}."
        yield f"has a template {name}, which no page uses. {advice}"


# --- files ---


def _load_static(folder: Path, problems: list[str]) -> Mapping[str, StaticFile]:
    found = {}
    for path in _visible(folder):
        media_type = MEDIA_TYPES.get(path.suffix.lstrip(".").lower())
        if media_type is None or not _FILE_NAME.fullmatch(path.name):
            problems.append(
                f"has static/{path.name}, which is not served. A name is of letters, digits and "
                f"hyphens and ends in one of {', '.join(sorted(MEDIA_TYPES))}."
            )
        else:
            found[path.name] = StaticFile(path.name, media_type, path.read_bytes())
    return found


# --- texts ---


def _load_texts(
    file: Path, languages: Collection[str], problems: list[str]
) -> Mapping[str, Mapping[str, str]]:
    if not file.is_file():
        return {}
    try:
        tables = tomllib.loads(file.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        problems.append(f"has a texts.toml that cannot be read: {error}")
        return {}
    spoken = {_ENGLISH, *(language.lower() for language in languages)}
    texts = {}
    for language, table in tables.items():
        problems += _judge_table(language, table, spoken)
        texts[language.lower()] = table
    there = {*texts, _ENGLISH, *(language.lower() for language in catalogue_languages())}
    problems += [
        f"has no texts of {language!r}, which `languages` names and which has no catalogue."
        for language in sorted(spoken)
        if language not in there and language.partition("-")[0] not in there
    ]
    return texts


def _judge_table(language: str, table: object, spoken: Collection[str]) -> Iterator[str]:
    if language.lower() not in spoken:
        yield (
            f"has texts of {language!r} in texts.toml, which this server does not speak "
            f"(it speaks {', '.join(sorted(spoken))}). Add it to `languages`, or take them out."
        )
    if not isinstance(table, dict):
        yield f"has {language!r} in texts.toml outside of a table. Put it below a [language]."
        return
    for message, text in table.items():
        if not isinstance(text, str) or not text:
            yield f"has no text for {message!r} ({language}) in texts.toml. Write one, or nothing."
        elif not fits(text, message):
            yield (
                f"has a text for {message!r} ({language}) in texts.toml with other placeholders. "
                "Give it the same ones, and write a single per cent sign as %%."
            )
        elif message not in message_ids() and "%(count)s" not in message:
            # No reason not to start: a template of the owner's may say it, or we said it once.
            log.warning("texts.toml has %r (%s), which no page of ours says.", message, language)
