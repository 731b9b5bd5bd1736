"""`clinicdesk completion`: the script that teaches a shell to complete commands."""

from __future__ import annotations

from typing import Annotated

import typer

from clinicdesk.cli.frame import lone, the_call, verb
from clinicdesk.cli.outcome import Misused
from clinicdesk.kit.words import _

app = lone()
_SHELLS = ("bash", "zsh", "fish")


@verb(
    app,
    "completion",
    _(
        "Imprimir el guion que completa órdenes con Tab.\n\n"
        "Por ejemplo: clinicdesk completion bash >> ~/.bashrc"
    ),
)
def completion(
    ctx: typer.Context,
    shell: Annotated[str, typer.Argument(metavar=_("SHELL"), help="bash, zsh, fish")],
) -> None:
    """Print the script of one shell."""
    from typer.completion import get_completion_script  # type: ignore[attr-defined]

    if shell not in _SHELLS:
        raise Misused(text=_("Se completa en bash, zsh y fish."))
    made = get_completion_script(prog_name="clinicdesk", complete_var="_CLINICDESK_COMPLETE", shell=shell)
    the_call(ctx)
    print(made)  # noqa: T201
