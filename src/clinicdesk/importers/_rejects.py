"""Rejected rows: counted, the first ones kept, all of them spooled to disk and told in file order."""

from __future__ import annotations

import heapq
import json
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import astuple, fields
from itertools import groupby, islice
from types import MappingProxyType
from typing import BinaryIO, Final

from clinicdesk.importers import Reject
from clinicdesk.importers._cells import Fault
from clinicdesk.kit.words import _

KEPT: Final = 100
HEAD: Final = tuple(field.name for field in fields(Reject))
"""What a file of rejects begins each row with."""
WholeRows = Callable[[], tuple[list[str], Iterator[tuple[int, list[str]]]]]
"""The header of a file and its rows, each with its line."""
_LONGEST: Final = 500

REASONS: Final = MappingProxyType(
    {
        Fault.MISSING: _("falta el valor"),
        Fault.TOO_LONG: _("pasa de {detail} caracteres"),
        Fault.NOT_TEXT: _("no es texto UTF-8"),
        Fault.NUL: _("contiene un carácter nulo"),
        Fault.BAD_DATE: _("no es una fecha que exista (se espera AAAA-MM-DD, con hora y zona donde la hay)"),
        Fault.SHORT_YEAR: _("lleva el año con dos cifras: decirlo con --dates dd/mm/yy"),
        Fault.TOO_EARLY: _("es anterior a {detail}"),
        Fault.FUTURE: _("está en el futuro"),
        Fault.BEFORE: _("es anterior a {detail}"),
        Fault.BAD_NUMBER: _("no es un número válido"),
        Fault.BAD_DOCUMENT: _("no es un número de documento"),
        Fault.IMPLAUSIBLE: _("está fuera de lo posible ({detail})"),
        Fault.UNKNOWN_VALUE: _("no es uno de los valores esperados ({detail})"),
        Fault.UNKNOWN_REFERENCE: _("no figura en {detail}"),
        Fault.TOO_MANY_CELLS: _("la fila tiene más celdas que el encabezado ({detail})"),
        Fault.TOO_FEW_CELLS: _("la fila tiene menos celdas que el encabezado ({detail})"),
        Fault.BAD_QUOTES: _("comillas mal puestas o sin cerrar (líneas {detail})"),
        Fault.UNKNOWN_PATIENT: _("el paciente no figura entre los importados"),
        Fault.UNKNOWN_PERSON: _("el profesional no figura entre los importados"),
        Fault.UNKNOWN_VISIT: _("la atención no figura entre las importadas"),
        Fault.VISIT_OF_ANOTHER: _("la atención es de otro paciente"),
        Fault.BEFORE_BIRTH: _("es anterior al nacimiento del paciente"),
        Fault.REPEATED: _("ya apareció más arriba en el archivo"),
        Fault.DOCUMENT_TAKEN: _("el documento ya es de otro paciente"),
        Fault.AMBIGUOUS: _("puede leerse como miles o como decimales: escribirlo sin separador de miles"),
        Fault.NO_ROW: _("no es una fila con nombre y código"),
        Fault.UNKNOWN_CLINIC: _("no hay un centro con ese código"),
        Fault.BAD_CHECK_DIGIT: _("su dígito verificador no corresponde"),
        Fault.BAD_PHONE: _("no es un teléfono que exista: con código de área, o de país con +"),
        Fault.BAD_MAIL: _("no es un correo: se espera nombre@lugar.com"),
        Fault.NO_COMMA: _("se espera «Apellidos, Nombres»"),
        Fault.DOCUMENT_OF_ANOTHER: _("es de una persona de otro nombre y otro nacimiento (HC {detail})"),
        Fault.SAME_PATIENT: _("otra fila del archivo ya es este paciente"),
        Fault.BAD_CODE: _("no es un código de la CIE-10 (A00, A00.0) ni un capítulo"),
        Fault.ALLERGIES_AND_NONE: _("dice a la vez que no hay alergias y cuáles hay"),
        Fault.WHICH_ALLERGY: _("dice que hay alergias y no cuáles: escribir las sustancias, o dejarlo vacío"),
        Fault.NO_NUMBER: _("el consentimiento es para un teléfono o correo, y la fila no tiene ninguno"),
        Fault.EDITED_SINCE: _("se corrigió a mano desde la última lista: queda lo corregido"),
    }
)


