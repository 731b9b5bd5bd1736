"""`clinicdesk db`: the database of this installation, embedded or on a server."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from clinicdesk.cli import backup, db_records, zone_rules
from clinicdesk.cli.frame import Call, noun, the_call, verb
from clinicdesk.cli.outcome import Misused
from clinicdesk.kit.errors import Exit
from clinicdesk.kit.words import _

if TYPE_CHECKING:
    from collections.abc import Iterator

    from clinicdesk.clinic.access.health import Facts
    from clinicdesk.kit.embedded import Finding
    from clinicdesk.kit.settings import Settings

app = noun(_("La base de datos: arrancar, detener, estado, actualizar, copiar, restaurar, consultar."))
_MIB: Final = 1024 * 1024
_MOST_UNSEALED_MINUTES: Final = 10
"""Acts are sealed each minute: one that waits longer has no sealer."""


@verb(app, "start", _("Arrancar el servidor propio; no hace nada si ya está en marcha."))
def start(ctx: typer.Context) -> None:
    """Start the embedded server."""
    from clinicdesk import bootstrap
    from clinicdesk.kit import embedded

    call = the_call(ctx)
    _demand_embedded(call)
    server = embedded.start(call.settings.home)
    data = {
        "running": True,
        "pid": server.pid,
        "version": server.version,
        "home": str(server.home),
        "database_url": bootstrap.database_url(call.settings),
    }
    call.answer(
        data,
        _("PostgreSQL {version} en marcha, proceso {pid}.").format(version=server.version, pid=server.pid),
        _("Carpeta: {home}").format(home=server.home),
    )


@verb(app, "stop", _("Detener el servidor propio. Lo escrito queda."))
def stop(ctx: typer.Context) -> None:
    """Stop the embedded server."""
    from clinicdesk.kit import embedded

    call = the_call(ctx)
    _demand_embedded(call)
    was = embedded.stop(call.settings.home)
    call.answer(
        {"running": False, "was_running": was}, _("Servidor detenido.") if was else _("No estaba en marcha.")
    )


def _demand_embedded(call: Call) -> None:
    if not call.settings.embedded:
        raise Misused(
            text=_("CLINICDESK_DATABASE_URL nombra un servidor: clinicdesk no lo arranca ni lo detiene.")
        )


@verb(app, "status", _("Si está en marcha, versión, esquema y roles."))
def status(ctx: typer.Context) -> None:
    """What is known without changing anything."""
    call = the_call(ctx)
    data = _embedded_status(call) if call.settings.embedded else _server_status(call)
    words = {
        "running": _("En marcha"),
        "server_version": _("PostgreSQL"),
        "home": _("Carpeta"),
        "pid": _("Proceso"),
        "size_bytes": _("Tamaño (MiB)"),
        "database": _("Base"),
        "role": _("Rol"),
        "member_of": _("Grupos"),
        "revision": _("Esquema"),
        "newest": _("Esquema de este programa"),
        "missing_roles": _("Roles que faltan"),
    }
    lines = [f"{word}: {_said(name, data[name])}" for name, word in words.items() if name in data]
    call.answer(data, *lines)


def _said(name: str, value: Any) -> str:
    if value is None or value == ():
        return _("ninguno")
    if isinstance(value, bool):
        return _("sí") if value else _("no")
    if name == "size_bytes":
        return str(round(value / _MIB))
    return ", ".join(value) if isinstance(value, tuple) else str(value)


def _embedded_status(call: Call) -> dict[str, Any]:
    from clinicdesk import bootstrap
    from clinicdesk.kit import embedded

    found = embedded.status(call.settings.home)
    data = {
        "embedded": True,
        "running": found.running,
        "initialised": found.initialised,
        "server_version": found.version or None,
        "home": str(found.home),
        "pid": found.pid,
        "started_at": found.started_at,
        "size_bytes": found.size_bytes,
    }
    if not found.running:
        return data
    return data | {"database_url": bootstrap.database_url(call.settings)} | _told(_facts(call))


def _server_status(call: Call) -> dict[str, Any]:
    return {"embedded": False, "running": True} | _told(_facts(call))


def _told(facts: Facts) -> dict[str, Any]:
    from clinicdesk.kit import migrate

    newest = migrate.newest()
    data = asdict(facts) | {"newest": newest}
    return data | {"up_to_date": None if facts.revision == "?" else facts.revision == newest}


def _facts(call: Call) -> Facts:
    """As the owner where we are, else as who is logged in, else as much as the gate may see."""
    from clinicdesk import bootstrap
    from clinicdesk.cli.frame import NotLoggedIn
    from clinicdesk.clinic.access import health

    where = call.settings
    if where.embedded or where.owner_url is not None:
        engine = bootstrap.owner_engine(where)
        try:
            return health.facts(engine)
        finally:
            engine.dispose()
    try:
        return health.facts(call.session().engine)
    except NotLoggedIn:
        return health.seen_from_the_gate(bootstrap.database_url(where))


@verb(app, "doctor", _("Revisar todo: un renglón por cosa mirada."))
def doctor(ctx: typer.Context) -> None:
    """Each finding is a code, whether it is well, and the fact seen. Exit 5 where one is not."""
    call = the_call(ctx)
    findings = [*_examined(call)]
    rows = ({"code": each.code, "ok": each.ok, "detail": each.detail} for each in findings)
    if call.json:
        call.rows(rows, {})
    else:
        call.lines(*(f"{'✓' if row['ok'] else '✗'} {row['code']:<10} {row['detail']}" for row in rows))
    wrong = sum(not each.ok for each in findings)
    if wrong:
        call.say(_("{count} para corregir.").format(count=wrong))
        raise typer.Exit(Exit.CONFLICT)


def _examined(call: Call) -> Iterator[Finding]:
    from clinicdesk import bootstrap
    from clinicdesk.clinic.access import health
    from clinicdesk.kit import embedded
    from clinicdesk.kit.embedded import Finding

    where = call.settings
    if where.embedded:
        yield from embedded.doctor(where.home)
        if not embedded.status(where.home).running:
            return
        try:
            embedded.start(where.home)
        except embedded.EmbeddedFault as fault:
            yield Finding("start", ok=False, detail=str(fault))
            return
    else:
        trusting = health.lets_anybody_in(bootstrap.database_url(where))
        yield Finding("passwords", ok=not trusting, detail="trust" if trusting else "scram-sha-256")
    url = bootstrap.database_url(where)
    told = _told(_facts(call))
    if told["revision"]:
        door = health.at_the_gate(url)
        yield Finding("gate", ok=not door.refusal, detail=door.refusal or "k_gate")
        yield Finding("messages", ok=door.speaks_plainly, detail=door.messages or "-")
        shut = "public: lo_*, pg_advisory_*, pg_notify"
        yield Finding("closed", ok=door.is_closed, detail="closed.sql" if door.is_closed else shut)
    yield Finding("postgresql", ok=True, detail=f"{told['server_version']} {told['database']} {told['role']}")
    current = told["up_to_date"] is not False
    yield Finding("schema", ok=current, detail=f"{told['revision'] or '-'} / {told['newest']}")
    missing = told["missing_roles"] if told["revision"] else ()
    yield Finding("roles", ok=not missing, detail=" ".join(missing) or " ".join(told["member_of"]))
    if told["revision"] and told["up_to_date"] and (where.embedded or where.owner_url is not None):
        yield from zone_rules.findings(call)
        yield _seals(where)


def _seals(where: Settings) -> Finding:
    """How long acts wait for their seal, which only the owner can look at."""
    from clinicdesk import bootstrap
    from clinicdesk.clinic.access import health
    from clinicdesk.kit.embedded import Finding

    owner = bootstrap.owner_engine(where)
    try:
        waited = health.unsealed_minutes(owner)
    finally:
        owner.dispose()
    return Finding("seals", ok=waited <= _MOST_UNSEALED_MINUTES, detail=f"{waited:.0f} min")


@verb(app, "upgrade", _("Llevar la base al esquema y a las reglas horarias de este programa."))
def upgrade(ctx: typer.Context) -> None:
    """Run the migrations that are missing, as the owner; then turns follow this program's zone rules."""
    from clinicdesk import bootstrap
    from clinicdesk.clinic.access import health
    from clinicdesk.clinic.turns import retime
    from clinicdesk.kit import migrate

    call = the_call(ctx)
    owner = bootstrap.owner_engine(call.settings)
    try:
        before = health.facts(owner).revision
        migrate.upgrade(owner)
        after = health.facts(owner).revision
        desk = bootstrap.owner_desk(owner)
        followed = retime.follow_rules(desk)
        data = {"from": before, "to": after} | zone_rules.told(desk, followed)
    finally:
        owner.dispose()
    said = _("El esquema ya era el {after}.") if before == after else _("Esquema: {before} → {after}.")
    call.answer(data, said.format(before=before or "-", after=after), *zone_rules.lines(followed))
    zone_rules.say_left(call, data)


@verb(
    app,
    "psql",
    _(
        "Abrir psql como la persona que ingresó, con sus permisos.\n\n"
        'Lo que sigue a «--» va a psql: clinicdesk db psql -- -c "select 1"'
    ),
)
def psql(
    ctx: typer.Context,
    arguments: Annotated[
        list[str] | None, typer.Argument(metavar=_("[-- OPCIONES]"), help=_("Para psql."))
    ] = None,
) -> None:
    """Open psql with the derived secret in the environment of the child alone."""
    from clinicdesk.cli.psql import run_psql

    session = the_call(ctx).session()
    raise typer.Exit(run_psql(session.url, session.actor.username, session.secret, arguments or []))


backup.add_to(app)
zone_rules.add_to(app)
db_records.add_to(app)
