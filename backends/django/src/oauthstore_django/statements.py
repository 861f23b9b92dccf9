"""What the ORM has no words for, or takes long to find them, as on each request.

That is an INSERT that yields, an UPDATE that returns its rows, and the look-up of
one row. Other conditions and changes are the ORM's, and so are all columns.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
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
    "inserted_all",
    "insertion",
    "loaded",
    "looked_up",
    "looked_up_with",
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


@cache
def _columns(model: type[Model]) -> str:
    return ", ".join(f'{table(model)}."{field.column}"' for field in model._meta.concrete_fields)


def looked_up(model: type[M], lent: OwnConnection, **key: str) -> M | None:
    """Return the row whose columns have these values, None where there is none."""
    where, values = _condition(model, lent, key)
    sql = f"SELECT {_columns(model)} FROM {table(model)} WHERE {where}"  # noqa: S608 - our names
    return next((_row(model, lent, found) for found in lent.rows(sql, values)), None)


def looked_up_with(model: type[M], relation: str, lent: OwnConnection, **key: str) -> M | None:
    """Return the row as `looked_up` does, with the row that it refers to, in one statement."""
    field: Any = model._meta.get_field(relation)
    other: type[Model] = field.related_model
    where, values = _condition(model, lent, key)
    sql = (
        f"SELECT {_columns(model)}, {_columns(other)} FROM {table(model)} JOIN {table(other)}"  # noqa: S608 - the same
        f' ON {table(model)}."{field.column}" = {table(other)}."{other._meta.pk.column}"'
        f" WHERE {where}"
    )
    own = len(model._meta.concrete_fields)
    for found in lent.rows(sql, values):
        row = _row(model, lent, found[:own])
        field.set_cached_value(row, _row(other, lent, found[own:]))
        return row
    return None


def _condition(
    model: type[Model], lent: OwnConnection, key: Mapping[str, str]
) -> tuple[str, list[Any]]:
    fields: Sequence[Any] = [model._meta.get_field(name) for name in key]
    values = [field.get_db_prep_save(key[field.name], lent) for field in fields]
    return " AND ".join(f'{table(model)}."{field.column}" = %s' for field in fields), values


@cache
def _head(model: type[Model]) -> tuple[str, str]:
    columns: Sequence[Field[Any, Any]] = model._meta.concrete_fields
    names = ", ".join(f'"{field.column}"' for field in columns)
    return f"INSERT INTO {table(model)} ({names})", ", ".join(["%s"] * len(columns))


def insertion(row: Model, lent: OwnConnection) -> tuple[str, str, list[Any]]:
    """Return what an INSERT of the row begins with, its placeholders, and their values."""
    columns: Sequence[Field[Any, Any]] = row._meta.concrete_fields
    values = [field.get_db_prep_save(getattr(row, field.attname), lent) for field in columns]
    return *_head(type(row)), values


def inserted_all(rows: Sequence[Model], lent: OwnConnection) -> None:
    """Insert the rows in one statement. The database's `IntegrityError`: a key is taken."""
    head, marks = _head(type(rows[0]))
    values = [value for row in rows for value in insertion(row, lent)[2]]
    lent.count(f"{head} VALUES {', '.join([f'({marks})'] * len(rows))}", values)


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
    columns, others = _places(model, tuple(names))
    row = _row(model, lent, [values[place] for place in columns])
    for name, place in others:
        setattr(row, name, values[place])
    return row


@cache
def _places(
    model: type[Model], names: tuple[str, ...]
) -> tuple[Sequence[int], Sequence[tuple[str, int]]]:
    """Return where the model's columns stand, in its order, and what stands there besides."""
    columns = [field.column for field in model._meta.concrete_fields]
    others = [(name, place) for place, name in enumerate(names) if name not in columns]
    return [names.index(column) for column in columns], others


def _row(model: type[M], lent: OwnConnection, values: Sequence[Any]) -> M:
    """Return the row of values in the order of the model's columns."""
    converted = [
        value if convert is None else convert(value, None, lent)
        for convert, value in zip(_converters(model), values, strict=True)
    ]
    return model(*converted)


@cache
def _converters(model: type[Model]) -> Sequence[Callable[[Any, Any, Any], Any] | None]:
    """Return what makes a field's value of what the driver answers: our fields need no more."""
    fields = [getattr(field, "target_field", field) for field in model._meta.concrete_fields]
    return [getattr(field, "from_db_value", None) for field in fields]


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