class Rejects:
    """Rejects in two runs, of the reading and of the merge, each in file order. Use as a context."""

    def __init__(self, files: Iterable[str]) -> None:
        self._order = {name: place for place, name in enumerate(files)}
        self._runs: list[BinaryIO] = []
        self.counts: dict[str, int] = {}

    def __enter__(self) -> Rejects:
        return self

    def __exit__(self, *_exc: object) -> None:
        self.clear()

    def clear(self) -> None:
        """Forget everything: the transaction starts over, or all is told."""
        for run in self._runs:
            run.close()
        self._runs = []
        self.counts = {}

    def new_run(self) -> None:
        """What is added from here on is in file order again."""
        # Rows hold people's data: an unnamed file that only this process can open.
        self._runs.append(tempfile.TemporaryFile())  # noqa: SIM115 - closed by clear()

    def add(
        self,
        file: str,
        line: int,
        column: str,
        value: str,
        fault: Fault,
        detail: str = "",
        *,
        again: bool = False,
    ) -> None:
        """One problem more, to the run that is open; `again` where the row has one already."""
        self.counts[file] = self.counts.get(file, 0) + (not again)
        shown = value if len(value) <= _LONGEST else value[:_LONGEST] + "…"
        row = (file, line, column, shown, fault.value, detail)
        self._runs[-1].write(json.dumps(row).encode() + b"\n")

    def __iter__(self) -> Iterator[Reject]:
        for run in self._runs:
            run.seek(0)
        merged = heapq.merge(*map(_read, self._runs), key=self._place)
        return iter(merged)

    def first(self) -> tuple[Reject, ...]:
        """The first of them, in the order of the files."""
        return tuple(islice(self, KEPT))

    def write(self, out: BinaryIO) -> None:
        """All of them as CSV."""
        from clinicdesk.kit.sheet import write_csv

        write_csv(out, HEAD, (astuple(reject) for reject in self))

    def write_rows(self, out: BinaryIO, whole: WholeRows) -> None:
        """One line a row, its cells as they are behind what is wrong: to be mended and read again."""
        from clinicdesk.kit.sheet import write_csv

        header, rows = whole()
        if tuple(header[: len(HEAD)]) == HEAD:
            header, rows = header[len(HEAD) :], ((line, row[len(HEAD) :]) for line, row in rows)
        write_csv(out, (*HEAD, *header), self._whole(rows, len(header)))

    def _whole(self, rows: Iterator[tuple[int, list[str]]], width: int) -> Iterator[tuple[object, ...]]:
        line, cells = 0, list[str]()
        for place, group in groupby(self, key=lambda reject: reject.line):
            told = list(group)
            while line < place:
                line, cells = next(rows, (place + 1, []))
            mine = cells if line == place else []
            yield (told[0].file, place, *_together(told), *mine[:width], *[""] * (width - len(mine)))

    def _place(self, reject: Reject) -> tuple[int, int]:
        return self._order[reject.file], reject.line


def _together(told: list[Reject]) -> tuple[str, ...]:
    """All that is wrong with a row, in the cells where one thing would stand."""
    names = ("column", "value", "code", "reason")
    return tuple(" | ".join(getattr(each, name) for each in told) for name in names)


def _read(run: BinaryIO) -> Iterator[Reject]:
    for row in run:
        file, line, column, value, code, detail = json.loads(row)
        reason = REASONS[Fault(code)].format(detail=detail)
        yield Reject(file, line, column, value, code, reason)
