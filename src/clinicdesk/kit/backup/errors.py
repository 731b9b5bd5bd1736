"""Why a backup is not made, not taken or not restored, and what the person can do about it."""

from __future__ import annotations

from clinicdesk.kit.errors import Exit, Refusal
from clinicdesk.kit.words import _


class NoSuchFile(Refusal):
    """There is no file of that name, or it cannot be read."""

    says = _("No se puede leer {path}: {reason}. No se tocó nada.")
    exit = Exit.NOT_FOUND


class NotABackup(Refusal):
    """The file begins as no backup does."""

    says = _("{path} no es una copia de clinicdesk. No se tocó nada.")


class Damaged(Refusal):
    """Some byte of the file is not what was written, or some are missing or too many."""

    says = _("{path} está dañado o incompleto. No se tocó nada. Usar otra copia.")


class WrongKey(Refusal):
    """The file is what it was when its checksum was taken, but this key does not open it."""

    says = _(
        "La clave no abre {path}: es otra, o alguien cambió el archivo. No se tocó nada. "
        "Buscar la clave con la que se hizo."
    )
    exit = Exit.NOT_ALLOWED


class NewerBackup(Refusal):
    """A newer program wrote the file."""

    says = _("{path} es de una versión más nueva ({found}). No se tocó nada. Actualizar clinicdesk.")
    exit = Exit.CONFLICT


class WeakKey(Refusal):
    """A passphrase that a machine would guess."""

    says = _("La clave de la copia necesita {least} caracteres o más; sirve una frase de varias palabras.")


class ClosedCatalog(Refusal):
    """The owner may not read or set what a backup holds; `reason` is the server's own word."""

    says = _(
        "La cuenta dueña no puede hacer esto en el servidor ({reason}). No se tocó nada. "
        "Para leer las claves (SCRAM), una cuenta superusuaria da una vez, en esta base: "
        "GRANT SELECT (rolname, rolpassword) ON pg_authid TO {owner}"
    )
    exit = Exit.NOT_ALLOWED


class NothingHere(Refusal):
    """The database holds no installation."""

    says = _("En esta base no hay una instalación: no hay nada que copiar.")
    exit = Exit.NOT_FOUND


class NotEmpty(Refusal):
    """The database to restore into holds something already."""

    says = _("La base «{name}» no está vacía y no se tocó. Elegir otra con --into, o reemplazarla: --replace")
    exit = Exit.CONFLICT


class OtherSchema(Refusal):
    """The database to replace is at another schema, newer than the backup's."""

    says = _(
        "La base «{name}» tiene el esquema {found} y la copia el {wanted}: no se tocó. "
        "Restaurar en una base vacía, con --into."
    )
    exit = Exit.CONFLICT


class SessionsOpen(Refusal):
    """Somebody works in the database that should be replaced."""

    says = _("Hay {count} sesiones abiertas en «{name}». No se tocó nada. Cerrar los puestos y reintentar.")
    exit = Exit.CONFLICT


class LoginsInTheWay(Refusal):
    """The cluster has logins that are not those of the backup."""

    says = _(
        "En ese servidor hay cuentas con otra clave o que no están en la copia: {names}. "
        "No se tocó nada. Usar otro servidor, o --replace para que valgan las de la copia."
    )
    exit = Exit.CONFLICT


class LoginTooStrong(Refusal):
    """A login of the cluster has an attribute that staff never have: it is not taken over."""

    says = _("La cuenta «{name}» del servidor tiene atributos que no debe tener. No se tocó nada. Quitarlos.")
    exit = Exit.CONFLICT


class OtherTables(Refusal):
    """File and schema do not hold the same tables: the file comes from a changed program."""

    says = _("La copia y el esquema no tienen las mismas tablas: {names}. No se restauró nada.")


class NotEqual(Refusal):
    """What was read back after the restore is not what the backup says: nothing of it is kept."""

    says = _("Lo restaurado no es igual a la copia en {names}. No se restauró nada. Avisar.")
