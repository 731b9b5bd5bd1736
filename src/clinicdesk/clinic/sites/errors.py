"""Refusals of sites."""

from __future__ import annotations

from clinicdesk.kit.errors import Exit, Refusal


class ClinicNotFound(Refusal):
    """No clinic of this code."""

    says = "No hay un centro con código «{code}»."
    exit = Exit.NOT_FOUND


class AlreadyInstalled(Refusal):
    """There is somebody who administers this installation already."""

    says = "La instalación ya está hecha."
    at_prompt = "Más personas: clinicdesk user add. Más centros: clinicdesk clinic add."
    exit = Exit.CONFLICT


class DemoHome(Refusal):
    """Logins whose passwords everybody knows must never stand beside real patients."""

    says = (
        "Esta base de datos es de una demostración: sus usuarios tienen claves conocidas. "
        "Instalar en otra carpeta (CLINICDESK_HOME) o quitarla antes con: clinicdesk demo --remove"
    )
    exit = Exit.CONFLICT


class SiteRowNotFound(Refusal):
    """The row is not there: it never was, or was removed."""

    says = "No hay {what} con «{code}»."
    exit = Exit.NOT_FOUND


class SiteChanged(Refusal):
    """Somebody else changed the row since it was read; nothing of theirs is written over."""

    says = "{who} cambió estos datos {when}. Se conserva lo escrito."
    at_desk = "F5: comparar."
    at_prompt = "No se guardó nada: verlos otra vez y repetir la orden."
    exit = Exit.CONFLICT


class ClinicCodeTaken(Refusal):
    """Another clinic has the code."""

    says = "Ya hay un centro con ese código."
    exit = Exit.CONFLICT
    constraint = "clinics_code_uq"


class BadClinic(Refusal):
    """A clinic whose code, country or name has the wrong shape."""

    says = "Código (A-Z, 0-9, guion), país de dos letras, nombre y zona: alguno no vale."
    constraint = ("clinics_code_ck", "clinics_country_ck", "clinics_name_ck")


class BadClinicPlace(Refusal):
    """A city or an address that is too long."""

    says = "La localidad lleva hasta 80 caracteres y el domicilio hasta 120."
    constraint = "clinics_place_ck"


class BadCoordinates(Refusal):
    """A place that is not on the globe, or half of one."""

    says = "Latitud (-90 a 90) y longitud (-180 a 180), en grados, van las dos o ninguna."
    constraint = "clinics_coordinates_ck"


class BadHours(Refusal):
    """Hours that no day has."""

    says = "El horario no es posible: abre antes de cerrar, y el corte queda entre medio."
    constraint = ("clinic_hours_weekday_ck", "clinic_hours_span_ck", "clinic_hours_break_ck")


class HolidayTaken(Refusal):
    """The country, or the clinic, has that day among its holidays."""

    says = "Ese día ya está entre los feriados."
    at_prompt = "Corregirlo: holiday edit."
    exit = Exit.CONFLICT
    constraint = ("holidays_country_uq", "holidays_clinic_uq")


class BadHoliday(Refusal):
    """A holiday that belongs to nobody, to two, or has no name."""

    says = "Feriado: de un país o un centro, nombre de hasta 80; «se trabaja», de centro."
    constraint = ("holidays_whose_ck", "holidays_country_ck", "holidays_works_ck", "holidays_name_ck")


class FloorTaken(Refusal):
    """The clinic has a floor of this number."""

    says = "Ese centro ya tiene un piso con ese número."
    exit = Exit.CONFLICT
    constraint = "floors_number_uq"


class BadFloor(Refusal):
    """A floor that no building has."""

    says = "El piso lleva número de -9 a 99 y nombre de hasta 80 caracteres."
    constraint = ("floors_number_ck", "floors_name_ck")


class RoomCodeTaken(Refusal):
    """The clinic has a room of this code."""

    says = "Ese centro ya tiene un consultorio con ese código."
    exit = Exit.CONFLICT
    constraint = "rooms_code_uq"


