"""The second page of a registration: what is asked where there is time. Every field may stay as it is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final

from clinicdesk.clinic.patients import particulars
from clinicdesk.clinic.patients.facts import CORRECTED, FACTS, TRUE
from clinicdesk.clinic.patients.rules import Provisional
from clinicdesk.kit.errors import InvalidInput
from clinicdesk.kit.words import _
from clinicdesk.tui.parts import Field
from clinicdesk.tui.roles.patient_form import YES_OR_NO, ChoiceField, PatientForm, from_form

_NO: Final = ""
_PROVISIONAL: Final = MappingProxyType(
    {
        _NO: _("no"),
        Provisional.NN.value: _("sin identificar (NN)"),
        Provisional.RECIEN_NACIDO.value: _("recién nacido"),
    }
)
_ALLERGIES: Final = MappingProxyType({_NO: _("sin preguntar"), "ninguna": _("ninguna conocida")})
_CONSENT: Final = MappingProxyType({_NO: _("sin preguntar"), "si": _("sí"), "no": _("no")})
_RELATIONS: Final = MappingProxyType(
    {each.value: each.value.replace("_", " ") for each in particulars.Relation} | {"conyuge": _("cónyuge")}
)
_GENDERS: Final = MappingProxyType({each: each.replace("_", " ") for each in particulars.GENDERS})
_BLOOD: Final = MappingProxyType({each: each for each in particulars.BLOOD_GROUPS})
_SAID_HERE: Final = _("dicho en el mostrador al registrarse")


def last_of_first_page() -> Field:
    """What everybody is asked: allergies. Not having been asked is another answer than none."""
    return ChoiceField(_("Alergias"), _ALLERGIES)


def further_fields(form: PatientForm) -> dict[str, Field]:
    """The fields of the second page, in their order."""
    return {
        "allergy": form.text_field("allergy", _("Alérgico a")),
        "blood_group": ChoiceField(_("Grupo sang."), _BLOOD),
        "gender": ChoiceField(_("Género"), _GENDERS),
        "name_in_use": form.text_field("name_in_use", _("En uso")),
        "birth_estimated": form.letter_field("birth_estimated", _("Nac. estim."), YES_OR_NO),
        "provisional": ChoiceField(_("Temporaria"), _PROVISIONAL),
        "mother": form.text_field("mother", _("Madre (doc.)")),
        "plan": form.text_field("plan", _("Plan")),
        "member_number": form.text_field("member_number", _("Afiliado")),
        "contact": form.text_field("contact", _("Emergencia")),
        "contact_relation": ChoiceField(_("  vínculo"), _RELATIONS),
        "contact_phone": form.text_field("contact_phone", _("  teléfono")),
        "guardian": form.text_field("guardian", _("Responsable")),
        "guardian_relation": ChoiceField(_("  vínculo"), _RELATIONS),
        "guardian_phone": form.text_field("guardian_phone", _("  teléfono")),
        "dependent": form.letter_field("dependent", _("A cargo"), YES_OR_NO),
        "notices": ChoiceField(_("Avisos SMS"), _CONSENT),
    }


def order_parts(fields: Mapping[str, Field]) -> dict[str, Any]:
    """What the second page says, as the order of a registration takes it."""
    return {
        "name_in_use": fields["name_in_use"].value or None,
        "gender": _code(fields["gender"]),
        "blood_group": _code(fields["blood_group"]),
        "birth_estimated": from_form(FACTS["birth_estimated"], fields["birth_estimated"].value) == TRUE,
        "dependent": from_form(CORRECTED["dependent"], fields["dependent"].value) == TRUE,
        "provisional": provisional(fields),
        "coverages": _coverage(fields),
        "contacts": (*_contact(fields, "contact"), *_contact(fields, "guardian")),
        "consents": _consent(fields),
        "allergies": _allergies(fields),
        "no_allergies": _code(fields["allergies"]) == "ninguna",
    }


def _code(field: Field) -> str:
    assert isinstance(field, ChoiceField)  # noqa: S101 - made above
    return field.code


def _coverage(fields: Mapping[str, Field]) -> tuple[particulars.Coverage, ...]:
    """A plan or number without a payer is refused by name, not dropped."""
    payer, plan, member = (fields[name].value for name in ("payer", "plan", "member_number"))
    return (particulars.Coverage(payer, plan or None, member or None),) if payer or plan or member else ()


def _contact(fields: Mapping[str, Field], name: str) -> tuple[particulars.Contact, ...]:
    """Whom to call, or who answers for the patient."""
    said, phone = fields[name].value, fields[f"{name}_phone"].value
    if not said and not phone:
        return ()
    relation, guardian = _code(fields[f"{name}_relation"]), name == "guardian"
    return (particulars.Contact(relation, said, phone or None, guardian=guardian, emergency=not guardian),)


def _consent(fields: Mapping[str, Field]) -> tuple[particulars.Consent, ...]:
    code, purpose = _code(fields["notices"]), particulars.Purpose.AVISOS.value
    if not code:
        return ()
    return (particulars.Consent(purpose, code == "si", _SAID_HERE, fields["phone"].value or None),)


def _allergies(fields: Mapping[str, Field]) -> tuple[particulars.Allergy, ...]:
    return (particulars.Allergy(text),) if (text := fields["allergy"].value) else ()


def further_problems(fields: Mapping[str, Field], at: particulars.Place) -> Iterator[tuple[str, str]]:
    """Name of the field and what is wrong, of each thing that would be refused."""
    if _allergies(fields) and _code(fields["allergies"]):
        yield "allergy", _("Hay alergias anotadas: no puede decir que no tiene ninguna.")
    told: tuple[tuple[str, tuple[particulars.Particular, ...]], ...] = (
        ("allergy", _allergies(fields)),
        ("payer", _coverage(fields)),
        (_blank_of(fields, "contact"), _contact(fields, "contact")),
        (_blank_of(fields, "guardian"), _contact(fields, "guardian")),
        ("phone", _consent(fields)),
    )
    for name, facts in told:
        for fact in facts:
            try:
                fact.checked(at)
            except InvalidInput as wrong:
                yield name, wrong.problems[0]


def _blank_of(fields: Mapping[str, Field], name: str) -> str:
    """The field of a contact in which a fault can be: where there is a name, the phone's."""
    return f"{name}_phone" if fields[name].value else name


def provisional(fields: Mapping[str, Field]) -> str | None:
    """Why the identity is temporary; None where it is not."""
    return _code(fields["provisional"]) or None
