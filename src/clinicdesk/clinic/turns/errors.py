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
    constraint = (
        "turn_events_transition_fk",
        "turn_events_chain_ck",
        "turn_events_back_fk",
        "turn_events_back_ck",
        "turns_state_fk",
    )


class TurnNotFound(Refusal):
    """No such turn at this clinic."""

    says = "No hay un turno con ese número en este centro."
    exit = Exit.NOT_FOUND
    constraint = "turn_events_patient_fk"


class SlotPast(Refusal):
    """The slot has begun already."""

    says = "Ese horario ya pasó ({time}). Elegir uno futuro."
    exit = Exit.INVALID


class TooFarAhead(Refusal):
    """Beyond the last day for which turns are given."""

    says = "Se dan turnos hasta el {day}. Elegir una fecha anterior."
    exit = Exit.INVALID


class DoctorNotThere(Refusal):
    """The block's doctor does not work at its clinic then."""

    says = "El profesional no trabaja en ese centro en esa fecha. Elegir otro."
    exit = Exit.CONFLICT


class BeforeBirth(Refusal):
    """Nobody is expected before their birth."""

    says = "La ficha indica nacimiento el {day}, después de ese turno. Revisar la ficha."
    exit = Exit.INVALID


class AlreadyBooked(Refusal):
    """The same procedure stands in the future, and nobody has said that another one is meant.

    `turns` are those found, each with `starts_at`, `doctor`, `clinic` and `procedure`.
    """

    says = "Ya tiene {procedure}: {first}{more}."
    at_desk = "¿Dar otro? Por defecto: no."
    at_prompt = "Para dar otro: --again."
    exit = Exit.CONFLICT


class TurnPast(Refusal):
    """What was missed is not moved: it stays missed."""

    says = "El turno era del {day}. Marcarlo ausente y dar uno nuevo."
    exit = Exit.CONFLICT


class SamePlace(Refusal):
    """Moving it would change nothing."""

    says = "El turno ya está en ese horario. Elegir otro."
    exit = Exit.CONFLICT


class OtherProcedure(Refusal):
    """The slot is for something else."""

    says = "Ese horario es de otra práctica. Elegir uno de la misma."
    exit = Exit.CONFLICT


class PatientDeceased(Refusal):
    """No turns for the dead."""

    says = "La ficha indica que falleció {day}. No admite turnos."
    exit = Exit.CONFLICT
    constraint = "patients_living"


class DeathAhead(Refusal):
    """Nobody has died tomorrow."""

    says = "La fecha de fallecimiento está en el futuro."
    exit = Exit.INVALID


class NotDeceased(Refusal):
    """No death is written down: there is nothing to take back."""

    says = "La ficha no indica fallecimiento."
    exit = Exit.CONFLICT


class ReasonNeeded(Refusal):
    """This step asks for a reason."""

    says = "Falta el motivo."
    exit = Exit.INVALID
    constraint = (
        "turns_walk_in_reason_ck",
        "turns_reason_ck",
        "turn_events_void_ck",
        "turn_events_reason_ck",
    )


class TurnInCourse(Refusal):
    """Somebody is with the doctor: the visit is open."""

    says = "El turno está en curso: antes de anular, finalizarlo o volverlo a espera."
    exit = Exit.CONFLICT


class NotToMove(Refusal):
    """What was done under a turn is an entry of the history: that is what goes to the right person."""

    says = "La atención ya empezó o el turno ya terminó: pasar el registro, no el turno."
    at_prompt = "Pasarlo: record give."
    exit = Exit.CONFLICT


class UndoneTooLate(Refusal):
    """An absence is undone on its day alone."""

    says = "La ausencia del {day} ya quedó firme. Dar un turno nuevo."
    exit = Exit.CONFLICT


class RoomTurnsChanged(Refusal):
    """What a room out of use would touch is not what was shown: it is shown again, nothing is done."""

    says = "Ahora afecta otra cosa: {turns} turnos, {blocks} bloques. Nada cambió."
    at_desk = "Revisar la lista."
    at_prompt = "Verlos: room affected."
    exit = Exit.CONFLICT


class SeriesRefused(Refusal):
    """Some sessions of a series cannot be given: none is.

    `sessions` are all of them, each with `wall_start` and, where it cannot be, `why`.
    """

    says = "No se dio ningún turno: fallan {count} de {times}. {first}"
    at_prompt = "Ver cuáles: turn series plan."
    exit = Exit.CONFLICT


class BadSeries(Refusal):
    """A series of no sessions, of one, or of too many."""

    says = "Una serie tiene de 2 a {most} turnos."
    exit = Exit.INVALID


class SeriesNotFound(Refusal):
    """The patient has no such series with turns to come."""

    says = "No quedan turnos por venir en esa serie."
    exit = Exit.NOT_FOUND


class WishChanged(Refusal):
    """Somebody else dealt with the wish first: `who` and when, `Ruiz, 09:41`."""

    says = "Esa espera ya la atendió {who}: ahora está {state}."
    exit = Exit.CONFLICT


class PlaceOffered(Refusal):
    """A free place is on offer to somebody else who waits: by whom, until when."""

    says = "Ese lugar ya se ofreció a otra persona ({who}), hasta las {until}."
    at_desk = "Elegir otro lugar."
    at_prompt = "Elegir otro con waitlist offers."
    exit = Exit.CONFLICT
    constraint = "waitlist_offers_open_uq"


class NoticeNotFound(Refusal):
    """No such notice of a suspended turn, or it was withdrawn because the turn stands again."""

    says = "No hay un aviso con ese identificador, o su turno volvió a estar en pie."
    at_prompt = "Los avisos se ven con agenda notices."
    exit = Exit.NOT_FOUND


class AlreadyReassigned(Refusal):
    """A suspended turn has another in its place already."""

    says = "Ese turno ya tiene otro en su lugar. No se dio ninguno nuevo."
    at_prompt = "Los turnos del paciente se ven con turn list --patient."
    exit = Exit.CONFLICT
    constraint = "turn_reassigned_was_uq"


class WishNotFound(Refusal):
    """No such row in the waiting list."""

    says = "No hay esa espera en la lista."
    exit = Exit.NOT_FOUND
    constraint = "waitlist_patient_fk"


class BadWish(Refusal):
    """A wish for nothing, or one that ends without saying how."""

    says = "La espera necesita a quién o qué se espera, y al cerrarla su resolución."
    constraint = (
        "waitlist_what_ck",
        "waitlist_half_day_ck",
        "waitlist_weekdays_ck",
        "waitlist_priority_ck",
        "waitlist_note_ck",
        "waitlist_resolution_ck",
        "waitlist_resolutions_ck",
        "waitlist_turn_ck",
        "waitlist_state_ck",
        "waitlist_turn_id_fk",
    )


class BadDemand(Refusal):
    """An unmet demand without a known reason."""

    says = "El motivo es uno de: sin_oferta, sin_lugar, oferta_rechazada."
    constraint = ("unmet_demand_reason_ck", "unmet_demand_note_ck")
