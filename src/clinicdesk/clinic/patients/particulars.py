"""What is known of a person besides who they are: phones, coverages, contacts, consents, allergies.

Each fact is checked whole before it is stored: `checked` gives it as it will stand, or every problem. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from typing import ClassVar, Final, TypeVar
from uuid import UUID

from clinicdesk.clinic.patients import phones
from clinicdesk.clinic.patients.rules import Document
from clinicdesk.kit.errors import InvalidInput
from clinicdesk.kit.text import clean_line
from clinicdesk.kit.words import _

NAME_MOST: Final = 120
NUMBER_MOST: Final = 60
EVIDENCE_MOST: Final = 400
SUBSTANCE_MOST: Final = 300
TIMES_MOST: Final = 99
MAIL: Final = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
"""An address as it is stored, whole."""

GENDERS: Final = (
    "sin_preguntar",
    "mujer",
    "varon",
    "mujer_trans",
    "varon_trans",
    "travesti",
    "no_binario",
    "otro",
    "no_responde",
)
"""Gender identity as the person says it; not asked and not answered are two things."""

UNKNOWN_BLOOD: Final = "desconocido"
BLOOD_GROUPS: Final = (UNKNOWN_BLOOD, "0-", "0+", "A-", "A+", "B-", "B+", "AB-", "AB+")


class PhoneKind(StrEnum):
    """What a phone is, stored as written."""

    CELULAR = "celular"
    FIJO = "fijo"
    TRABAJO = "trabajo"
    FAMILIAR = "familiar"
    OTRO = "otro"


class Relation(StrEnum):
    """What somebody is to the patient, stored as written."""

    MADRE = "madre"
    PADRE = "padre"
    TUTOR = "tutor"
    CONYUGE = "conyuge"
    HIJO = "hijo"
    HERMANO = "hermano"
    ABUELO = "abuelo"
    OTRO_FAMILIAR = "otro_familiar"
    CUIDADOR = "cuidador"
    AMISTAD = "amistad"
    OTRO = "otro"


class Purpose(StrEnum):
    """What a person agrees to, stored as written. All but the last two are for one number or address."""

    AVISOS = "avisos"
    RESULTADOS = "resultados"
    SEGUIMIENTO = "seguimiento"
    CAMPANAS = "campanas"
    TELECONSULTA = "teleconsulta"
    DATOS = "datos"


WITHOUT_NUMBER: Final = frozenset({Purpose.TELECONSULTA, Purpose.DATOS})


class Severity(StrEnum):
    """How bad an allergy is, stored as written."""

    LEVE = "leve"
    MODERADA = "moderada"
    SEVERA = "severa"


def _listed(*parts: str | None) -> str:
    return ", ".join(filter(None, parts))


@dataclass(frozen=True, slots=True)
class Place:
    """Where and when something is said: whose country's numbers, and today there."""

    country: str
    today: date


@dataclass(frozen=True, slots=True)
class Paper:
    """One more document, and its last day."""

    document: Document
    expires_on: date | None = None


@dataclass(frozen=True, slots=True)
class Phone:
    """One more phone, as typed or in E.164."""

    number: str
    kind: str = PhoneKind.CELULAR.value
    note: str | None = None

    @property
    def told(self) -> str:
        """As the history of changes keeps it."""
        return _listed(self.number, self.kind, self.note)

    def checked(self, at: Place) -> Phone:
        """In E.164. Raises InvalidInput."""
        faults = Faults()
        faults.word(self.kind, PhoneKind, _("El tipo de teléfono"))
        note = faults.line(self.note, NAME_MOST, _("La nota del teléfono"))
        number = faults.phone(self.number, at) or ""
        if not number and not faults.found:
            faults.found.append(_("El teléfono no puede quedar en blanco."))
        faults.settle()
        return Phone(number, self.kind, note)


