"""`clinicdesk db backup`, `restore` and `key`: nothing is lost, and nobody reads it on the way."""

from __future__ import annotations

import sys
import time
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, BinaryIO, Final

import typer

from clinicdesk.cli import given
from clinicdesk.cli.frame import Asks, Call, the_call, verb
from clinicdesk.cli.outcome import Misused, NoAnswer
from clinicdesk.kit.errors import Exit, InvalidInput, Refusal
from clinicdesk.kit.words import _, plural

if TYPE_CHECKING:
    from collections.abc import Callable

    from clinicdesk.kit.backup import Header, Kept, Key, Restored, TableSum, Verified
    from clinicdesk.kit.settings import Settings

_FILE: Final = _("ARCHIVO")
_KEY_FILE: Final = _(
    "Archivo 0600 (o /dev/fd/N) con la clave: de «db key», o una frase. Sin él se pregunta la frase."
)
_URLS: Final = ("postgresql://", "postgres://")
_MIB: Final = 1024 * 1024
_PAUSE_SECONDS: Final = 0.2


class FileThere(Refusal):
    """The file to write exists, and nobody said that it may be replaced."""

    says = _("{path} ya existe y no se tocó. Elegir otro nombre, o reemplazarlo con --yes.")
    exit = Exit.CONFLICT


class NotConfirmed(Refusal):
    """The question was not answered with what it asked for."""

    says = _("No se confirmó. No se tocó nada.")
    exit = Exit.USAGE


def add_to(app: typer.Typer) -> None:
    """Add these verbs to a noun."""
    verb(app, "backup", _BACKUP, cls=Asks)(backup)
    verb(app, "restore", _RESTORE, cls=Asks)(restore)
    verb(app, "key", _KEY)(key)


_BACKUP: Final = _(
    "Copiar toda la base y sus cuentas en un archivo cifrado.\n\n"
    "La escribe la cuenta dueña. Con --check solo lee una copia y dice si está sana."
)


def backup(
    ctx: typer.Context,
    out: Annotated[
        str | None, typer.Option("-o", "--output", metavar=_FILE, help=_("Dónde; - es la salida."))
    ] = None,
    key_file: Annotated[Path | None, typer.Option(metavar=_FILE, help=_KEY_FILE)] = None,
    check: Annotated[
        Path | None, typer.Option(metavar=_FILE, help=_("Revisar esta copia; no escribe nada."))
    ] = None,
) -> None:
    """Write a backup, or read one through."""
    call = the_call(ctx)
    if (out is None) == (check is None):
        raise Misused(text=_("Hace falta -o ARCHIVO o --check ARCHIVO, uno de los dos."))
    if check is not None:
        _check(call, check, key_file)
    else:
        _back_up(call, str(out), key_file)


def _check(call: Call, path: Path, key_file: Path | None) -> None:
    from clinicdesk.kit import backup as kit

    with _Progress(_("Leyendo")) as progress:
        verified = kit.check(path, _key_for(key_file), progress)
    call.answer(
        {"file": str(path), "ok": True} | _told(verified),
        _("{file} está sano: {rows} filas en {tables} tablas, del {at}.").format(
            file=path, rows=verified.rows, tables=len(verified.tables), at=verified.header.created_at
        ),
    )


def _back_up(call: Call, out: str, key_file: Path | None) -> None:
    from clinicdesk import bootstrap
    from clinicdesk.clinic.access import copies
    from clinicdesk.kit import backup as kit
    from clinicdesk.kit import clock
    from clinicdesk.kit.sheet import write_atomically

    _demand_place(call, out)
    bootstrap.database_url(call.settings)
    owner = bootstrap.owner_engine(call.settings)
    try:
        _demand_installed(owner)
        secret = _new_secret(key_file)
        bootstrap.owner_desk(owner).do(copies.note_backup, copies.TakeBackup())

        def write(file: BinaryIO) -> Kept:
            with _Progress(_("Copiando")) as progress:
                return kit.dump(owner, file, secret, clock.now(), progress)

        started = time.monotonic()
        kept = write_atomically(out, write)
        seconds = time.monotonic() - started
    finally:
        owner.dispose()
    _tell_kept(call, out, kept, seconds)


def _demand_installed(owner: Any) -> None:
    """Raises NothingHere."""
    from clinicdesk.clinic.access import health
    from clinicdesk.kit.backup.errors import NothingHere

    if health.facts(owner).revision is None:
        raise NothingHere


def _demand_place(call: Call, out: str) -> None:
    """Raises FileThere, NotConfirmed, Misused."""
    if out == given.DASH:
        if sys.stdout.isatty():
            raise Misused(text=_("Falta -o ARCHIVO: una copia no se muestra en la terminal."))
        return
    if not Path(out).is_file() or call.yes:
        return
    if not sys.stdin.isatty():
        raise FileThere(path=out)
    if not call.confirm(_("{file} ya existe. ¿Reemplazarlo?").format(file=out)):
        raise NotConfirmed


