"""The key of the waiting-room screens: a login of the database without a person."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from sqlalchemy import Engine, func, select

from clinicdesk.clinic.access import gate
from clinicdesk.clinic.access.errors import LoginRefused
from clinicdesk.clinic.rights import Permission
from clinicdesk.clinic.usecases import Order, Tx, use_case
from clinicdesk.kit import secrets
from clinicdesk.kit.errors import Exit, Refusal
from clinicdesk.kit.words import _

ROLE: Final = "k_display"
KEY_LENGTH: Final = 32


class DisplayKeyWrong(Refusal):
    """The key in the screen's file is not the one of the database."""

    says = _("La clave de esta pantalla ya no sirve. Hacer otra: clinicdesk display key.")
    exit = Exit.NOT_ALLOWED


@dataclass(frozen=True, slots=True, kw_only=True)
class NewDisplayKey(Order):
    """Another key for all waiting-room screens; the one before ends with it."""

    secret: str = field(repr=False, metadata={"made": True})


@dataclass(frozen=True, slots=True)
class DisplayKeyAnswer:
    """The login that the key opens."""

    role: str


@use_case("display.key", needs=Permission.USER_MANAGE, answer=DisplayKeyAnswer, purpose="ADMIN")
def new_display_key(tx: Tx, order: NewDisplayKey) -> DisplayKeyAnswer:
    """Store the key's verifier; the key itself stays with who asked."""
    tx.flush()
    tx.write(select(func.access.set_display_key(secrets.verifier(tx.raw, ROLE, order.secret))))
    return DisplayKeyAnswer(ROLE)


def connect(url: str, secret: str) -> Engine:
    """An engine of the waiting-room screen's own. Raises DisplayKeyWrong, DatabaseUnreachable."""
    try:
        return gate.connect_as(url, ROLE, secret)
    except LoginRefused:
        raise DisplayKeyWrong from None
