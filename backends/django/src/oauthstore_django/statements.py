"""What the ORM has no words for: an INSERT that yields, and an UPDATE that returns its rows.

Conditions, changes and columns are the ORM's all the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, TypeVar

from django.db.models import Field, Model, QuerySet
from django.db.models.sql import UpdateQuery

from oauthstore_core.records import Purged

from .connections import OwnConnection
from .store import Store

__all__ = [
    "Purge",
    "changed",
    "first",
    "inserted",
    "insertion",
    "loaded",
    "removed",
    "stored",
    "table",
    "upserted",
]

M = TypeVar("M", bound=Model)


def first(found: Iterable[M]) -> M | None:
    """Return the first row, None where there is none."""
    return next(iter(found), None)


def stored(model: type[M], lent: OwnConnection) -> QuerySet[M]:
    """Return all rows of the model on this connection."""
    return model._base_manager.using(lent.alias)


def table(model: type[Model]) -> str:
    """Return the name of the model's table, quoted."""
    return f'"{model._meta.db_table}"'


def removed(found: QuerySet[M], lent: OwnConnection) -> int:
    """Remove the rows in one statement, which `delete` is not; return how many there were."""
    return found._raw_delete(lent.alias)


def insertion(row: Model, lent: OwnConnection) -> tuple[str, str, list[Any]]:
    """Return what an INSERT of the row begins with, its placeholders, and their values."""
    columns: Sequence[Field[Any, Any]] = row._meta.concrete_fields
    names = ", ".join(f'"{field.column}"' for field in columns)
    values = [field.get_db_prep_save(getattr(row, field.attname), lent) for field in columns]
    return f"INSERT INTO {table(type(row))} ({names})", ", ".join(["%s"] * len(columns)), values


def inserted(row: Model, lent: OwnConnection) -> bool:
    """Insert the row, and tell whether its key was free, and every other that is unique."""
    head, marks, values = insertion(row, lent)
    return lent.count(f"{head} VALUES ({marks}) ON CONFLICT DO NOTHING", values) > 0


def upserted(row: M, lent: OwnConnection, change: str, parameters: Sequence[Any] = ()) -> list[M]:
    """Insert the row, or change the one of its key; return what was written.

    In the change, the table's name stands before what is stored, and `excluded`
    before what was to be inserted.
    """
    head, marks, values = insertion(row, lent)
    key = row._meta.pk.column
    sql = f'{head} VALUES ({marks}) ON CONFLICT ("{key}") DO UPDATE {change} RETURNING *'
    return loaded(type(row), lent, sql, [*values, *parameters])


def changed(
    found: QuerySet[M],
    lent: OwnConnection,
    changes: dict[str, Any],
    returning: str = "*",
    parameters: Sequence[Any] = (),
) -> list[M]:
    """Change the rows that fulfil the conditions, in one statement; return them as they become."""
    query: Any = found.query.chain(UpdateQuery)
    query.add_update_values(changes)
    sql, values = query.get_compiler(connection=lent).as_sql()
    return loaded(found.model, lent, f"{sql} RETURNING {returning}", [*values, *parameters])


def loaded(model: type[M], lent: OwnConnection, sql: str, parameters: Sequence[Any]) -> list[M]:
    """Run a statement that returns rows of the model; what is no column becomes an attribute.

    `Manager.raw` does so, too, but not where the primary key has two columns.
    """
    with lent.cursor() as cursor:
        cursor.execute(sql, parameters)
        names = [column[0] for column in cursor.description]
        return [_made(model, lent, names, values) for values in cursor.fetchall()]


def _made(model: type[M], lent: OwnConnection, names: Sequence[str], values: Sequence[Any]) -> M:
    row = model()
    fields = {field.column: field for field in model._meta.concrete_fields}
    for name, value in zip(names, values, strict=True):
        if name not in fields:
            setattr(row, name, value)
            continue
        converted = value
        for convert in fields[name].get_db_converters(lent):
            converted = convert(converted, None, lent)
        setattr(row, fields[name].attname, converted)
    return row


class Purge:
    """Removes the rows of a table whose deadline has come, the longest due first.

    Any number of runners may be at it: each DELETE chooses its rows itself, and leaves
    to others what they hold.
    """

    def __init__(self, store: Store, model: type[Model], deadline: str) -> None:
        self._store = store
        keys = ", ".join(f'"{field.column}"' for field in model._meta.pk_fields)
        due = (
            f'SELECT {keys} FROM {table(model)} WHERE "{deadline}" <= %s'  # noqa: S608 - our names
            f' ORDER BY "{deadline}" LIMIT %s'
        )
        self._due = due
        self._delete = (
            f"DELETE FROM {table(model)} WHERE ({keys}) IN"  # noqa: S608 - the same
            f" (WITH due AS ({due} {store.engine.skip_locked}) SELECT {keys} FROM due)"
        )

    def __call__(self, now: int, limit: int) -> Purged:
        count = self._store.write(lambda lent: lent.count(self._delete, (now, limit)))
        more = count >= limit and bool(
            self._store.read(lambda lent: lent.rows(self._due, (now, 1)))
        )
        return Purged(count, more)
