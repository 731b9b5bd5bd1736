"""The command line: one file for each noun, its heavy imports inside the bodies.

A command is a name in `main.COMMANDS` and a file:

    app = noun(_("Pacientes."))                       # or lone() for a command of one word

    @verb(app, "add", _("Registrar una persona."), cls=Writes)
    def add(ctx: typer.Context, …) -> None:
        call = the_call(ctx)
        answer = call.desk.do(register, RegisterPatient(**call.keyed, …))
        call.answer({"id": …}, f"…")

`Reads` gives a verb --json, --clinic, --role and --no-color; `Writes` adds --key and --yes. `Call`
holds what they said, opens the session, prints data on stdout and talk on stderr. Bodies raise
refusals and never exit: `outcome` alone turns what happened into words and an exit code.
"""
