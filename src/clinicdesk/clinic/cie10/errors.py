"""Refusals of the catalogue of codes."""

from __future__ import annotations

from clinicdesk.kit.errors import Exit, Refusal


class CodeNotFound(Refusal):
    """The catalogue has no such code."""

    says = "El catálogo de la CIE-10 no tiene el código «{code}»."
    at_prompt = "Buscar con: cie10 search."
    exit = Exit.NOT_FOUND
    constraint = "cie10_favourites_code_fk"


class EditionTooSmall(Refusal):
    """A list that lacks most of what the catalogue has is a part of one, or another kind of file."""

    says = "La lista dejaría fuera más de la mitad de los códigos. No se cambió nada."
    at_prompt = "Importar la edición entera."
    exit = Exit.CONFLICT
    constraint = "cie10_edition_whole"
