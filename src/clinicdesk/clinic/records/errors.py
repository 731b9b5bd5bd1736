"""Refusals of the clinical history."""

from __future__ import annotations

from clinicdesk.kit.errors import Exit, Refusal


class VisitNotFound(Refusal):
    """No such visit of the patient."""

    says = "No hay una atención abierta de ese paciente."
    exit = Exit.NOT_FOUND
    constraint = "note_drafts_visit_id_fk"


class NotYourVisit(Refusal):
    """Another doctor attends the visit."""

    says = "Esta atención es de {doctor}."
    exit = Exit.NOT_ALLOWED


class DraftChanged(Refusal):
    """The same author saved the draft elsewhere."""

    says = "El borrador cambió en otro puesto. Su texto sigue aquí."
    at_desk = "F5: ver ambos."
    exit = Exit.CONFLICT


class NoteEmpty(Refusal):
    """Nothing to sign."""

    says = "La nota está vacía. Escribirla antes de firmar."
    constraint = "notes_text_ck"


class NoteUnfilled(Refusal):
    """Prompts of a template that nobody answered: signed only by who says that they stay."""

    says = "Quedan huecos sin llenar en la nota: {said}. No se firmó nada."
    at_prompt = "Llenarlos, o --as-it-stands para firmarla así."


class NoteTooLong(Refusal):
    """More text than a note holds."""

    says = "La nota admite hasta 200.000 caracteres. Partirla en una nota y una adenda."
    constraint = "note_drafts_text_ck"


class RecordOutOfTime(Refusal):
    """An entry of the history lies neither ahead nor before anybody alive was born."""

    says = "La fecha del registro está en el futuro o es anterior a 1880."


class NoteSigned(Refusal):
    """The visit's note is signed already: what is missing goes into an addendum."""

    says = "Esta nota ya está firmada."
    at_desk = "Para agregar algo: a, adenda."
    at_prompt = "Para agregar algo: note addend."
    exit = Exit.CONFLICT
    constraint = ("notes_visit_uq", "records_pk", "notes_pk", "notes_chain_uq")


class NoteNotFound(Refusal):
    """No such signed note."""

    says = "No hay una nota firmada con ese número."
    exit = Exit.NOT_FOUND


class RecordNotFound(Refusal):
    """No such entry in the patient's history."""

    says = "No hay un registro con ese número."
    exit = Exit.NOT_FOUND


class SearchTooWide(Refusal):
    """A search that the database gave up: it fits too much, or the server is at its limit."""

    says = "La búsqueda tardaba demasiado y se detuvo. Agregar un dato, como el período."


class ReservedAttribute(Refusal):
    """An attribute under the name that keeps a text until it is signed."""

    says = "El atributo «{name}» es de uso interno. Elegir otro nombre."


class BadAttributes(Refusal):
    """Attributes beyond the bounds, or not as the schema of their type wants them; each by its path."""

    says = "{problems}"


class AttributesRefused(Refusal):
    """What the database holds of no entry: too deep, too long, a number too large to be read back."""

    says = "La base no admite esos datos: más de 8 niveles, muy largos o un número enorme."
    constraint = ("records_attributes_ck", "records_unsigned_ck")


class BadSchema(Refusal):
    """A schema that cannot be kept: where, and why."""

    says = "El esquema no vale en {place}: {why}."


class BadRecordKind(Refusal):
    """A type of record that does not exist, or is not given any more."""

    says = "El tipo de registro «{kind}» no existe o ya no se usa. Tipos: {kinds}."
    constraint = "records_kind_fk"


class RecordTypeTaken(Refusal):
    """Another type has the code."""

    says = "Ya hay un tipo de registro con el código «{code}»."
    exit = Exit.CONFLICT
    constraint = "record_types_code_uq"


class BadRecordType(Refusal):
    """A type whose code or name is none."""

    says = "Código: 2 a 30 minúsculas, cifras o _. Nombre: hasta 60 letras."
    constraint = ("record_types_code_ck", "record_types_name_ck")


class SchemaChanged(Refusal):
    """Somebody else changed the type's schema at the same time, or retired the type."""

    says = "Otra persona cambió este tipo de registro. No se guardó nada; repetir."
    exit = Exit.CONFLICT
    constraint = ("record_schemas_version_uq", "records_schema_fk", "records_typed")


class CorrectedAlready(Refusal):
    """An entry is corrected once; what is wrong in the correction is corrected in its turn."""

    says = "Ese registro ya tiene una corrección. Corregir esa."
    exit = Exit.CONFLICT
    constraint = "records_corrects_uq"


