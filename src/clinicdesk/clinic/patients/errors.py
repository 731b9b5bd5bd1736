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


class SealedOnPaper(Refusal):
    """The patient is sealed and the reader sees who it is and no more."""

    says = "El paciente restringió quién ve sus datos: no se imprimen aquí."
    exit = Exit.NOT_ALLOWED


class PatientChanged(Refusal):
    """Someone else changed the patient since; `edits` has what they changed, nothing is written over it."""

    says = "{who} cambió {what} {when}. Se conserva lo escrito."
    at_desk = "F5: comparar."
    at_prompt = "No se guardó nada: repetir la orden con lo que dice ahora."
    exit = Exit.CONFLICT


class PatientClosed(Refusal):
    """The patient restricts who sees them, and this person is not among those."""

    says = "El paciente restringió quién ve sus datos: los cambia quien lo atiende."
    exit = Exit.NOT_ALLOWED


class EditTwice(Refusal):
    """A fact that was changed in this version already, or is traced in a version that no change made."""

    says = "Ese cambio ya está en la historia del paciente."
    exit = Exit.CONFLICT
    constraint = ("patient_edits_pk", "patient_edits_version_ck", "fact_edits_pk")


class EditOfNothing(Refusal):
    """A change that changes nothing, or of a fact without a name."""

    says = "Un cambio tiene un dato, y dice otra cosa que antes."
    constraint = (
        "patient_edits_other_ck",
        "patient_edits_field_ck",
        "fact_edits_other_ck",
        "fact_edits_field_ck",
    )


class SamePatient(Refusal):
    """Both sides of a pair are one and the same entry."""

    says = "Son la misma ficha: hacen falta dos pacientes."
    constraint = ("distinct_people_order_ck", "patient_merges_two_ck", "patients_merged_ck")


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


class MergeOverlap(Refusal):
    """Turns to come of both are at the same time: somebody has to say which one stands.

    `turns` are all of them.
    """

    says = "No se unen: {count} turnos se superponen. El primero, {first}."
    at_desk = "Mover o cancelar uno."
    at_prompt = "Verlos: patient merge --dry-run. Mover o cancelar uno de cada par."
    exit = Exit.CONFLICT


class AlreadyMerged(Refusal):
    """One of two to be merged leads to somebody already."""

    says = "Una de las fichas ya está unida a otra. No cambió nada."
    exit = Exit.CONFLICT
    constraint = ("patient_merges_standing", "patient_merges_seq_uq", "patient_merges_pk")


class MergeSealed(Refusal):
    """A seal that one of the charts lacks would be lifted by a merge, or imposed."""

    says = "Una ficha está restringida y la otra no. Privacidad tiene que igualarlas."
    exit = Exit.CONFLICT
    constraint = "patient_merges_sealed"


class MergeHidden(Refusal):
    """Both are sealed, and not for the eyes of who would merge them."""

    says = "Las fichas están restringidas: las une quien puede verlas."
    exit = Exit.NOT_ALLOWED
    constraint = "patient_merges_hidden"


class NotMerged(Refusal):
    """There is no merge to take back."""

    says = "Esa ficha no está unida a otra. Indicar la que se retiró."
    exit = Exit.CONFLICT
    constraint = ("patient_merges_none", "patient_merges_undone_uq")


class MergeReason(Refusal):
    """A merge, and taking it back, say why."""

    says = "Falta el motivo, de hasta 400 letras."
    constraint = "patient_merges_reason_ck"


class ParticularNotFound(Refusal):
    """No such phone, coverage, contact or allergy of the patient, or it has ended already."""

    says = "Ese dato del paciente no existe o ya terminó."
    at_prompt = "Verlos: patient show --json."
    exit = Exit.NOT_FOUND
    constraint = "authorisations_coverage_id_fk"


class NoSuchPatient(Refusal):
    """What is known of somebody is known of a patient."""

    says = "No hay un paciente con ese número interno."
    exit = Exit.NOT_FOUND
    constraint = (
        "phones_patient_fk",
        "contacts_patient_fk",
        "consents_patient_fk",
        "coverages_patient_fk",
        "allergies_patient_fk",
        "authorisations_patient_fk",
        "former_documents_patient_fk",
    )


class AllergiesStand(Refusal):
    """An allergy is known: there cannot be none."""

    says = "Tiene alergias anotadas: las cierra quien atiende, antes de decir que no hay."
    exit = Exit.CONFLICT


class AllergyStays(Refusal):
    """What may save a life is taken away by who cares for the patient, or soon by who wrote it down."""

    says = "Esa alergia la cierra quien atiende; quien la anotó, hasta doce horas después."
    exit = Exit.NOT_ALLOWED
    constraint = "allergies_closing"


