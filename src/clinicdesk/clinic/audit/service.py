"""Sealing acts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sqlalchemy import func, select

from clinicdesk.clinic.desk import Desk
from clinicdesk.clinic.rights import Permission
from clinicdesk.clinic.usecases import Order, Tx, use_case

# So many that a backlog is soon sealed, so few that each call ends well within a statement's time.
MOST: Final = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class SealActs(Order):
    """Seal what no seal holds. `everything` looks for acts dated before what is settled, too."""

    most: int = MOST
    everything: bool = False


@dataclass(frozen=True, slots=True)
class Sealed:
    """How many acts the new seal holds; 0 and no seal where there was nothing to seal."""

    acts: int


# No act: a seal is its own trace, and each would give the next one something to seal.
@use_case("audit.seal", needs=Permission.AUDIT_SEAL, answer=Sealed, purpose="AUDIT", act=False)
def seal_acts(tx: Tx, order: SealActs) -> Sealed:
    """Write one seal over at most `most` acts."""
    return Sealed(tx.run(select(func.audit.seal(order.most, order.everything))).scalar_one())


def seal_all(desk: Desk, *, everything: bool = False, most: int = MOST) -> int:
    """Seal until nothing waits; how many acts were sealed."""
    sealed = 0
    while found := desk.do(seal_acts, SealActs(most=most, everything=everything)).acts:
        sealed += found
        if found < most:
            break
    return sealed
