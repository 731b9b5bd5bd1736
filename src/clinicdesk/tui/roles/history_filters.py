"""`0` over a history: period, doctor, type, diagnosis and order, each offered as the history has it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date, timedelta
from typing import Final, TypeVar

from clinicdesk.clinic.records.finding import period
from clinicdesk.clinic.records.timeline import Facets, FindQuery
from clinicdesk.kit.text import cut, shown
from clinicdesk.kit.words import _
from clinicdesk.tui.parts import PromptLine
from clinicdesk.tui.roles import chart_text

T = TypeVar("T")
Names = Mapping[tuple[str, str], str]
"""How problems are called, by catalogue and code."""
_KEYS: Final = "123456789abcdefghiklmnoprstuvwyz"
_OTHER: Final = "o"
_SHORT: Final = 6
_WORDS_MOST: Final = 24
_MONTHS: Final = (1, 6, 12)
_MONTH: Final = timedelta(days=30)


def said(query: FindQuery, names: Names) -> str:
    """`i10 · Paz · control · 2025`: what narrows a history, in one line; blank where nothing does."""
    return " · ".join(filter(None, (query.words, *_chosen_words(query, names))))


def chosen(query: FindQuery) -> bool:
    """Whether more narrows it than words."""
    return any(_chosen_words(query, {}))


def _chosen_words(query: FindQuery, names: Names) -> Iterable[str]:
    yield names.get(query.problem, query.problem[1]) if query.problem else ""
    yield query.doctor.partition(",")[0]
    yield chart_text.KINDS.get(query.kind, query.kind).lower()
    yield _days_words(*query.days) if query.days else ""
    yield _("más viejos primero") if query.oldest else ""


def _days_words(first: date, last: date) -> str:
    """`2025`, `03/2025`, `16/10/26`, `01/03/25 a 30/06/25`."""
    after = last + timedelta(days=1)
    if first == last:
        return f"{first:%d/%m/%y}"
    if (first.month, first.day, after.month, after.day) == (1, 1, 1, 1) and after.year - first.year == 1:
        return f"{first:%Y}"
    if first.day == after.day == 1 and (after.year - first.year) * 12 + after.month - first.month == 1:
        return f"{first:%m/%Y}"
    return f"{first:%d/%m/%y} {_('a')} {last:%d/%m/%y}"


async def ask(prompt: PromptLine, query: FindQuery, facets: Facets, today: date) -> FindQuery | None:
    """The same narrowed by one thing more, or by none; None after Esc. What is offered has entries."""
    order = _("más nuevos primero") if query.oldest else _("más viejos primero")
    about = {
        "1": _("período"),
        "2": _("profesional"),
        "3": _("tipo"),
        "4": _("diagnóstico"),
        "5": order,
    }
    if said(query, {}):
        about["0"] = _("quitar todo")
    key = await prompt.pick(_("Filtrar:"), about, at_once=True)
    if key is None:
        return None
    query = replace(query, before=None)
    if key == "0":
        return FindQuery(query.patient_id)
    if key == "5":
        return replace(query, oldest=not query.oldest)
    if key == "1":
        return await _ask_days(prompt, query, facets, today)
    return await _ask_value(prompt, query, facets, key)


async def _ask_value(prompt: PromptLine, query: FindQuery, facets: Facets, about: str) -> FindQuery | None:
    if about == "2":
        doctor = await _one_of(
            prompt, _("Profesional:"), ((name, name, count) for name, count in facets.doctors)
        )
        return None if doctor is None else replace(query, doctor=doctor)
    if about == "3":
        kinds = ((kind, chart_text.KINDS.get(kind, kind), count) for kind, count in facets.kinds)
        kind = await _one_of(prompt, _("Tipo:"), kinds)
        return None if kind is None else replace(query, kind=kind)
    stated = ((key, problem_words(key[1], text), count) for key, text, count in facets.problems)
    problem = await _one_of(prompt, _("Diagnóstico:"), stated)
    return None if problem is None else replace(query, problem=problem)


def problem_words(code: str, text: str) -> str:
    """`I10 HTA esencial`, or the words of one whose code is too long to be read."""
    words = cut(shown(text), _WORDS_MOST)
    return f"{code} {words}" if len(code) <= _SHORT else words


async def _one_of(prompt: PromptLine, asked: str, values: Iterable[tuple[T, str, int]]) -> T | None:
    """One of what the entries have, with how many they are; a rare one may get no key: words find it."""
    keyed = dict(zip(_KEYS, values, strict=False))
    if not keyed:
        prompt.refuse(_("Los registros no tienen ninguno."))
        return None
    options = {key: f"{word} ({count})" for key, (_value, word, count) in keyed.items()}
    key = await prompt.pick(asked, options, at_once=True)
    return None if key is None else keyed[key][0]


async def _ask_days(prompt: PromptLine, query: FindQuery, facets: Facets, today: date) -> FindQuery | None:
    """The last months, a year that has entries, or a period as it is typed."""
    last = {"1": _("último mes"), "2": _("6 meses"), "3": _("12 meses")}
    spans = dict(zip(last, _MONTHS, strict=True))
    keys = (key for key in _KEYS if key not in last and key != _OTHER)
    years = dict(zip(keys, facets.years, strict=False))
    offered = last | {key: f"{year} ({count})" for key, (year, count) in years.items()}
    key = await prompt.pick(_("Período:"), offered | {_OTHER: _("otro")}, at_once=True)
    if key is None:
        return None
    if key in spans:
        return replace(query, days=(today - spans[key] * _MONTH, today))
    if key in years:
        return replace(query, days=period(str(years[key][0])))
    typed = await prompt.ask(
        _("Período (3/2025, 2024, 1/3/2025 a 30/6/2025):"),
        check=lambda text: None if period(text) else _("Se espera un año, un mes, un día, o dos con «a»."),
    )
    return None if typed is None else replace(query, days=period(typed))
