"""Help and usage errors in Spanish, plain: one fact per line, no box, no colour.

Typer carries its parser inside and speaks English; this is the one file that knows its parts.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from typer.core import TyperCommand, TyperGroup, TyperOption

from clinicdesk.cli.outcome import Misused
from clinicdesk.kit.words import _

if TYPE_CHECKING:
    from typer._click.core import Context, Parameter
    from typer._click.formatting import HelpFormatter

_OPTIONS: Final = _("[OPCIONES]")
_ADDED: Final = re.compile(r"\[((?:default: |required|x[<>]|\d+<).*)\]$")
_PLAIN: Final[dict[str, Any]] = {"rich_markup_mode": None, "options_metavar": _OPTIONS}


class _Spoken:
    """What commands and groups share: usage, help option and headings."""

    def get_help_option(self, ctx: Context) -> TyperOption | None:
        option: TyperOption | None = super().get_help_option(ctx)  # type: ignore[misc]
        if option is not None:
            option.help = _("Mostrar esta ayuda.")
        return option

    def format_usage(self, ctx: Context, formatter: HelpFormatter) -> None:
        pieces = (each.strip("{}") for each in self.collect_usage_pieces(ctx))  # type: ignore[attr-defined]
        formatter.write_usage(ctx.command_path, " ".join(pieces), prefix=_("Uso: "))

    def _write_parameters(self, ctx: Context, formatter: HelpFormatter) -> None:
        parameters: list[Parameter] = self.get_params(ctx)  # type: ignore[attr-defined]
        for heading, kind in ((_("Argumentos"), "argument"), (_("Opciones"), "option")):
            rows = [_record(each, ctx) for each in parameters if each.param_type_name == kind]
            if rows:
                with formatter.section(heading):
                    formatter.write_dl([row for row in rows if row])


def _record(parameter: Parameter, ctx: Context) -> tuple[str, str]:
    """Name and help of a parameter, what the parser adds to it in Spanish too."""
    name, said = parameter.get_help_record(ctx) or ("", "")
    found = _ADDED.search(said)
    if found is None:
        return name, said
    added = [_in_spanish(each) for each in found[1].split("; ")]
    told = ", ".join(filter(None, added))
    return name, said[: found.start()].rstrip() + (f" [{told}]" if told else "")


def _in_spanish(added: str) -> str:
    """`required`, `1<=x<=90`, `default: 14`: the last one is in the help's own words already."""
    if added == "required":
        return _("obligatorio")
    low, _sign, high = added.partition("<=x<=")
    if high:
        return _("de {low} a {high}").format(low=low, high=high)
    return _("desde {low}").format(low=added[3:]) if added.startswith("x>=") else ""


class Command(_Spoken, TyperCommand):
    """A verb, with the options that every verb has."""

    def __init__(self, name: str | None, **settings: Any) -> None:
        super().__init__(name, **settings | _PLAIN)

    def format_options(self, ctx: Context, formatter: HelpFormatter) -> None:
        """Arguments, then options."""
        self._write_parameters(ctx, formatter)


class Group(_Spoken, TyperGroup):
    """A noun with its verbs."""

    def __init__(self, *, name: str | None = None, **settings: Any) -> None:
        metavar = {"subcommand_metavar": _("ORDEN …"), "suggest_commands": False}
        super().__init__(name=name, **settings | _PLAIN | metavar)

    def format_options(self, ctx: Context, formatter: HelpFormatter) -> None:
        """Options, then verbs."""
        self._write_parameters(ctx, formatter)
        with formatter.section(_("Órdenes")):
            formatter.write_dl(self.verbs(ctx))

    def verbs(self, ctx: Context) -> list[tuple[str, str]]:
        """Each verb with its line of help."""
        found = ((name, self.get_command(ctx, name)) for name in self.list_commands(ctx))
        return [(name, _first_sentence(each.help)) for name, each in found if each and not each.hidden]


def _first_sentence(text: str | None) -> str:
    said, _dot, rest = (text or "").strip().partition("\n")[0].partition(". ")
    return f"{said}." if rest else said


def usage_error(error: Any) -> Misused:
    """What the parser complains about, in Spanish, with the way to the help."""
    context = getattr(error, "ctx", None)
    command = context.command_path if context is not None else "clinicdesk"
    return Misused(text=_complaint(error) + "\n" + _("Ayuda: {command} --help").format(command=command))


def _complaint(error: Any) -> str:
    kind = type(error).__name__
    if kind == "NoSuchOption":
        return _no_such_option(error)
    if kind == "MissingParameter":
        return _("Falta {what}.").format(what=_hint(error))
    if kind == "BadParameter":
        return _("{what}: {why}").format(what=_hint(error), why=_why(error))
    if kind == "BadOptionUsage":
        return _("{what} no se usa así: lleva un valor, o no lo lleva.").format(what=error.option_name)
    message = str(getattr(error, "message", ""))
    for english, spanish in _SENTENCES:
        if message.startswith(english):
            return spanish.format(rest=message.removeprefix(english).strip(" .()"))
    return message


_SENTENCES: Final = (
    ("Got unexpected extra argument(s)", _("Sobra: {rest}.")),
    ("Missing command", _("Falta decir qué hacer.")),
    ("No such command", _("No existe la orden {rest}.")),
)
_VALUES: Final = (
    ("is not a valid int", _("no es un número entero.")),
    ("is not in the range", _("está fuera de los límites.")),
)


def _no_such_option(error: Any) -> str:
    near = ", ".join(sorted(error.possibilities or ()))
    hint = _(" ¿Será {near}?").format(near=near) if near else ""
    return _("No existe la opción {name}.").format(name=error.option_name) + hint


def _hint(error: Any) -> str:
    parameter = error.param
    if parameter is None:
        return str(error.param_hint or "")
    return str(
        parameter.opts[-1] if parameter.param_type_name == "option" else parameter.make_metavar(error.ctx)
    )


def _why(error: Any) -> str:
    for english, spanish in _VALUES:
        value, found, _rest = error.message.partition(english)
        if found:
            return f"{value}{spanish}"
    return str(error.message)
