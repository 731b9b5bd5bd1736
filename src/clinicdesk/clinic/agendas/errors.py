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

    says = "Van {most} sobreturnos de {most} en este bloque. Hace falta autorización de gestión."
    exit = Exit.CONFLICT
    constraint = "block_places_n_ck"


class BlockNotFound(Refusal):
    """No such block at this clinic."""

    says = "No hay un bloque de agenda con el número {block} en este centro."
    exit = Exit.NOT_FOUND


class BlocksOverlap(Refusal):
    """The doctor or the room has another block then."""

    says = "Se superpone con otro bloque del profesional o consultorio{which}. Cambiarlo."
    exit = Exit.CONFLICT
    constraint = ("agenda_blocks_doctor_ex", "agenda_blocks_room_ex")


class BadBlock(Refusal):
    """A block whose numbers, hours or days cannot be."""

    says = "El bloque no puede ser así: revisar día, horas, minutos, lugares y vigencia."
    constraint = (
        "agenda_blocks_weekday_ck",
        "agenda_blocks_hours_ck",
        "agenda_blocks_slot_ck",
        "agenda_blocks_capacity_ck",
        "agenda_blocks_overbooks_ck",
        "agenda_blocks_release_ck",
        "agenda_blocks_state_ck",
        "agenda_blocks_valid_ck",
        "agenda_blocks_spans_ck",
        "block_quotas_channel_ck",
        "block_quotas_places_ck",
    )


class BadException(Refusal):
    """A leave or suspension whose days, hours or kind cannot be."""

    says = "La excepción no puede ser así: revisar días, horas, clase y motivo."
    constraint = (
        "agenda_exceptions_kind_ck",
        "agenda_exceptions_leave_ck",
        "agenda_exceptions_days_ck",
        "agenda_exceptions_hours_ck",
        "agenda_exceptions_reason_ck",
        "agenda_exceptions_lifted_ck",
    )


class ExceptionNotFound(Refusal):
    """No such leave or suspension in force at this clinic."""

    says = "No hay una licencia o suspensión vigente con el número {exception}."
    exit = Exit.NOT_FOUND


class NotOwnDraft(Refusal):
    """A doctor edits drafts of their own agenda; what is published is management's."""

    says = "Solo borradores de la agenda propia; lo publicado lo cambia secretaría."
    exit = Exit.NOT_ALLOWED


class AffectedChanged(Refusal):
    """Other turns fall out than those that were shown."""

    says = "Los turnos afectados cambiaron: ahora son {turns}. Mirarlos y confirmar otra vez."
    exit = Exit.CONFLICT

    def __init__(self, turns: int = 0, affected: object = None) -> None:
        """`affected`: those of now."""
        super().__init__(turns=turns)
        self.affected = affected


class RoomUnfit(Refusal):
    """What a procedure needs is not in the block's room: its kind, or equipment."""

    says = "El consultorio {room} no sirve para {procedure}: falta {missing}."
    exit = Exit.INVALID