@dataclass(frozen=True, slots=True)
class Coverage:
    """Who pays: payer, plan and member number, from a day to another, both counted."""

    payer: str
    plan: str | None = None
    member_number: str | None = None
    since: date | None = None
    until: date | None = None

    @property
    def told(self) -> str:
        """As the history of changes keeps it."""
        return _listed(self.payer, self.plan, self.member_number)

    def checked(self, _at: Place) -> Coverage:
        """Without blanks. Raises InvalidInput."""
        faults = Faults()
        payer = faults.needed(self.payer, NAME_MOST, _("La cobertura"))
        plan = faults.line(self.plan, NAME_MOST, _("El plan"))
        member = faults.line(self.member_number, NUMBER_MOST, _("El número de afiliado"))
        faults.period(self.since, self.until, _("La cobertura"))
        faults.settle()
        return Coverage(payer, plan, member, self.since, self.until)


@dataclass(frozen=True, slots=True)
class Authorisation:
    """What a coverage authorised: a practice, so many times, from a day to another.

    It hangs on coverage and practice, as FHIR's preAuthRef and HL7's AUT do: the payer gives the number
    before there is a turn, one may be good for ten sessions, and a turn that is moved keeps it.
    """

    coverage_id: UUID
    procedure_id: int
    number: str
    since: date | None = None
    until: date | None = None
    times: int = 1

    @property
    def told(self) -> str:
        """As the history of changes keeps it."""
        return self.number

    def checked(self, _at: Place) -> Authorisation:
        """Without blanks. Raises InvalidInput."""
        faults = Faults()
        number = faults.needed(self.number, NUMBER_MOST, _("El número de autorización"))
        faults.period(self.since, self.until, _("La autorización"))
        if not 1 <= self.times <= TIMES_MOST:
            faults.found.append(_("La autorización vale de 1 a {} veces.").format(TIMES_MOST))
        faults.settle()
        return replace(self, number=number)


@dataclass(frozen=True, slots=True)
class Contact:
    """Somebody close: whom to call, who answers for a minor or dependant; perhaps a patient too."""

    relation: str
    name: str
    phone: str | None = None
    related_id: UUID | None = None
    guardian: bool = False
    emergency: bool = False

    @property
    def told(self) -> str:
        """As the history of changes keeps it."""
        return _listed(self.relation, self.name, self.phone)

    def checked(self, at: Place) -> Contact:
        """With the phone in E.164. Raises InvalidInput."""
        faults = Faults()
        faults.word(self.relation, Relation, _("El vínculo"))
        name = faults.needed(self.name, NAME_MOST, _("El nombre del contacto"))
        phone = faults.phone(self.phone, at)
        if phone is None and self.related_id is None and self.emergency:
            faults.found.append(_("Un contacto de emergencia necesita teléfono."))
        faults.settle()
        return replace(self, name=name, phone=phone)


@dataclass(frozen=True, slots=True)
class Consent:
    """What the person said yes or no to, for which number or address, and how that is known."""

    purpose: str
    granted: bool
    evidence: str
    number: str | None = None

    @property
    def told(self) -> str:
        """As the history of changes keeps it."""
        return _listed(self.purpose, self.number, _("sí") if self.granted else _("no"))

    def checked(self, at: Place) -> Consent:
        """With the number in E.164, or the address as it is. Raises InvalidInput."""
        faults = Faults()
        faults.word(self.purpose, Purpose, _("El propósito"))
        evidence = faults.needed(self.evidence, EVIDENCE_MOST, _("La constancia del consentimiento"))
        number = self._number(faults, at)
        faults.settle()
        return Consent(self.purpose, self.granted, evidence, number)

    def _number(self, faults: Faults, at: Place) -> str | None:
        number = clean_line(self.number or "")
        if self.purpose in WITHOUT_NUMBER:
            if number:
                faults.found.append(_("Este consentimiento no lleva teléfono ni correo."))
            return None
        if not number:
            faults.found.append(_("El consentimiento es para un teléfono o correo: falta cuál."))
            return None
        if "@" in number:
            return faults.mail(number)
        return faults.phone(number, at)


