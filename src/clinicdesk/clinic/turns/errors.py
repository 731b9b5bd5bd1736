"""Refusals of turns."""

from __future__ import annotations

from clinicdesk.kit.errors import Exit, Refusal


class SlotTaken(Refusal):
    """Doctor, room or patient already has a claim on that time."""

    says = "El turno {time} ya está tomado: {who}. Elegir otro horario."
    exit = Exit.CONFLICT
    constraint = "bookings_no_overlap"


class PatientBusy(SlotTaken):
    """The patient is expected elsewhere at that time."""

    says = "Ya tiene otro turno {time} con {who}."
    at_desk = "m: moverlo. Esc: elegir otra hora."
    at_prompt = "Elegir otro horario con turn slots."
    constraint = ""


class TurnChanged(Refusal):
    """Somebody else moved the turn on first."""

    says = "Otra persona cambió este turno: ahora está {state}. La lista ya lo muestra."
    exit = Exit.CONFLICT
    constraint = ("turn_events_pk", "turn_events_prev_fk", "turn_events_state_uq")


class IllegalHop(Refusal):
    """The table of transitions has no such hop."""

    says = "Un turno {from_state} no pasa a {to_state}."
    exit = Exit.CONFLICT
    constraint = ("turn_events_transition_fk", "turn_events_chain_ck", "turns_state_fk")


class TurnNotFound(Refusal):
    """No such turn at this clinic."""

    says = "No hay un turno con ese número en este centro."
    exit = Exit.NOT_FOUND
    constraint = "turn_events_patient_fk"


class SlotPast(Refusal):
    """The slot has begun already."""

    says = "Ese horario ya pasó ({time}). Elegir uno futuro."
    exit = Exit.INVALID


class PatientDeceased(Refusal):
    """No turns for the dead."""

    says = "La ficha indica fallecimiento el {day}. No admite turnos."
    exit = Exit.CONFLICT


class ReasonNeeded(Refusal):
    """This step asks for a reason."""

    says = "Falta el motivo."
    exit = Exit.INVALID
    constraint = ("turns_walk_in_reason_ck", "turns_reason_ck")


class RoomTurnsChanged(Refusal):
    """What a room out of use would touch is not what was shown: it is shown again, nothing is done."""

    says = "Lo que se ve afectado es otra cosa ahora: {turns} turnos y {blocks} bloques. No se cambió nada."
    at_desk = "Revisar la lista."
    at_prompt = "Verlos: room affected."
    exit = Exit.CONFLICT
