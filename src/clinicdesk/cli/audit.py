"""`clinicdesk audit`: who did what; seals made, anchored and verified."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, BinaryIO, Final

import typer

from clinicdesk.cli import given
from clinicdesk.cli.frame import Call, noun, the_call, verb
from clinicdesk.cli.outcome import Misused
from clinicdesk.kit.errors import Exit, Refusal
from clinicdesk.kit.words import _

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import tzinfo

    from clinicdesk.clinic.audit.queries import ActRow, Filters
    from clinicdesk.clinic.audit.verify import Against, Verdict
    from clinicdesk.exporters._acts import Acts

app = noun(_("Auditoría: quién hizo qué, sellos y su verificación."))
_EXPORTERS: Final = "clinicdesk.exporters"
_KIND: Final = "acts_"
_DAY: Final = _("AAAA-MM-DD[THH:MM]")
_LEAST_SECONDS: Final = 5
# Once an hour the whole table is looked through, for acts dated before what is settled.
_EVERYTHING_SECONDS: Final = 3_600

Since = Annotated[str | None, typer.Option("--from", metavar=_DAY, help=_("Desde cuándo."))]
Until = Annotated[
    str | None, typer.Option("--to", metavar=_DAY, help=_("Hasta cuándo; un día, hasta su final."))
]
User = Annotated[str | None, typer.Option("--user", metavar=_("USUARIO"), help=_("De quién."))]
At = Annotated[str | None, typer.Option("--at", metavar=_("CÓDIGO"), help=_("En qué centro se hizo."))]
Patient = Annotated[
    str | None, typer.Option("--patient", metavar="DOCUMENT", help=_("Sobre qué paciente: documento o HC."))
]
What = Annotated[
    str | None, typer.Option("--what", metavar=_("ACTO"), help=_("Qué: chart.open, o chart para todos."))
]
Outcome = Annotated[str | None, typer.Option("--outcome", metavar="done|refused", help=_("Hecho o negado."))]
Anchor = Annotated[
    Path | None, typer.Option("--anchor", metavar=_("ARCHIVO"), help=_("El ancla: un sello por renglón."))
]


@verb(app, "list", _("Los actos, del más nuevo al más viejo. Mirarlos también queda escrito."))
def list_acts(
    ctx: typer.Context,
    since: Since = None,
    until: Until = None,
    user: User = None,
    at: At = None,
    patient: Patient = None,
    what: What = None,
    outcome: Outcome = None,
    limit: Annotated[int, typer.Option(metavar="N", min=1, max=5000, help=_("Cuántos, 100 si no."))] = 100,
    after: Annotated[
        str | None, typer.Option(metavar=_("MARCA"), help=_("Seguir donde terminó la página anterior."))
    ] = None,
) -> None:
    """Show a page of acts."""
    from clinicdesk.clinic.audit import queries

    call = the_call(ctx)
    filters = _filters(call, since, until, user, at, patient, what, outcome)
    asked = queries.ActsQuery(filters, limit=limit, after=_place(after), subject="audit list")
    page = call.desk.see(queries.list_acts, asked)
    names = _clinics(call)
    columns = {
        _("Cuándo"): "when", _("Quién"): "user", _("Rol"): "role", _("Dónde"): "host",
        _("Qué"): "what", _("Fin"): "end", _("Paciente"): "patient", _("Sobre"): "subject",
    }  # fmt: skip
    call.rows((_told(row, names, None if call.json else call.zone) for row in page.rows), columns)
    if page.after is not None:
        call.say(_("Hay más: --after {mark}").format(mark=_mark(page.after)))


def _filters(
    call: Call,
    since: str | None,
    until: str | None,
    user: str | None,
    at: str | None,
    patient: str | None,
    what: str | None,
    outcome: str | None,
) -> Filters:
    """What was asked for. Raises InvalidInput with every problem, PatientNotFound."""
    from clinicdesk.clinic.audit.queries import Filters

    zone = call.session().actor.at.zone
    problems = given.Problems()
    times: list[Any] = [None, None]
    for place, text in enumerate((since, until)):
        with problems.noted():
            times[place] = given.instant_of(_end_of_day(text) if place else text, zone)
    problems.settle()
    if outcome not in {None, "done", "refused"}:
        raise Misused(text=_("--outcome es done o refused."))
    return Filters(
        since=times[0],
        until=times[1],
        person=user and _person(user),
        clinic_id=None if at is None else _clinic_id(call, at),
        patient_id=None if patient is None else given.patient_of(call, patient).patient_id,
        what=what,
        outcome=outcome,
    )


def _end_of_day(text: str | None) -> str | None:
    """A bare day is meant whole: up to the first instant of the next."""
    from datetime import timedelta

    if text is None or "T" in text:
        return text
    day = given.day_of(text)
    return (day + timedelta(days=1)).isoformat() if day else None


def _person(user: str) -> str:
    name = user.strip().lower()
    return name if name.startswith("k_") else f"u_{name}"


def _clinics(call: Call) -> Mapping[int, str]:
    from clinicdesk.clinic.sites import queries

    return {row.id: row.code for row in call.desk.see(queries.list_clinics, queries.SitesQuery())}


def _clinic_id(call: Call, code: str) -> int:
    wanted = code.strip().upper()
    for clinic_id, name in _clinics(call).items():
        if name.upper() == wanted:
            return clinic_id
    raise Misused(text=_("No hay un centro «{code}».").format(code=code))


def _place(mark: str | None) -> Any:
    """Where a page goes on, from its mark. Raises Misused."""
    from datetime import datetime
    from uuid import UUID

    if mark is None:
        return None
    try:
        at, _comma, key = mark.rpartition(",")
        datetime.fromisoformat(at)
        return at, UUID(key)
    except ValueError:
        raise Misused(text=_("--after no es una marca de audit list.")) from None


def _mark(after: tuple[str, Any]) -> str:
    return f"{after[0].replace(' ', 'T')},{after[1]}"


def _told(row: ActRow, clinics: Mapping[int, str], zone: tzinfo | None) -> dict[str, Any]:
    """An act for a program (no zone given), or with the cells that people read."""
    from dataclasses import asdict

    from clinicdesk.exporters._acts import username
    from clinicdesk.kit.ids import opaque

    told = asdict(row)
    del told["person"], told["patient_id"], told["clinic_id"]
    who = {"user": username(row.person), "patient": row.patient_id and opaque(row.patient_id, row.patient_id)}
    told |= who | {"clinic": None if row.clinic_id is None else clinics.get(row.clinic_id)}
    if zone is None:
        return told
    return told | {
        "when": f"{row.at.astimezone(zone):%d/%m/%Y %H:%M:%S}",
        "end": row.refusal or _("hecho"),
        "patient": row.patient_id and row.patient_id.hex[-12:],
    }


@verb(app, "export", _("Los actos en un archivo: csv, fhir o jsonl. Queda escrito quién los sacó."))
def export(
    ctx: typer.Context,
    form: Annotated[
        str, typer.Option("--format", metavar="csv|fhir|jsonl", help=_("Formato; csv si no."))
    ] = "csv",
    out: Annotated[
        str | None, typer.Option("-o", "--output", metavar=_("ARCHIVO"), help=_("Dónde; - es la salida."))
    ] = None,
    with_seals: Annotated[
        bool, typer.Option("--with-seals", help=_("Todos los actos con sus sellos (jsonl)."))
    ] = False,
    since: Since = None,
    until: Until = None,
    user: User = None,
    at: At = None,
    patient: Patient = None,
    what: What = None,
    outcome: Outcome = None,
) -> None:
    """Write acts, page by page, after writing down that they leave."""
    from clinicdesk.cli.history import stamp_of
    from clinicdesk.clinic.audit import queries
    from clinicdesk.exporters import Exporter
    from clinicdesk.kit import plugins
    from clinicdesk.kit.sheet import write_atomically

    call = the_call(ctx)
    exporter = plugins.load(_EXPORTERS, _KIND + _known(form), Exporter, "EXPORTER")
    if with_seals and (form != "jsonl" or any((since, until, user, at, patient, what, outcome))):
        raise Misused(text=_("--with-seals va con --format jsonl y sin filtros: se sella todo junto."))
    filters = _filters(call, since, until, user, at, patient, what, outcome)
    begun = call.desk.see(
        queries.begin_export, queries.Begin(f"{form} seals" if with_seals else form, filters.patient_id)
    )
    made = _acts(call, filters, begun if with_seals else None)
    stamp, target = stamp_of(call), out or given.DASH

    def write(file: BinaryIO) -> tuple[str, ...]:
        return exporter.write(made, stamp, file)

    write_atomically(target, write)
    if target != given.DASH:
        call.answer({"file": target, "format": form}, _("Escrito en {file}.").format(file=target))


def _known(form: str) -> str:
    from clinicdesk.kit import plugins

    forms = [name.removeprefix(_KIND) for name in plugins.names(_EXPORTERS) if name.startswith(_KIND)]
    if form not in forms:
        raise Misused(text=_("No hay formato «{form}». Hay: {all}.").format(form=form, all=", ".join(forms)))
    return form


def _acts(call: Call, filters: Filters, begun: Any) -> Acts:
    from clinicdesk.clinic.audit import queries
    from clinicdesk.exporters._acts import Acts, Sealing

    read = call.desk.see
    sealing = begun and Sealing(
        begun.now, begun.last, queries.sealed(read, begun.last), queries.waiting(read)
    )
    return Acts(queries.pages(read, queries.ActsQuery(filters, newest_first=False)), _clinics(call), sealing)


@verb(app, "verify", _("Recalcular los sellos: actos alterados, borrados o metidos después (salida 5)."))
def verify(
    ctx: typer.Context,
    anchor: Anchor = None,
    copy: Annotated[
        str | None,
        typer.Option(metavar=_("ARCHIVO|URL"), help=_("Una copia con sellos, u otra base.")),
    ] = None,
    minutes: Annotated[
        int,
        typer.Option("--unsealed", metavar=_("MINUTOS"), min=1, help=_("Cuánto espera un acto; 60.")),
    ] = 60,
) -> None:
    """Judge the seals; nothing is written but the act of doing it."""
    from clinicdesk.clinic.audit.anchors import read_anchor
    from clinicdesk.clinic.audit.verify import Against

    call = the_call(ctx)
    against = Against({} if anchor is None else read_anchor(anchor), minutes)
    found = _verdict(call, copy, against)
    _tell(call, found, anchored=anchor is not None)
    if not found.clean:
        raise typer.Exit(Exit.CONFLICT)


def _verdict(call: Call, copy: str | None, against: Against) -> Verdict:
    from clinicdesk.clinic.audit import verify as verifying

    if copy is None:
        return verifying.verify_desk(call.desk, against)
    if copy.startswith(("postgres://", "postgresql://")):
        return verifying.verify_database(copy, against)
    return verifying.verify_copy(Path(copy), against)


def _tell(call: Call, found: Verdict, *, anchored: bool) -> None:
    from dataclasses import asdict

    words = {
        "altered": _("acto alterado"),
        "deleted": _("acto borrado"),
        "inserted": _("acto metido después, con fecha anterior"),
        "seal_altered": _("sello que no corresponde a sus actos"),
        "seal_missing": _("sello que falta"),
        "seal_rewritten": _("sello distinto del anclado"),
        "chain_broken": _("sello que no sigue al anterior"),
        "tail_cut": _("faltan los últimos sellos anclados"),
        "unsealed": _("acto sin sello hace demasiado"),
        "copy_cut": _("copia incompleta"),
    }
    told = [asdict(each) for each in found.findings]
    counts = {name: getattr(found, name) for name in ("seals", "acts", "unsealed", "last", "untold")}
    lines = [_line(words[str(each.kind)], each) for each in found.findings]
    verdict = (
        _("Sin alteraciones.") if found.clean else _("{n} hallazgos.").format(n=len(told) + found.untold)
    )
    looked = _("{seals} sellos, {acts} actos sellados, {unsealed} por sellar.").format(**counts)
    call.answer(
        {"clean": found.clean, "anchored": anchored, **counts, "findings": told}, *lines, looked, verdict
    )
    if not anchored:
        call.say(_("Sin ancla (--anchor) no se ve si se rehicieron todos los sellos."))


def _line(word: str, each: Any) -> str:
    seal = "" if each.seal is None else _("sello {n}").format(n=each.seal)
    seal += f"-{each.until}" if each.until not in (None, each.seal) else ""
    return " ".join(filter(None, (f"{word}:", seal, each.act)))


@verb(
    app,
    "seal",
    _("Sellar los actos y anclar los sellos fuera de la base."),
)
def seal(
    ctx: typer.Context,
    anchor: Anchor = None,
    command: Annotated[
        str | None,
        typer.Option("--anchor-command", metavar=_("ORDEN"), help=_("Recibe los renglones por su entrada.")),
    ] = None,
    every: Annotated[
        int | None, typer.Option(metavar=_("SEGUNDOS"), min=_LEAST_SECONDS, help=_("Seguir, cada tantos."))
    ] = None,
) -> None:
    """Seal once, or until a signal ends it."""
    call = the_call(ctx)
    call.session()
    if every is None:
        _round(call, anchor, command, everything=True)
        return
    looked = 0.0
    while True:
        started = time.monotonic()
        everything = not looked or started - looked >= _EVERYTHING_SECONDS
        try:
            _round(call, anchor, command, everything=everything)
            looked = started if everything else looked
        except Refusal as refusal:
            call.say(str(refusal))  # loud, and again at the next round: nothing is lost meanwhile
        time.sleep(max(0.0, every - (time.monotonic() - started)))


def _round(call: Call, anchor: Path | None, command: str | None, *, everything: bool) -> None:
    """One round: what one anchor refuses does not keep the other from its lines."""
    from clinicdesk.clinic.audit import anchors, service

    counts = {"sealed": service.seal_all(call.desk, everything=everything), "anchored": 0, "handed_over": 0}
    refused: list[Refusal] = []
    if anchor is not None:
        with _gathered(refused):
            counts["anchored"] = anchors.anchor_to_file(call.desk.see, anchor)
    if command is not None:
        with _gathered(refused):
            counts["handed_over"] = anchors.anchor_to_command(call.desk.see, command, _kept(call, command))
    said = _("{sealed} actos sellados; sellos anclados: {anchored}, entregados: {handed_over}.")
    call.answer(counts, said.format(**counts))
    for each in refused[:-1]:
        call.say(str(each))
    if refused:
        raise refused[-1]


@contextmanager
def _gathered(refused: list[Refusal]) -> Iterator[None]:
    try:
        yield
    except Refusal as refusal:
        refused.append(refusal)


def _kept(call: Call, command: str) -> Path:
    """Where the last seal that a command has taken is remembered."""
    from hashlib import sha256

    return call.settings.home / "audit" / f"{sha256(command.encode()).hexdigest()[:16]}.taken"
