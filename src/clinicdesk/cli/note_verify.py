"""`clinicdesk note verify`: signed notes against their hashes, their chain and the acts of their signing."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Final

import typer

from clinicdesk.cli import given
from clinicdesk.cli.frame import Call, the_call, verb
from clinicdesk.cli.outcome import Misused
from clinicdesk.kit.errors import Exit
from clinicdesk.kit.ids import opaque
from clinicdesk.kit.words import _, plural

if TYPE_CHECKING:
    from clinicdesk.clinic.records.verifying import Verdict

_VERIFY: Final = _(
    "Recalcular las firmas: notas alteradas, borradas, agregadas o cambiadas de lugar (salida 5).\n\n"
    "De un paciente, quien puede leer su historia; con --all todo el registro (privacidad), sin mostrar"
    " ningún texto. Los actos de firma se verifican con audit verify."
)
_BAR: Final = 30
_WIDTH: Final = 78


def add_to(app: typer.Typer) -> None:
    """Hang the verb under `note`."""
    verb(app, "verify", _VERIFY)(verify)


def verify(
    ctx: typer.Context,
    document: Annotated[
        str | None,
        typer.Argument(metavar=_("DOCUMENTO"), help=_("12345678, DNI:12345678, HC 123 o un identificador.")),
    ] = None,
    whole: Annotated[bool, typer.Option("--all", help=_("Todas las notas del registro."))] = False,
) -> None:
    """Judge the notes of one person, or all."""
    from clinicdesk.clinic.records import verifying

    call = the_call(ctx)
    if whole is (document is not None):
        raise Misused(text=_("Falta DOCUMENTO, o --all para todas las notas; no los dos."))
    if document is None:
        with _progress() as advanced:
            found = verifying.verify_all(call.desk, advanced)
    else:
        patient_id = given.patient_of(call, document).patient_id
        found = call.desk.see(verifying.verify_person, verifying.PersonQuery(patient_id))
    _tell(call, found)
    if not found.clean:
        raise typer.Exit(Exit.CONFLICT)


@contextmanager
def _progress() -> Iterator[Callable[[int, int], None]]:
    """A bar on a terminal, nothing anywhere else."""
    if not sys.stderr.isatty():
        yield lambda _done, _total: None
        return

    def told(done: int, total: int) -> None:
        share = min(1.0, done / max(1, total))
        sys.stderr.write(f"\r[{'#' * round(_BAR * share):<{_BAR}}] {share:4.0%} {done} ")
        sys.stderr.flush()

    try:
        yield told
    finally:
        sys.stderr.write("\r" + " " * _WIDTH + "\r")
        sys.stderr.flush()


def _tell(call: Call, found: Verdict) -> None:
    told = [
        {
            "finding": each.kind.value,
            "patient": opaque(each.patient_id, each.patient_id),
            "note": opaque(each.patient_id, each.note_id),
        }
        for each in found.findings
    ]
    words = said_of()
    lines = [f"{words[each['finding']]}: {each['note']}" for each in told]
    counts = {"patients": found.patients, "notes": found.notes, "untold": found.untold}
    looked = _("{notes} de {patients}.").format(
        notes=plural(found.notes, _("nota firmada"), _("notas firmadas")),
        patients=plural(found.patients, _("paciente"), _("pacientes")),
    )
    wrong = plural(len(told) + found.untold, _("hallazgo"), _("hallazgos"))
    verdict = _("Sin alteraciones.") if found.clean else f"{wrong}."
    call.answer({"clean": found.clean, **counts, "findings": told}, *lines, looked, verdict)


def said_of() -> dict[str, str]:
    """Each finding in words."""
    return {
        "altered": _("nota que no corresponde a su firma"),
        "gap": _("falta la nota anterior"),
        "fork": _("dos notas siguen a la misma"),
        "wrong_login": _("nota que no escribió su autor"),
        "no_act": _("nota sin acto de firma"),
        "rewritten": _("nota distinta de la que se firmó"),
        "removed": _("nota firmada que ya no está"),
        "cosign_altered": _("cofirma que no corresponde a su firma o a la nota"),
        "cosign_login": _("cofirma que no escribió quien figura"),
        "cosign_own": _("cofirma de una nota propia"),
        "cosign_no_act": _("cofirma sin acto, o distinta de la que se dio"),
        "cosign_removed": _("cofirma dada que ya no está"),
    }
