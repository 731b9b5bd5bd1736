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
    """A level of triage outside the table, or one that the clinic does not give."""

    says = "El nivel de triaje va de 1 (rojo) a 5 (azul), y este centro debe usarlo."
    constraint = ("turns_triage_ck", "triage_events_level_ck")


class NobodyWaits(Refusal):
    """The doctor's queue is empty."""

    says = "Nadie espera."
    exit = Exit.NOT_FOUND


class TriageChanged(Refusal):
    """Somebody else gave another level first, or the person is no longer here."""

    says = "Otra persona cambió el triaje o el turno antes. Mirar la lista y repetir."
    exit = Exit.CONFLICT
    constraint = "triage_events_seq_uq"


class ReasonTooLong(Refusal):
    """More words than a reason holds."""

    says = "El motivo es demasiado largo: hasta 400 letras."
    constraint = ("triage_events_reason_ck", "transfers_reason_ck")


class SameQueue(Refusal):
    """The patient waits for that doctor already."""

    says = "Ya espera a ese profesional."
    exit = Exit.CONFLICT
    constraint = "transfers_other_ck"


class TransferLate(Refusal):
    """The turn is not waiting in that queue any more."""

    says = "Ya no espera en esa cola: otra persona cambió el turno. La lista lo muestra."
    exit = Exit.CONFLICT


class Transferred(Refusal):
    """An admission cannot be taken back while the patient stands in another doctor's queue."""

    says = "Está en la cola de otro profesional. Devolver el turno a su cola y repetir."
    exit = Exit.CONFLICT


class DayClosed(Refusal):
    """The clinic's day has been closed: nobody is admitted on it."""

    says = "El día {day} está cerrado: no admite llegadas. Secretaría puede abrirlo."
    exit = Exit.CONFLICT


class DayNotOver(Refusal):
    """There are turns to come on the day."""

    says = "Quedan {count} turnos por venir el {day}. Cerrar después, o pedirlo expresamente."
    exit = Exit.CONFLICT


class DayToCome(Refusal):
    """A day of the future cannot be closed."""

    says = "El {day} todavía no llegó: no se puede cerrar."
    exit = Exit.INVALID


class DayNotClosed(Refusal):
    """There is no closing to take back, or nothing to resolve."""

    says = "El día {day} no está cerrado en este centro."
    exit = Exit.CONFLICT


class DayMoved(Refusal):
    """Turns changed while the day was being closed or opened: nothing was done."""

    says = "Cambió un turno mientras se cerraba o abría el día. No se hizo nada: repetir."
    exit = Exit.CONFLICT
    constraint = ("day_closings_pk", "day_closings_prev_fk", "day_closings_turns_ck", "day_closings_chain_ck")


class TicketGap(Refusal):
    """A number that does not follow the one before it."""

    says = "Ese número no sigue al anterior. Repetir la admisión."
    exit = Exit.CONFLICT
    constraint = ("tickets_pk", "tickets_chain_ck", "tickets_prev_fk")


class SeriesTaken(Refusal):
    """The letter belongs to another service of the clinic."""

    says = "Esa letra ya es de otro servicio del centro. Elegir otra, de B a Z."
    exit = Exit.CONFLICT
    constraint = "ticket_series_letter_uq"


class BadSeries(Refusal):
    """A series is one letter; A is everybody else's."""

    says = "La serie de un servicio es una letra de B a Z."
    constraint = ("ticket_series_letter_ck", "tickets_series_ck")


class NeverArrived(Refusal):
    """Nobody who was not here gets a certificate that they were."""

    says = "Ese turno no tiene llegada: no hay asistencia que certificar."
    exit = Exit.CONFLICT


class NoQueue(Refusal):
    """A walk-in waits for a doctor or for a service, one of the two."""

    says = "Falta a quién espera: un profesional o un servicio, uno de los dos."
    at_prompt = "Dar --doctor o --specialty."
    exit = Exit.INVALID
    constraint = "turns_doctor_ck"


class NotAService(Refusal):
    """Nobody at this clinic sees people for it."""

    says = "En este centro nadie atiende ese servicio. Elegir otro o un profesional."
    exit = Exit.NOT_FOUND
    constraint = "turns_specialty_fk"


class NotYourService(Refusal):
    """Who waits for a service is called by those who see people for it."""

    says = "Espera por {service}: quien llama no atiende ese servicio."
    exit = Exit.CONFLICT