def _tell_kept(call: Call, out: str, kept: Kept, seconds: float) -> None:
    if kept.left_out:
        call.say(_("Atención: quedan fuera tablas de otros: {names}.").format(names=", ".join(kept.left_out)))
    said = _("Copia lista: {rows} filas, {logins}, {mib} MiB en {seconds} s.").format(
        rows=kept.rows,
        logins=plural(kept.logins, _("cuenta"), _("cuentas")),
        mib=f"{kept.size / _MIB:.1f}",
        seconds=f"{seconds:.1f}",
    )
    if out == given.DASH:
        call.say(said)
        return
    data = {
        "file": out,
        "rows": kept.rows,
        "logins": kept.logins,
        "left_out": kept.left_out,
        "bytes": kept.size,
        "sha256": kept.sha256,
        "seconds": round(seconds, 3),
        "tables": [asdict(each) for each in kept.tables],
    }
    call.answer(data | _head(kept.header), said, _("Archivo: {file}").format(file=out))


def _head(header: Header) -> dict[str, Any]:
    return {
        "format": header.format,
        "program": header.program,
        "schema": header.schema,
        "server_version": header.server_version,
        "created_at": header.created_at,
    }


def _told(verified: Verified) -> dict[str, Any]:
    tables: tuple[TableSum, ...] = verified.tables
    return _head(verified.header) | {
        "rows": verified.rows,
        "logins": len(verified.logins),
        "bytes": verified.size,
        "tables": [asdict(each) for each in tables],
    }


_RESTORE: Final = _(
    "Restaurar una copia en una base vacía.\n\n"
    "Primero lee el archivo entero: uno dañado, cortado o con otra clave no toca nada. Después "
    "restaura en una sola transacción y compara cada tabla. Todos ingresan con su clave de siempre."
)


def restore(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(metavar=_FILE, help=_("La copia."))],
    into: Annotated[
        str | None,
        typer.Option(metavar=_("CARPETA|URL"), help=_("Dónde: una carpeta o postgresql://…; aquí si no.")),
    ] = None,
    key_file: Annotated[Path | None, typer.Option(metavar=_FILE, help=_KEY_FILE)] = None,
    replace_all: Annotated[
        bool,
        typer.Option("--replace", help=_("Borrar lo que haya. Pide escribir el nombre de la base.")),
    ] = False,
) -> None:
    """Restore a backup into an empty database, or in place of another."""
    from clinicdesk.kit import backup as kit

    call = the_call(ctx)
    if str(file) == given.DASH:
        raise Misused(text=_("Una copia se lee dos veces: hace falta un archivo, no la entrada."))
    where = _where(call.settings, into)
    if replace_all:
        _demand_confirmed(where)
    with _Progress(_("Restaurando")) as progress:
        restored = kit.restore(
            file, _key_for(key_file), lambda: _owner(call, where), replace=replace_all, progress=progress
        )
    _tell_restored(call, where, file, restored)


def _where(settings: Settings, into: str | None) -> Settings:
    """The place to restore into. Raises Misused for a URL with a password in it."""
    if into is None:
        return settings
    if not into.startswith(_URLS):
        return replace(settings, home=Path(into).expanduser().absolute(), database_url=None, owner_url=None)
    from clinicdesk.kit.db import has_password

    if has_password(into):
        raise Misused(text=_("Una clave no va en la línea de órdenes: usar ~/.pgpass o PGPASSWORD."))
    return replace(settings, database_url=into, owner_url=into)


def _owner(call: Call, where: Settings) -> Any:
    """The owner's engine of the place, whose database is made first where it is missing."""
    from clinicdesk import bootstrap
    from clinicdesk.kit import server

    if where.owner_url is not None and not where.embedded and server.make_database(where.owner_url):
        call.say(_("Base de datos creada."))
    return bootstrap.owner_engine(where)


def _demand_confirmed(where: Settings) -> None:
    """What is about to vanish is named by whoever makes it vanish. Raises NotConfirmed, NoAnswer."""
    from clinicdesk.kit.db import database_name

    name = database_name(where.owner_url) if where.owner_url else str(where.home)
    print(  # noqa: T201
        _("Se borra todo lo que hay en {name}. Para seguir, escribir {name}: ").format(name=name),
        end="",
        file=sys.stderr,
        flush=True,
    )
    typed = sys.stdin.readline()
    if not typed:
        raise NoAnswer
    if typed.strip() != name:
        raise NotConfirmed


