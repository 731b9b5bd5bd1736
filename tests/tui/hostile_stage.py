"""The way to each screen of the program, in a clinic dressed in hostile text."""

from __future__ import annotations

import pkgutil
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Final

from sqlalchemy import text

import clinicdesk.tui
from clinicdesk.clinic.changes import CHANNEL, Change, Kind, payload
from clinicdesk.kit.ids import new_id
from clinicdesk.tui.parts import DeskScreen
from tests.factories import PASSWORD
from tests.terminal import Terminal
from tests.tui.desk import Desk
from tests.tui.hostile import FIELDS
from tests.tui.hostile_clinic import Stage

PROGRAM: Final = str(Path(sys.executable).with_name("clinicdesk"))


@dataclass(frozen=True, slots=True)
class Scene:
    """A screen: who sees it, the keys that open it, the keys of each round (the first reads anew)."""

    user: Callable[[Stage], str]
    opened: Callable[[Stage], Sequence[tuple[str, str]]]
    steps: Callable[[Stage], Sequence[str]]
    stride: int = 8
    """One payload in so many is shown in the daily tests: as many as take a few seconds."""
    bare: bool = False
    """Whether all it shows was read at the login: looked at once."""
    rounds: int = 400
    """As many as the whole matrix takes at most."""
    fields: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: FIELDS)
    """What of the database it shows."""

    def open(self, stage: Stage, size: tuple[int, int] = (120, 36)) -> Desk:
        """A desk with this screen in front."""
        desk = Desk(stage.environment, size=size)
        try:
            self._log_in(desk, stage)
            for keys, wanted in self.opened(stage):
                desk.press(keys)
                desk.wait_for(wanted)
            desk.settle()
        except BaseException:
            desk.close()
            raise
        return desk

    def _log_in(self, desk: Desk, stage: Stage) -> None:
        if self.user(stage) != stage.of_two:
            desk.log_in(self.user(stage))
            return
        desk.wait_for("Usuario")
        desk.press(f"{stage.of_two}<Enter>{PASSWORD}<Enter>")
        desk.wait_for("elige centro y rol")


class WaitingRoom(Scene):
    """A program of its own, without a login and without keys: what it is pressed with is news."""

    def open(self, stage: Stage, size: tuple[int, int] = (120, 36)) -> Desk:
        """The screen of the north."""
        screen = NewsDesk(stage, size)
        screen.wait_for("Últimos llamados")
        return screen


class NewsDesk(Desk):
    """The waiting room's screen; each step tells it that its clinic changed."""

    def __init__(self, stage: Stage, size: tuple[int, int]) -> None:
        """Start it with its key."""
        self.owner, self.database = stage.network.owner, str(stage.network.owner.url.database)
        self._news = payload(Change(Kind.SITE, new_id(), stage.network.clinic_ids[0]))
        environment = {**stage.environment, "CLINICDESK_DISPLAY_FILE": str(stage.display_key)}
        command = [PROGRAM, "board", "--waiting-room", "--clinic", "NORTE"]
        Terminal.__init__(self, command, size=size, env=environment)

    def press(self, _script: str) -> int:
        """The news."""
        with self.owner.begin() as owner:
            owner.execute(text("SELECT pg_notify(:channel, :news)"), {"channel": CHANNEL, "news": self._news})
        return 0


def _by_role(user: str) -> Callable[[Stage], str]:
    return lambda _stage: user


def _nothing(_stage: Stage) -> Sequence[tuple[str, str]]:
    return ()


