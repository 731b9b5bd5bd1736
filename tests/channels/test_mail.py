"""Mail against a real SMTP session."""

from __future__ import annotations

import shutil
import ssl
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import AuthResult, LoginPassword

from clinicdesk.channels import Letter, NotProtected, NotSent, NotSetUp
from clinicdesk.channels.mail import CHANNEL
from clinicdesk.kit.settings import Settings
from tests.channels.postbox import Postbox, Server

LETTER = Letter("ana@example.org", "Código para poner su clave", "Código: ABCDE-ÑANDÚ\n")


@pytest.fixture
def postbox() -> Iterator[Postbox]:
    """A mail server of this machine, without encryption."""
    box = Postbox()
    server = Server(box, hostname="127.0.0.1", port=0)
    server.start()
    box.port = server.port
    yield box
    server.stop()


def where(box: Postbox, **changes: Any) -> Settings:
    """Settings that name the postbox."""
    plain = Settings(
        home=Path("x"),
        smtp_host="127.0.0.1",
        smtp_port=box.port,
        smtp_security="none",
        smtp_from="clinicdesk@clinica.example",
    )
    return replace(plain, **changes)


def test_a_letter_arrives_as_it_was_written(postbox: Postbox) -> None:
    CHANNEL.send(where(postbox), None, LETTER)
    (message,) = postbox.messages
    assert isinstance(message, EmailMessage)
    assert (message["To"], message["From"]) == ("ana@example.org", "clinicdesk@clinica.example")
    assert message["Subject"] == LETTER.subject
    assert message.get_content().replace("\r\n", "\n") == LETTER.body
    assert message["Auto-Submitted"] == "auto-generated"


def test_an_address_adds_no_header_and_no_one_else(postbox: Postbox) -> None:
    for address in ("ana@example.org\r\nBcc: todos@example.org", "ana@example.org\nX: y"):
        with pytest.raises(NotSent):
            CHANNEL.send(where(postbox), None, replace(LETTER, to=address))
    assert postbox.messages == []


def test_a_server_that_refuses_or_is_not_there_is_told(postbox: Postbox) -> None:
    postbox.refuses = True
    with pytest.raises(NotSent) as refused:
        CHANNEL.send(where(postbox), None, LETTER)
    assert "ABCDE" not in str(refused.value)
    with pytest.raises(NotSent):
        CHANNEL.send(where(postbox, smtp_port=1), None, LETTER)


def test_without_settings_or_protection_nothing_is_sent(postbox: Postbox) -> None:
    for missing in ({"smtp_host": None}, {"smtp_from": None}):
        with pytest.raises(NotSetUp):
            CHANNEL.check(where(postbox, **missing))
    for open_way in ({"smtp_host": "mail.example.org"}, {"smtp_security": "quizás"}):
        with pytest.raises(NotProtected):
            CHANNEL.check(where(postbox, **open_way))
    with pytest.raises(NotSent):
        CHANNEL.send(where(postbox, smtp_security="starttls"), None, LETTER)
    assert postbox.messages == []


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, Path]:
    """A certificate for localhost that signs itself, and its key."""
    program = shutil.which("openssl")
    if program is None:
        pytest.skip("openssl makes the certificate")
    key, made = tmp_path / "key.pem", tmp_path / "cert.pem"
    asked = ("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost")
    names = ("-addext", "subjectAltName=DNS:localhost", "-keyout", str(key), "-out", str(made))
    subprocess.run([program, *asked, *names], check=True, capture_output=True)
    return made, key


def test_starttls_and_a_password_over_a_certificate_that_is_good(
    certificate: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*certificate)
    box, seen = Postbox(), []

    def login(
        _server: object, _session: object, _envelope: object, _way: str, given: LoginPassword
    ) -> AuthResult:
        seen.append((given.login, given.password))
        return AuthResult(success=given.password == b"secreta", handled=False)

    server = Server(
        box, hostname="localhost", port=0, tls_context=context, authenticator=login, auth_required=True
    )
    server.start()
    try:
        box.port = server.port
        settings = where(box, smtp_host="localhost", smtp_security="starttls", smtp_user="desk")
        with pytest.raises(NotSent):
            CHANNEL.send(settings, "secreta", LETTER)
        assert seen == [], "no password goes to a server that cannot prove its name"
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))
        with pytest.raises(NotSent):
            CHANNEL.send(settings, "otra", LETTER)
        CHANNEL.send(settings, "secreta", LETTER)
    finally:
        server.stop()
    assert (set(seen), seen[-1]) == ({(b"desk", b"otra"), (b"desk", b"secreta")}, (b"desk", b"secreta"))
    assert len(box.messages) == 1
