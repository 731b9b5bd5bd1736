"""Refusals of charts. Their constraints are raised by the functions of schema `charts`."""

from __future__ import annotations

from clinicdesk.kit.errors import Exit, Refusal


class ReasonTooShort(Refusal):
    """A reason that says nothing."""

    says = "El motivo lleva de {least} a {most} letras, no la misma repetida."
    constraint = "chart_alerts_reason_ck"


class BadClass(Refusal):
    """A class of emergency that does not exist."""

    says = "La clase es urgencia, interconsulta u otro."
    constraint = "chart_alerts_class_ck"


class AlertNotFound(Refusal):
    """No such alert, or somebody has reviewed it already."""

    says = "Ese aviso no existe o ya fue revisado."
    exit = Exit.NOT_FOUND


class OwnAlert(Refusal):
    """Nobody reviews their own opening."""

    says = "Su propio acceso lo revisa otra persona."
    exit = Exit.NOT_ALLOWED
    constraint = "charts_own_alert"


class BadOutcome(Refusal):
    """An outcome that a review cannot have, or a comment too long."""

    says = "Es justificado, injustificado o aclarar; el comentario, de hasta 400 letras."
    constraint = ("chart_alerts_outcome_ck", "chart_alerts_comment_ck")


class BadLimit(Refusal):
    """A role that opens no charts, or a number out of range."""

    says = "El límite es de 1 a 10.000 por hora, para medico, enfermeria o resultados."
    constraint = "chart_limits_range_ck"


class BadRelation(Refusal):
    """A standing relation that ends before it begins."""

    says = "El seguimiento no puede terminar antes de empezar."
    constraint = "care_relations_period_ck"
