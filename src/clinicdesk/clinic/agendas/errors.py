"""Refusals of agendas."""

from __future__ import annotations

from clinicdesk.kit.errors import Exit, Refusal


class SlotNotFound(Refusal):
    """The agenda offers no such slot."""

    says = "La agenda no ofrece ese horario."
    at_desk = "Elegir otro."
    at_prompt = "Buscar otro con turn slots."
    exit = Exit.NOT_FOUND


class BlockClosed(Refusal):
    """The block is not worked then: not published, suspended, a leave, a holiday, its room out of use."""

    says = "Esa agenda no atiende en ese horario: {why}. Buscar otro con turn slots."
    exit = Exit.CONFLICT
    constraint = "agenda_open"


class BlockFull(Refusal):
    """All places of a day by order of arrival are given."""

    says = "Los {most} lugares del {day} ya están dados. Elegir otro día."
    exit = Exit.CONFLICT
    constraint = "block_places_pk"


class QuotaFull(Refusal):
    """What is left of the day is kept for other channels."""

    says = "Lo que queda del {day} está reservado para {kept}. Se suelta {hours} h antes."
    exit = Exit.CONFLICT


class OverbookLimit(Refusal):
    """The block's overbooks of the day are used up."""

    says = "Ya hay {most} sobreturnos el {day}, el máximo de este bloque."
    exit = Exit.CONFLICT
    constraint = "block_places_n_ck"
