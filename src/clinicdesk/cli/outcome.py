"""The one owner of stderr and of exit codes: whatever ends a command passes through `outcome`."""

from __future__ import annotations

import errno
import os
import signal
import sys
from typing import TYPE_CHECKING, Final, NoReturn

from clinicdesk.kit.errors import Exit, Refusal
from clinicdesk.kit.words import _

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from types import FrameType

# What a shell reports for a program that a signal ended.
_BY_SIGNAL: Final = 128
_NAME: Final = "clinicdesk"
_NO_ROOM: Final = (errno.ENOSPC, errno.EDQUOT)


class Misused(Refusal):
    """The command line cannot be understood; `text` says why, `help` where to read on."""

    says = "{text}"
    exit = Exit.USAGE


class NoAnswer(Refusal):
    """A question needs somebody to answer it."""

    says = _("Falta responder una pregunta y no hay quién: usar --yes o una terminal.")
    exit = Exit.USAGE


class Ended(SystemExit):
    """A signal asked the program to end: what is open is closed on the way out.

    A SystemExit, since an event loop keeps every other exception for itself.
    """

    def __init__(self, number: int) -> None:
        super().__init__(_BY_SIGNAL + number)
        self.number = number


def outcome(work: Callable[[], int | None]) -> int:
    """Do the work and say how it ended: refusals in one sentence, bugs by their id."""
    try:
        code = work() or Exit.DONE
        sys.stdout.flush()
        return int(code)
    except Refusal as refusal:
        say(refusal.for_prompt())
        return int(refusal.exit)
    except KeyboardInterrupt:
        say(_("Interrumpido."))
        return int(Exit.INTERRUPTED)
    except Ended as ended:
        return _BY_SIGNAL + ended.number
    except EOFError:
        say(str(NoAnswer()))
        return int(NoAnswer.exit)
    except BrokenPipeError:
        _forget_stdout()
        return _BY_SIGNAL + signal.SIGPIPE
    except Exception as bug:  # noqa: BLE001 - the last place where anything can be told
        return _no_room() if getattr(bug, "errno", None) in _NO_ROOM else _bug(bug)


def say(text: str) -> None:
    """A line for the person, on stderr; nothing a terminal would obey passes."""
    from clinicdesk.kit.text import shown

    lines = "\n".join(shown(line) for line in text.splitlines())
    try:
        print(f"{_NAME}: {lines}", file=sys.stderr, flush=True)  # noqa: T201
    except OSError:
        return


def own_stderr() -> None:
    """Nothing but `say` writes there: errors that nobody catches go to the log of bugs."""
    from clinicdesk.kit.log import own_tracebacks

    own_tracebacks(_log_folders)


def end_on_signals() -> None:
    """Let SIGTERM and SIGHUP unwind the program, so that no temporary file outlives it."""

    def end(number: int, _frame: FrameType | None) -> NoReturn:
        raise Ended(number)

    for each in ("SIGTERM", "SIGHUP"):
        if hasattr(signal, each):
            signal.signal(getattr(signal, each), end)


def _bug(bug: Exception) -> int:
    from clinicdesk.kit.log import write_down

    code, path = write_down(bug, _log_folders())
    where = _(" El detalle está en {path}.").format(path=path) if path else ""
    say(_("Falló un paso y la orden no terminó. Avisar con el código {code}.").format(code=code) + where)
    return int(Exit.BUG)


def _log_folders() -> tuple[Path, ...]:
    """Below home; where that belongs to another account, below this account's own state."""
    from pathlib import Path

    from platformdirs import user_state_path

    from clinicdesk import bootstrap

    try:
        home = bootstrap.settings().home
    except Exception:  # noqa: BLE001 - settings that cannot be read may be the bug being told
        home = Path(user_state_path(_NAME, appauthor=False))
    return (home / "log", user_state_path(_NAME, appauthor=False) / "log")


def _no_room() -> int:
    """The disk below stdout, or below a file, is full."""
    say(_("No se pudo escribir: el disco está lleno."))
    _forget_stdout()
    return int(Exit.INVALID)


def _forget_stdout() -> None:
    """Nobody takes what is left: the interpreter's last flush must not complain about it."""
    devnull = os.open(os.devnull, os.O_WRONLY)
    os.dup2(devnull, sys.stdout.fileno())
