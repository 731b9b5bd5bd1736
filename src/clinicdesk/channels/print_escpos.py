"""Numbers on a ticket printer: `escpos:/dev/usb/lp0`, or `escpos:ADDRESS[:PORT]` on the network.

The printer belongs to the host where the desk runs, so that it works the same from an SSH terminal.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from clinicdesk.channels import NotPrinted, Printer, TicketPaper
from clinicdesk.clinic.rights import Permission
from clinicdesk.kit.text import shown
from clinicdesk.kit.words import _

if TYPE_CHECKING:
    from escpos.escpos import Escpos

_TIMEOUT_SECONDS: Final = 5
_PORT: Final = 9100
_LARGE: Final = 6


def prints(address: str, paper: TicketPaper) -> None:
    """Write the paper to the device and cut it."""
    if not address:
        raise NotPrinted(reason=_("falta el dispositivo de escpos"))
    from escpos.exceptions import Error

    try:
        printer = opened(address)
        try:
            write(printer, paper)
        finally:
            printer.close()
    except (OSError, Error) as error:
        raise NotPrinted(reason=_("la impresora no responde")) from error


def opened(address: str) -> Any:
    """The device, or the printer at a network address. Raises OSError, escpos' own errors, NotPrinted."""
    from escpos.printer import File, Network

    if address.startswith("/"):
        device = File(address)
        device.open()
        return device
    host, _colon, port = address.partition(":")
    if port and not (port.isascii() and port.isdigit()):
        raise NotPrinted(reason=_("el puerto de la impresora no es un número"))
    printer = Network(host, port=int(port or _PORT), timeout=_TIMEOUT_SECONDS)
    printer.open()
    return printer


def write(printer: Escpos, paper: TicketPaper) -> None:
    """The number as large as it goes, the rest below it, and the cut."""
    printer.set(align="center", bold=True, custom_size=True, width=_LARGE, height=_LARGE)
    printer.textln(shown(paper.number))
    printer.set_with_default(align="center")
    for line in paper.lines()[1:]:
        if line:
            printer.textln(shown(line))
    printer.cut()


CHANNEL = Printer(
    title=_("Impresora de tickets"),
    help=_("Una ESC/POS del puesto o de la red (CLINICDESK_PRINTER=escpos:DISPOSITIVO)."),
    permission=Permission.TURN_ADMIT,
    prints=prints,
)