class BadRoom(Refusal):
    """A room whose code, kind or floor cannot be."""

    says = "Consultorio: código de hasta 12, clase de hasta 40 y un piso de su centro."
    constraint = ("rooms_code_ck", "rooms_kind_ck", "rooms_equipment_ck", "rooms_floor_fk")


class BadRoomState(Refusal):
    """A state without its reason and days, or with days that run backwards."""

    says = "Fuera de uso: motivo y desde cuándo; «hasta» no es anterior ni va en la baja."
    constraint = ("rooms_state_ck", "rooms_state_reason_ck", "rooms_state_days_ck", "rooms_baja_ck")


class SpecialtyTaken(Refusal):
    """Another specialty has the code."""

    says = "Ya hay una especialidad con ese código."
    exit = Exit.CONFLICT
    constraint = "specialties_code_uq"


class BadSpecialty(Refusal):
    """A specialty whose code or name has the wrong length."""

    says = "La especialidad lleva código de hasta 12 y nombre de hasta 80 caracteres."
    constraint = ("specialties_code_ck", "specialties_name_ck")


class ProcedureTaken(Refusal):
    """Another procedure has the code."""

    says = "Ya hay una práctica con ese código."
    exit = Exit.CONFLICT
    constraint = "procedures_code_uq"


class BadProcedure(Refusal):
    """A procedure whose code, name, minutes or requirements cannot be."""

    says = "Práctica: código hasta 20, nombre 120, requisitos 1000; de 1 a 720 minutos."
    constraint = (
        "procedures_code_ck",
        "procedures_name_ck",
        "procedures_minutes_ck",
        "procedures_requirements_ck",
        "procedures_room_kind_ck",
        "procedures_equipment_ck",
    )


class ProcedureNotFound(Refusal):
    """No procedure of this code in the catalogue."""

    says = "No hay una práctica con código «{code}»."
    exit = Exit.NOT_FOUND


class SpecialtyNotFound(Refusal):
    """No specialty of this code."""

    says = "No hay una especialidad con código «{code}»."
    exit = Exit.NOT_FOUND


class DoctorNotFound(Refusal):
    """No doctor of this user name at the clinic."""

    says = "No hay un profesional «{doctor}» en este centro."
    exit = Exit.NOT_FOUND


class FeeScheduleTaken(Refusal):
    """Another fee schedule has the code."""

    says = "Ya hay un nomenclador con ese código."
    exit = Exit.CONFLICT
    constraint = "fee_schedules_code_uq"


class BadFeeSchedule(Refusal):
    """A fee schedule whose code or name has the wrong shape."""

    says = "Nomenclador: código (A-Z, 0-9, guion, hasta 20) y nombre de hasta 80."
    constraint = ("fee_schedules_code_ck", "fee_schedules_name_ck")


class FeesOverlap(Refusal):
    """A code would be valid twice on the same day."""

    says = "Ese código ya rige en parte de esas fechas: vale una sola vez por día."
    exit = Exit.CONFLICT
    constraint = "fee_items_no_overlap"


class BadFeeItem(Refusal):
    """A code, units or price that cannot be."""

    says = "Código de hasta 20, nombre de hasta 300; unidades y precio no son negativos."
    constraint = (
        "fee_codes_code_ck",
        "fee_items_name_ck",
        "fee_items_units_ck",
        "fee_items_price_ck",
        "fee_items_code_ck",
        "fee_items_valid_ck",
    )


class FeeNotFound(Refusal):
    """The schedule has no such code, or there is no such schedule."""

    says = "No hay en el nomenclador «{schedule}» un código «{code}»."
    exit = Exit.NOT_FOUND


class BadTriageLevel(Refusal):
    """A level of triage that cannot be set so."""

    says = "Triaje de 1 a 5, máximos de 0 a 1440 minutos; rojo siempre está y espera 0."
    constraint = ("triage_levels_level_ck", "triage_levels_minutes_ck", "triage_levels_rojo_ck")


class ClinicExpects(Refusal):
    """A clinic that is to close has turns to come after that day."""

    says = "Desde el {day} hay {turns} turnos en pie: moverlos o cancelarlos antes."
    at_prompt = "Ver cuáles con turn list --date."
    exit = Exit.CONFLICT
