"""Lists of patients of other systems: a CSV whose columns, separator and encoding are found out or named."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from sqlalchemy import func

from clinicdesk.clinic.changes import Kind
from clinicdesk.clinic.desk import Desk
from clinicdesk.clinic.rights import Permission
from clinicdesk.clinic.staging import staging_registry
from clinicdesk.importers import Importer, ImportResult, Progress, quiet
from clinicdesk.importers._csv import Layout, header_of, problems_of
from clinicdesk.importers._encoding import UTF_8, encoding_of
from clinicdesk.importers._one_file import COUNTED, OneFile, readable, run_file
from clinicdesk.importers._people_columns import Column, fields_of, plain
from clinicdesk.importers._people_map import SEPARATORS, PeopleMap, date_order, is_source, read_map
from clinicdesk.importers._people_rows import Evidence, PeopleRows
from clinicdesk.importers._rejects import HEAD
from clinicdesk.kit import clock
from clinicdesk.kit.errors import InvalidInput
from clinicdesk.kit.words import _

_ORIGIN: Final = "lista"
_NEEDED: Final = (("family", "name"), ("sex",))
_MOST_TOLD: Final = 8
_EXTRA: Final = ("linked", "alike")
_MORE: Final = ("name_in_use", "gender", "blood_group", "facts")
_COLUMNS: Final = tuple(
    column.name
    for column in staging_registry.columns
    if column.name not in {"batch", "line", "place", *_MORE}
)


@dataclass(frozen=True, slots=True)
class _Read:
    """How a file is read: its layout, the columns that are, and the names of those that are not."""

    layout: Layout
    columns: tuple[Column, ...]
    unread: tuple[str, ...]
    mended: bool


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
    """Import a list of patients; options `map`, `encoding`, `separator`, `dates` and `source` where given.

    Raises InvalidInput for a file or a map that cannot be, with all problems; see `run_file`.
    """
    said = _said(options)
    path = readable(folder)
    encoding = encoding_of(path, said.encoding)
    read = _read(path, encoding, said)
    at = desk.actor.at
    made = PeopleRows(
        read.columns, said, at.country, clock.local_day(clock.now(), at.zone), mended=read.mended
    )
    origin = said.source or _ORIGIN
    source = OneFile(
        name="patients",
        path=path,
        layout=read.layout,
        table=staging_registry,
        columns=(*_COLUMNS, *_MORE) if made.tells_more else _COLUMNS,
        row=made.row,
        merge=lambda batch: func.import_registry(origin, batch, func.now(), dry_run).table_valued(
            *COUNTED, *_EXTRA
        ),
        said=f"{origin} {said.dates} {said.said}",
        counts=_EXTRA,
        kind=Kind.PATIENT,
        header=made.header,
        whole_rows=True,
        finish=lambda: _refuse_ambiguous(made.evidence, said),
    )
    result = run_file(desk, source, dry_run=dry_run, rejects=rejects, key=key, progress=progress)
    return replace(result, notes=_notes(result, read, encoding, said))


def _said(options: Mapping[str, str]) -> PeopleMap:
    """The map, and what the command line says over it."""
    said = read_map(Path(options["map"])) if "map" in options else PeopleMap()
    problems: list[str] = []
    changes: dict[str, Any] = {name: options[name] for name in ("encoding", "source") if name in options}
    if (separator := options.get("separator")) is not None:
        changes["separator"] = SEPARATORS.get(separator)
        if changes["separator"] is None:
            problems.append(_("--separator es «,», «;», «tab» o «|»."))
    if "source" in changes and not is_source(changes["source"]):
        problems.append(_("--source lleva minúsculas, cifras, punto o guion, hasta 40."))
    if problems:
        raise InvalidInput(*problems)
    if "dates" in options:
        changes["dates"] = date_order(options["dates"])
    return replace(said, **changes)


def _read(path: Path, encoding: str, said: PeopleMap) -> _Read:
    """The file's columns. Raises InvalidInput with everything that is wrong with its header."""
    tried = [
        Layout((), delimiter=separator, encoding=encoding)
        for separator in ([said.separator] if said.separator else (",", ";", "\t", "|"))
    ]
    headers = [(header_of(path, layout), layout) for layout in tried]
    header, layout = max(headers, key=lambda pair: (_known(pair[0], said), len(pair[0])))
    mended = tuple(header[: len(HEAD)]) == HEAD
    fields = fields_of(header, said.columns)
    if not header:
        raise InvalidInput(*problems_of(path, layout))
    if mended:
        fields[: len(HEAD)] = [None] * len(HEAD)
    if problems := _problems(header, fields, said):
        raise InvalidInput(*(f"{path.name}: {problem}" for problem in problems))
    columns = tuple((name.strip(), field) for name, field in zip(header, fields, strict=True) if field)
    aliases = {name.strip().upper(): field or "-" for name, field in zip(header, fields, strict=True)}
    unread = tuple(
        name.strip()
        for name, field in zip(header, fields, strict=True)
        if not field and name not in HEAD and name.strip()
    )
    return _Read(
        replace(layout, needed=tuple(field for _name, field in columns), aliases=aliases),
        columns,
        unread,
        mended,
    )


