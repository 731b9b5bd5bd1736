"""`clinicdesk patient merge|unmerge|merges`: two charts that are one person, and taking that back."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from clinicdesk.cli import given
from clinicdesk.cli.frame import Call, Writes, the_call, verb
from clinicdesk.kit.ids import opaque
from clinicdesk.kit.words import _

if TYPE_CHECKING:
    from uuid import UUID

    from clinicdesk.clinic.patients.merging import MergePlan, Overlap, UnmergeAnswer

Document = Annotated[str, typer.Argument(metavar=_("DOCUMENTO"), help=_("12345678, DNI:12345678…"))]
Kept = Annotated[str, typer.Argument(metavar=_("QUEDA"), help=_("La ficha que queda: documento, HC 123."))]
Retired = Annotated[str, typer.Argument(metavar=_("SE_RETIRA"), help=_("La que se retira y lleva a ella."))]
Reason = Annotated[str | None, typer.Option(metavar=_("TEXTO"), help=_("Motivo."))]

_MERGE: Final = _(
    "Unir dos fichas que son una persona: la segunda se retira y lleva a la primera.\n\n"
    "Queda lo de la primera, y sus blancos se completan con la otra. Número, documentos e id de la "
    "retirada siguen sirviendo; nada de lo escrito cambia de lugar y se puede separar con patient unmerge. "
    "Se rechaza (salida 5) si hay turnos por venir a la misma hora. Con --dry-run solo se muestra."
)
_UNMERGE: Final = _(
    "Separar una ficha que se unió: indicar la que se retiró.\n\n"
    "Las dos quedan como antes; lo que se editó, se dio o se firmó mientras tanto en la que quedaba sigue "
    "ahí, y se dice: quien sabe de quién es lo pasa a la otra."
)
_COLUMNS: Final = {_("Dato"): "name", _("Queda"): "kept", _("Se retira"): "retired", _("Resultado"): "result"}
_MERGES: Final = {
    _("Cuándo"): "at",
    _("Qué"): "way",
    _("Se retira"): "chart_number",
    _("Queda"): "survivor_chart",
    _("Quién"): "person",
    _("Motivo"): "reason",
}
_WAYS: Final = {"merge": _("unida"), "unmerge": _("separada")}


def add_to(app: typer.Typer) -> None:
    """Hang these verbs on the noun."""
    verb(app, "merge", _MERGE, cls=Writes)(merge)
    verb(app, "unmerge", _UNMERGE, cls=Writes)(unmerge)
    verb(app, "merges", _("Qué fichas se unieron con la de un paciente o se separaron, y por qué."))(merges)


def merge(
    ctx: typer.Context,
    kept: Kept,
    retired: Retired,
    reason: Reason = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help=_("Mostrar qué quedaría, sin unir nada."))
    ] = False,
) -> None:
    """Merge two charts, or show what that would make."""
    from clinicdesk.clinic.patients import merging
    from clinicdesk.clinic.patients.errors import MergeReason

    call = the_call(ctx)
    if not dry_run and not (reason or "").strip():
        raise MergeReason
    one, other = given.patient_of(call, kept).patient_id, given.patient_of(call, retired).patient_id
    if dry_run:
        _show(call, call.desk.see(merging.plan, merging.PlanQuery(one, other)))
        return
    order = merging.MergePatients(**call.keyed, patient_id=one, retired_id=other, reason=reason or "")
    answer = call.desk.do(merging.merge, order)
    data = {
        "id": opaque(answer.patient_id, answer.patient_id),
        "chart_number": answer.chart_number,
        "retired_id": opaque(answer.retired_id, answer.retired_id),
        "retired_chart": answer.retired_chart,
    }
    said = _("HC {:06d} lleva ahora a HC {:06d}. Para separarlas: patient unmerge.")
    call.answer(data, said.format(answer.retired_chart, answer.chart_number))


def _show(call: Call, plan: MergePlan) -> None:
    overlaps = [_overlap(each) for each in plan.overlaps]
    if call.json:
        from clinicdesk.cli.shapes import patient_object

        sides = {name: patient_object(getattr(plan, name)) for name in ("kept", "retired", "result")}
        call.object({**sides, "overlaps": overlaps, "called_distinct": plan.distinct})
        return
    call.rows(list(_facts(plan)), _COLUMNS)
    for each in plan.overlaps:
        call.say(_told(each))
    if plan.distinct:
        call.say(_("Alguien marcó que son dos personas distintas."))


def _facts(plan: MergePlan) -> Iterator[dict[str, str]]:
    """What any of the three says, a fact a row."""
    from clinicdesk.clinic.patients.facts import PERSON

    sides = {"kept": plan.kept, "retired": plan.retired, "result": plan.result}
    for fact in PERSON.values():
        if not all(map(fact.unknown_of, sides.values())):
            yield {"name": fact.label} | {side: fact.read(row) for side, row in sides.items()}


def _overlap(each: Overlap) -> dict[str, Any]:
    return {
        "turn_id": opaque(each.patient_id, each.turn_id),
        "chart_number": each.chart_number,
        "starts_at": each.starts_at,
        "doctor_name": each.doctor,
        "clinic": each.clinic,
    }


def _told(each: Overlap) -> str:
    said = _("Se superpone: {at:%d/%m/%Y %H:%M}, {doctor}, {clinic}, HC {chart:06d}.")
    return said.format(at=each.starts_at, doctor=each.doctor, clinic=each.clinic, chart=each.chart_number)


def unmerge(ctx: typer.Context, retired: Retired, reason: Reason = None) -> None:
    """Take a merge back."""
    from clinicdesk.clinic.patients import merging
    from clinicdesk.clinic.patients.errors import MergeReason

    call = the_call(ctx)
    if not (reason or "").strip():
        raise MergeReason
    order = merging.UnmergePatients(**call.keyed, patient_id=_entry(call, retired), reason=reason or "")
    answer = call.desk.do(merging.unmerge, order)
    data = {
        "id": opaque(answer.patient_id, answer.patient_id),
        "chart_number": answer.chart_number,
        "survivor_id": opaque(answer.survivor_id, answer.survivor_id),
        "survivor_chart": answer.survivor_chart,
        "changed": list(answer.changed),
        "entered": [
            {"kind": row.kind, "at": row.at, "doctor_name": row.doctor, "clinic": row.clinic}
            for row in answer.entered
        ],
    }
    call.answer(data, *_parted(answer))


def _parted(answer: UnmergeAnswer) -> Iterator[str]:
    """What became of it: what was edited, given and signed meanwhile stays where it is."""
    from clinicdesk.clinic.patients.facts import PERSON

    values = (answer.chart_number, answer.survivor_chart)
    yield _("HC {0:06d} y HC {1:06d} son otra vez dos fichas.").format(*values)
    if answer.changed:
        labels = (PERSON[name].label if name in PERSON else name for name in answer.changed)
        said = _("Lo editado mientras tanto en HC {1:06d} sigue así: {fields}.")
        yield said.format(*values, fields=", ".join(labels))
    if answer.entered:
        yield _("Queda en HC {1:06d} lo que se le dio o firmó mientras tanto:").format(*values)
    for row in answer.entered:
        kind = _("turno") if row.kind == "turn" else _("nota")
        yield _("- {kind} {at:%d/%m/%Y %H:%M}, {doctor}, {clinic}").format(
            kind=kind, at=row.at, doctor=row.doctor, clinic=row.clinic
        )


def _entry(call: Call, text: str) -> UUID:
    """The entry itself, which its document would lead away from."""
    from clinicdesk.clinic.patients import merging
    from clinicdesk.clinic.patients.queries import DocumentQuery

    if given.is_id(text):
        return given.pair_of(text)[0]
    return call.desk.see(merging.find_retired, DocumentQuery(text)).patient_id


def merges(ctx: typer.Context, document: Document) -> None:
    """List the merges of a person's charts."""
    from clinicdesk.cli.shapes import wall
    from clinicdesk.clinic.patients import merging

    call = the_call(ctx)
    query = merging.MergesQuery(given.patient_of(call, document).patient_id)
    names = ("at", "way", "chart_number", "survivor_chart", "person", "reason")
    rows = [{name: getattr(row, name) for name in names} for row in call.desk.see(merging.merges, query)]
    if not call.json:
        for row in rows:
            row |= {"at": wall(row["at"], call.zone), "way": _WAYS[row["way"]]}
            row |= {name: f"{row[name]:06d}" for name in ("chart_number", "survivor_chart")}
    call.rows(rows, _MERGES)
    if not rows:
        call.say(_("Nunca se unió con otra."))
