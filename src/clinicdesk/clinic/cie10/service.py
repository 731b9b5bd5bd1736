"""Use cases of the catalogue: what a doctor keeps at hand."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import delete, literal_column
from sqlalchemy.dialects.postgresql import insert as upsert

from clinicdesk.clinic.cie10 import rules
from clinicdesk.clinic.cie10.errors import CodeNotFound
from clinicdesk.clinic.cie10.model import cie10_favourites
from clinicdesk.clinic.rights import Permission
from clinicdesk.clinic.usecases import Order, Tx, use_case


@dataclass(frozen=True, slots=True, kw_only=True)
class KeepCode(Order):
    """A code among the actor's favourites; with `keep` False no longer."""

    code: str
    keep: bool = True

    @property
    def subject(self) -> str:
        """Which code."""
        return self.code[:20]


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    """The code as the catalogue writes it, and whether it is a favourite now."""

    code: str
    kept: bool


@use_case("cie10.favourite", needs=Permission.NOTE_WRITE, answer=KeptAnswer, purpose="OPER")
def keep_code(tx: Tx, order: KeepCode) -> KeptAnswer:
    """Put a code at hand, or away. Raises CodeNotFound for one that the catalogue has not."""
    code = rules.code_of(order.code)
    if code is None:
        raise CodeNotFound(code=order.code[:20])
    if order.keep:
        row = upsert(cie10_favourites).values(code=code, at=tx.now).inline()
        tx.write(row.on_conflict_do_nothing(constraint="cie10_favourites_pk"))
    else:
        own = cie10_favourites.c.login == literal_column("session_user")
        tx.write(delete(cie10_favourites).where(own, cie10_favourites.c.code == code))
    return KeptAnswer(code, order.keep)
