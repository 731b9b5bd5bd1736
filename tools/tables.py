"""Write migrations/versions/sql_0001/tables.sql again from the declared tables. Usage: python tools/tables.py

Until the first release there is one migration and it is edited in place: a table is declared once, in
its slice's model.py, and this writes the SQL that a migration runs.
"""

from __future__ import annotations

from pathlib import Path

from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateIndex, CreateSequence, CreateTable

from clinicdesk.clinic.everything import metadata

TABLES = Path(__file__).resolve().parents[1] / "migrations/versions/sql_0001/tables.sql"


def statements() -> list[str]:
    """Sequences, then tables with their indexes, parents first."""
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]
    found = [CreateSequence(each).compile(dialect=dialect) for each in metadata._sequences.values()]
    for table in metadata.sorted_tables:
        found.append(CreateTable(table).compile(dialect=dialect))
        found += [
            CreateIndex(each).compile(dialect=dialect)
            for each in sorted(table.indexes, key=lambda each: str(each.name))
        ]
    return [
        "\n".join(line.rstrip().replace("\t", "  ") for line in str(each).strip().splitlines())
        for each in found
    ]


if __name__ == "__main__":
    TABLES.write_text("\n\n".join(f"{each};" for each in statements()) + "\n", encoding="utf-8")
