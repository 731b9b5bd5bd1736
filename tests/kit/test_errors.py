"""Refusals: one sentence for everybody, and how each face goes on from there."""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Iterator

import pytest

import clinicdesk.clinic
from clinicdesk.kit.errors import Refusal

# `F5`, `m: mover`, `a, adenda`, `Esc`: what only a desk has.
_KEY = re.compile(r"\bF\d{1,2}\b|\bEsc\b|\bEnter\b|(?:^|\s)[a-z](?::|, [a-z]+[.,])")
_FIELD = re.compile(r"\{[^}]*\}")


class Full(Refusal):
    """A refusal with everything."""

    says = "El turno {time} ya está tomado."
    at_desk = "m: moverlo."
    at_prompt = "Elegir otro con turn slots."


class Bare(Refusal):
    """A refusal that says all there is."""

    says = "Falta el motivo."


def refusals() -> Iterator[type[Refusal]]:
    """Each refusal of the clinic."""
    for module in pkgutil.walk_packages(clinicdesk.clinic.__path__, "clinicdesk.clinic."):
        if module.name.endswith(".errors"):
            importlib.import_module(module.name)
    waiting = list(Refusal.__subclasses__())
    while waiting:
        found = waiting.pop()
        waiting += found.__subclasses__()
        if found.__module__.startswith(("clinicdesk.clinic.", "clinicdesk.kit.errors")):
            yield found


CLASSES = sorted(set(refusals()), key=lambda found: found.__qualname__)
# Said where a server or an installation is made: at the prompt alone.
AT_DESK = [found for found in CLASSES if found.__name__ != "DemoHome"]


def test_each_face_goes_on_in_its_own_way() -> None:
    refusal = Full(time="10:20")
    assert str(refusal) == "El turno 10:20 ya está tomado."
    assert refusal.for_desk() == "El turno 10:20 ya está tomado. m: moverlo."
    assert refusal.for_prompt() == "El turno 10:20 ya está tomado. Elegir otro con turn slots."


def test_a_refusal_without_more_says_the_same_everywhere() -> None:
    refusal = Bare()
    assert str(refusal) == refusal.for_desk() == refusal.for_prompt() == "Falta el motivo."


def test_there_are_refusals_to_look_at() -> None:
    assert len(CLASSES) > 60
    offered = ("Elegir otro. m: moverlo.", "Hoy: a, adenda.", "F5 compara.", "Esc: volver.")
    assert [each for each in offered if not _KEY.search(each)] == []


@pytest.mark.parametrize("refusal", CLASSES, ids=lambda found: found.__qualname__)
def test_keys_are_offered_at_the_desk_alone(refusal: type[Refusal]) -> None:
    assert not _KEY.search(refusal.says)
    assert not _KEY.search(refusal.at_prompt)


@pytest.mark.parametrize("refusal", AT_DESK, ids=lambda found: found.__qualname__)
def test_a_refusal_fits_its_line(refusal: type[Refusal]) -> None:
    assert len(_FIELD.sub("", f"{refusal.says} {refusal.at_desk}").strip()) <= 78
