"""A desk with no clinic behind it: the parts as screens use them, driven in a real terminal by tests."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

from textual.widget import Widget

from clinicdesk.kit.errors import Refusal
from clinicdesk.kit.names import short_name
from clinicdesk.tui.engine import DeskApp
from clinicdesk.tui.look import TRIAGE, TURN_STATES
from clinicdesk.tui.parts import (
    Allergy,
    Bit,
    Column,
    Command,
    DeskScreen,
    Field,
    HeaderBar,
    Line,
    LineList,
    PatientLine,
    PatientStrip,
    Rule,
    SearchBox,
    TextLines,
    mark_cell,
    wait_text,
)


@dataclass(frozen=True, slots=True)
class Turn:
    """One row of the sample."""

    id: int
    number: str
    hour: str
    state: str
    level: int
    wait: int
    family: str
    given: str
    doctor: str


FAMILIES = ("Quispe Mamani", "Fernández de la Reguera", "Ñandutí Echeverría", "Llanos Choque", "Rivas Pons")
GIVEN = ("Rosa Elena", "María de los Ángeles", "Ítalo Joaquín", "Wilson", "Inés")
STATES = tuple(TURN_STATES)


def turns(count: int) -> list[Turn]:
    """The same rows each time."""
    return [
        Turn(
            at,
            f"A{at % 1000:03}",
            f"{8 + at // 12 % 10:02}:{at * 5 % 60:02}",
            STATES[at % len(STATES)],
            at % 5 + 1,
            at * 7 % 90,
            FAMILIES[at % len(FAMILIES)],
            GIVEN[at * 3 % len(GIVEN)],
            "Ibarra",
        )
        for at in range(count)
    ]


COLUMNS = (
    Column[Turn]("Nro.", 4, lambda turn: turn.number),
    Column[Turn]("Hora", 5, lambda turn: turn.hour),
    Column[Turn]("Estado", 12, lambda turn: mark_cell(TURN_STATES[turn.state])),
    Column[Turn]("Tr", 2, lambda turn: Bit(TRIAGE[turn.level].glyph, TRIAGE[turn.level].tone)),
    Column[Turn]("Espera", 8, lambda turn: wait_text(turn.wait), align="right", gap=2),
    Column[Turn]("Paciente", 0, lambda turn: short_name(turn.family, turn.given, 28)),
    Column[Turn]("Prof.", 8, lambda turn: turn.doctor),
)


class Nobody(Refusal):
    """A no, to be seen in the prompt line."""

    says = "Nadie espera a {who}."


class Home(DeskScreen):
    """A search box over a list, and one key for each thing a key can do."""

    NAME = "Muestra"

    def __init__(self, count: int, hostile: str = "") -> None:
        super().__init__()
        self.count, self.hostile = count, hostile
        self.box = SearchBox("Paciente", on_change=self.found)
        self.search = self.box
        self.candidates = LineList[Turn](lambda turn: turn.id, COLUMNS, id="candidates")
        self.candidates.styles.height = 5
        self.list = LineList[Turn](
            lambda turn: turn.id,
            COLUMNS,
            title="Turnos de hoy",
            heads=True,
            empty="Nadie espera.",
            on_move=self.announce,
        )
        self.all = turns(count)

    def body(self) -> Iterable[Widget]:
        yield self.box
        yield self.candidates
        yield Rule()
        yield self.list
        yield TextLines(" ° 14 reg.  + 9 conf.  ≡ 6 esp.", id="counts")

    def started(self) -> None:
        self.list.show(self.all)
        self.list.title(f"Turnos de hoy · {self.count}", self.hostile)
        self.focus_on(self.list)

    def commands(self) -> Iterable[Command]:
        yield Command("enter", "Elegir", self.choose)
        yield Command("n", "Siguiente", self.call, why_not=lambda: "solo del médico")
        yield Command("l", "Llamar", lambda: self.desk.run_command(self.call), "llamar al señalado")
        yield Command("u", "Ausente", self.absent, "ausente, con motivo")
        yield Command("g", "Clave", self.secret)
        yield Command("e", "Texto", self.text)
        yield Command("s", "Dos", self.two)
        yield Command("d", "Borrar", self.sure)
        yield Command("k", "Fallar", self.fail)
        yield Command("r", "Rehusar", self.refuse)
        yield Command("v", "Lento", self.slow)
        yield Command("z", "Última", lambda: self.later(-1))
        yield Command("p", "Segunda", lambda: self.later(1))
        yield Command("b", "Trabar", lambda: time.sleep(60))
        yield Command("x", "Romper", lambda: self.call_later(self.broken))
        yield Command("y", "Línea", lambda: self.desk.line_is(Line("lost")))
        yield Command("/", "Filtrar", lambda: self.focus_on(self.box))
        yield Command("escape", "Volver", lambda: self.focus_on(self.list))
        yield Command("f10", "Salir", self.desk.exit, everywhere=True, urgent=True)

    def announce(self, turn: Turn | None) -> None:
        self.prompt.hint(f"Enter elige a {turn.family}, {turn.given}." if turn else "")

    def found(self, text: str) -> None:
        wanted = text.casefold()
        found = [turn for turn in self.all if wanted and wanted in f"{turn.family} {turn.number}".casefold()][
            :5
        ]
        self.candidates.show(found)
        self.box.note(f"{len(found)} candidatos" if text else "")

    def choose(self) -> None:
        turn = self.list.current
        self.prompt.say(f"Elegido {turn.number} {self.box.value}" if turn else "nadie")

    def call(self) -> None:
        self.change(self.list.current)

    def later(self, at: int) -> None:
        """A change a moment after the key, as if another desk had made it."""
        self.set_timer(0.05, lambda: self.change(self.all[at]))

    def change(self, turn: Turn | None) -> None:
        if turn is not None:
            state = STATES[(STATES.index(turn.state) + 1) % len(STATES)]
            self.all[turn.id] = replace(turn, state=state)
            self.list.update_row(turn.id, self.all[turn.id])

    def broken(self) -> None:
        """A bug outside any command, with a patient in its locals."""
        raise ZeroDivisionError(self.all[0].family)

    async def absent(self) -> None:
        why = await self.prompt.pick("Motivo:", {"1": "no responde", "2": "se retiró"})
        self.prompt.say(f"ausente: {why}")

    async def two(self) -> None:
        first = await self.prompt.pick("Servicio:", {"c": "clínica"}, at_once=True)
        second = await self.prompt.ask("Motivo")
        third = await self.prompt.pick("Triaje:", {"4": "verde"})
        self.prompt.say(f"dos: {first} {second} {third}")

    async def secret(self) -> None:
        secret = await self.prompt.ask_secret("Firmar como Paz, Lucía. Clave", hint="Esc sigue el borrador")
        self.prompt.say(f"clave de {len(secret or '')}")

    async def text(self) -> None:
        text = await self.prompt.ask(
            "Motivo", check=lambda text: None if len(text) > 3 else "Son pocas letras."
        )
        self.prompt.say(f"texto: {text}")

    async def sure(self) -> None:
        self.prompt.say(f"borrar: {await self.prompt.confirm('¿Borrar?')}")

    async def slow(self) -> None:
        await asyncio.sleep(0.3)
        self.prompt.say("lento: listo")

    async def fail(self) -> None:
        raise ZeroDivisionError(self.hostile)

    async def refuse(self) -> None:
        raise Nobody(who=self.hostile or "Quispe")


class SampleDesk(DeskApp):
    """Opens on the sample screen."""

    def __init__(self, count: int, hostile: str = "") -> None:
        at = datetime(2026, 11, 23, 9, 42)  # noqa: DTZ001 - a wall clock that stands still
        start, left = time.monotonic(), os.environ.get("SAMPLE_CLOCK")

        def clock() -> datetime:
            """It stands still, or comes to the next minute after the seconds of SAMPLE_CLOCK."""
            return at + timedelta(seconds=60 - float(left) + time.monotonic() - start) if left else at

        super().__init__(clock=clock)
        self.count, self.hostile = count, hostile

    def where(self) -> str:
        return "Centro Norte · Admisión · Sosa, Marta"

    def first_screen(self) -> DeskScreen:
        return Home(self.count, self.hostile)


class Hostile(DeskScreen):
    """Every part with one hostile text in each place a text can stand; `n` takes the next."""

    NAME = "Hostil"

    def __init__(self, texts: list[str]) -> None:
        super().__init__()
        self.texts, self.at = texts, 0
        self.strip = PatientStrip()
        self.lines = TextLines(tall=2)
        self.field = Field("Etiqueta", label_width=10)
        self.list = LineList[str](lambda text: "x", (Column[str]("Texto", 0, lambda text: text),), heads=True)
        self.nothing = LineList[str](lambda text: text, empty=texts[0])

    @property
    def hostile(self) -> str:
        return self.texts[self.at % len(self.texts)]

    def body(self) -> Iterable[Widget]:
        self.nothing.styles.height = 1
        yield from (self.strip, self.lines, self.field, SearchBox(self.texts[0]), self.list, self.nothing)

    def started(self) -> None:
        self.put()
        self.focus_on(self.list)

    def commands(self) -> Iterable[Command]:
        yield Command("n", "Siguiente", self.next)
        yield Command("a", self.texts[0], self.ask, self.texts[0])
        yield Command("o", "Opciones", self.options, why_not=lambda: None)
        yield Command("r", "Rehusar", self.refuse)
        yield Command("u", "Nunca", self.ask, why_not=lambda: self.hostile)

    def next(self) -> None:
        self.at += 1
        self.put()

    def put(self) -> None:
        text = self.hostile
        self.strip.show(PatientLine(text, text, text, text, text, (Allergy(text),), text, sealed=True))
        self.lines.set(text, Bit(f"{self.at}: {text}"))
        self.field.value = text
        self.list.title(text, text)
        self.list.show([text])
        self.prompt.hint(text)
        for bar in self.query(HeaderBar):
            bar.place(text)
        self.desk.window_title(text)

    async def ask(self) -> None:
        await self.prompt.ask(self.hostile, default=self.hostile, check=lambda text: text)

    async def options(self) -> None:
        await self.prompt.pick(self.hostile, {"1": self.hostile})

    async def refuse(self) -> None:
        raise Nobody(who=self.hostile)


class HostileDesk(SampleDesk):
    """Opens on the hostile screen, with the texts of a JSON file."""

    def first_screen(self) -> DeskScreen:
        return Hostile(json.loads(Path(self.hostile).read_text("utf-8")))


class Login(DeskScreen):
    """As many parts as a login has."""

    NAME = "Ingreso"

    def body(self) -> Iterable[Widget]:
        yield TextLines("", "", "", "                     Ingreso al puesto recepción-2")
        for label in ("Usuario", "Clave", "Centro", "Rol"):
            yield Field(label, label_width=10, margin=21, secret=label == "Clave", id=label.lower())
        yield TextLines("", "   Las historias clínicas son confidenciales.")

    def started(self) -> None:
        self.prompt.hint("Escribir usuario y clave.")
        self.focus_on(self.query_one("#usuario"))

    def commands(self) -> Iterable[Command]:
        yield Command("enter", "Ingresar", lambda: None)
        yield Command("f10", "Salir", self.desk.exit, everywhere=True, urgent=True)


class LoginDesk(SampleDesk):
    """Opens on the login."""

    def first_screen(self) -> DeskScreen:
        return Login()


def main(kind: str = "home", count: str = "50", hostile: str = "") -> int:
    """`home COUNT`, `login`, or `hostile 0 TEXTS.json`."""
    if os.environ.get("SAMPLE_DEAF"):
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGHUP})
    desks = {"home": SampleDesk, "login": LoginDesk, "hostile": HostileDesk}
    return desks[kind](int(count), hostile).run_desk()


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