def _tell_restored(call: Call, where: Settings, file: Path, restored: Restored) -> None:
    from clinicdesk.kit import migrate

    verified = restored.verified
    newest = migrate.newest()
    seals = _seals(where, verified.header) if verified.header.schema == newest else None
    behind = verified.header.schema != newest
    if restored.closed:
        call.say(_("Cerradas, no están en la copia: {names}.").format(names=", ".join(restored.closed)))
    if behind:
        call.say(
            _("El esquema restaurado es el {found}. Seguir con: clinicdesk db upgrade").format(
                found=verified.header.schema
            )
        )
    data = {"file": str(file), "home": str(where.home) if where.embedded else None, "seals": seals}
    call.answer(
        data | {"equal": True, "closed": restored.closed, "up_to_date": not behind} | _told(verified),
        _("Restaurado: {rows} filas en {tables} tablas, iguales a la copia; {logins}.").format(
            rows=verified.rows,
            tables=len(verified.tables),
            logins=plural(len(verified.logins), _("cuenta"), _("cuentas")),
        ),
    )
    if seals is not None and not seals["clean"]:
        call.say(_("Atención: los sellos de auditoría no cierran, tampoco en la copia. Ver: audit verify"))
        raise typer.Exit(Exit.CONFLICT)


def _seals(where: Settings, header: Header) -> dict[str, Any]:
    """What the seals say of the restored acts; those that waited for one at the backup may wait on."""
    from datetime import datetime

    from clinicdesk import bootstrap
    from clinicdesk.clinic.audit.verify import Against, verify_database
    from clinicdesk.kit import clock

    age = clock.now() - datetime.fromisoformat(header.created_at)
    url = where.owner_url if where.owner_url and not where.embedded else bootstrap.database_url(where)
    found = verify_database(url, Against({}, max(0, int(age.total_seconds()) // 60) + 60))
    return {"clean": found.clean, "seals": found.seals, "acts": found.acts, "unsealed": found.unsealed}


_KEY: Final = _(
    "Crear una clave para las copias, en un archivo que solo usted lee.\n\n"
    "Guardar otra copia de esa clave lejos del servidor: sin ella no se restaura nada."
)


def key(
    ctx: typer.Context,
    out: Annotated[str, typer.Option("-o", "--output", metavar=_FILE, help=_("Dónde."))],
) -> None:
    """Make a key file; one that exists is never replaced."""
    from clinicdesk.kit.backup import FileKey, key_of, new_key
    from clinicdesk.kit.sheet import write_atomically

    call = the_call(ctx)
    if out != given.DASH and Path(out).exists():
        raise FileThere(path=out)
    text = new_key()
    write_atomically(out, lambda file: file.write(text.encode() + b"\n"))
    if out == given.DASH:
        return
    made = key_of(text)
    known = made.facts()["id"] if isinstance(made, FileKey) else None
    call.answer({"file": out, "id": known}, _("Clave {id} en {file}.").format(id=known, file=out))


def _new_secret(key_file: Path | None) -> Key:
    """The key of a new backup; a typed phrase is typed twice. Raises WeakKey, FileOpenToOthers, NoAnswer."""
    from clinicdesk.kit.backup import key_of

    if key_file is not None:
        return _from_file(key_file)
    typed = key_of(_asked(_("Frase de la copia: ")))
    if typed != key_of(_asked(_("Otra vez: "))):
        raise InvalidInput(_("Las dos frases no son iguales."))
    return typed


def _key_for(key_file: Path | None) -> Callable[[Header], Key]:
    """The key of a file that is there: asked for once its header has been read."""
    from clinicdesk.kit.backup import key_of

    def found(header: Header) -> Key:
        if key_file is not None:
            return _from_file(key_file)
        if header.key.get("kind") == "file":
            raise Misused(
                text=_("Falta --key-file: la copia se cifró con el archivo de clave {id}.").format(
                    id=header.key.get("id")
                )
            )
        return key_of(_asked(_("Frase de la copia: ")))

    return found


def _from_file(path: Path) -> Key:
    from clinicdesk.cli.entrance import one_line
    from clinicdesk.cli.kept_login import secret_text
    from clinicdesk.kit.backup import key_of

    return key_of(one_line(secret_text(path)))


def _asked(prompt: str) -> str:
    from clinicdesk.cli.entrance import ask_password

    if not sys.stdin.isatty():
        raise NoAnswer
    return ask_password(prompt)


class _Progress:
    """One line on stderr that is written over, and only where somebody looks at it."""

    def __init__(self, verb: str) -> None:
        self._verb = verb
        self._next = 0.0
        self._shown = False

    def __enter__(self) -> _Progress:
        return self

    def __exit__(self, *_error: object) -> None:
        if self._shown:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)  # noqa: T201

    def __call__(self, table: str, rows: int, size: int) -> None:
        """Tell how far it is, five times a second at most."""
        if not sys.stderr.isatty() or time.monotonic() < self._next:
            return
        self._next = time.monotonic() + _PAUSE_SECONDS
        self._shown = True
        far = f" {rows}" if rows else f" {size / _MIB:.0f} MiB" if size else ""
        print(f"\r\x1b[K{self._verb} {table}{far}"[:78], end="", file=sys.stderr, flush=True)  # noqa: T201
