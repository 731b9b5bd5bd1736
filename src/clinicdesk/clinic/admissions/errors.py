"""Refusals of admission."""

from __future__ import annotations

from clinicdesk.kit.errors import Exit, Refusal


class NotToday(Refusal):
    """Nobody is admitted for a turn of another day."""

    says = "El turno es del {day}."
    at_desk = "Hoy: m, moverlo, o d, demanda espontánea."
    at_prompt = "Hoy: admission add."
    exit = Exit.CONFLICT


class BadTriage(Refusal):
    """A level of triage outside the table."""

    says = "El nivel de triaje va de 1 (rojo) a 5 (azul)."
    constraint = "turns_triage_ck"


class NobodyWaits(Refusal):
    """The doctor's queue is empty."""

    says = "Nadie espera."
    exit = Exit.NOT_FOUND
