"""What every command is made with: its shared options, its session, and where its words and data go."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, TypeVar
from uuid import UUID

import typer
from typer.core import TyperOption

from clinicdesk.cli import outcome, spanish
from clinicdesk.kit.errors import Exit, Refusal
from clinicdesk.kit.words import _

if TYPE_CHECKING:
    from datetime import tzinfo

    from clinicdesk.bootstrap import Session
    from clinicdesk.clinic.desk import Desk
    from clinicdesk.clinic.usecases import Order
    from clinicdesk.kit.settings import Settings

FunctionT = TypeVar("FunctionT", bound=Callable[..., Any])
ProvenT = TypeVar("ProvenT", bound="Order")


class NotLoggedIn(Refusal):
    """Nobody is logged in and nothing says who should be."""

    says = _(
        "Falta ingresar: clinicdesk login. En guiones: CLINICDESK_USER y CLINICDESK_PASSWORD_FILE (0600)."
    )
    exit = Exit.NOT_ALLOWED


class Call:
    """One run of the program: what its shared options said, and the session it opens when one is needed."""

    def __init__(self, settings: Settings, *, color: bool = False) -> None:
        self.settings = settings
        self.json = False
        self.yes = False
        self.color = color
        self.clinic: str | None = None
        self.role: str | None = None
        self.key: UUID | None = None
        self._session: Session | None = None
        self._password: str | None = None

    def session(self) -> Session:
        """The logged-in person, from the environment or from `clinicdesk login`. Raises NotLoggedIn."""
        if self._session is None:
            from clinicdesk.cli.entrance import open_session

            self._session = open_session(self)
        return self._session

    @property
    def desk(self) -> Desk:
        """What the person works through."""
        return self.session().desk()

    @property
    def zone(self) -> tzinfo:
        """The zone of the clinic where the person works."""
        from zoneinfo import ZoneInfo

        return ZoneInfo(self.session().actor.at.zone)

    @property
    def keyed(self) -> dict[str, Any]:
        """`Order(**call.keyed, …)`: the key that was given, if one was."""
        return {} if self.key is None else {"key": self.key}

    def proved(self, order: ProvenT) -> ProvenT:
        """The order with proof that the person knows the password now: from its file, else asked for."""
        from dataclasses import replace

        from clinicdesk.cli.entrance import typed_password

        session = self.session()
        password = typed_password(self, session.actor.username)
        proof: dict[str, Any] = {"proof": session.prove(password, order.key)}
        return replace(order, **proof)

    def close(self) -> None:
        """Give the session back."""
        if self._session is not None:
            self._session.leave()
            self._session.close()

    def answer(self, data: Mapping[str, Any], *lines: str) -> None:
        """The data of a command: one JSON object, or its lines for people."""
        if self.json:
            self.object(data)
        else:
            self.lines(*lines)

    def object(self, data: Any) -> None:
        """One line of JSON on stdout, times with the offset of the clinic (UTC before a login)."""
        from datetime import UTC

        from clinicdesk.kit.plain import plain
        from clinicdesk.kit.sheet import json_text

        zone = self.zone if self._session is not None else UTC
        sys.stdout.buffer.write(json_text(plain(data, zone)) + b"\n")
        sys.stdout.flush()

    def lines(self, *lines: str) -> None:
        """Lines for people on stdout; nothing that a terminal would obey passes."""
        from clinicdesk.kit.text import shown

        for line in "\n".join(lines).split("\n") if lines else ():
            print(shown(line))  # noqa: T201
        sys.stdout.flush()

    def rows(self, rows: Iterable[Mapping[str, Any]], columns: Mapping[str, str]) -> None:
        """A list: JSON Lines of whole rows, or a table of `columns` (head → key of the row)."""
        if self.json:
            for row in rows:
                self.object(row)
            return
        cells = [[_told(row.get(key)) for key in columns.values()] for row in rows]
        if cells:
            self.lines(*table(list(columns), cells))

    def say(self, text: str) -> None:
        """Talk on stderr, which no script reads as data."""
        outcome.say(text)

    def confirm(self, question: str) -> bool:
        """Ask before what cannot be undone; --yes answers. Raises NoAnswer without a terminal."""
        if self.yes:
            return True
        if not sys.stdin.isatty():
            raise outcome.NoAnswer
        print(f"{question} [s/N] ", end="", file=sys.stderr, flush=True)  # noqa: T201
        return sys.stdin.readline().strip().lower() in {"s", "si", "sí"}


def _told(value: Any) -> str:
    return "" if value is None else str(value)


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Lines of a table, columns as wide as their widest cell, the last one free."""
    from clinicdesk.kit.text import cells, fit, shown

    told = [[shown(cell) for cell in row] for row in (heads, *rows)]
    widths = [max(map(cells, column)) for column in zip(*told, strict=True)]
    return ["  ".join(map(fit, row, widths)).rstrip() for row in told]