@dataclass(frozen=True, slots=True)
class Allergy:
    """An allergy as the patient tells it."""

    substance: str
    severity: str | None = None
    reaction: str | None = None
    category: str | None = None
    since: date | None = None

    told: ClassVar = "anotada"
    """The history of changes says that there is one, not which."""

    def checked(self, at: Place) -> Allergy:
        """Without blanks. Raises InvalidInput."""
        faults = Faults()
        substance = faults.needed(self.substance, SUBSTANCE_MOST, _("La sustancia"))
        if self.severity is not None:
            faults.word(self.severity, Severity, _("La gravedad"))
        reaction = faults.line(self.reaction, SUBSTANCE_MOST, _("La reacción"))
        category = faults.line(self.category, NUMBER_MOST, _("La clase de alergia"))
        if self.since is not None and self.since > at.today:
            faults.found.append(_("La alergia no puede empezar en el futuro."))
        faults.settle()
        return Allergy(substance, self.severity, reaction, category, self.since)


Particular = Phone | Coverage | Authorisation | Contact | Consent | Allergy


ParticularT = TypeVar("ParticularT", Phone, Coverage, Authorisation, Contact, Consent, Allergy)


class Faults:
    """Gathers what is wrong with what was given, so that all of it is said at once."""

    def __init__(self, found: Iterable[str] = ()) -> None:
        """Begin with what is known to be wrong."""
        self.found = list(found)

    def settle(self) -> None:
        """Raises InvalidInput if anything was wrong."""
        if self.found:
            raise InvalidInput(*dict.fromkeys(self.found))

    def take(self, facts: Iterable[ParticularT], at: Place) -> tuple[ParticularT, ...]:
        """The facts as they will stand; of those that cannot, their problems."""
        good: list[ParticularT] = []
        for fact in facts:
            try:
                good.append(fact.checked(at))
            except InvalidInput as wrong:
                self.found += wrong.problems
        return tuple(good)

    def word(self, said: str, words: type[StrEnum] | tuple[str, ...], what: str) -> None:
        """One of a list."""
        known = tuple(map(str, words))
        if said not in known:
            told = _("{what} «{said}» no existe: {known}.")
            self.found.append(told.format(what=what, said=said[:NUMBER_MOST], known=", ".join(known)))

    def line(self, said: str | None, most: int, what: str) -> str | None:
        """One line of at most so many characters; blank is nothing."""
        line = clean_line(said or "")
        if len(line) > most:
            self.found.append(_("{what} lleva hasta {most} caracteres.").format(what=what, most=most))
        return line or None

    def needed(self, said: str, most: int, what: str) -> str:
        """The same, and there must be one."""
        line = self.line(said, most, what)
        if line is None:
            self.found.append(_("{what} no puede quedar en blanco.").format(what=what))
        return line or ""

    def phone(self, said: str | None, at: Place) -> str | None:
        """In E.164; blank is none."""
        line = clean_line(said or "")
        try:
            return phones.parsed(line, at.country) if line else None
        except InvalidInput as wrong:
            self.found += wrong.problems
            return None

    def mail(self, said: str | None) -> str | None:
        """An address with its `@` and a domain; blank is none."""
        line = self.line(said, NAME_MOST, _("El correo"))
        if line is not None and not MAIL.fullmatch(line):
            told = _("El correo «{said}» no existe: se espera nombre@lugar.com.")
            self.found.append(told.format(said=line[:NUMBER_MOST]))
        return line

    def period(self, since: date | None, until: date | None, what: str) -> None:
        """The end is not before the beginning."""
        if since is not None and until is not None and until < since:
            self.found.append(_("{what} no puede terminar antes de empezar.").format(what=what))
