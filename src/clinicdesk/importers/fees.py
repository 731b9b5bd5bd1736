"""Fee schedules (nomencladores) from JSON or CSV: one file is one edition, valid from a day.

Codes that a spreadsheet robbed of their leading zeros get them back, and each is told.
"""

from __future__ import annotations

import re
from collections import Counter
from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Text, cast, func
from sqlalchemy.dialects.postgresql import ARRAY

from clinicdesk.clinic.desk import Desk
from clinicdesk.clinic.rights import Permission
from clinicdesk.clinic.staging import staging_fees
from clinicdesk.importers import Importer, ImportResult, Progress, quiet
from clinicdesk.importers._batch import Staged
from clinicdesk.importers._cells import Bad, Fault, amount, line
from clinicdesk.importers._csv import Cells, Layout
from clinicdesk.importers._one_file import COUNTS, OneFile, each_row, run_file
from clinicdesk.kit.errors import InvalidInput
from clinicdesk.kit.words import _

_ALIASES: Final = MappingProxyType(
    {
        "CODIGO": "CODE",
        "CÓDIGO": "CODE",
        "NOMBRE": "NAME",
        "DESCRIPCION": "NAME",
        "DESCRIPCIÓN": "NAME",
        "DESCRIPTION": "NAME",
        "PRACTICA": "NAME",
        "PRÁCTICA": "NAME",
        "UNIDADES": "UNITS",
        "PRECIO": "PRICE",
        "VALOR": "PRICE",
        "IMPORTE": "PRICE",
    }
)
_LAYOUT: Final = Layout(("CODE", "NAME"), ("UNITS", "PRICE"), aliases=_ALIASES, delimiter="")
_SCHEDULE: Final = re.compile(r"[A-Z0-9][A-Z0-9-]{0,19}", re.ASCII)
_DIGITS: Final = re.compile(r"\d{1,20}", re.ASCII)
_CODE_MOST: Final = 20
_NAME_MOST: Final = 300
_MOST_TOLD: Final = 5


class _Rows:
    """Cells of the file → values of the staging table; what was repaired, and whose rows were lost."""

    def __init__(self, digits: int | None) -> None:
        """`digits` of the codes; None takes what most of them have."""
        self._width, self._comma, self._told = digits or 0, False, digits is not None
        self.repaired: dict[str, str] = {}
        self.kept: set[str] = set()

    def row(self, cells: Cells) -> Staged:
        """Code, name, units, price."""
        said, name, units, price = cells
        code = self._code(said)
        try:
            shown = line("name", name, _NAME_MOST)
            if not shown:
                raise Bad("name", name, Fault.MISSING)
            return (
                code,
                shown,
                amount("units", units, comma=self._comma),
                amount("price", price, comma=self._comma),
            )
        except Bad:
            # A code that is there, however badly, is not one that the edition has dropped.
            self.kept.add(code)
            raise

    def _code(self, said: str) -> str:
        code = line("code", said, _CODE_MOST)
        if not code:
            raise Bad("code", said, Fault.MISSING)
        if _DIGITS.fullmatch(code) and len(code) < self._width:
            self.repaired[code] = code.zfill(self._width)
            return self.repaired[code]
        return code

    def look(self, source: OneFile) -> None:
        """Learn from the whole file: its decimals, and the digits that most codes have. Fewer lost zeros."""
        self._comma = not source.is_json and source.layout.delimiter != ","
        if self._told:
            return
        widths: Counter[int] = Counter()
        for _line, cells in each_row(source, lambda _line, _bad: None):
            if _DIGITS.fullmatch(code := cells[0].strip()):
                widths[len(code)] += 1
        self._width = max(widths, key=lambda width: (widths[width], width), default=0)

    def counts(self) -> dict[str, int]:
        """How many codes got their zeros back."""
        return {"repaired": len(self.repaired)}

    def notes(self) -> tuple[str, ...]:
        """The same for a person, with the first of them."""
        if not self.repaired:
            return ()
        first = ", ".join(f"{old} → {new}" for old, new in list(self.repaired.items())[:_MOST_TOLD])
        more = "…" if len(self.repaired) > _MOST_TOLD else "."
        said = _("{count} códigos recuperaron sus ceros a la izquierda: {first}")
        return (said.format(count=len(self.repaired), first=first) + more,)


def run(
    desk: Desk,
    folder: Path,
    *,
    dry_run: bool = False,
    rejects: Path | None = None,
    key: UUID | None = None,
    progress: Progress = quiet,
    **options: str,
) -> ImportResult:
    """Import one edition: `schedule` is its code, `from` its first day; `name`, `digits` where given.

    Raises InvalidInput for options that cannot be; see `run_file`.
    """
    schedule, since, digits = _options(options)
    made = _Rows(digits)

    def merge(batch: UUID) -> Any:
        kept = cast(sorted(made.kept), ARRAY(Text))
        return func.import_fees(schedule, options.get("name"), since, kept, batch).table_valued(*COUNTS)

    source = OneFile(
        name="fees",
        path=folder,
        layout=_LAYOUT,
        table=staging_fees,
        columns=("code", "name", "units", "price"),
        row=made.row,
        merge=merge,
        said=f"{schedule} {since}",
    )
    return run_file(
        desk,
        source,
        dry_run=dry_run,
        rejects=rejects,
        key=key,
        progress=progress,
        prepare=made.look,
        extra=made.counts,
        notes=made.notes,
    )


def _options(options: dict[str, str]) -> tuple[str, date, int | None]:
    problems = []
    schedule = options.get("schedule", "").strip().upper()
    if not _SCHEDULE.fullmatch(schedule):
        problems.append(_("--schedule lleva el código del nomenclador: A-Z, 0-9, guion, hasta 20."))
    since = date.min
    try:
        since = date.fromisoformat(options.get("from", ""))
    except ValueError:
        problems.append(_("--from lleva desde qué día rige: AAAA-MM-DD."))
    digits = options.get("digits")
    if digits is not None and not (digits.isascii() and digits.isdigit() and int(digits) <= _CODE_MOST):
        problems.append(_("--digits lleva cuántas cifras tienen los códigos: de 0 a 20."))
    if problems:
        raise InvalidInput(*problems)
    return schedule, since, int(digits) if digits is not None else None


IMPORTER: Final = Importer(
    name="fees",
    title=_("Nomenclador: códigos, unidades y precios (JSON o CSV)"),
    help=_(
        "Archivo con código y nombre y, si están, unidades y precio. Una edición entera, desde una fecha."
    ),
    permission=Permission.IMPORT_RUN,
    run=run,
    needed=("schedule", "from"),
    optional=("name", "digits"),
)
