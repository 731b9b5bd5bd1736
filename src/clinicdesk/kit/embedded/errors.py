"""Why the embedded server does not do what was asked, and what the person can do about it."""

from __future__ import annotations

from clinicdesk.kit.errors import Exit, Refusal
from clinicdesk.kit.words import _


class EmbeddedFault(Refusal):
    """Base: the embedded server cannot be reached or handled."""

    exit = Exit.UNREACHABLE


class BinariesMissing(EmbeddedFault):
    """The wheel that carries PostgreSQL is absent or has lost the program `name`."""

    says = _("Falta el programa «{name}» de PostgreSQL. Volver a instalar clinicdesk.")


class BinariesUnusable(EmbeddedFault):
    """The programs are there, but the account that must run them gets `detail` instead of a server."""

    says = _("La cuenta «{account}» no puede ejecutar {path}: {detail}")


class AccountUnknown(EmbeddedFault):
    """The operating system has no name for `uid`: neither initdb nor peer login can work."""

    says = _("La cuenta número {uid} no tiene nombre en este sistema. Darle uno (/etc/passwd) o usar otra.")


class AccountMissing(EmbeddedFault):
    """Root needs a system account to run the server and could not make one."""

    says = _(
        "PostgreSQL no corre como root y no se pudo crear la cuenta de sistema «{name}» ({detail}). "
        "Crearla con: useradd --system {name}. O usar el programa con una cuenta común."
    )


class AccountClosed(EmbeddedFault):
    """We are root without the right to change account (a container without CAP_SETUID)."""

    says = _(
        "PostgreSQL no corre como root y no hay permiso para pasar a la cuenta «{name}». "
        "Usar una cuenta común."
    )


class HomeUnreachable(EmbeddedFault):
    """The account that runs the server cannot enter `path`: a folder above it is closed to it."""

    says = _(
        "La cuenta «{account}» no puede entrar en {path}: cierra el paso {closed}. "
        "Elegir otra carpeta (por ejemplo /var/lib/clinicdesk) o abrir el paso con: chmod o+x {closed}"
    )


class HomeNotMade(EmbeddedFault):
    """The home folder cannot be made; `detail` is the system's reason."""

    says = _("No se pudo crear la carpeta {path}: {detail}")


class HomeOpen(EmbeddedFault):
    """Everybody on the machine can write in the folder, so anybody could swap the data."""

    says = _(
        "Cualquier cuenta puede escribir en {path}. Elegir otra carpeta o cerrarla con: chmod go-w {path}"
    )
    exit = Exit.NOT_ALLOWED


class WrongAccount(EmbeddedFault):
    """The folder belongs to another account of the machine."""

    says = _("{path} es de la cuenta «{owner}». Usar esa cuenta.")
    exit = Exit.NOT_ALLOWED


class ForeignFolder(EmbeddedFault):
    """The folder holds something that is not ours; nothing in it is touched."""

    says = _("{path} no es una carpeta de la base de datos de clinicdesk. No se toca nada en ella.")
    exit = Exit.NOT_ALLOWED


class TrustFound(EmbeddedFault):
    """`pg_hba.conf` lets somebody in without proof of who they are, or hides its rules elsewhere."""

    says = _("{path} deja entrar sin contraseña: «{line}». Quitar esa línea; así no se arranca.")
    exit = Exit.NOT_ALLOWED


class OtherVersion(EmbeddedFault):
    """The data were written by another major version of PostgreSQL."""

    says = _(
        "Los datos son de PostgreSQL {found} y este programa trae el {needed}. "
        "Restaurar una copia en otra carpeta."
    )


class Busy(EmbeddedFault):
    """Another desk has been starting or stopping the server for longer than anybody should wait."""

    says = _("Otro puesto está arrancando o deteniendo la base de datos. Reintentar en un minuto.")


class InitFailed(EmbeddedFault):
    """initdb said no; nothing half-made is left behind."""

    says = _("No se pudo crear la base de datos: {reason}")


class DidNotStart(EmbeddedFault):
    """The server ended before it was ready; `reason` is its own last word."""

    says = _("La base de datos no arrancó: {reason}. Detalles en {log}")


class StillStarting(EmbeddedFault):
    """The server lives but is not ready yet, most likely replaying its log after a crash."""

    says = _("La base de datos se está recuperando y todavía no atiende. Reintentar en un minuto.")


class OwnerRefused(EmbeddedFault):
    """The running server does not know the caller's account as its owner (SQLSTATE in `sqlstate`)."""

    says = _(
        "La base de datos de {path} no reconoce a esta cuenta como dueña ({sqlstate}). "
        "Usar la cuenta que la creó."
    )
    exit = Exit.NOT_ALLOWED


class DidNotStop(EmbeddedFault):
    """The server process survived every signal, or lives where this machine cannot see it."""

    says = _("La base de datos (proceso {pid}) no se detuvo.")
