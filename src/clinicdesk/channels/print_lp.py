"""Numbers by the system's own spooler: `lp:COLA`, or `lp` for its usual queue."""

from __future__ import annotations

import re
import subprocess
from typing import Final

from clinicdesk.channels import NotPrinted, Printer, TicketPaper
from clinicdesk.clinic.rights import Permission
from clinicdesk.kit.text import shown
from clinicdesk.kit.words import _

_TIMEOUT_SECONDS: Final = 10.0
_QUEUE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.@-]{0,126}")


def prints(address: str, paper: TicketPaper) -> None:
    """Hand the lines to `lp`."""
    if address and not _QUEUE.fullmatch(address):
        raise NotPrinted(reason=_("«{}» no es una cola").format(shown(address[:20])))
    queue = ["-d", address] if address else []
    text = "\n\n".join(shown(line) for line in paper.lines() if line) + "\n\f"
    try:
        done = subprocess.run(  # noqa: S603 - fixed program, a checked queue, never a shell
            ["lp", *queue, "-t", paper.number, "-"],  # noqa: S607 - the spooler of this host, wherever it stands
            input=text.encode(),
            capture_output=True,
            timeout=_TIMEOUT_SECONDS,
            check=False,
        )
    except FileNotFoundError:
        raise NotPrinted(reason=_("falta el programa lp")) from None
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NotPrinted(reason=_("lp no responde")) from error
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().partition("\n")[0]
        raise NotPrinted(reason=shown(said.removeprefix("lp: "))[:40] or _("lp no lo tomó"))


CHANNEL = Printer(
    title=_("Impresora del sistema"),
    help=_("Por una cola de CUPS del puesto (CLINICDESK_PRINTER=lp:COLA)."),
    permission=Permission.TURN_ADMIT,
    prints=prints,
)
