"""`clinicdesk db retime`: turns follow a new release of the time zone rules, and what the doctor asks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import typer

from clinicdesk.cli.frame import Call, the_call, verb
from clinicdesk.kit.errors import Exit
from clinicdesk.kit.words import _, plural

if TYPE_CHECKING:
    from collections.abc import Iterator

    from clinicdesk.clinic.desk import Desk
    from clinicdesk.clinic.turns.retime import Followed, LeftRow
    from clinicdesk.kit.embedded import Finding


def add_to(app: typer.Typer) -> None:
    """The verb of `clinicdesk db`."""
    verb(
        app,
        "retime",
        _(
            "Llevar los turnos futuros a las reglas horarias de este programa.\n\n"
            "Ningún turno cambia de hora en la pared: se recalcula su instante. Los puestos pueden "
            "seguir trabajando. Código 5: quedan turnos sin su lugar, que hay que mover."
        ),
    )(_retime)


def _retime(ctx: typer.Context) -> None:
    """Reckon every turn to come again, as the owner. Harmless where all agree."""
    from clinicdesk import bootstrap
    from clinicdesk.clinic.turns import retime

    call = the_call(ctx)
    owner = bootstrap.owner_engine(call.settings)
    try:
        desk = bootstrap.owner_desk(owner)
        followed = retime.follow_rules(desk)
        data = told(desk, followed)
    finally:
        owner.dispose()
    call.answer(data, *lines(followed))
    if say_left(call, data):
        raise typer.Exit(Exit.CONFLICT)


def told(desk: Desk, followed: Followed) -> dict[str, Any]:
    """What following the rules did, and which turns somebody has to move."""
    days = [{"clinic": day.clinic, "day": day.day, "turns": done.turns} for day, done in followed.days]
    return {
        "rules_before": followed.before,
        "rules": followed.version,
        "retimed": followed.turns,
        "days": days,
        "left": [_object(row) for row in _left(desk)],
    }


def lines(followed: Followed) -> list[str]:
    """The same for people."""
    if followed.before == followed.version and not followed.turns:
        return [_("Reglas horarias {rules}: todos los turnos de acuerdo.").format(rules=followed.version)]
    moved = plural(followed.turns, _("turno recalculado"), _("turnos recalculados"))
    said = _("Reglas horarias {before} → {rules}: {moved}. Ninguno cambió de hora en la pared.")
    return [said.format(before=followed.before or "-", rules=followed.version, moved=moved)]


def say_left(call: Call, data: dict[str, Any]) -> bool:
    """Name on stderr the turns that somebody has to move; whether there are any."""
    words = {
        "place": _("Sin lugar: {clinic} {wall_start} {doctor}, turno {turn}. Moverlo o cancelarlo."),
        "hour": _("Hora que el reloj saltea: {clinic} {wall_start} {doctor}, turno {turn}. Moverlo."),
    }
    for row in data["left"]:
        call.say(words[row["why"]].format(**row))
    return bool(data["left"])


def findings(call: Call) -> Iterator[Finding]:
    """The rules in force, turns whose instant is not that of their wall time, turns without their claims."""
    from clinicdesk import bootstrap
    from clinicdesk.clinic.turns import retime
    from clinicdesk.kit import zones
    from clinicdesk.kit.embedded import Finding

    owner = bootstrap.owner_engine(call.settings)
    try:
        desk = bootstrap.owner_desk(owner)
        adopted = desk.see(retime.rules_in_force, retime.RulesQuery())
        astray = sum(day.count for day in desk.see(retime.astray, retime.RulesQuery()))
        left = len(_left(desk))
    finally:
        owner.dispose()
    before = adopted[0].version if adopted else "-"
    same = before == zones.version()
    yield Finding("zones", ok=same, detail=before if same else f"{before} / {zones.version()}: db retime")
    yield Finding("instants", ok=not astray, detail=f"{astray}: db retime" if astray else "0")
    yield Finding("places", ok=not left, detail=f"{left}: db retime" if left else "0")


def _left(desk: Desk) -> tuple[LeftRow, ...]:
    from clinicdesk.clinic.turns import retime

    return desk.see(retime.left, retime.RulesQuery())


def _object(row: LeftRow) -> dict[str, Any]:
    from clinicdesk.kit.ids import opaque

    return {
        "why": row.why,
        "turn": opaque(row.patient_id, row.id),
        "clinic": row.clinic,
        "doctor": row.doctor,
        "wall_start": f"{row.wall_start:%Y-%m-%dT%H:%M}",
        "state": row.state,
    }
