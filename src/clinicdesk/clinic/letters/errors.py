"""Refusals of letters."""

from __future__ import annotations

from clinicdesk.kit.errors import Exit, Refusal


class LetterNotFound(Refusal):
    """The patient has no such letter."""

    says = "No hay un documento emitido con ese número."
    exit = Exit.NOT_FOUND
    constraint = "letter_voids_letter_id_fk"


class LetterVoided(Refusal):
    """It was taken back already."""

    says = "Ese documento ya está anulado."
    exit = Exit.CONFLICT
    constraint = "letter_voids_letter_uq"


class NotYourLetter(Refusal):
    """Only its author takes a letter back."""

    says = "Ese documento es de {doctor}: lo anula quien lo emitió."
    exit = Exit.NOT_ALLOWED


class BadLetter(Refusal):
    """What a letter needs is missing or out of bounds."""

    says = "{problem}"
    constraint = ("letters_text_ck", "letters_kind_ck")


class NoSuchVisit(Refusal):
    """The visit that it would quote is none of the patient's."""

    says = "Esa atención no es de esta historia."
    exit = Exit.NOT_FOUND
    constraint = "letters_visit_id_fk"


class UnknownPaper(Refusal):
    """Nobody here issued a letter under that number and code."""

    says = "Número y código no son de ningún documento de aquí. Revisar los dos."
    exit = Exit.NOT_FOUND


class TooManyChecks(Refusal):
    """Wrong codes one after the other are guesses."""

    says = "Van 10 códigos equivocados en 10 minutos: esperar antes de probar otro."
    exit = Exit.NOT_ALLOWED
    constraint = "letters_tries"


class VoidReason(Refusal):
    """Taking a letter back has its reason."""

    says = "Anular pide un motivo de 5 a 300 letras."
    constraint = "letter_voids_reason_ck"


class BadLetterTemplate(Refusal):
    """A wording with fields that no letter fills, or none at all."""

    says = "El modelo usa campos que no existen: {fields}. Hay: {known}."
    constraint = ("letter_templates_body_ck", "letter_templates_kind_ck")
