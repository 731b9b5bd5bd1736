"""`clinicdesk user add --service`: an account for scripts, its password in a file from the beginning."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

from clinicdesk.cli.outcome import Misused
from clinicdesk.kit.errors import Exit, Refusal
from clinicdesk.kit.words import _

if TYPE_CHECKING:
    from clinicdesk.cli.frame import Call

_LENGTH: Final = 40


class FileExists(Refusal):
    """A secret is written over nothing."""

    says = _("{path} ya existe; no se toca. Nombrar otro archivo.")
    exit = Exit.CONFLICT


class FileNotMade(Refusal):
    """The place named cannot be written."""

    says = _("No se puede escribir {path}: {reason}.")
    exit = Exit.NOT_ALLOWED


def add(call: Call, username: str, verbs: str | None, file: Path | None, clinic: str | None) -> None:
    """Make the account and its file; without the account no file stays. Raises FileExists, FileNotMade."""
    from clinicdesk.cli.user_access import clinic_of
    from clinicdesk.clinic.access import administration, rules
    from clinicdesk.kit import secrets

    if verbs is None or file is None:
        raise Misused(text=_("--service necesita --verbs y --password-file."))
    if call.key is not None:
        raise Misused(text=_("--service y --key no van juntas: una clave sorteada no se repite."))
    clinic_id, code = clinic_of(call, clinic)
    password = secrets.new_password(_LENGTH)
    order = administration.NewService(
        username=rules.checked_username(username),
        name=username,
        clinic_id=clinic_id,
        clinic=code,
        verbs=tuple(verb.strip() for verb in verbs.split(",") if verb.strip()),
        password=password,
    )
    rules.permissions_of(order.verbs)
    write_secret(file, password)
    try:
        answer = call.desk.do(administration.add_service, order)
    except BaseException:
        file.unlink(missing_ok=True)
        raise
    data = {"user": answer.username, "clinic": code, "verbs": list(order.verbs), "password_file": str(file)}
    said = _("Cuenta {user} agregada. Su clave está en {file}, que nadie más debe leer.")
    call.answer(data, said.format(user=answer.username, file=file))


def write_secret(path: Path, secret: str) -> None:
    """A new file that its owner alone may read. Raises FileExists, FileNotMade."""
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    except FileExistsError:
        raise FileExists(path=path) from None
    except OSError as error:
        raise FileNotMade(path=path, reason=error.strerror) from None
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        os.fchmod(handle, 0o600)
        file.write(f"{secret}\n")
