"""Reads of the catalogue: codes by their beginning or by words, what is kept at hand, one code whole."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Select,
    Text,
    and_,
    case,
    cast,
    func,
    literal,
    literal_column,
    or_,
    select,
)
from sqlalchemy.dialects.postgresql import ARRAY, TSQUERY

from clinicdesk.clinic.cie10 import rules
from clinicdesk.clinic.cie10.errors import CodeNotFound
from clinicdesk.clinic.cie10.model import cie10_codes, cie10_favourites, cie10_words
from clinicdesk.clinic.rights import Permission
from clinicdesk.clinic.usecases import Reader, view

_MOST_NEAR: Final = 40
_RECENT: Final = 10


@dataclass(frozen=True, slots=True)
class CodeRow:
    """A code as the catalogue has it. `chapter` is 1 to 22; ages are days lived, None without a limit."""

    code: str
    text: str
    chapter: int | None
    leaf: bool
    active: bool
    edition: str
    sex: str | None = None
    from_days: int | None = None
    until_days: int | None = None

    def fits(self, sex: str, days: int | None) -> bool:
        """Whether it can be somebody's, as far as the list says."""
        return rules.fits(self.sex, self.from_days, self.until_days, sex, days)


@dataclass(frozen=True, slots=True)
class CodeWhole:
    """A code with the one above it and those below it."""

    row: CodeRow
    above: CodeRow | None
    below: tuple[CodeRow, ...]


@dataclass(frozen=True, slots=True)
class CodesQuery:
    """Codes in use that a line asks for; those of `first` come before all others, in that order.

    Where `sex` or `days` lived of a patient are given, codes that cannot be theirs come last.
    """

    text: str
    first: tuple[str, ...] = ()
    sex: str = ""
    days: int | None = None
    limit: int = 50


@dataclass(frozen=True, slots=True)
class CodeQuery:
    """One code, in use or not."""

    code: str


@dataclass(frozen=True, slots=True)
class MineQuery:
    """What the actor keeps at hand."""

    recent: int = _RECENT


@dataclass(frozen=True, slots=True)
class Mine:
    """The actor's favourites, the last one taken first, and the codes they stated last, newest first."""

    favourites: tuple[CodeRow, ...]
    recent: tuple[CodeRow, ...]

    @property
    def codes(self) -> tuple[str, ...]:
        """All of them in the order in which they are offered, each once."""
        return tuple(dict.fromkeys(row.code for row in (*self.favourites, *self.recent)))


@dataclass(frozen=True, slots=True)
class EditionRow:
    """What one edition has in use, and since when nothing else."""

    edition: str
    active: int
    retired: int


_ROW: Final = (
    cie10_codes.c.code,
    cie10_codes.c.text,
    cie10_codes.c.chapter,
    cie10_codes.c.leaf,
    cie10_codes.c.active,
    cie10_codes.c.edition,
    cie10_codes.c.sex,
    cie10_codes.c.from_days,
    cie10_codes.c.until_days,
)
_IN_USE: Final = cie10_codes.c.active & ~cie10_codes.c.heading


@view("cie10.search", needs=Permission.SITE_READ)
def search(tx: Reader, query: CodesQuery) -> tuple[CodeRow, ...]:
    """Codes by their beginning, with or without point, else by words; a blank line gives `first`.

    Words come in any order, without accents, begun or abbreviated; where none fits, with one slip each.
    """
    wanted = rules.asked(query.text)
    if not wanted.prefix and not wanted.words:
        return tx.into(CodeRow, _ordered(_codes().where(cie10_codes.c.code.in_(query.first)), query, wanted))
    if wanted.prefix:
        begun = _codes().where(cie10_codes.c.key.startswith(wanted.prefix, autoescape=True))
        if found := tx.into(CodeRow, _ordered(begun, query, wanted)):
            return found
    found = tx.into(CodeRow, _ordered(_codes().where(_said(wanted, _begun)), query, wanted))
    return found or _mistyped(tx, query, wanted)


@view("cie10.show", needs=Permission.SITE_READ)
def show(tx: Reader, query: CodeQuery) -> CodeWhole:
    """A code with its neighbours. Raises CodeNotFound."""
    code = rules.code_of(query.code) or rules.heading_of(query.code) or ""
    found = tx.into(CodeRow, select(*_ROW).where(cie10_codes.c.code == code))
    if not found:
        raise CodeNotFound(code=query.code[:20])
    above = rules.parent_of(code)
    begun = cie10_codes.c.key.startswith(rules.key_of(code), autoescape=True) & (cie10_codes.c.code != code)
    below = select(*_ROW).where(begun, _IN_USE).order_by(cie10_codes.c.key).limit(200)
    return CodeWhole(
        found[0],
        next(iter(tx.into(CodeRow, select(*_ROW).where(cie10_codes.c.code == (above or "")))), None),
        tx.into(CodeRow, below),
    )