def _known(header: list[str], said: PeopleMap) -> int:
    return sum(field is not None for field in fields_of(header, said.columns))


def _problems(header: list[str], fields: list[str | None], said: PeopleMap) -> list[str]:
    found = [field for field in fields if field]
    problems = []
    given = {*found, *said.constants}
    names = {plain(name) or name for name in header}
    if missing := [name for name in said.columns if name not in names]:
        problems.append(_("el mapa nombra columnas que no están: {names}.").format(names=", ".join(missing)))
    for either in _NEEDED:
        if not given.intersection(either):
            problems.append(
                _("falta una columna para {field} (o una constante en el mapa).").format(
                    field=_(" o ").join(either)
                )
            )
    problems += [
        _("la columna de {field} necesita la de su teléfono ({phone}).").format(
            field=field, phone=f"{field}_phone"
        )
        for field in ("contact", "contact2")
        if field in given and f"{field}_phone" not in given
    ]
    for field in dict.fromkeys(found):
        if found.count(field) > 1:
            which = ", ".join(name for name, meant in zip(header, fields, strict=True) if meant == field)
            problems.append(
                _("varias columnas dicen «{field}»: {names}. El mapa dice cuál vale.").format(
                    field=field, names=which
                )
            )
    return problems


def _refuse_ambiguous(found: Evidence, said: PeopleMap) -> None:
    """Refuse a list whose days or sexes may all be read wrongly. Raises InvalidInput."""
    problems = []
    if not said.dates.told and found.month_first > found.day_first:
        problems.append(
            _(
                "Las fechas parecen mes/día/año («{example}»): decirlo con dates, mm/dd/yyyy o dd/mm/yyyy."
            ).format(example=found.example)
        )
    if {"h", "m"} <= found.sex_letters and "f" not in found.sex_letters and "m" not in said.sex:
        problems.append(_("El sexo usa H y M: M puede ser mujer. Decirlo en el mapa, en [sex]."))
    if problems:
        raise InvalidInput(*problems)


def _notes(result: ImportResult, read: _Read, encoding: str, said: PeopleMap) -> tuple[str, ...]:
    """What a person should know besides the counts."""
    found = []
    if said.encoding is None and encoding != UTF_8:
        found.append(
            _("Leído como {encoding}; otra codificación se dice con --encoding.").format(encoding=encoding)
        )
    if read.unread:
        names = ", ".join(read.unread[:_MOST_TOLD]) + ("…" if len(read.unread) > _MOST_TOLD else "")
        found.append(_("Columnas que no se leen: {names}.").format(names=names))
    if linked := result.extra.get("linked"):
        found.append(
            _("{count} ya estaban por su documento: solo se completó lo que faltaba.").format(count=linked)
        )
    if alike := result.extra.get("alike"):
        found.append(
            _("{count} pares de personas parecidas quedan para revisar en duplicados.").format(count=alike)
        )
    return tuple(found)


IMPORTER: Final = Importer(
    name="patients",
    title=_("Pacientes de otro sistema (CSV)"),
    help=_(
        "Una persona por fila: apellido, sexo y, si están, documento, nacimiento, contacto, cobertura y más."
    ),
    permission=Permission.IMPORT_RUN,
    run=run,
    optional=("map", "encoding", "separator", "dates", "source"),
)
