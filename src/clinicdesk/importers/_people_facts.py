"""What a row of a list says besides who a person is: gender, blood, whom to call, consents, allergies.

What people write for these has no form: what is not understood is refused with what would have been, and a
word for "nobody asked" says nothing at all.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

from clinicdesk.clinic.patients.particulars import (
    BLOOD_GROUPS,
    EVIDENCE_MOST,
    NAME_MOST,
    SUBSTANCE_MOST,
    WITHOUT_NUMBER,
    Purpose,
    Relation,
    Severity,
)
from clinicdesk.importers._cells import Bad, Fault, line
from clinicdesk.importers._people_columns import plain
from clinicdesk.kit.words import _

Header = Callable[[str], str]
Read = Callable[[str, str], str]
"""Field and cell → the value, as it is stored. Raises Bad."""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Nobody asked, or nobody wrote it down.
_UNASKED: Final = _words(
    "sd sindatos sindato desconocido desconocida desconoce nosabe noconsta nc ns sinpreguntar nopreguntado "
    "ignora seignora sininformacion unknown notasked"
)
_GENDERS: Final = MappingProxyType(
    {
        word: gender
        for gender, words in {
            "mujer": "mujer femenino femenina f mujercis cismujer woman female",
            "varon": "varon hombre masculino masculina m varoncis hombrecis man male",
            "mujer_trans": "mujertrans transfemenina femeninatrans mujertransgenero transmujer",
            "varon_trans": "varontrans hombretrans transmasculino masculinotrans transvaron",
            "travesti": "travesti",
            "no_binario": "nobinario nobinaria nobinarie nb nonbinary generofluido x",
            "otro": "otro otra otre other",
            "no_responde": "noresponde prefierenodecir prefierenoresponder nocontesta nodeclara",
        }.items()
        for word in words.split()
    }
)
_BLOOD: Final = re.compile(
    r"(AB|A|B|0|O)(\+|-|P|POS|POSITIVO|POSITIVA|N|NEG|NEGATIVO|NEGATIVA)", re.ASCII | re.IGNORECASE
)
_BLOOD_NOISE: Final = re.compile(r"grupo|factor|rh|[\s().,:/]", re.IGNORECASE)
_DASHES: Final = str.maketrans("–−—", "---")
_RELATIONS: Final = MappingProxyType(
    {each.value.replace("_", ""): each.value for each in Relation}
    | dict.fromkeys(_words("mama mother"), "madre")
    | dict.fromkeys(_words("papa father"), "padre")
    | dict.fromkeys(_words("tutora tutorlegal guardian"), "tutor")
    | dict.fromkeys(
        _words("conyugue esposo esposa marido mujer pareja concubino concubina novio novia spouse partner"),
        "conyuge",
    )
    | dict.fromkeys(_words("hija child"), "hijo")
    | dict.fromkeys(_words("hermana sibling"), "hermano")
    | dict.fromkeys(_words("abuela grandparent"), "abuelo")
    | dict.fromkeys(
        _words(
            "tio tia primo prima sobrino sobrina nieto nieta cunado cunada suegro suegra yerno nuera familiar"
        ),
        "otro_familiar",
    )
    | dict.fromkeys(_words("cuidadora acompanante"), "cuidador")
    | dict.fromkeys(_words("amigo amiga vecino vecina friend"), "amistad")
    | dict.fromkeys(_words("otra other"), "otro")
)
_YES: Final = _words("si s yes y true verdadero v 1 x acepta autoriza consiente otorgado")
_NO: Final = _words("no n false falso f 0 rechaza noacepta noautoriza noconsiente revocado")
# Asked, and there is none.
_NO_ALLERGY: Final = _words(
    "no ninguna ninguno niega nkda nka sinalergias sinalergia noalergico noalergica norefiere notiene "
    "sinalergiasconocidas noconocidas ningunaconocida niegaalergias norefierealergias noseconocen noalergias "
    "none nopresenta noknownallergies 0 negativo negativa noposee notienealergias sinantecedentes"
)
_SEVERITIES: Final = MappingProxyType(
    {each.value: each.value for each in Severity}
    | {"moderado": "moderada", "severo": "severa", "grave": "severa", "mild": "leve", "severe": "severa"}
)
_APART: Final = re.compile(r"[;|,\n]| / ")
_HOW_BAD: Final = re.compile(r"(.*\S)\s*\(([^()]+)\)")


class FactsReader:
    """Reads them from the rows of one file; `evidence` is of consents of which the list says no more."""

    def __init__(self, header: Header, phone: Read, mail: Read, evidence: str) -> None:
        self._header, self._phone, self._mail, self._evidence = header, phone, mail, evidence

    def gender(self, field: str, said: str) -> str | None:
        """Gender identity, None where nobody asked. Raises Bad."""
        word = plain(said)
        if word in _UNASKED or not word:
            return None
        if word not in _GENDERS:
            known = "mujer, varón, mujer trans, varón trans, travesti, no binario, otro, no responde"
            raise Bad(self._header(field), said, Fault.UNKNOWN_VALUE, known)
        return _GENDERS[word]

    def blood(self, told: Mapping[str, str]) -> str | None:
        """The group with its factor, which may have a column of its own. Raises Bad."""
        said = f"{told.get('blood_group', '')} {told.get('blood_factor', '')}".strip()
        if plain(said) in _UNASKED or said in {"", "-", "?"}:
            return None
        found = _BLOOD.fullmatch(_BLOOD_NOISE.sub("", said.translate(_DASHES)))
        if found is None:
            raise Bad(self._header("blood_group"), said, Fault.UNKNOWN_VALUE, ", ".join(BLOOD_GROUPS[1:]))
        sign = "+" if found[2][0] in "+Pp" else "-"
        return f"{found[1].upper().replace('O', '0')}{sign}"

    def read(
        self, told: Mapping[str, str], dialled: str | None, mail: str | None, bad: list[Bad]
    ) -> str | None:
        """Contacts, consents and allergies as one JSON object, None where the row says nothing of them.

        `dialled` and `mail` are what consents are for that name no number. What is wrong goes to `bad`.
        """
        facts: dict[str, Any] = {}
        steps: tuple[tuple[str, Callable[[], Any]], ...] = (
            ("allergies", lambda: self._allergies(told)),
            ("contacts", lambda: [*self._contact(told, ""), *self._contact(told, "2")]),
            ("consents", lambda: self._consents(told, dialled, mail)),
        )
        for name, step in steps:
            try:
                found = step()
            except Bad as each:
                bad.append(each)
            else:
                if found or (name == "allergies" and found is not None):
                    facts[name] = found
        return json.dumps(facts, ensure_ascii=False) if facts else None

    def _allergies(self, told: Mapping[str, str]) -> list[dict[str, str | None]] | None:
        """Each substance once; an empty list says that there is none, None that nobody asked."""
        said = told.get("allergies", "")
        header, words = self._header("allergies"), [part.strip() for part in _APART.split(said)]
        named = [word for word in words if plain(word) and plain(word) not in _UNASKED]
        if not named:
            return None
        none = [word for word in named if plain(word) in _NO_ALLERGY]
        if none and len(named) > 1:
            raise Bad(header, said, Fault.ALLERGIES_AND_NONE)
        if none:
            return []
        if any(plain(word) in _YES for word in named):
            raise Bad(header, said, Fault.WHICH_ALLERGY)
        found = [self._allergy(header, word) for word in named]
        return list({str(each["substance"]).casefold(): each for each in found}.values())

    def _allergy(self, header: str, said: str) -> dict[str, str | None]:
        """`Penicilina (severa)`: in brackets how bad it is; else they belong to the substance."""
        parts = _HOW_BAD.fullmatch(said)
        severity = _SEVERITIES.get(plain(parts[2])) if parts else None
        substance = line(header, parts[1] if parts and severity else said, SUBSTANCE_MOST)
        return {"substance": substance, "severity": severity}

    def _contact(self, told: Mapping[str, str], which: str) -> list[dict[str, str]]:
        """Whom to call: a name with a phone."""
        name, number = f"contact{which}", f"contact{which}_phone"
        called = line(self._header(name), told.get(name, ""), NAME_MOST)
        relation = told.get(f"contact{which}_relation", "")
        if not (called or relation or told.get(number)):
            return []
        if not called:
            raise Bad(self._header(name), "", Fault.MISSING)
        if not told.get(number):
            raise Bad(self._header(number), "", Fault.MISSING)
        phone = self._phone(number, told[number])
        return [{"relation": self._relation(which, relation), "name": called, "phone": phone}]

    def _relation(self, which: str, said: str) -> str:
        if not plain(said):
            return Relation.OTRO.value
        if (found := _RELATIONS.get(plain(said))) is None:
            known = ", ".join(each.value for each in Relation)
            raise Bad(self._header(f"contact{which}_relation"), said, Fault.UNKNOWN_VALUE, known)
        return found

    def _consents(
        self, told: Mapping[str, str], dialled: str | None, mail: str | None
    ) -> list[dict[str, str | bool | None]]:
        said = [(purpose, f"consent:{purpose.value}") for purpose in Purpose]
        found: list[dict[str, str | bool | None]] = []
        for purpose, field in said:
            granted = self._yes(field, told.get(field, ""))
            if granted is None:
                continue
            number = None if purpose in WITHOUT_NUMBER else self._number(told, dialled, mail)
            if number is None and purpose not in WITHOUT_NUMBER:
                raise Bad(self._header(field), told[field], Fault.NO_NUMBER)
            evidence = line(self._header("consent_evidence"), told.get("consent_evidence", ""), EVIDENCE_MOST)
            found.append(
                {
                    "field": field,
                    "said": told[field],
                    "purpose": purpose.value,
                    "number": number,
                    "granted": granted,
                    "evidence": evidence or self._evidence,
                }
            )
        return found

    def _yes(self, field: str, said: str) -> bool | None:
        word = plain(said)
        if not word or word in _UNASKED:
            return None
        if word not in _YES | _NO:
            raise Bad(self._header(field), said, Fault.UNKNOWN_VALUE, _("sí, no"))
        return word in _YES

    def _number(self, told: Mapping[str, str], dialled: str | None, mail: str | None) -> str | None:
        """The one the list names for consents, else the person's mobile, phone or address."""
        said = told.get("consent_number", "").strip()
        if "@" in said:
            return self._mail("consent_number", said)
        return self._phone("consent_number", said) if said else dialled or mail
