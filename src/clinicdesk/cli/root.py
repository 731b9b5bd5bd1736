"""The top of the command line: names and lines of help, each file imported when its name is typed."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING

import typer
from typer.core import TyperOption

from clinicdesk.cli.spanish import Group
from clinicdesk.kit.words import _

if TYPE_CHECKING:
    from typer._click.core import Command, Context


class Root(Group):
    """A group whose commands are files of this package, none of them imported to list them."""

    def __init__(self, commands: Mapping[str, tuple[str, str]]) -> None:
        super().__init__(
            name="clinicdesk",
            help=_("Escritorio de terminal para redes de centros médicos. Sin argumentos, lo abre."),
            params=[_version_option()],
        )
        self._files = commands

    def list_commands(self, ctx: Context) -> list[str]:
        """Every name, in the order of the list."""
        return list(self._files)

    def verbs(self, ctx: Context) -> list[tuple[str, str]]:
        """Each name with its line of help."""
        return [(name, said) for name, (_file, said) in self._files.items()]

    def get_command(self, ctx: Context, cmd_name: str) -> Command | None:
        """Import a command's file."""
        if cmd_name not in self._files:
            return None
        file, _colon, name = self._files[cmd_name][0].partition(":")
        app: typer.Typer = getattr(import_module(f"clinicdesk.cli.{file}"), name or "app")
        return typer.main.get_command(app)


def _version_option() -> TyperOption:
    def show(ctx: Context, _parameter: object, value: bool) -> None:
        if value and not ctx.resilient_parsing:
            from clinicdesk import __version__

            print(f"clinicdesk {__version__}", file=sys.stdout)  # noqa: T201
            ctx.exit()

    return TyperOption(
        param_decls=["--version"],
        is_flag=True,
        is_eager=True,
        expose_value=False,
        callback=show,
        help=_("Mostrar la versión."),
    )
