"""Refusals of people's access."""

from __future__ import annotations

from clinicdesk.kit.errors import DatabaseUnreachable, Exit, Refusal


class LoginRefused(Refusal):
    """Wrong password, unknown or disabled user: one same answer."""

    says = "La clave no es correcta. Revisar mayúsculas y volver a escribirla.{count}"
    exit = Exit.NOT_ALLOWED


class CodeRefused(Refusal):
    """A code that is not the person's, was used, or is too old; or no such person: one same answer."""

    says = "El código no es correcto o ya no vale. Revisarlo o pedir otro.{count}"
    exit = Exit.NOT_ALLOWED


class TooManyTries(Refusal):
    """The gate has no try left for this name from here, whether or not the name exists."""

    says = "Demasiados intentos con este usuario. Volver a probar en {wait}."
    exit = Exit.NOT_ALLOWED


class GateFull(DatabaseUnreachable):
    """Everybody wants in at once, or somebody keeps the others out."""

    says = "La entrada está llena: otros están ingresando. Probar en unos segundos."


class NotInstalled(Refusal):
    """The database is not one of ours, or there is none yet."""

    says = "Aquí no hay una instalación."
    at_desk = "Crearla: clinicdesk init. Probar: demo."
    at_prompt = "Crearla: clinicdesk init. Para probar: clinicdesk demo."
    exit = Exit.UNREACHABLE


class SessionOver(Refusal):
    """The hours of the login are over, whatever was done meanwhile."""

    says = "La sesión terminó: dura 12 horas desde el ingreso. Ingresar de nuevo."
    at_prompt = "Con: clinicdesk login."
    exit = Exit.NOT_ALLOWED


class NoRole(Refusal):
    """The person may log in but holds no role at the clinic asked for, or at any."""

    says = "Su usuario no tiene un rol {where}. Pedirlo a administración."
    exit = Exit.NOT_ALLOWED


class RoleNotHeld(NoRole):
    """The role was taken away, or ran out, between being chosen and being taken."""

    says = "Su usuario ya no tiene ese rol en ese centro. Pedirlo a administración."
    constraint = "role_not_held"


class UsernameTaken(Refusal):
    """Somebody already logs in under this name."""

    says = "El usuario «{username}» ya existe. Elegir otro."
    exit = Exit.CONFLICT
    constraint = "logins_pk"


class BadUsername(Refusal):
    """A username outside the allowed shape."""

    says = "Usuario: de 2 a 31 minúsculas, números, punto o guion; empieza con letra."
    constraint = "logins_username_ck"


class BadPassword(Refusal):
    """A new password outside the bounds."""

    says = "La clave nueva necesita de {least} a {most} caracteres."


class CommonPassword(BadPassword):
    """A password that is tried before all others, everywhere."""

    says = "Esa clave es de las más usadas y se adivina. Elegir otra; una frase sirve."


class LocalPassword(BadPassword):
    """A password of names that everybody here knows, with or without digits around."""

    says = "La clave está hecha con nombres de aquí. Elegir otra; una frase sirve."


class OwnLogin(Refusal):
    """Whoever closes their own login could leave nobody to open it again."""

    says = "No puede cerrar su propio usuario. Pedirlo a otra persona de administración."
    exit = Exit.CONFLICT


class OwnRights(Refusal):
    """Nobody gives rights to themselves, an end date or an open door included."""

    says = "Nadie se da derechos a sí mismo. Pedirlo a otra persona de administración."
    exit = Exit.NOT_ALLOWED
    constraint = "own_rights"


class LastAdministrator(Refusal):
    """Nobody would be left who administers without an end date."""

    says = "Quedaría la red sin quien administre. Dar antes ese rol, sin fecha, a otro."
    exit = Exit.CONFLICT
    constraint = "last_administrator"


class RoleBeforeRight(Refusal):
    """A single permission adds to a role held at the same clinic."""

    says = "«{username}» no tiene un rol en {clinic}. Dar primero un rol en ese centro."
    exit = Exit.CONFLICT
    constraint = "role_before_right"


class ServiceHasNoRole(Refusal):
    """A script's account holds single permissions alone."""

    says = "«{username}» es una cuenta de guiones: lleva derechos sueltos, no roles."
    exit = Exit.CONFLICT
    constraint = "service_has_no_role"


class ServiceHasNoDesk(Refusal):
    """A script's account neither opens the desk nor keeps a login: its file is its only way in."""

    says = "Esa cuenta es de guiones: no abre el escritorio ni ingresa a mano."
    exit = Exit.NOT_ALLOWED


class PermissionUnknown(Refusal):
    """Neither a role nor a permission."""

    says = "«{text}» no es un rol ni un derecho. Roles: {roles}."
    constraint = ("personal_rights_permission_ck", "personal_rights_effect_ck")


class NotHeld(Refusal):
    """What should be taken away is not held there."""

    says = "«{username}» no tiene {what} en {clinic}."
    exit = Exit.NOT_FOUND


class VerbUnknown(Refusal):
    """A script's account is made for verbs from a list."""

    says = "«{verb}» no es para cuentas de guiones. Verbos: {verbs}."


class ReasonTooLong(Refusal):
    """The reason of a personal right."""

    says = "El motivo lleva hasta 200 caracteres."
    constraint = "personal_rights_reason_ck"


class DateGone(Refusal):
    """An end date that has passed already."""

    says = "La fecha {date} ya pasó. Para cerrar el acceso ahora: user disable o user revoke."


class SessionNotFound(Refusal):
    """No open session of this number, and no login of this name."""

    says = "No hay una sesión abierta ni un usuario «{text}»."
    exit = Exit.NOT_FOUND


class UserNotFound(Refusal):
    """No login of this name."""

    says = "No hay un usuario «{username}»."
    exit = Exit.NOT_FOUND
    constraint = "login_unknown"


class BadName(Refusal):
    """A person without a surname, or one too long."""

    says = "El apellido es obligatorio y cada nombre lleva hasta 120 caracteres."
    constraint = "people_name_ck"


class BadEmail(Refusal):
    """What cannot be an address of mail."""

    says = "El correo no tiene forma de dirección: nombre@servidor."
    constraint = "people_email_ck"


class NoEmail(Refusal):
    """A code that was to be mailed to somebody whose address is not known."""

    says = "No hay un correo guardado de «{username}». Sin --mail, el código se imprime."
    exit = Exit.NOT_FOUND


class RoleUnknown(Refusal):
    """A role that does not exist."""

    says = "El rol «{role}» no existe. Roles: {roles}."
    constraint = "clinic_roles_role_ck"


class ProofNeeded(Refusal):
    """Signing needs the password again, just now, by the same person."""

    says = "Para firmar hay que escribir la clave de nuevo."
    exit = Exit.NOT_ALLOWED
