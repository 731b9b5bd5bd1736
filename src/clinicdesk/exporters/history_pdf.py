"""A patient's history on paper: alerts first, what holds today, then every entry, newest first."""

from __future__ import annotations

from typing import BinaryIO, Final

from clinicdesk.clinic.rights import Permission
from clinicdesk.exporters import Exporter, History
from clinicdesk.kit.sheet import Stamp
from clinicdesk.kit.words import _


def write(history: History, stamp: Stamp, out: BinaryIO) -> tuple[str, ...]:
    """Print the history; the characters that no font has come back, printed as their code points."""
    from clinicdesk.exporters._history_paper import HistoryPaper  # fpdf2 is slow to import

    paper = HistoryPaper(history, stamp)
    out.write(paper.printed())
    return paper.missing


EXPORTER: Final = Exporter(
    kind="history",
    format="pdf",
    suffix=".pdf",
    title=_("Historia clínica en PDF"),
    help=_("La historia para imprimir: alergias, problemas, medicación y todas las atenciones con su firma."),
    permission=Permission.HISTORY_EXPORT,
    write=write,
)
