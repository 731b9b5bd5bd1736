"""Refusals of attachments."""

from __future__ import annotations

from clinicdesk.kit.errors import Exit, Refusal


class FileEmpty(Refusal):
    """No byte to keep."""

    says = "El archivo está vacío. No se adjuntó nada."
    constraint = "attachments_bytes_ck"


class FileTooLarge(Refusal):
    """More bytes than one file may have."""

    says = "El archivo pasa el tope de {limit}. No se adjuntó nada: reducirlo o partirlo."
    constraint = "attachments_file_quota"


class PatientFull(Refusal):
    """All of a person's files would weigh more than they may."""

    says = "Los adjuntos de este paciente llegan al tope de {limit}. No se adjuntó nada."
    at_prompt = "La administración lo cambia con attachment limits."
    constraint = "attachments_patient_quota"


class PictureTooLarge(Refusal):
    """A picture that would take more memory than anybody should give it, refused by its head alone."""

    says = "La imagen mide {width} × {height}: pasa los {limit} megapíxeles. No se adjuntó nada."
    constraint = "attachments_size_ck"


class AlreadyAttached(Refusal):
    """The same bytes are in the chart."""

    says = "Ese mismo archivo ya está en esta historia. No se adjuntó otra vez."
    exit = Exit.CONFLICT
    constraint = "attachments_same"


class BadFileName(Refusal):
    """Nothing to call it by."""

    says = "El archivo necesita un nombre de hasta 200 letras."
    constraint = "attachments_name_ck"


class BadDescription(Refusal):
    """More words than a description has."""

    says = "La descripción admite hasta 500 letras."
    constraint = "attachments_described_ck"


class AttachmentNotFound(Refusal):
    """No such file in an open chart."""

    says = "No hay un adjunto con ese número en una historia abierta."
    exit = Exit.NOT_FOUND
    constraint = "attachment_voids_attachment_id_fk"


class NoSuchEntry(Refusal):
    """The entry that the file was to go with is not in the chart."""

    says = "No hay un registro con ese número en la historia de ese paciente."
    exit = Exit.NOT_FOUND
    constraint = "attachments_record_id_fk"


class AlreadyVoided(Refusal):
    """Somebody said before that it was attached in error."""

    says = "Ese adjunto ya está anulado."
    exit = Exit.CONFLICT
    constraint = "attachment_voids_uq"


class BadVoidReason(Refusal):
    """Why is part of the trace."""

    says = "Hace falta el motivo, de 3 a 300 letras."
    constraint = "attachment_voids_reason_ck"


class BadLimits(Refusal):
    """Limits outside what a chart can hold."""

    says = "Topes: archivo 64 MB, paciente 10.240 MB y no menos que archivo, 500 Mpx."
    constraint = (
        "attachment_limits_file_ck",
        "attachment_limits_patient_ck",
        "attachment_limits_pixels_ck",
    )


class LimitsChanged(Refusal):
    """Somebody else changed them meanwhile."""

    says = "Los topes cambiaron mientras tanto. Verlos otra vez."
    exit = Exit.CONFLICT


class NotSaved(Refusal):
    """The file could not be written where it was asked to."""

    says = "«{file}» no se guardó: {why}. El adjunto sigue en la historia."


class NotRead(Refusal):
    """The file could not be read from where it was said to be."""

    says = "«{file}» no se puede leer: {why}. No se adjuntó nada."