class DocumentNotTheirs(Refusal):
    """The document does not name this patient."""

    says = "El documento {document} no es de este paciente, o ya está anulado."
    exit = Exit.NOT_FOUND


class NotTemporary(Refusal):
    """Whoever has an identity is corrected, not identified."""

    says = "La identidad de este paciente no es temporaria."
    at_prompt = "Corregirla: patient edit."
    exit = Exit.CONFLICT


class PhoneTwice(Refusal):
    """The patient has that phone already."""

    says = "Ese teléfono ya está entre los del paciente."
    exit = Exit.CONFLICT
    constraint = "phones_once_uq"


class BadPhone(Refusal):
    """A phone that is none, or of no known kind."""

    says = "El teléfono va completo, con característica; su tipo, de la lista."
    constraint = ("phones_number_ck", "phones_kind_ck", "phones_note_ck")


class BadCoverage(Refusal):
    """A plan or member number too long, or a coverage that ends before it begins."""

    says = "La cobertura no puede terminar antes de empezar; plan y número son cortos."
    constraint = ("coverages_plan_ck", "coverages_period_ck")


class AuthorisedTwice(Refusal):
    """The coverage's number for that practice is written down already."""

    says = "Esa autorización ya está anotada."
    exit = Exit.CONFLICT
    constraint = "authorisations_once_uq"


class BadAuthorisation(Refusal):
    """An authorisation without number, for no practice, or that ends before it begins."""

    says = "La autorización lleva número, práctica, de 1 a 99 veces y fechas en orden."
    constraint = (
        "authorisations_number_ck",
        "authorisations_period_ck",
        "authorisations_times_ck",
        "authorisations_procedure_fk",
    )


class BadContact(Refusal):
    """A contact without name, of no known relation or with a phone that is none."""

    says = "El contacto lleva nombre, un vínculo de la lista y un teléfono completo."
    constraint = ("contacts_relation_ck", "contacts_name_ck", "contacts_phone_ck")


class OwnContact(Refusal):
    """Nobody answers for themselves, or is their own emergency contact."""

    says = "El contacto no puede ser la misma persona."
    constraint = "contacts_other_ck"


class BadConsent(Refusal):
    """A consent to nothing known, without evidence, or for a number that is none."""

    says = "El consentimiento lleva propósito, constancia y el teléfono o correo."
    constraint = (
        "consents_purpose_ck",
        "consents_number_ck",
        "consents_form_ck",
        "consents_evidence_ck",
        "consents_person_fk",
    )


class BadAllergy(Refusal):
    """An allergy to nothing, or of no known severity."""

    says = "La alergia lleva la sustancia; la gravedad es leve, moderada o severa."
    constraint = ("allergies_substance_ck", "allergies_severity_ck")


class BadIdentity(Refusal):
    """A gender, blood group or temporary identity outside its list, or a name in use too long."""

    says = "Género, grupo sanguíneo o identidad temporaria fuera de su lista."
    constraint = (
        "patients_gender_ck",
        "patients_blood_ck",
        "patients_provisional_ck",
        "patients_name_in_use_ck",
        "patients_allergy_ck",
    )


class ChartStays(Refusal):
    """A chart number is the patient's for good."""

    says = "El número de historia clínica no se anula."
    constraint = "patient_documents_chart_ck"


class BadVoid(Refusal):
    """A document taken from a patient without saying why, or in nobody's name."""

    says = "Anular un documento lleva un motivo, hasta 200 caracteres."
    constraint = ("former_documents_reason_ck", "former_documents_person_fk")


class OnePerson(Refusal):
    """Wrong person and right one are the same."""

    says = "Es de la misma persona: no hay nada que pasar."
    constraint = "misfiled_two_ck"


class MovedAlready(Refusal):
    """It was said before whose it is."""

    says = "Ya pasó a otra persona: su historia dice a cuál."
    exit = Exit.CONFLICT
    constraint = ("misfiled_once_uq", "misfiled_pk")


class MarkReason(Refusal):
    """Why it was the wrong person is said."""

    says = "Falta el motivo, de hasta 400 letras."
    constraint = "misfiled_reason_ck"


class EntryNotFound(Refusal):
    """No such turn, record or result of the patient."""

    says = "No hay un turno, registro o resultado con ese número."
    exit = Exit.NOT_FOUND
    constraint = "misfiled_entry"


class NotYourEntry(Refusal):
    """Whose it is says who entered it."""

    says = "Lo ingresó otro profesional: lo pasa quien lo ingresó."
    exit = Exit.NOT_ALLOWED
    constraint = "misfiled_author"
