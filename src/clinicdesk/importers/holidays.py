"""Holidays of a country and of single clinics, from a CSV or JSON list: day, name and, if there, clinic."""

from __future__ import annotations

from pathlib import Path
from types import MappingProxyType
from typing import Final
from uuid import UUID

from sqlalchemy import func

from clinicdesk.clinic.countries import PACKS
from clinicdesk.clinic.desk import Desk
from clinicdesk.clinic.rights import Permission
from clinicdesk.clinic.staging import staging_holidays
from clinicdesk.importers import Importer, ImportResult, Progress, quiet
from clinicdesk.importers._batch import Staged
from clinicdesk.importers._cells import Bad, Fault, day, line
from clinicdesk.importers._csv import Cells, Layout
from clinicdesk.importers._one_file import COUNTS, OneFile, run_file
from clinicdesk.kit.errors import InvalidInput
from clinicdesk.kit.words import _

_ALIASES: Final = MappingProxyType(
    {"FECHA": "DAY", "NOMBRE": "NAME", "FERIADO": "NAME", "CENTRO": "CLINIC", "SE TRABAJA": "WORKS"}
)
_LAYOUT: Final = Layout(("DAY", "NAME"), ("CLINIC", "WORKS"), aliases=_ALIASES, delimiter="")
_LATEST: Final = "2200-01-01"
_NAME_MOST: Final = 80
_CODE_MOST: Final = 12
_YES: Final = frozenset({"1", "s", "si", "sí", "true", "yes"})
_NO: Final = frozenset({"", "0", "n", "no", "false"})


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
    """Import holidays; those without a clinic are of `country`, the acting clinic's own where not given."""
    country = options.get("country", desk.actor.at.country).strip().upper()
    if country not in PACKS:
        said = _("--country lleva dos letras de un país servido: {codes}.")
        raise InvalidInput(said.format(codes=", ".join(sorted(PACKS))))
    source = OneFile(
        name="holidays",
        path=folder,
        layout=_LAYOUT,
        table=staging_holidays,
        columns=("day", "name", "country", "clinic", "works"),
        row=lambda cells: _row(cells, country),
        merge=lambda batch: func.import_holidays(batch).table_valued(*COUNTS),
        said=country,
    )
    return run_file(desk, source, dry_run=dry_run, rejects=rejects, key=key, progress=progress)


def _row(cells: Cells, country: str) -> Staged:
    when, name, clinic, works = cells
    found = day("day", when, _LATEST)
    shown = line("name", name, _NAME_MOST)
    if not shown:
        raise Bad("name", name, Fault.MISSING)
    code = line("clinic", clinic, _CODE_MOST).upper() or None
    opens = works.strip().lower()
    if opens not in _YES | _NO:
        raise Bad("works", works, Fault.UNKNOWN_VALUE, "sí, no")
    if opens in _YES and code is None:
        raise Bad("works", works, Fault.UNKNOWN_REFERENCE, "clinic")
    return found, shown, None if code else country, code, opens in _YES


IMPORTER: Final = Importer(
    name="holidays",
    title=_("Feriados (CSV o JSON)"),
    help=_("Archivo con day y name; con clinic (código), el día es de ese centro; si no, del país."),
    permission=Permission.IMPORT_RUN,
    run=run,
    optional=("country",),
)
