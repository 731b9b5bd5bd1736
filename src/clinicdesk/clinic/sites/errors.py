"""Refusals of sites."""

from __future__ import annotations

from clinicdesk.kit.errors import Exit, Refusal


class ClinicNotFound(Refusal):
    """No clinic of this code."""

    says = "No hay un centro con código «{code}»."
    exit = Exit.NOT_FOUND


class AlreadyInstalled(Refusal):
    """There is somebody who administers this installation already."""

    says = "La instalación ya está hecha."
    at_prompt = "Más personas: clinicdesk user add. Más centros: clinicdesk clinic add."
    exit = Exit.CONFLICT


class DemoHome(Refusal):
    """Logins whose passwords everybody knows must never stand beside real patients."""

    says = (
        "Esta base de datos es de una demostración: sus usuarios tienen claves conocidas. "
        "Instalar en otra carpeta (CLINICDESK_HOME) o quitarla antes con: clinicdesk demo --remove"
    )
    exit = Exit.CONFLICT


class ClinicCodeTaken(Refusal):
    """Another clinic has the code."""

    says = "Ya hay un centro con ese código."
    exit = Exit.CONFLICT
    constraint = "clinics_code_uq"


class BadClinic(Refusal):
    """A clinic whose code, country or name has the wrong shape."""

    says = "Código (A-Z, 0-9, guion), país de dos letras, nombre y zona: alguno no vale."
    constraint = ("clinics_code_ck", "clinics_country_ck", "clinics_name_ck")


class ProcedureNotFound(Refusal):
    """No procedure of this code in the catalogue."""

    says = "No hay una práctica con código «{code}»."
    exit = Exit.NOT_FOUND


class SpecialtyNotFound(Refusal):
    """No specialty of this code."""

    says = "No hay una especialidad con código «{code}»."
    exit = Exit.NOT_FOUND


class DoctorNotFound(Refusal):
    """No doctor of this user name at the clinic."""

    says = "No hay un profesional «{doctor}» en este centro."
    exit = Exit.NOT_FOUND
