"""Columns of a file of patients: which field each one is, by its name or by what a mapping file says."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from clinicdesk.clinic.countries import PACKS
from clinicdesk.clinic.patients.particulars import Purpose
from clinicdesk.clinic.patients.spelling import folded

_AGREES: Final = "consiente consentimiento consentimientode consentimientopara acepta autoriza recibe consent"
_PURPOSES: Final = {
    Purpose.AVISOS: "avisos recordatorios notificaciones avisosdeturnos recordatoriosdeturnos",
    Purpose.RESULTADOS: "resultados envioderesultados results",
    Purpose.SEGUIMIENTO: "seguimiento encuestas",
    Purpose.CAMPANAS: "campanas promociones publicidad novedades marketing",
    Purpose.TELECONSULTA: "teleconsulta teleconsultas telemedicina telehealth",
    Purpose.DATOS: "datos datospersonales tratamientodedatos usodedatos data",
}
# What a field is called in the files of others: folded, without blanks.
_NAMES: Final = {
    "key": (
        "id idpaciente idexterno codigo codigopaciente codpaciente clave legajo ficha historia hc nrohc "
        "historiaclinica nrohistoria numerohistoria numerodehistoria nrohistoriaclinica "
        "numerodehistoriaclinica patientid externalid key"
    ),
    "document": (
        "documento nrodocumento nrodoc numerodocumento numerodedocumento numdoc ndoc nodoc nodocumento "
        "ndocumento nrodedocumento doc identificacion numeroidentificacion numerodeidentificacion identidad "
        "document documentnumber idnumber nationalid"
    ),
    "kind": (
        "tipodocumento tipodoc tipodedocumento tdoc tipo clasedocumento tipoidentificacion "
        "tipodeidentificacion documenttype kind idtype"
    ),
    "country": "pais paisdocumento paisemisor paisdeldocumento country issuingcountry",
    "family": (
        "apellido apellidos primerapellido apellido1 apellidopaterno paterno appaterno family familyname "
        "lastname last surname"
    ),
    "family2": "segundoapellido apellido2 apellidomaterno materno apmaterno secondsurname secondlastname",
    "given": "nombre nombres primernombre nombre1 nombredepila given givenname givennames firstname first",
    "given2": "segundonombre nombre2 otrosnombres middle middlename secondname",
    "name": (
        "apellidoynombre apellidoynombres apellidosynombre apellidosynombres apellidonombre "
        "apellidosnombres nombrecompleto fullname paciente name patient"
    ),
    "sex": "sexo sex genero gender sexobiologico sexolegal",
    "birth": (
        "fechanacimiento fechadenacimiento fnacimiento fechanac fechadenac fecnac fecnacimiento fnac "
        "nacimiento birth birthdate birthday dateofbirth dob"
    ),
    "deceased_on": (
        "fechadefuncion fechadedefuncion fechafallecimiento fechadefallecimiento fallecimiento defuncion "
        "deathdate dateofdeath deceased deceasedon"
    ),
    "phone": "telefono telefonos tel telfijo telefonofijo telefono1 tel1 phone phonenumber telephone",
    "mobile": "celular cel movil telefonocelular telefonomovil telefono2 tel2 whatsapp mobile cellphone",
    "email": "email mail correo correoelectronico emailaddress",
    "address": "domicilio direccion calle domicilioparticular address street",
    "city": "localidad ciudad municipio comuna city town",
    "payer": (
        "cobertura obrasocial os prepaga prevision financiador mutual eps isapre seguro aseguradora "
        "coverage payer insurance"
    ),
    "plan": "plan plancobertura planmedico coverageplan",
    "member": (
        "nroafiliado numeroafiliado numerodeafiliado nafiliado noafiliado afiliado credencial "
        "nrocredencial member memberid membernumber"
    ),
    "name_in_use": (
        "nombreenuso nombreautopercibido nombresocial nombreelegido nombrepercibido preferredname nameinuse"
    ),
    "gender": (
        "identidaddegenero identidadgenero generoautopercibido generopercibido genderidentity autopercepcion"
    ),
    "blood_group": (
        "gruposanguineo grupo gruposangre tipodesangre sangre gruposanguineoyfactor gruposanguineoyfactorrh "
        "grupoyfactor grupofactor bloodgroup bloodtype gs gsf"
    ),
    "blood_factor": "factor factorrh rh factorsanguineo rhfactor",
    "allergies": "alergias alergia allergies allergy alergicoa alergicaa",
    "contact": (
        "contactoemergencia contactodeemergencia contactoemergencia1 nombrecontactoemergencia avisara "
        "nombrecontactodeemergencia personadecontacto encasodeemergencia encasodeemergenciaavisara "
        "emergencycontact emergencycontactname nombredelcontacto"
    ),
    "contact_phone": (
        "telefonoemergencia telefonodeemergencia telemergencia teldeemergencia telefonocontactoemergencia "
        "telefonocontactodeemergencia telefonodelcontacto telefonoemergencia1 celularemergencia "
        "emergencyphone emergencycontactphone"
    ),
    "contact_relation": (
        "vinculo parentesco vinculocontacto parentescocontacto vinculocontactoemergencia relacion "
        "parentescocontactoemergencia relacioncontacto relationship emergencycontactrelationship"
    ),
    "contact2": "contactoemergencia2 segundocontacto segundocontactodeemergencia emergencycontact2",
    "contact2_phone": "telefonoemergencia2 telefonosegundocontacto emergencyphone2",
    "contact2_relation": "vinculo2 parentesco2 vinculosegundocontacto relationship2",
    "consent_number": "numeroconsentimiento telefonoconsentimiento contactoconsentimiento",
    "consent_evidence": "constancia constanciaconsentimiento evidencia evidenciaconsentimiento evidence",
    **{
        f"consent:{purpose.value}": " ".join(
            f"{verb}{noun}" for verb in _AGREES.split() for noun in nouns.split()
        )
        for purpose, nouns in _PURPOSES.items()
    },
}  # fmt: skip
FIELDS: Final = tuple(_NAMES)
MORE: Final = frozenset(FIELDS[FIELDS.index("name_in_use") :])
"""What few lists say."""
Column = tuple[str, str]
"""What a column is called in the file, and its field."""
_BY_NAME: Final = MappingProxyType({name: field for field, names in _NAMES.items() for name in names.split()})
_KIND_NAMES: Final = MappingProxyType(
    {
        "pasaporte": "PAS",
        "passport": "PAS",
        "drivers": "DL",
        "driverslicense": "DL",
        "cedula": "CI",
        "cedulaidentidad": "CI",
        "ceduladeidentidad": "CI",
        "ceduladeciudadania": "CC",
        "ceduladeextranjeria": "CE",
        "tarjetadeidentidad": "TI",
        "registrocivil": "RC",
        "libretacivica": "LC",
        "libretadeenrolamiento": "LE",
        "documentonacional": "DNI",
        "documentonacionaldeidentidad": "DNI",
        "rut": "RUN",
        "nif": "DNI",
    }
)
_NUMBER_OF: Final = re.compile("^(?:numero|nro|num|no|n)(?:del?)?")
KINDS: Final = frozenset(kind for pack in PACKS.values() for kind in pack.kinds)
_COUNTRY_NAMES: Final = MappingProxyType(
    {folded(pack.name).replace(" ", ""): code for code, pack in PACKS.items()}
)


def plain(text: str) -> str:
    """A name without case, marks, blanks and punctuation."""
    return folded(text).replace(" ", "")


def kind_of(said: str) -> str | None:
    """The kind of document a word means, of any country: `D.N.I.`, `Pasaporte`; None for other words."""
    word = plain(said)
    return word.upper() if word.upper() in KINDS else _KIND_NAMES.get(word)


def country_of(said: str) -> str | None:
    """The code of a country by code or name."""
    word = said.strip().upper()
    return word if word in PACKS else _COUNTRY_NAMES.get(plain(said))


def field_of(header: str) -> str | None:
    """The field that a column's name means; a document's own column is `document:KIND`."""
    word = plain(header)
    for each in (word, _NUMBER_OF.sub("", word)):
        if each in _BY_NAME:
            return _BY_NAME[each]
        if kind := kind_of(each):
            return f"document:{kind}"
    return None


def is_field(name: str) -> bool:
    """Whether a mapping may name this."""
    head, _colon, kind = name.partition(":")
    return name in FIELDS or (head == "document" and kind in KINDS)


def fields_of(header: list[str], mapped: Mapping[str, str | None]) -> list[str | None]:
    """The field of each column, None for one that is not read. `mapped` columns are by their plain names."""
    return [mapped.get(plain(name)) if plain(name) in mapped else field_of(name) for name in header]
