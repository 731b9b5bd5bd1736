"""A shipped copy of acts with their seals, as JSON Lines: written and read here, without a database."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from clinicdesk.clinic.audit.errors import BadCopy
from clinicdesk.clinic.audit.rules import AT, COLUMNS, ActText, Item, Seal, instant, microseconds

FORM: Final = "clinicdesk.acts/1"


def head(exported_at: datetime, last: int) -> bytes:
    """The first line: what the file is, when it was made, the last seal in it."""
    return _line({"type": "copy", "form": FORM, "exported_at": exported_at.isoformat(), "last": last})


def tail(lines: int) -> bytes:
    """The last line: how many stand between; without it a copy was cut."""
    return _line({"type": "end", "lines": lines})


def lines_of(events: Iterable[Seal | Item], waiting: Iterable[ActText]) -> Iterator[bytes]:
    """Seals, the acts in them and the acts in none, one line each."""
    for each in events:
        yield _seal_line(each) if isinstance(each, Seal) else _item_line(each)
    for act in waiting:
        yield _line({"type": "act", **_told(act)})


def _seal_line(seal: Seal) -> bytes:
    times = {"at": _iso(seal.at), "settled_at": seal.settled_at and _iso(seal.settled_at)}
    return _line(
        {"type": "seal", "n": seal.n, **times, "count": seal.count, "prev": seal.prev, "hash": seal.hash}
    )


def _item_line(item: Item) -> bytes:
    named = {"seal": item.n, "leaf": item.leaf}
    if item.act is None:
        return _line({"type": "gone", "key": item.key, **named})
    return _line({"type": "act", **_told(item.act), **named})


def _told(act: ActText) -> dict[str, str | None]:
    told = dict(zip(COLUMNS, act, strict=True))
    return told | {"at": _iso(told["at"] or "")}


def _iso(text: str) -> str:
    """A time as people and programs read it; what no calendar holds stays as it is."""
    at = instant(text)
    return at.isoformat(timespec="microseconds") if at else text


def _micro(text: str) -> str:
    try:
        return microseconds(datetime.fromisoformat(text))
    except (ValueError, TypeError):
        return text


def _line(told: dict[str, Any]) -> bytes:
    return json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace") + b"\n"


class Copy:
    """A copy being read once, from its first line to its last. Raises BadCopy."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._number = 0
        self._lines = self._read()
        first = next(self._lines, {})
        if first.get("form") != FORM:
            raise BadCopy(file=path, line=1)
        self.exported_at = datetime.fromisoformat(first["exported_at"])
        self.last = int(first["last"])
        self.whole = False
        self._held: ActText | None = None

    def _read(self) -> Iterator[dict[str, Any]]:
        with self._path.open("rb") as file:
            for line in file:
                self._number += 1
                try:
                    told = json.loads(line)
                except ValueError:
                    if line.endswith(b"\n"):
                        raise BadCopy(file=self._path, line=self._number) from None
                    return
                if not isinstance(told, dict):
                    raise BadCopy(file=self._path, line=self._number)
                yield told

    def events(self) -> Iterator[Seal | Item]:
        """Seals and the acts in them, up to the first act that no seal names."""
        for told in self._lines:
            try:
                event = self._event(told)
            except (KeyError, TypeError, ValueError):
                raise BadCopy(file=self._path, line=self._number) from None
            if event is None:
                return
            yield event

    def _event(self, told: dict[str, Any]) -> Seal | Item | None:
        if told["type"] == "seal":
            settled = told["settled_at"]
            times = (_micro(told["at"]), settled and _micro(settled))
            return Seal(int(told["n"]), *times, int(told["count"]), told["prev"], told["hash"])
        if "seal" in told:
            act = None if told["type"] == "gone" else _act(told)
            return Item(int(told["seal"]), told["key"], told["leaf"], act)
        self._keep(told)
        return None

    def _keep(self, told: dict[str, Any]) -> None:
        if told["type"] == "end":
            self.whole = int(told["lines"]) == self._number - 2
        else:
            self._held = _act(told)

    def waiting(self) -> Iterator[ActText]:
        """Acts that no seal names; afterwards `whole` tells whether the copy has its end."""
        if self._held is not None:
            yield self._held
        for told in self._lines:
            try:
                self._held = None
                self._keep(told)
            except (KeyError, TypeError, ValueError):
                raise BadCopy(file=self._path, line=self._number) from None
            if self._held is not None:
                yield self._held


def _act(told: dict[str, Any]) -> ActText:
    values = [None if told[name] is None else str(told[name]) for name in COLUMNS]
    values[AT] = _micro(told["at"])
    return tuple(values)
