"""Numbers on a ticket printer: what the device gets, and a device that is not there."""

from __future__ import annotations

import socket
import threading
from pathlib import Path

import pytest
from escpos.printer import Dummy

from clinicdesk.channels import NoPrinter, NotPrinted, TicketPaper, printed
from clinicdesk.channels.print_escpos import CHANNEL, write
from clinicdesk.kit.settings import Settings, load

PAPER = TicketPaper("A016", "Centro Ñandú", "23/11/2026 09:42", "Paz, turno 10:20")


def test_the_number_is_large_and_the_paper_is_cut() -> None:
    printer = Dummy()
    write(printer, PAPER)
    found = printer.output
    large, number = found.index(b"\x1d!\x55"), found.index(b"A016")
    assert large < number < found.index(b"\x1b!\x00") < found.index(b"Paz, turno 10:20")
    assert "Centro Ñandú".encode("cp850") in found or "Centro Ñandú".encode("cp437") in found
    assert b"23/11/2026 09:42" in found
    assert found.rindex(b"\x1dV") > found.index(b"23/11/2026")


def test_nothing_that_the_printer_would_obey_comes_from_a_name() -> None:
    printer = Dummy()
    write(printer, TicketPaper("A016", "Centro\x1d!\x77\x1b@", "", ""))
    after = printer.output[printer.output.index(b"Centro") :]
    assert b"\x1d!\x77" not in after
    assert b"\x1b@" not in after


def test_a_device_of_the_host(tmp_path: Path) -> None:
    device = tmp_path / "lp0"
    device.touch()
    printed(Settings(tmp_path, printers=(("", f"escpos:{device}"),)), "NORTE", PAPER)
    assert b"A016" in device.read_bytes()


def test_a_printer_on_the_network(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        got: list[bytes] = []

        def take() -> None:
            line, _address = server.accept()
            with line:
                while piece := line.recv(4096):
                    got.append(piece)

        taking = threading.Thread(target=take)
        taking.start()
        port = server.getsockname()[1]
        printed(Settings(tmp_path, printers=(("NORTE", f"escpos:127.0.0.1:{port}"),)), "NORTE", PAPER)
        taking.join(30)
    assert b"A016" in b"".join(got)


@pytest.mark.parametrize("address", ["/nada/lp0", "127.0.0.1:1", "127.0.0.1:x", ""])
def test_a_printer_that_is_not_there(address: str) -> None:
    with pytest.raises(NotPrinted, match="La admisión quedó"):
        CHANNEL.prints(address, PAPER)


@pytest.mark.parametrize("setting", ["", "nada:x", "../mail", "print_lp"])
def test_a_host_without_a_printer(tmp_path: Path, setting: str) -> None:
    with pytest.raises(NoPrinter):
        printed(Settings(tmp_path, printers=(("SUR", "lp"), ("", setting))), "NORTE", PAPER)


def test_the_setting_by_clinic(tmp_path: Path) -> None:
    config = tmp_path / "clinicdesk.toml"
    config.write_text('printer = "lp:general"\nprinter_sur = "lp:sur"\n', "utf-8")
    environ = {
        "CLINICDESK_CONFIG": str(config),
        "CLINICDESK_PRINTER_NORTE": "escpos:/dev/usb/lp0",
        "PRINTER": "otra",
    }
    assert load(environ).printers == (("", "lp:general"), ("NORTE", "escpos:/dev/usb/lp0"), ("SUR", "lp:sur"))
