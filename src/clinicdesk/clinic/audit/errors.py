"""Refusals of the audit."""

from __future__ import annotations

from clinicdesk.kit.errors import Exit, Refusal


class AnchorDisagrees(Refusal):
    """The last seal anchored is not the database's: it was changed, or an older copy was restored."""

    says = "El sello {n} anclado no es el de la base: fue alterada o restaurada."
    at_prompt = "Nada se ancló. Revisar con: clinicdesk audit verify --anchor {file}"
    exit = Exit.CONFLICT


class AnchorUnwritable(Refusal):
    """The anchor's file cannot take a line; the seals stay and are anchored once it can."""

    says = "No se pudo escribir el ancla {file}: {why}. Los sellos quedan y se anclan al reintentar."
    exit = Exit.INVALID


class AnchorCommandFailed(Refusal):
    """The command that takes anchors failed; its seals are handed over again at the next one."""

    says = "La orden del ancla falló ({why}). Los sellos quedan y se entregan al reintentar."
    exit = Exit.PARTLY


class BadCopy(Refusal):
    """A file that is no copy of acts and seals."""

    says = "{file} no es una copia de actos con sellos (línea {line})."
    at_prompt = "Hacerla: audit export --with-seals."


class NoSeals(Refusal):
    """A place without acts and seals, or where they cannot be read."""

    says = "No se pueden leer actos y sellos en {place}: {why}."
    exit = Exit.UNREACHABLE
