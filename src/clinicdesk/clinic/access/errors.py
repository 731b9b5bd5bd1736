"""Refusals of people's access."""

from __future__ import annotations

from clinicdesk.kit.errors import DatabaseUnreachable, Exit, Refusal


class LoginRefused(Refusal):
    """Wrong password, unknown or disabled user: one same answer."""

    says = "La clave no es correcta. Revisar mayúsculas y volver a escribirla.{count}"
    exit = Exit.NOT_ALLOWED


class TooManyTries(Refusal):
    """The gate has no try left for this name from here, whether or not the name exists."""

    says = "Demasiados intentos con este usuario. Volver a probar en {wait}."
    exit = Exit.NOT_ALLOWED


class GateFull(DatabaseUnreachable):
    """Everybody wants in at once, or somebody keeps the others out."""

    says = "La entrada está llena: otros están ingresando. Volver a probar en unos segundos."


class NotInstalled(Refusal):
    """The database is not one of ours, or there is none yet."""

    says = "Aquí no hay una instalación. Crearla: clinicdesk init. Para probar: clinicdesk demo."
    exit = Exit.UNREACHABLE


class NoRole(Refusal):
    """The person may log in but holds no role at the clinic asked for, or at any."""

    says = "Su usuario no tiene un rol {where}. Pedirlo a administración."
    exit = Exit.NOT_ALLOWED


class UsernameTaken(Refusal):
    """Somebody already logs in under this name."""

    says = "El usuario «{username}» ya existe. Elegir otro."
    exit = Exit.CONFLICT
    constraint = "logins_pk"


class BadUsername(Refusal):
    """A username outside the allowed shape."""

    says = "El usuario lleva de 2 a 31 letras minúsculas, números, punto o guion, y empieza con letra."
    constraint = "logins_username_ck"


class BadPassword(Refusal):
    """A new password outside the bounds."""

    says = "La clave nueva necesita de {least} a {most} caracteres."


class OwnLogin(Refusal):
    """Whoever closes their own login could leave nobody to open it again."""

    says = "No puede cerrar su propio usuario. Pedirlo a otra persona de administración."
    exit = Exit.CONFLICT


class UserNotFound(Refusal):
    """No login of this name."""

    says = "No hay un usuario «{username}»."
    exit = Exit.NOT_FOUND


class BadName(Refusal):
    """A person without a surname, or one too long."""

    says = "El apellido es obligatorio y cada nombre lleva hasta 120 caracteres."
    constraint = "people_name_ck"


class RoleUnknown(Refusal):
    """A role that does not exist."""

    says = "El rol «{role}» no existe. Roles: {roles}."
    constraint = "clinic_roles_role_ck"


class ProofNeeded(Refusal):
    """Signing needs the password again, just now, by the same person."""

    says = "Para firmar hay que escribir la clave de nuevo."
    exit = Exit.NOT_ALLOWED