@view("cie10.mine", needs=Permission.NOTE_WRITE)
def mine(tx: Reader, query: MineQuery) -> Mine:
    """The actor's favourites, and what their last entries of any history stated."""
    kept = (
        select(*_ROW)
        .join(cie10_favourites, cie10_favourites.c.code == cie10_codes.c.code)
        .where(cie10_favourites.c.login == literal_column("session_user"), _IN_USE)
        .order_by(cie10_favourites.c.at.desc(), cie10_codes.c.code)
    )
    stated = func.cie10_recent(query.recent).table_valued("code", "at")
    last = (
        select(*_ROW)
        .join(stated, stated.c.code == cie10_codes.c.code)
        .where(_IN_USE)
        .order_by(stated.c.at.desc(), cie10_codes.c.code)
    )
    return Mine(tx.into(CodeRow, kept), tx.into(CodeRow, last))


@view("cie10.editions", needs=Permission.SITE_READ)
def editions(tx: Reader, _query: CodesQuery) -> tuple[EditionRow, ...]:
    """The editions that the codes in the catalogue were last in."""
    counted = (func.count().filter(cie10_codes.c.active), func.count().filter(~cie10_codes.c.active))
    statement = (
        select(cie10_codes.c.edition, *counted)
        .where(~cie10_codes.c.heading)
        .group_by(cie10_codes.c.edition)
        .order_by(counted[0].desc(), cie10_codes.c.edition)
    )
    return tx.into(EditionRow, statement)


def texts_of(tx: Reader, codes: Iterable[str]) -> dict[str, str]:
    """Code → text, of those that the catalogue has."""
    statement = select(cie10_codes.c.code, cie10_codes.c.text).where(cie10_codes.c.code.in_(tuple(codes)))
    return {row.code: row.text for row in tx.rows(statement)}


def _codes() -> Select[Any]:
    return select(*_ROW).where(_IN_USE)


def _ordered(statement: Select[Any], query: CodesQuery, wanted: rules.Asked) -> Select[Any]:
    """At hand first, then the code itself, what fits, what is meant by a shortening, the plainest text."""
    key = cie10_codes.c.key
    ranks: list[ColumnElement[Any]] = []
    if query.first:
        hand = cast(list(query.first), ARRAY(Text))
        ranks.append(func.array_position(hand, cie10_codes.c.code).nulls_last())
    if query.sex or query.days is not None:
        ranks.append(case((_fitting(query), 0), else_=1))
    if wanted.prefix:
        ranks.append(key)
    elif wanted.words:
        if roots := wanted.roots:
            meant = ((key.startswith(root, autoescape=True), place) for place, root in enumerate(roots))
            ranks.append(case(*meant, else_=len(roots)))
        begins = cie10_codes.c.folded.startswith(wanted.words[0][0], autoescape=True)
        ranks += [case((begins, 0), else_=1), func.length(cie10_codes.c.folded)]
    return statement.order_by(*ranks, cie10_codes.c.code).limit(query.limit)


def _fitting(query: CodesQuery) -> ColumnElement[bool]:
    code = cie10_codes.c
    sex = or_(code.sex.is_(None), literal(query.sex).not_in(("F", "M")), code.sex == query.sex)
    if query.days is None:
        return sex
    born = func.coalesce(code.from_days, 0) <= query.days
    return and_(sex, born, or_(code.until_days.is_(None), code.until_days >= query.days))


def _said(wanted: rules.Asked, clause: Callable[[str], str]) -> ColumnElement[bool]:
    """Every word: itself, or what it is short for."""
    return and_(*(_one(word, short, clause) for word, short in wanted.words))


def _one(word: str, short: rules.Short | None, clause: Callable[[str], str]) -> ColumnElement[bool]:
    itself = _has(clause(word))
    if short is None:
        return itself
    by_code = (cie10_codes.c.key.startswith(root.replace(".", ""), autoescape=True) for root in short.roots)
    return or_(itself, _has(" & ".join(map(_begun, short.words))), *by_code)


def _has(clause: str) -> ColumnElement[bool]:
    return cie10_codes.c.terms.bool_op("@@")(cast(clause, TSQUERY))


def _begun(word: str) -> str:
    """A folded word, which has neither quotes nor backslashes, as the beginning of one in the text."""
    return f"'{rules.stem(word)}':*"


def _mistyped(tx: Reader, query: CodesQuery, wanted: rules.Asked) -> tuple[CodeRow, ...]:
    """What fits once each word may have a slip."""
    near = {word: _near(tx, word) for word, _short in wanted.words if rules.may_be_mistyped(word)}
    if not any(near.values()):
        return ()

    def clause(word: str) -> str:
        return " | ".join((_begun(word), *(f"'{each}'" for each in near.get(word, ()))))

    return tx.into(CodeRow, _ordered(_codes().where(_said(wanted, clause)), query, wanted))


def _near(tx: Reader, word: str) -> list[str]:
    """Words of the catalogue that begin like this one but for one slip, the most alike first."""
    stem = rules.stem(word)
    statement = select(cie10_words.c.word).where(cie10_words.c.head.in_(rules.heads(stem)))
    near = [row.word for row in tx.rows(statement) if rules.begins_nearly(stem, row.word)]
    return sorted(near, key=lambda each: (abs(len(each) - len(word)), each))[:_MOST_NEAR]
