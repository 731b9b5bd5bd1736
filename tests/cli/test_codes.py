"""Codes on paper and by mail: who asked for one need not see it."""

from __future__ import annotations

import re
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pypdf import PdfReader

from clinicdesk.clinic.access import recovery
from tests.channels.postbox import Postbox, Server
from tests.cli.conftest import Done
from tests.factories import Network

Cli = Callable[..., Done]
CODE = re.compile(r"\b(?:[0-9A-HJKMNP-TV-Z]{5}-){3}[0-9A-HJKMNP-TV-Z]{5}\b")


@pytest.fixture
def postbox() -> Iterator[Postbox]:
    """A mail server of this machine."""
    box = Postbox()
    server = Server(box, hostname="127.0.0.1", port=0)
    server.start()
    box.port = server.port
    yield box
    server.stop()


@pytest.fixture
def mail(postbox: Postbox) -> dict[str, str]:
    """The settings that name it."""
    return {
        "CLINICDESK_SMTP_HOST": "127.0.0.1",
        "CLINICDESK_SMTP_PORT": str(postbox.port),
        "CLINICDESK_SMTP_SECURITY": "none",
        "CLINICDESK_SMTP_FROM": "clinicdesk@clinica.example",
    }


def add(cli: Cli, user: str, *more: str, **settings: str) -> Done:
    """Somebody new."""
    names = ("--family", "Gil", "--role", "gestion")
    return cli("admin", "user", "add", user, *names, *more, "--json", **settings)


def is_good(network: Network, user: str, code: str) -> bool:
    """Whether a code opens."""
    return recovery.open_code(network.url, user, code, "casa").username == user


def test_a_mailed_code_is_seen_by_its_person_alone(
    cli: Cli, network: Network, postbox: Postbox, mail: dict[str, str]
) -> None:
    done = add(cli, "con.correo", "--email", "con.correo@example.org", "--mail", **mail)
    assert done.code == 0, done.err
    assert done.data["mailed"] is True
    again = cli("admin", "user", "reset", "con.correo", "--mail", "--json", **mail)
    assert again.code == 0, again.err
    assert [message["To"] for message in postbox.messages] == ["con.correo@example.org"] * 2
    letters = [str(message.get_payload(decode=True), "utf-8") for message in postbox.messages]  # type: ignore[arg-type]
    codes = [found.group() for letter in letters if (found := CODE.search(letter))]
    assert len(codes) == 2
    for told in (done, again):
        assert not CODE.search(told.out + told.err)
    assert is_good(network, "con.correo", codes[1])


def test_a_code_that_cannot_be_mailed_is_not_drawn(cli: Cli, network: Network, mail: dict[str, str]) -> None:
    assert add(cli, "nadie.sabe", "--email", "x@example.org", "--mail").code == 3, "no server is named"
    assert add(cli, "nadie.sabe", "--mail", **mail).code == 2, "no address"
    assert add(cli, "nadie.sabe", "--email", "no es", "--mail", **mail).code == 6
    assert add(cli, "nadie.sabe", "--mail", "--email", "x@example.org", "-o", "x.pdf", **mail).code == 2
    assert cli("admin", "user", "show", "nadie.sabe").code == 3
    without = cli("admin", "user", "reset", "msosa", "--mail", "--json", **mail)
    assert (without.code, without.out) == (3, "")
    assert "correo" in without.err


def test_a_code_on_paper_says_how_to_use_it(cli: Cli, network: Network, tmp_path: Path) -> None:
    assert add(cli, "de.papel").code == 0
    paper = tmp_path / "codigo.pdf"
    done = cli("admin", "user", "reset", "de.papel", "-o", str(paper), "--json")
    assert done.code == 0, done.err
    assert not CODE.search(done.out + done.err)
    assert stat.S_IMODE(paper.stat().st_mode) == 0o600
    (page,) = PdfReader(paper).pages
    words = page.extract_text()
    found = CODE.search(words)
    assert found is not None, words
    assert "de.papel" in words
    assert "F8" in words
    assert is_good(network, "de.papel", found.group())
