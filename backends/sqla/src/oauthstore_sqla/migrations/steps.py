"""Steps of migrations that may be repeated: on MySQL each commits for itself.

Elsewhere a migration is one transaction; there, one that was killed halfway is
run again from its beginning.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import sqlalchemy as sa
from alembic import op

__all__ = ["add_column", "columns_of", "create_table"]

#: MySQL's indexes of two or more identifiers hold but the beginning of all but the last.
_PREFIX: Final = 255
_LONG: Final = ("client_id", "owner", "subject")


def columns_of(table: str) -> set[str]:
    """Return the names of the table's columns; none where there is no table."""
    inspector = sa.inspect(op.get_bind())
    return (
        {c["name"] for c in inspector.get_columns(table)} if inspector.has_table(table) else set()
    )


def add_column(table: str, column: sa.Column[Any]) -> None:
    """Add the column to the table, unless it is there."""
    if column.name not in columns_of(table):
        op.add_column(table, column)


def create_table(
    name: str,
    *columns: sa.Column[Any],
    key: Sequence[str],
    indexes: Mapping[str, Sequence[str]],
    unique: Sequence[str] = (),
    **options: Any,
) -> None:
    """Create the table, and of its indexes (by name, without the table's) what is missing."""
    if not columns_of(name):
        op.create_table(name, *columns, sa.PrimaryKeyConstraint(*key), **options)
    inspector = sa.inspect(op.get_bind())
    there = {index["name"] for index in inspector.get_indexes(name)}
    for suffix, of in indexes.items():
        index = f"{name}_{suffix}"
        if index not in there:
            prefixes = {column: _PREFIX for column in of[:-1] if column in _LONG}
            op.create_index(
                index,
                name,
                list(of),
                unique=suffix in unique,
                mysql_length=prefixes,
                mariadb_length=prefixes,
            )
