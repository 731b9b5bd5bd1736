"""Refusals of the registry."""

from __future__ import annotations

from clinicdesk.kit.errors import Exit, Refusal


class DocumentKnown(Refusal):
    """The document already names a patient of the network."""

    says = "Ese {kind} ya es de {name} (HC {chart})."
    at_desk = "F2 abre su ficha."
    at_prompt = "Verlo: patient show."
    exit = Exit.CONFLICT
    constraint = "patient_documents_pk"


class PatientNotFound(Refusal):
    """No patient fits what was given."""

    says = "No hay paciente con {what}."
    exit = Exit.NOT_FOUND


class PatientChanged(Refusal):
    """Someone else changed the patient in the meantime."""

    says = "Otra persona cambió estos datos. Se conserva lo escrito."
    at_desk = "F5: comparar."
    exit = Exit.CONFLICT


class SamePatient(Refusal):
    """Both sides of a pair are one and the same entry."""

    says = "Son la misma ficha: hacen falta dos pacientes."
    constraint = "distinct_people_order_ck"


class BadSex(Refusal):
    """A sex outside F, M, X."""

    says = "El sexo es F, M o X."
    constraint = "patients_sex_ck"


class BadPersonName(Refusal):
    """No surname, or a name too long."""

    says = "El apellido es obligatorio y cada nombre lleva hasta 120 caracteres."
    constraint = "patients_name_ck"


class BadPayer(Refusal):
    """A coverage whose name is too long."""

    says = "La cobertura lleva hasta 120 caracteres."
    constraint = "coverages_payer_ck"


class BadDocument(Refusal):
    """A document longer than any that is issued."""

    says = "El documento es demasiado largo."
    constraint = "patient_documents_key_ck"


class BadBirth(Refusal):
    """A birth date before 1880."""

    says = "La fecha de nacimiento no puede ser anterior a 1880."
    constraint = "patients_birth_ck"


class BadDeath(Refusal):
    """A death before the birth."""

    says = "La fecha de muerte no puede ser anterior al nacimiento."
    constraint = "patients_death_ck"
