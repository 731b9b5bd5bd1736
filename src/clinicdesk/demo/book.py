"""Rows waiting to be written: gathered by table, then sent by COPY, parents before children."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from psycopg import Connection, sql
from sqlalchemy import Table

from clinicdesk.clinic.everything import metadata


class Book:
    """Every row of one table names the same columns; what is left out gets the column's default."""

    def __init__(self) -> None:
        self._columns: dict[str, tuple[str, ...]] = {}
        self._rows: dict[str, list[tuple[Any, ...]]] = {}

    def add(self, table: Table, **values: Any) -> None:
        """Keep a row. Raises ValueError where its columns are not those of the table's first row."""
        columns = tuple(values)
        if self._columns.setdefault(table.name, columns) != columns:
            raise ValueError(f"{table.name}: {columns} after {self._columns[table.name]}")
        self._rows.setdefault(table.name, []).append(tuple(values.values()))

    def write(self, raw: Connection[Any]) -> int:
        """Send everything and forget it; the number of rows."""
        written = 0
        entries = self._keys_of("records")
        for table in metadata.sorted_tables:
            rows = self._rows.pop(table.name, [])
            if rows:
                self._copy(raw, table.name, rows)
                written += len(rows)
        if entries:
            raw.execute("SELECT find_records(%s, %s)", [list(each) for each in zip(*entries, strict=True)])
        return written

    def _keys_of(self, table: str) -> list[tuple[UUID, UUID]]:
        """(patient, row) of each row of a table waiting here."""
        names = self._columns.get(table, ())
        rows = self._rows.get(table, ())
        return [(row[names.index("patient_id")], row[names.index("id")]) for row in rows]

    def _copy(self, raw: Connection[Any], table: str, rows: list[tuple[Any, ...]]) -> None:
        columns = sql.SQL(", ").join(map(sql.Identifier, self._columns[table]))
        statement = sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(table), columns)
        with raw.cursor().copy(statement) as copy:
            for row in rows:
                copy.write_row(row)

    def patients_in(self, table: Table) -> set[UUID]:
        """The patients that have a row of a table waiting here."""
        at = self._columns.get(table.name, ()).index("patient_id") if table.name in self._columns else 0
        return {row[at] for row in self._rows.get(table.name, ())}
