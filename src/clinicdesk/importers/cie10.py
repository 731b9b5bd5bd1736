"""The list of the CIE-10 from a ministry's CSV, or from the package `cie`: one file is one whole edition."""

from __future__ import annotations

import re
import tempfile
import zipfile
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Text, cast, func
from sqlalchemy.dialects.postgresql import ARRAY

from clinicdesk.clinic.cie10 import rules
from clinicdesk.clinic.desk import Desk
from clinicdesk.clinic.rights import Permission
from clinicdesk.clinic.staging import staging_cie10
from clinicdesk.importers import Importer, ImportResult, Progress, quiet
from clinicdesk.importers._batch import Staged
from clinicdesk.importers._cells import Bad, Fault, line
from clinicdesk.importers._csv import Cells, Layout, delimiter_of, header_of
from clinicdesk.importers._encoding import encoding_of
from clinicdesk.importers._one_file import COUNTS, OneFile, each_row, readable, run_file
from clinicdesk.kit.errors import Exit, Refusal
from clinicdesk.kit.folding import folded
from clinicdesk.kit.words import _

PACKAGE: Final = "pypi:cie"
"""In place of a file: the list that the package `cie` carries."""
_LIST: Final = ("data", "cie-10.zip", "cie-10.csv")
# What ministries call each column, folded, the narrowest first: a list with `cod_3` and `cod_4` gives both.
_NAMES: Final = MappingProxyType(
    {
        "code": (
            *("cod 4", "cod4", "codigo 4", "catalog key", "codigo cie10", "codigo cie 10", "cod cie10"),
            *("cie10", "cie 10", "codigo", "code", "cod", "clave", "id10", "cod 3", "cod3"),
        ),
        "text": (
            *("desc 4", "descripcion 4", "desc cod 4", "descripcion cie10", "descripcion", "description"),
            *("nombre", "diagnostico", "texto", "glosa", "desc", "descrip", "titulo", "name", "desc 3"),
        ),
        "sex": ("lsex", "sexo", "sex"),
        "from": ("linf", "edad minima", "edad min", "edad desde"),
        "until": ("lsup", "edad maxima", "edad max", "edad hasta"),
        "leaf": ("nodo final", "hoja", "terminal", "codificable", "leaf", "billable"),
    }
)
_NEEDED: Final = 2
_SEXES: Final = MappingProxyType(
    {
        **dict.fromkeys(("f", "femenino", "mujer", "mujeres", "2"), "F"),
        **dict.fromkeys(("m", "masculino", "hombre", "hombres", "h", "varon", "1"), "M"),
        **dict.fromkeys(("", "no", "ambos", "a", "0", "i", "indistinto", "si"), ""),
    }
)
_YES: Final = frozenset({"1", "s", "si", "true", "x", "yes"})
_NO: Final = frozenset({"0", "n", "no", "false"})
_AGE: Final = re.compile(r"(\d{1,3})\s*([hdma]?)")
_DAYS: Final = MappingProxyType({"h": 0.0, "d": 1.0, "m": 30.44, "a": 365.25, "": 365.25})
_TEXT_MOST: Final = 400
_CODE_MOST: Final = 20
_EDITION_MOST: Final = 40
_SOFT_HYPHEN: Final = "\u00ad"


class PackageMissing(Refusal):
    """The package that carries a list is not installed here."""

    says = _("Aquí no está el paquete cie, que trae la lista en español.")
    at_prompt = _("Instalarlo con: pip install 'clinicdesk[cie]'")
    exit = Exit.NOT_FOUND


class _Rows:
    """Cells of the file → values of the staging table, and the codes whose rows were lost."""

    def __init__(self) -> None:
        self.kept: set[str] = set()
        self._women = False

    def look(self, source: OneFile) -> None:
        """Learn from the whole file whether its M stands beside an H, and so for women."""
        sexes = {cells[2].strip().lower() for _line, cells in each_row(source, lambda _line, _bad: None)}
        self._women = "h" in sexes

    def row(self, cells: Cells) -> Staged:
        """Code, the one above, text, chapter, heading, leaf, sex, ages, and the text as it is searched."""
        said, name, sex, since, until, leaf = cells
        shown = line("code", said, _CODE_MOST)
        if not shown:
            raise Bad("code", said, Fault.MISSING)
        heading = rules.heading_of(shown)
        code = heading or rules.code_of(shown)
        if code is None:
            raise Bad("code", said, Fault.BAD_CODE)
        try:
            text = line("text", name.replace(_SOFT_HYPHEN, ""), _TEXT_MOST)
            if not text:
                raise Bad("text", name, Fault.MISSING)
            limits = (self._sex(sex), _days("from", since), _days("until", until, whole=True))
            last = False if heading else _leaf(leaf)
        except Bad:
            # A code that is there, however badly, is not one that the edition has dropped.
            self.kept.add(code)
            raise
        words = folded(text)
        above = None if heading else rules.parent_of(code)
        terms = list(dict.fromkeys(words.split()))
        return (code, above, text, rules.chapter_of(code), heading is not None, last, *limits, words, terms)

    def _sex(self, said: str) -> str | None:
        found = _SEXES.get(folded(said))
        if found is None:
            raise Bad("sex", said, Fault.UNKNOWN_VALUE, "F, M, mujer, hombre, ambos")
        return "F" if self._women and folded(said) == "m" else found or None


