"""The later pages of a registration: what is asked where there is time. Every field may stay as it is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final

from clinicdesk.clinic.patients import particulars, rules
from clinicdesk.clinic.patients.facts import ALLERGY_WORDS, FACTS, PROVISIONAL_WORDS, RELATION_WORDS, TRUE
from clinicdesk.kit.errors import InvalidInput
from clinicdesk.kit.words import _
from clinicdesk.tui.parts import Field
from clinicdesk.tui.roles.patient_form import (
    LABEL,
    YES_OR_NO,
    ChoiceField,
    PatientForm,
    from_form,
    parsed_date,
)

_NO: Final = ""
_PROVISIONAL: Final = MappingProxyType({_NO: _("no"), **PROVISIONAL_WORDS})
_ALLERGIES: Final = MappingProxyType(
    {_NO: ALLERGY_WORDS["sin_preguntar"], "ninguna": ALLERGY_WORDS["ninguna"]}
)
_CONSENT: Final = MappingProxyType({_NO: _("sin preguntar"), "si": _("sí"), "no": _("no")})
_CLOSE: Final = MappingProxyType(
    {
        "guardian": _("Responsable"),
        "guardian_more": _("Otro resp."),
        "contact": _("Emergencia"),
        "contact_more": _("Otra emerg."),
    }
)
"""Who answers for the patient, and whom to call: first the one, then another."""
_SAID_HERE: Final = _("dicho en el mostrador al registrarse")


class _Several(Field):
    """What may be several, with commas between; how stands in it while it is blank."""

    def __init__(self, label: str, example: str) -> None:
        """Blank."""
        super().__init__(label, label_width=LABEL, most=particulars.SUBSTANCE_MOST, note=example)
        self._example = example

    def _after_edit(self) -> None:
        self._note = "" if self.entry.text else self._example
        super()._after_edit()


def last_of_first_page() -> Field:
    """What everybody is asked: allergies. Not having been asked is another answer than none."""
    return ChoiceField(_("Alergias"), _ALLERGIES)


def further_pages(form: PatientForm) -> tuple[dict[str, Field], ...]:
    """The fields of the second page and of the third, in their order."""
    return _person(form), _close(form)


def _person(form: PatientForm) -> dict[str, Field]:
    return {
        "allergy": _Several(_("Alérgico a"), _("(polen, látex:severa)")),
        **{name: form.field_of(FACTS[name]) for name in ("blood_group", "gender", "name_in_use")},
        "birth_estimated": form.letter_field("birth_estimated", _("Nac. estim."), YES_OR_NO),
        "provisional": ChoiceField(_("Temporaria"), _PROVISIONAL),
        "mother": form.text_field("mother", _("Madre (doc.)")),
        "plan": form.text_field("plan", _("Plan")),
        "member_number": form.text_field("member_number", _("Afiliado")),
        "other_document": form.text_field("other_document", _("Otro doc.")),
        "other_expires": form.date_field("other_expires", _("  vence")),
        "other_phone": form.text_field("other_phone", _("Otro tel.")),
        "dependent": form.field_of(FACTS["dependent"]),
        "notices": ChoiceField(_("Avisos SMS"), _CONSENT),
    }


def _close(form: PatientForm) -> dict[str, Field]:
    fields: dict[str, Field] = {}
    for name, label in _CLOSE.items():
        fields[name] = form.text_field(name, label)
        fields[f"{name}_relation"] = ChoiceField(_("  vínculo"), RELATION_WORDS)
        fields[f"{name}_phone"] = form.text_field(f"{name}_phone", _("  teléfono"))
    return fields


def order_parts(fields: Mapping[str, Field], country: str) -> dict[str, Any]:
    """What the later pages say, as the order of a registration takes it, once nothing of it is wrong."""
    return {
        "name_in_use": fields["name_in_use"].value or None,
        "gender": _code(fields["gender"]),
        "blood_group": _code(fields["blood_group"]),
        "birth_estimated": from_form(FACTS["birth_estimated"], fields["birth_estimated"].value) == TRUE,
        "dependent": from_form(FACTS["dependent"], fields["dependent"].value) == TRUE,
        "provisional": provisional(fields),
        "documents": _papers(fields, country),
        "phones": _phones(fields),
        "coverages": _coverage(fields),
        "contacts": tuple(contact for name in _CLOSE for contact in _contact(fields, name)),
        "consents": _consent(fields),
        "allergies": _allergies(fields),
        "no_allergies": _code(fields["allergies"]) == "ninguna",
    }


def _code(field: Field) -> str:
    assert isinstance(field, ChoiceField)  # noqa: S101 - made above
    return field.code


def _papers(fields: Mapping[str, Field], country: str) -> tuple[particulars.Paper, ...]:
    """Raises InvalidInput for a document that is none."""
    text, until = fields["other_document"].value, fields["other_expires"].value
    if not text:
        return ()
    return (particulars.Paper(rules.parsed_document(text, country), parsed_date(until)),)


def _phones(fields: Mapping[str, Field]) -> tuple[particulars.Phone, ...]:
    return (particulars.Phone(text),) if (text := fields["other_phone"].value) else ()


def _coverage(fields: Mapping[str, Field]) -> tuple[particulars.Coverage, ...]:
    """A plan or number without a payer is refused by name, not dropped."""
    payer, plan, member = (fields[name].value for name in ("payer", "plan", "member_number"))
    return (particulars.Coverage(payer, plan or None, member or None),) if payer or plan or member else ()


def _contact(fields: Mapping[str, Field], name: str) -> tuple[particulars.Contact, ...]:
    """Whom to call, or who answers for the patient."""
    said, phone = fields[name].value, fields[f"{name}_phone"].value
    if not said and not phone:
        return ()
    relation, guardian = _code(fields[f"{name}_relation"]), name.startswith("guardian")
    return (particulars.Contact(relation, said, phone or None, guardian=guardian, emergency=not guardian),)


def _consent(fields: Mapping[str, Field]) -> tuple[particulars.Consent, ...]:
    code, purpose = _code(fields["notices"]), particulars.Purpose.AVISOS.value
    if not code:
        return ()
    return (particulars.Consent(purpose, code == "si", _SAID_HERE, fields["phone"].value or None),)


def _allergies(fields: Mapping[str, Field]) -> tuple[particulars.Allergy, ...]:
    """`látex, penicilina:severa`."""
    told = (text.partition(":") for text in fields["allergy"].value.split(",") if text.strip())
    return tuple(
        particulars.Allergy(substance, severity.strip().lower() or None)
        for substance, _colon, severity in told
    )


def further_problems(fields: Mapping[str, Field], at: particulars.Place) -> Iterator[tuple[str, str]]:
    """Name of the field and what is wrong, of each thing that would be refused."""
    if _allergies(fields) and _code(fields["allergies"]):
        yield "allergy", _("Hay alergias anotadas: no puede decir que no tiene ninguna.")
    yield from _wrong_papers(fields, at.country)
    told: tuple[tuple[str, tuple[particulars.Particular, ...]], ...] = (
        ("allergy", _allergies(fields)),
        ("other_phone", _phones(fields)),
        ("payer", _coverage(fields)),
        *((_blank_of(fields, name), _contact(fields, name)) for name in _CLOSE),
        ("phone", _consent(fields)),
    )
    for name, facts in told:
        for fact in facts:
            try:
                fact.checked(at)
            except InvalidInput as wrong:
                yield name, wrong.problems[0]


def _wrong_papers(fields: Mapping[str, Field], country: str) -> Iterator[tuple[str, str]]:
    until = fields["other_expires"].value
    if until and parsed_date(until) is None:
        yield "other_expires", _("La fecha de vencimiento no existe: se espera día/mes/año.")
    elif until and not fields["other_document"].value:
        yield "other_document", _("Falta el documento que vence ese día.")
    try:
        problems = [
            each for paper in _papers(fields, country) for each in rules.document_problems(paper.document)
        ]
    except InvalidInput as wrong:
        problems = list(wrong.problems)
    for problem in problems[:1]:
        yield "other_document", problem


def _blank_of(fields: Mapping[str, Field], name: str) -> str:
    """The field of a contact in which a fault can be: where there is a name, the phone's."""
    return f"{name}_phone" if fields[name].value else name


def provisional(fields: Mapping[str, Field]) -> str | None:
    """Why the identity is temporary; None where it is not."""
    return _code(fields["provisional"]) or None
