"""Which figures of a phone decide whether it exists: where the last four do not, one answers for many.

A numbering plan is given as patterns. Where each way of a pattern ends in four figures or more that may be
any, and nothing that is cut off in front reaches so far, two numbers of the same length that differ in
those four are both in the plan or both out of it. What cannot be shown to be so is said not to be.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, Final

TAIL: Final = 4
"""So many figures at the end."""
_ANY: Final = re.compile(r"\\d\{(\d+)(?:,\d+)?\}$|((?:\\d)+)$")
_TOKEN: Final = re.compile(r"\[[^\]]*\]|\\d|\d|\((?:\?:)?|[)|?$]|\{(?:\d+,)?(\d+)\}")
# Behind the figures that a way begins with; one that may be missing is none of them.
_LITERAL: Final = re.compile(r"\D|\d(?=[?{])")
_ENDLESS: Final = 99


def settles(country: str, code: int, digits: str, number: str, *, international: bool) -> bool:
    """Whether all but the last figures of a number that exists settle that it does.

    `digits` are all that was dialled, behind a `+` if `international`, else from `country`; `number` is the
    national one that it turned out to be, of the country of `code`.
    """
    starts = [digits[len(str(code)) :]] if digits.startswith(str(code)) else []
    if international and not starts:
        return False
    regions = _regions(code)
    if not international:
        if code != _code(country) or _dials_abroad(country, digits):
            return False
        regions = tuple(dict.fromkeys((country, *regions)))
        starts.append(digits)
    begun = (number, *starts)
    if any(each.startswith(_tight(region)) for region in regions for each in begun):
        return False
    return all(_front(region, each) + TAIL <= len(each) for region in regions for each in begun)


@lru_cache(maxsize=64)
def _regions(code: int) -> tuple[str, ...]:
    import phonenumbers

    return tuple(phonenumbers.region_codes_for_country_code(code))


def _code(country: str) -> int:
    import phonenumbers

    return int(phonenumbers.country_code_for_region(country))


@lru_cache(maxsize=64)
def _plan(country: str) -> Any:
    """A country's metadata, None where there is none (the numbers of no country)."""
    from phonenumbers import PhoneMetadata

    return PhoneMetadata.metadata_for_region(country, None)


@lru_cache(maxsize=64)
def _tight(country: str) -> tuple[str, ...]:
    """How the numbers of a country begin of which some pattern looks at the last figures."""
    plan = _plan(country)
    if plan is None:
        return ("",)
    names = [name for name in dir(plan) if hasattr(getattr(plan, name), "national_number_pattern")]
    patterns = [getattr(plan, name).national_number_pattern for name in names]
    ways = [way for pattern in patterns if pattern for way in _ways(pattern) if not _free(way)]
    return tuple({_LITERAL.split(way)[0] for way in ways})


def _free(way: str) -> bool:
    found = _ANY.search(way)
    return found is not None and (int(found[1]) if found[1] else len(found[2]) // len(r"\d")) >= TAIL


def _ways(pattern: str) -> Iterator[str]:
    """The alternatives of a pattern."""
    depth, way = 0, ""
    for char in pattern:
        depth += (char == "(") - (char == ")")
        if char == "|" and depth == 0:
            yield way
            way = ""
        else:
            way += char
    yield way


def _dials_abroad(country: str, digits: str) -> bool:
    prefix = _plan(country).international_prefix
    return bool(prefix and re.match(prefix, digits))


def _front(country: str, digits: str) -> int:
    """How many figures, at most, are looked at from the front of a number."""
    plan = _plan(country)
    prefix = plan.national_prefix_for_parsing or ""
    if prefix.startswith("0?") and not digits.startswith("0"):
        prefix = prefix[2:]
    return max(_width(prefix), _width(plan.leading_digits or ""))


@lru_cache(maxsize=256)
def _width(pattern: str) -> int:
    """How many figures a pattern takes at most; very many where it is of a form not known here."""
    tokens = list(_TOKEN.finditer(pattern))
    if "".join(token[0] for token in tokens) != pattern:
        return _ENDLESS
    # Of each open group: the widest way so far, the way being read, and what stands last in it.
    open_groups = [[0, 0, 0]]
    for token in tokens:
        _measure(open_groups, token)
    return max(open_groups[0][:2])


def _measure(groups: list[list[int]], token: re.Match[str]) -> None:
    said = token[0]
    if said[0] == "(":
        groups.append([0, 0, 0])
    elif said == ")":
        widest, way, _last = groups.pop()
        _lay(groups[-1], max(widest, way))
    elif said == "|":
        groups[-1][:] = [max(groups[-1][:2]), 0, 0]
    elif said[0] == "{":
        groups[-1][1] += groups[-1][2] * (int(token[1]) - 1)
    elif said not in "?$":
        _lay(groups[-1], 1)


def _lay(group: list[int], width: int) -> None:
    group[1:] = [group[1] + width, width]