def _days(column: str, said: str, *, whole: bool = False) -> int | None:
    """`028D`, `010A`, `3` (years) → days lived; the last day of the unit where `whole`. None: no limit."""
    text = folded(said)
    if text in {"", "no"}:
        return None
    found = _AGE.fullmatch(text)
    if found is None:
        raise Bad(column, said, Fault.BAD_NUMBER)
    count, each = int(found[1]), _DAYS[found[2]]
    return int((count + 1) * each) - 1 if whole and each > 1 else int(count * each)


def _leaf(said: str) -> bool | None:
    text = folded(said)
    if text in _YES | _NO:
        return text in _YES
    if text:
        raise Bad("leaf", said, Fault.UNKNOWN_VALUE, "sí, no")
    return None


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
    """Import one edition, named by `edition` or after the file; what it does not have leaves use.

    Raises EditionTooSmall for a list that would retire most codes; PackageMissing; see `run_file`.
    """
    with tempfile.TemporaryDirectory() as apart:
        path = _from_package(Path(apart)) if str(folder) == PACKAGE else folder
        named = f"cie {version('cie')}" if path is not folder else path.stem
        edition = line("edition", options.get("edition") or named)[:_EDITION_MOST] or "CIE-10"
        layout, columns = _layout(readable(path))
        made = _Rows()

        def merge(batch: UUID) -> Any:
            kept = cast(sorted(made.kept), ARRAY(Text))
            return func.import_cie10(edition, kept, batch).table_valued(*COUNTS)

        source = OneFile(
            name="cie10",
            path=path,
            layout=layout,
            table=staging_cie10,
            columns=(
                *("code", "above", "text", "chapter", "heading", "leaf", "sex"),
                *("from_days", "until_days", "folded", "terms"),
            ),
            row=made.row,
            merge=merge,
            said=edition,
            header=lambda name: columns.get(name, name),
        )
        return run_file(
            desk,
            source,
            dry_run=dry_run,
            rejects=rejects,
            key=key,
            progress=progress,
            prepare=made.look,
            notes=lambda: (_("Edición: {edition}.").format(edition=edition),),
        )


def _layout(path: Path) -> tuple[Layout, dict[str, str]]:
    """The file's own columns for ours, and what each is called there."""
    known = Layout((), encoding=encoding_of(path), delimiter=delimiter_of(path))
    header = header_of(path, known)
    found = {ours: _chosen(header, names) for ours, names in _NAMES.items()}
    called = [found[ours] or ours for ours in _NAMES]
    layout = Layout(
        tuple(called[:_NEEDED]), tuple(called[_NEEDED:]), delimiter=known.delimiter, encoding=known.encoding
    )
    return layout, {ours: name for ours, name in found.items() if name}


def _chosen(header: Sequence[str], names: Sequence[str]) -> str | None:
    """The column of the first of these names that the file has."""
    by_name = {folded(each): each for each in reversed(header)}
    return next((by_name[name] for name in names if name in by_name), None)


def _from_package(apart: Path) -> Path:
    """The package's list as a file. Its own reader would write beside itself, and is not used."""
    spec = find_spec("cie")
    places = spec.submodule_search_locations if spec else None
    folder, archive, member = _LIST
    for place in places or ():
        whole = Path(place) / folder / archive
        if whole.is_file() and _is_installed():
            with zipfile.ZipFile(whole) as held:
                return Path(held.extract(member, apart))
    raise PackageMissing


def _is_installed() -> bool:
    try:
        return bool(version("cie"))
    except PackageNotFoundError:
        return False


IMPORTER: Final = Importer(
    name="cie10",
    title=_("Códigos de la CIE-10 (CSV de un ministerio, o pypi:cie)"),
    help=_("Archivo con código y descripción y, si están, sexo y edades. Una edición entera."),
    permission=Permission.IMPORT_RUN,
    run=run,
    optional=("edition",),
)
