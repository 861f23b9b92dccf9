"""The catalogues as files: what must be in each, and how they are written."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import cast

from babel.messages.catalog import Catalog
from babel.messages.mofile import read_mo, write_mo
from babel.messages.pofile import read_po, write_po

from oauthstore_core.translation.catalogues import LOCALE
from oauthstore_core.translation.descriptions import TEMPLATES, find_template

from .extraction import Said, descriptions_of, messages_of_pages, without_names

__all__ = ["all_messages", "paths", "read", "read_compiled", "translations", "update"]

#: Header fields of dates, versions and nobody in particular.
_CHANGING = tuple(
    f'"{name}:'
    for name in (
        *("Project-Id-Version", "Report-Msgid-Bugs-To", "POT-Creation-Date", "PO-Revision-Date"),
        *("Last-Translator", "Language-Team", "Generated-By"),
    )
)


def all_messages() -> set[Said]:
    """Return every message id that the source can say."""
    said = descriptions_of(authlib_s=True) | descriptions_of(authlib_s=False)
    named = {without_names(template): template for template in TEMPLATES}
    fixed = {text for text in said if "{}" not in text and find_template(text) is None}
    return messages_of_pages() | fixed | {named[text] for text in said if "{}" in text}


def paths() -> Sequence[Path]:
    """Return the catalogues' texts."""
    return sorted(LOCALE.glob("*/LC_MESSAGES/*.po"))


def read(path: Path) -> Catalog:
    """Return a catalogue."""
    return read_po(io.BytesIO(path.read_bytes()), locale=path.parents[1].name)


def read_compiled(path: Path) -> Catalog:
    """Return what gettext reads of a catalogue."""
    return read_mo(io.BytesIO(path.with_suffix(".mo").read_bytes()))


def translations(catalogue: Catalog) -> dict[Said, Said]:
    """Return message id to translation."""
    # A message that is new has None.
    return {_plain(message.id): _plain(message.string or "") for message in catalogue if message.id}


def _plain(text: str | Sequence[str]) -> Said:
    """Return a text, or the forms of a plural, as what can be compared."""
    return text if isinstance(text, str) else cast("Said", tuple(text))


def update(path: Path) -> Sequence[str]:
    """Bring a catalogue up to date with the source; return what it does not translate yet."""
    catalogue, template = read(path), Catalog()
    for message in sorted(all_messages(), key=str):
        template.add(message)
    catalogue.update(template, no_fuzzy_matching=True, update_header_comment=False)
    catalogue.obsolete.clear()
    path.write_text(_text(catalogue), encoding="utf-8")
    _compile(path)
    return [
        str(message) for message, told in translations(catalogue).items() if not all((told, *told))
    ]


def _text(catalogue: Catalog) -> str:
    """Return the catalogue without what changes though no text does."""
    written = io.BytesIO()
    write_po(written, catalogue, width=100, sort_output=True, ignore_obsolete=True)
    lines = written.getvalue().decode().strip().splitlines()
    return "\n".join(line for line in lines if not line.startswith(_CHANGING)) + "\n"


def _compile(path: Path) -> None:
    target, catalogue = path.with_suffix(".mo"), read(path)
    if target.is_file() and translations(read_compiled(path)) == translations(catalogue):
        return
    with target.open("wb") as file:
        write_mo(file, catalogue)
