"""A letter is one verb on every screen: hands that know one screen do nothing unexpected on another."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tests.data import ROOT

# Labels of one verb under one letter: another one needs its line here, and a reason why it is the same verb.
VERBS: Final = {
    "/": {"Buscar", "Filtrar"},
    "0": {"Filtros"},
    "1": {"Sección"},
    "2": {"Centros"},
    "3": {"Cierre"},
    "a": {"Agregar", "Adenda"},
    "b": {"Bloquear"},
    "c": {"Confirmar"},
    "d": {"Demanda"},
    "e": {"Nota", "Bloque", "Editar", "Signos", "Datos"},
    "f": {"Fin", "Finalizar"},
    "g": {"Triaje"},
    "h": {"Habilitar"},
    "i": {"Admitir"},
    "7": {"Adjuntos"},
    "k": {"Acusar", "Revisar"},
    "l": {"Llamar"},
    "m": {"Mover"},
    "n": {"Siguiente"},
    "o": {"Otro"},
    "p": {"Imprimir", "Código"},  # a code is printed, or shown to be written down
    "r": {"Repetir"},
    "s": {"Sobreturno"},
    "t": {"Turno"},
    "u": {"Ausente"},
    "v": {"Vista"},
    "w": {"A espera", "Espera"},
    "x": {"Cancelar", "Quitar", "Suspender", "Distintas"},  # a suspicion is cancelled
    "y": {"Orden"},
    "z": {"Deshacer"},
    "?": {"Más"},
}
FILES: Final = sorted((ROOT / "src" / "clinicdesk" / "tui").rglob("*.py"))


def commands(file: Path) -> Iterator[tuple[str, str]]:
    """Key and label of each command that a file declares with both written out."""
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Command" and len(node.args) > 1:
            key, label = node.args[0], node.args[1]
            if isinstance(label, ast.Call) and label.args:
                label = label.args[0]
            if isinstance(key, ast.Constant) and isinstance(label, ast.Constant):
                yield str(key.value), str(label.value)


def test_a_letter_has_the_same_verb_on_every_screen() -> None:
    letters = [found for file in FILES for found in commands(file) if len(found[0]) == 1]
    assert len(letters) > 15
    assert [found for found in letters if found[1] not in VERBS.get(found[0], ())] == []