def the_call(ctx: typer.Context) -> Call:
    """The run that a command body belongs to."""
    found = ctx.find_object(Call)
    if found is None:
        raise TypeError("a command ran outside cli.main")
    return found


def _shared(name: str, said: str, set_in: Callable[[Call, Any], None], **settings: Any) -> TyperOption:
    """An option of every verb: it goes into the Call, not into the body's parameters."""

    def callback(ctx: typer.Context, _parameter: object, value: Any) -> Any:
        call = ctx.find_object(Call)
        if call is not None and value not in (None, False):
            set_in(call, value)
        return value

    return TyperOption(
        param_decls=[name], help=said, callback=callback, expose_value=False, show_default=False, **settings
    )


def _setter(attribute: str) -> Callable[[Call, Any], None]:
    return lambda call, value: setattr(call, attribute, value)


def _without_color(call: Call, _value: Any) -> None:
    call.color = False


def shared_options() -> list[TyperOption]:
    """The options of every verb, made anew for each."""
    return [
        _shared("--json", _("Datos en JSON por la salida."), _setter("json"), is_flag=True),
        _shared(
            "--clinic", _("Código del centro en el que se actúa."), _setter("clinic"), metavar=_("CÓDIGO")
        ),
        _shared("--role", _("Rol en el que se actúa."), _setter("role"), metavar=_("ROL")),
        _shared("--no-color", _("Sin colores (también NO_COLOR)."), _without_color, is_flag=True),
    ]


def _uuid(text: str) -> UUID:
    """A key as given. Raises BadParameter."""
    try:
        return UUID(text)
    except ValueError:
        raise typer.BadParameter(_("«{text}» no es una clave UUID.").format(text=text[:40])) from None


def _key_option() -> TyperOption:
    said = _("Clave de la orden: repetirla da la primera respuesta, no un segundo efecto.")
    return _shared("--key", said, lambda call, text: setattr(call, "key", _uuid(text)), metavar="UUID")


def _yes_option() -> TyperOption:
    return _shared("--yes", _("No preguntar."), _setter("yes"), is_flag=True)


class Reads(spanish.Command):
    """A verb that shows."""

    def __init__(self, name: str | None, **settings: Any) -> None:
        super().__init__(name, **settings)
        self.params += shared_options()


class Writes(Reads):
    """A verb that changes something: its order has a key."""

    def __init__(self, name: str | None, **settings: Any) -> None:
        super().__init__(name, **settings)
        self.params += [_key_option(), _yes_option()]


class Asks(Reads):
    """A verb that may ask before it acts, without an order of its own."""

    def __init__(self, name: str | None, **settings: Any) -> None:
        super().__init__(name, **settings)
        self.params += [_yes_option()]


_TYPER: Final[dict[str, Any]] = {"add_completion": False, "rich_markup_mode": None}


def noun(said: str) -> typer.Typer:
    """A noun whose verbs are added with `verb`; `said` is its line of help."""
    app = typer.Typer(cls=spanish.Group, help=said, **_TYPER)
    app.callback()(_nothing)
    return app


def _nothing() -> None:
    pass


def lone() -> typer.Typer:
    """A command that is one word: add exactly one `verb`."""
    return typer.Typer(cls=spanish.Group, **_TYPER)


def verb(
    app: typer.Typer, name: str, said: str, *, cls: type[spanish.Command] = Reads
) -> Callable[[FunctionT], FunctionT]:
    """Add a verb; `said` is its help, whose first line lists use."""
    return app.command(name, cls=cls, help=said, short_help=said.partition("\n")[0])