class CorrectedElsewhere(Refusal):
    """An entry is corrected in the chart where it stands."""

    says = "El registro que se corrige no está en la historia de ese paciente."
    exit = Exit.NOT_FOUND
    constraint = ("records_corrects_id_fk", "records_corrects_ck")


class TwoDoctors(Refusal):
    """A doctor of the network and a name from outside at once."""

    says = "El profesional es uno de la red o un nombre de fuera, de hasta 160 letras."
    constraint = ("records_one_doctor_ck", "records_doctor_name_ck")


class BadDiagnosis(Refusal):
    """A diagnosis without code, or with an unknown certainty or kind."""

    says = "El diagnóstico necesita un código, certeza (presuntivo, confirmado) y clase."
    constraint = ("diagnoses_text_ck", "diagnoses_certainty_ck", "diagnoses_kind_ck")


class VitalsMissing(Refusal):
    """Nothing was measured."""

    says = "Falta al menos un signo vital."


class BadVital(Refusal):
    """A value that nobody alive has, or a sign that is none."""

    says = "{sign}: {value} no es un valor posible. Revisar y volver a escribirlo."


class RecordBeforeBirth(Refusal):
    """Nobody was attended before they were born."""

    says = "La fecha es anterior al nacimiento del paciente, {birth}. Revisarla."


class LateReason(Refusal):
    """What is entered late says why."""

    says = "Para una hora anterior falta el motivo, de 3 a 400 letras."
    constraint = ("records_late_ck", "visits_late_ck")


class BadTreatment(Refusal):
    """A treatment that says nothing, or ends before it begins; or too many of them."""

    says = "Un tratamiento lleva hasta 400 letras y termina después de empezar; hasta 20."
    constraint = ("treatments_what_ck", "treatments_period_ck")


class BadFollowUp(Refusal):
    """A control that is not ahead; or too many of them."""

    says = "Un control va de mañana a dos años, con hasta 400 letras; hasta 5 por nota."
    constraint = "follow_ups_what_ck"


class FollowUpWith(Refusal):
    """A control with somebody who is no doctor of the network."""

    says = "No hay un profesional con ese número para el control."
    exit = Exit.NOT_FOUND
    constraint = "follow_ups_doctor_fk"


class TreatmentNotFound(Refusal):
    """No such treatment of the patient."""

    says = "No hay un tratamiento con ese número."
    exit = Exit.NOT_FOUND
    constraint = "treatment_ends_treatment_id_fk"


class TreatmentEnded(Refusal):
    """Somebody ended it before."""

    says = "Ese tratamiento ya fue suspendido."
    exit = Exit.CONFLICT
    constraint = "treatment_ends_once_uq"


class EndReason(Refusal):
    """Ending a treatment says why."""

    says = "Para suspender un tratamiento falta el motivo, de 3 a 400 letras."
    constraint = "treatment_ends_why_ck"


class TemplateTaken(Refusal):
    """Another template of the network's, or of one's own, has the name."""

    says = "Ya hay una plantilla con ese nombre."
    exit = Exit.CONFLICT
    constraint = "note_templates_name_uq"


class BadTemplate(Refusal):
    """A template without name or text."""

    says = "Una plantilla lleva nombre de hasta 40 letras y texto de hasta 8.000."
    constraint = (
        *("note_templates_name_ck", "note_templates_body_ck", "note_templates_own_ck"),
        *("template_favourites_template_ck", "template_picks_template_ck"),
    )


class CosignOwn(Refusal):
    """One's own note."""

    says = "Nadie cofirma una nota propia."
    exit = Exit.NOT_ALLOWED
    constraint = "cosignatures_own_ck"


class Cosigned(Refusal):
    """Somebody co-signed it first."""

    says = "Esa nota ya está cofirmada."
    exit = Exit.CONFLICT
    constraint = ("cosignatures_once_uq", "cosignatures_pk")


class NotToCosign(Refusal):
    """Not a supervised note, or not of a resident whom the actor supervises."""

    says = "Esa nota no espera su cofirma: no es de un residente de su centro."
    exit = Exit.NOT_ALLOWED
    constraint = ("cosignatures_supervised_ck", "cosignatures_note_fk")


class CosignReason(Refusal):
    """A note given back without saying why."""

    says = "El motivo de la devolución lleva entre 5 y 1000 caracteres."
    constraint = "cosignatures_reason_ck"