_TOLD: Final = {
    "patients": (*FIELDS["patients"], "name_in_use"),
    "phones": ("note",),
    "coverages": ("payer", "plan", "member_number"),
    "contacts": ("name",),
    "consents": ("evidence",),
    "authorisations": ("number",),
    "former_documents": ("reason",),
}
_SAID: Final = {"patients": (*FIELDS["patients"], "name_in_use"), "contacts": ("name",)}
_PLACES: Final = {
    "clinics": ("name",),
    "floors": ("name",),
    "rooms": ("code",),
    "specialties": ("name",),
    "procedures": ("name",),
}
SCENES: Final = {
    "FrontDesk": Scene(
        _by_role("msosa"),
        _nothing,
        lambda stage: (
            "<F5>",
            "<Tab>",
            "<PageDown>",
            "<Tab>",
            f"<Esc><Esc>{stage.known.document}",
            "<Enter>",
            "<Esc><Esc>",
        ),
    ),
    "PatientPage": Scene(
        _by_role("msosa"),
        lambda stage: ((stage.known.document, "1 candidato"), ("<Enter><F2>", "Nacimiento")),
        lambda _stage: ("<F5>", "v", "<Down>", "v"),
        fields=FIELDS | _TOLD,
    ),
    "EditForm": Scene(
        _by_role("msosa"),
        lambda stage: ((stage.known.document, "1 candidato"), ("<Enter>e", "Corregir datos")),
        lambda _stage: ("-<Esc><F5>", "e → Corregir datos"),
        stride=16,
        fields=FIELDS | _SAID,
    ),
    "RegisterForm": Scene(
        _by_role("msosa"),
        lambda _stage: (
            ("27499999<Enter><Enter>", "Registrar paciente nuevo"),
            ("Aaa<Tab>Ana", "Personas parecidas"),
        ),
        lambda _stage: ("<Back>a", "<PageDown>", "<PageUp><Down>"),
    ),
    "DuplicatesList": Scene(
        _by_role("secre"),
        lambda _stage: (("<F10>6", "Personas repetidas ·"),),
        lambda _stage: ("<F5>", "<Down>", "<Home>"),
        stride=32,
        fields={"patients": ("family", "given")},
    ),
    "MergePeople": Scene(
        _by_role("secre"),
        lambda _stage: (("<F10>6", "Personas repetidas ·"), ("<Enter>", "Unir fichas")),
        lambda _stage: ("-<Esc><F5> → Personas repetidas ·", "<Enter> → F8 une"),
        stride=64,
        fields={"patients": ("family", "given", "name_in_use")},
    ),
    "Board": Scene(_by_role("secre"), _nothing, lambda _stage: ("<F5>", "v", "<PageDown>", "<Home>", "v")),
    "NurseHome": Scene(
        _by_role("enfe"),
        lambda _stage: (("", "sin triaje"),),
        lambda _stage: ("<F5>", "<Down>", "<PageDown>", "<Home>"),
        stride=16,
    ),
    "VitalsForm": Scene(
        _by_role("enfe"),
        lambda _stage: (("", "sin triaje"), ("e", "Signos vitales")),
        lambda _stage: ("-<Esc><F5> → sin triaje", "e → Signos vitales"),
        stride=16,
    ),
    "Network": Scene(
        _by_role("secre"),
        lambda _stage: (("<F3>", "Tablero de la red"),),
        lambda _stage: ("<F5>", "<Home>", "<End>"),
        stride=32,
        fields={"clinics": ("name",), "people": ("family", "given")},
    ),
    "Agendas": Scene(
        _by_role("secre"),
        lambda _stage: (("e", "Bloques de la semana"),),
        lambda _stage: ("<F5>", "<Down>", "<PageDown>", "<Home>"),
        stride=32,
        fields={
            "clinics": ("name",),
            "people": ("family", "given"),
            "rooms": ("code",),
            "procedures": ("code",),
        },
    ),
    "Reassignments": Scene(
        _by_role("secre"),
        lambda _stage: (("e", "Bloques de la semana"), ("m", "por avisar")),
        lambda _stage: ("<F5>", "<Down>", "<Down>", "<End>", "<Home>"),
        stride=32,
        fields={"patients": ("family", "given", "phone"), "people": ("family", "given")},
    ),
    "Fees": Scene(
        _by_role("admin"),
        lambda _stage: (("27", "Última edición"), ("<Enter>", "Código")),
        lambda _stage: ("<F5>", "<Tab>", "<Down>", "<PageDown>", "<Home>"),
        stride=32,
        fields={"fee_items": ("name",), "fee_schedules": ("name",)},
    ),
    "Agenda": Scene(
        _by_role("msosa"),
        lambda _stage: (("<F4>", "libre"),),
        lambda _stage: ("<F5>",),
        stride=32,
    ),
    "DoctorHome": Scene(
        lambda stage: stage.doctor,
        lambda _stage: (("", "Historia"),),
        lambda _stage: ("<F5>", "2", "3", "4", "5", "1", "<Enter>", "<Esc>"),
        stride=16,
    ),
    "NoteScreen": Scene(
        lambda stage: stage.doctor,
        lambda _stage: (("", "Historia"),),
        lambda _stage: (
            "-<F5>",
            "e → Evolución",
            "<F9> → Firmar como",
            "-<Esc> → Evolución",
            "-<Esc> → Historia",
        ),
        stride=32,
    ),
    "Administrator": Scene(_by_role("admin"), _nothing, lambda _stage: ("<F5>",), bare=True),
    "Sites": Scene(
        _by_role("admin"),
        lambda _stage: (("2", "Consultorios ·"),),
        lambda _stage: ("-<F5>", "1", "<Down>", "2", "3", "<Down>", "<Down>", "5", "6"),
        stride=64,
        rounds=2500,
        fields=_PLACES,
    ),
    "SiteForm": Scene(
        _by_role("admin"),
        lambda _stage: (("2", "Consultorios ·"), ("1", "Zona"), ("e", "Cerrado desde")),
        lambda _stage: ("-<Esc><F5> → Zona", "e → Cerrado desde"),
        stride=64,
        rounds=2500,
        fields={"clinics": ("name",)},
    ),
    "OtherRole": Scene(
        lambda stage: stage.of_two,
        lambda _stage: (("<Enter>", "vivo"), ("<F10>2", "Seguir en otro rol o centro")),
        lambda _stage: ("",),
        bare=True,
    ),
    "PrivacyHome": Scene(
        _by_role("priva"),
        lambda _stage: (("", "Avisos por revisar"),),
        lambda _stage: ("<F5>", "<Down>", "<Down>", "<PageDown>", "2", "<PageDown>", "1"),
        stride=16,
    ),
    "AccessLog": Scene(
        _by_role("priva"),
        lambda _stage: (("", "Avisos por revisar"), ("<Enter>", "Quién abrió qué ·")),
        lambda _stage: (
            "-<Esc><F5> → Avisos por revisar",
            "<Enter> → Quién abrió qué ·",
            "<Down>",
            "<Down>",
            "<Down>",
            "<Down>",
        ),
        stride=16,
    ),
    "FindPatient": Scene(
        lambda stage: stage.doctor,
        lambda _stage: (("", "Historia"), ("<Tab>/aaa", "14 candidatos")),
        lambda _stage: ("<Back>a", "<Down>", "<Down>", "<Down>", "-/"),
    ),
    "GiveTo": Scene(
        lambda stage: stage.doctor,
        lambda _stage: (("", "Historia"), ("m", "Pasar a otra persona"), ("aaa", "14 candidatos")),
        lambda _stage: ("<Back>a", "<Down>", "<Down>", "-/"),
        stride=32,
    ),
    "Attachments": Scene(
        lambda stage: stage.doctor,
        lambda _stage: (("", "Historia"), ("7", "Adjuntos · 1 archivo")),
        lambda _stage: ("<F5>", "<Down>"),
        stride=32,
        fields=FIELDS | {"attachments": ("name", "described")},
    ),
    "RecordSearch": Scene(
        lambda stage: stage.doctor,
        lambda _stage: (
            ("", "Historia"),
            ("\x06", "Por qué se puede buscar"),
            ("desde:2020<Enter>", "Registros, el más nuevo primero"),
        ),
        lambda _stage: ("<F5>", "<Down>", "<End>", "<Home>"),
        stride=32,
        fields={
            "patients": ("family", "given"),
            "people": ("family", "given"),
            "clinics": ("name",),
            "records": ("title",),
            "diagnoses": ("text", "code"),
        },
    ),
    "BreakGlass": Scene(
        lambda stage: stage.doctor,
        lambda stage: (
            ("", "Historia"),
            (f"<Tab>/{stage.closed.document}", "1 candidato"),
            ("<Enter>", "Por defecto: no."),
        ),
        lambda stage: (
            "-<Esc><F5> → Mi cola",
            f"-/{stage.closed.document} → 1 candidato",
            "<Enter> → Por defecto: no.",
            "<F2> → La historia sigue cerrada.",
            "-<Esc> → Por defecto: no.",
        ),
        stride=16,
    ),
    "ChartScreen": Scene(
        _by_role("enfe"),
        lambda stage: (
            ("<F2>", "Escribir documento"),
            (stage.inside.document, "1 candidato"),
            ("<Enter>", "HC"),
        ),
        lambda _stage: ("<F5>", "2", "3", "4", "5", "1", "<Enter>", "<Esc>", "<F2>", "<Esc>"),
        stride=16,
    ),
    "ResultsDesk": Scene(
        _by_role("copias"),
        lambda _stage: (("aaa", "14 candidatos"),),
        lambda _stage: ("<Back>a", "<Down>", "<Down>", "<Down>", "-/"),
    ),
    "WaitingRoomScreen": WaitingRoom(
        _by_role(""),
        _nothing,
        lambda _stage: ("",),
        stride=64,
        rounds=2500,
        fields={"clinics": ("name",), "patients": ("family", "given"), "rooms": ("code",)},
    ),
    "the lock": Scene(
        _by_role("msosa"), lambda _stage: (("<F7>", "Puesto bloqueado"),), lambda _stage: ("",), bare=True
    ),
}


def screens() -> set[str]:
    """Every screen of the program: the classes under DeskScreen that no other one builds upon."""
    for module in pkgutil.walk_packages(clinicdesk.tui.__path__, "clinicdesk.tui."):
        import_module(module.name)
    return {each.__name__ for each in _leaves(DeskScreen) if each.__module__.startswith("clinicdesk.")}


def _leaves(base: type[object]) -> set[type[object]]:
    below = [below for below in base.__subclasses__() if below.__module__.startswith("clinicdesk.")]
    return set[type[object]]().union(*map(_leaves, below)) if below else {base}
