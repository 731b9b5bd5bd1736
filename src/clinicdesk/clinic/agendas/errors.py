"""Refusals of agendas."""

from __future__ import annotations

from clinicdesk.kit.errors import Exit, Refusal


class SlotNotFound(Refusal):
    """The agenda offers no such slot."""

    says = "La agenda no ofrece ese horario."
    at_desk = "Elegir otro."
    at_prompt = "Buscar otro con turn slots."
    exit = Exit.NOT_FOUND
