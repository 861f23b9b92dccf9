"""The statements that a store really sends, and how each database would execute them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from typing import Any, NamedTuple

import psycopg
import psycopg.sql
import pymysql
import pymysql.cursors
from sqlalchemy import create_engine, event

from oauthstore_sqla import SqlaBackend
from oauthstore_sqla.schema import metadata

__all__ = ["Sent", "analyze", "full_scans", "record"]


class Sent(NamedTuple):
    """A statement as the server got it, with the values of its placeholders in their order."""

    sql: str
    values: tuple[Any, ...] = ()


def record(store: SqlaBackend) -> list[Sent]:
    """Return a list to which every statement of connections made from now on is added."""
    seen: list[Sent] = []
    event.listen(store._store._engine, "connect", lambda driver, _: _listen(driver, seen))
    return seen


def _listen(driver: Any, seen: list[Sent]) -> None:  # noqa: ANN401 - any driver's connection
    if isinstance(driver, psycopg.Connection):

        class PostgreSQLCursor(psycopg.Cursor[Any]):
            def _convert_query(self, query: Any, params: Any = None) -> Any:  # noqa: ANN401
                converted = super()._convert_query(query, params)
                # As it is sent: $1, $2 ..., each name once.
                order = converted._order or range(len(params or ()))
                seen.append(Sent(converted.query.decode(), tuple(params[place] for place in order)))
                return converted

        driver.cursor_factory = PostgreSQLCursor
    elif isinstance(driver, pymysql.Connection):
        send = driver.query

        def query(sql: Any, unbuffered: bool = False) -> Any:  # noqa: ANN401, FBT001, FBT002
            seen.append(
                Sent(sql if isinstance(sql, str) else sql.decode("utf8", "surrogateescape"))
            )
            return send(sql, unbuffered)

        driver.query = query
    else:
        driver.set_trace_callback(lambda sql: seen.append(Sent(sql)))


def analyze(url: str, tables: Iterable[str]) -> None:
    """Let the planner know how many rows there are."""
    engine = create_engine(url)
    word = "ANALYZE TABLE" if engine.dialect.name == "mysql" else "ANALYZE"
    with engine.connect() as connection:
        for table in tables:
            connection.exec_driver_sql(f"{word} {table}")
        connection.commit()
    engine.dispose()


def full_scans(url: str, statements: Iterable[Sent]) -> Iterator[str]:
    """Yield each statement that reads a whole table or index of the store, with its plan."""
    engine = create_engine(url)
    explain = _EXPLAIN[engine.dialect.name]
    with closing(engine.raw_connection()) as connection:
        for statement in filter(_is_planned, statements):
            for found in explain(connection, statement):
                yield f"{statement.sql}\n    {found}"
    engine.dispose()


def _is_planned(statement: Sent) -> bool:
    return statement.sql.split(maxsplit=1)[0] in {"SELECT", "INSERT", "UPDATE", "DELETE", "WITH"}


def _explain_sqlite(connection: Any, sent: Sent) -> Iterator[str]:  # noqa: ANN401
    cursor = connection.cursor()
    for *_, step in cursor.execute(f"EXPLAIN QUERY PLAN {sent.sql}"):
        if step.startswith("SCAN oauthstore"):
            yield step


def _explain_postgresql(connection: Any, sent: Sent) -> Iterator[str]:  # noqa: ANN401
    """Both as planned for these values, and as planned once for all (after some executions)."""
    driver = connection.dbapi_connection
    values = ", ".join(psycopg.sql.Literal(v).as_string(driver) for v in sent.values)
    call = f"explained({values})" if values else "explained"
    with driver.cursor() as cursor:
        cursor.execute(f"PREPARE explained AS {sent.sql}")
        for mode in ("force_custom_plan", "force_generic_plan"):
            cursor.execute(f"SET plan_cache_mode = {mode}")
            cursor.execute(f"EXPLAIN (FORMAT JSON) EXECUTE {call}")
            (found,) = cursor.fetchone()
            for node in _nodes(found[0]["Plan"]):
                if _reads_all(node):
                    yield f"{mode}: {node}"
        cursor.execute("DEALLOCATE explained")


def _nodes(plan: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield every node of a plan, without the ones below it."""
    yield {key: value for key, value in plan.items() if key != "Plans"}
    for child in plan.get("Plans", ()):
        yield from _nodes(child)


#: By which column an index is entered: a condition on the others reads all of it.
_LEADING = {
    str(index.name): next(iter(index.columns)).name
    for table in metadata.tables.values()
    for index in table.indexes
}


def _reads_all(node: Mapping[str, Any]) -> bool:
    if "Index Name" not in node:
        return bool(node["Node Type"] == "Seq Scan")
    condition = node.get("Index Cond", "")
    return not condition or _LEADING.get(node["Index Name"], "") not in condition


def _explain_mysql(connection: Any, sent: Sent) -> Iterator[str]:  # noqa: ANN401
    with connection.dbapi_connection.cursor(pymysql.cursors.DictCursor) as cursor:
        cursor.execute(f"EXPLAIN {sent.sql}")
        for step in cursor.fetchall():
            # The table that is written to is no table that is read.
            if step["type"] in {"ALL", "index"} and step["select_type"] != "INSERT":
                yield str(step)


_EXPLAIN = {
    "sqlite": _explain_sqlite,
    "postgresql": _explain_postgresql,
    "mysql": _explain_mysql,
    "mariadb": _explain_mysql,
}
