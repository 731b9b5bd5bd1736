"""What receptionists type for a person: 24 kinds of queries, and how many people of the registry fit them."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Final

from benchmarks.made_people import Person
from clinicdesk.clinic.patients.spelling import SearchNames, folded, sound

_SPELLINGS: Final = "z>s s>z v>b b>v ll>y h> ce>se ci>si gi>ji ge>je y>i qu>k x>s ca>ka w>u"
_HEARD: Final = tuple(each.split(">") for each in _SPELLINGS.split(" "))
_LETTERS: Final = "abcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True, slots=True)
class Asked:
    """A query: its kind, what is typed, who is meant, and what they meant: whole words, beginnings, more."""

    kind: str
    text: str
    meant: int
    words: tuple[str, ...] = ()
    starts: tuple[str, ...] = ()
    year: int | None = None
    number: str = ""
    ends: str = ""
    tail: str = ""


class Writer:
    """Types queries for people."""

    def __init__(self, people: Sequence[Person], seed: int) -> None:
        self._people, self._random = people, Random(seed)
        self.kinds: tuple[tuple[str, Callable[[int, Person, SearchNames], Asked | None]], ...] = (
            ("surnames and name", self._plain(2, 1)),
            ("surname, name", self._plain(1, 1)),
            ("everything", self._plain(2, 2)),
            ("any order", self._plain(2, 2, mixed=True)),
            ("name first", self._plain(1, 1, swapped=True)),
            ("as written, accents", self._written),
            ("no ñ", self._plain(2, 1, only=lambda p: "ñ" in p.family.lower())),
            ("beginnings", self._beginnings(4)),
            ("three letters each", self._beginnings(3)),
            ("last word begun", self._last_begun),
            ("heard", self._heard),
            ("letter wrong", self._slip("replace")),
            ("letter missing", self._slip("delete")),
            ("letter more", self._slip("insert")),
            ("letters exchanged", self._slip("exchange")),
            ("second surname alone", self._second),
            ("name missing", self._plain(2, 0)),
            ("with year", self._plain(1, 1, year=True)),
            ("slip and year", self._slip("replace", year=True)),
            ("document", self._document(0)),
            ("document begun", self._document(2)),
            ("surname and document begun", self._document(4, name=True)),
            ("initial and last four", self._initial),
            ("phone", self._phone),
        )

    def take(self, count: int) -> list[Asked]:
        """`count` queries, every kind as often."""
        found: list[Asked] = []
        while len(found) < count:
            kind, write = self.kinds[len(found) % len(self.kinds)]
            meant = self._random.randrange(len(self._people))
            person = self._people[meant]
            asked = write(meant, person, SearchNames.of(person.given, person.family))
            if asked is not None:
                found.append(Asked(kind, *(getattr(asked, each) for each in Asked.__slots__[1:])))
        return found

    def _plain(
        self,
        surnames: int,
        given: int,
        *,
        mixed: bool = False,
        swapped: bool = False,
        year: bool = False,
        only: Callable[[Person], bool] = lambda _person: True,
    ) -> Callable[[int, Person, SearchNames], Asked | None]:
        def write(meant: int, person: Person, names: SearchNames) -> Asked | None:
            family, first = names.family[:surnames], names.given[:given]
            if not only(person):
                return None
            words = [*first, *family] if swapped else [*family, *first]
            if mixed:
                self._random.shuffle(words)
            text = " ".join(words) + (f" {person.birth.year}" if year else "")
            return Asked("", text, meant, tuple(words), year=person.birth.year if year else None)

        return write

    def _written(self, meant: int, person: Person, names: SearchNames) -> Asked:
        return Asked("", f"{person.family}, {person.given}", meant, names.family + names.given)

    def _beginnings(self, letters: int) -> Callable[[int, Person, SearchNames], Asked | None]:
        def write(meant: int, _person: Person, names: SearchNames) -> Asked | None:
            starts = tuple(each[:letters] for each in (*names.family[:2], *names.given[:1]))
            return Asked("", " ".join(starts), meant, starts=starts) if len(starts) > 1 else None

        return write

    def _last_begun(self, meant: int, _person: Person, names: SearchNames) -> Asked:
        start = names.given[0][: self._random.randint(1, 4)]
        return Asked("", " ".join((*names.family, start)), meant, names.family, (start,))

    def _heard(self, meant: int, _person: Person, names: SearchNames) -> Asked | None:
        words = (*names.family, names.given[0])
        heard = [self._as_heard(each) for each in words]
        return Asked("", " ".join(heard), meant, words) if heard != list(words) else None

    def _as_heard(self, word: str) -> str:
        """Another spelling of the same sound, by substitutions that people make."""
        able = [swap for swap in _HEARD if swap[0] in word]
        self._random.shuffle(able)
        for old, new in able:
            made = word.replace(old, new, 1)
            if len(made) > 2 and sound(made) == sound(word):
                return made
        return word

    def _slip(self, kind: str, *, year: bool = False) -> Callable[[int, Person, SearchNames], Asked | None]:
        def write(meant: int, person: Person, names: SearchNames) -> Asked | None:
            words = [*names.family, names.given[0]]
            long = [at for at, each in enumerate(words) if len(each) > 3]
            if len(words) < 3 or not long:
                return None
            at, typed = self._random.choice(long), list(words)
            typed[at] = self._slipped(words[at], kind)
            text = " ".join(typed) + (f" {person.birth.year}" if year else "")
            born = person.birth.year if year else None
            return Asked("", text, meant, tuple(words), year=born) if typed != words else None

        return write

    def _slipped(self, word: str, kind: str) -> str:
        at = self._random.randrange(len(word) - 1)
        letter = self._random.choice(_LETTERS)
        match kind:
            case "replace":
                return word[:at] + letter + word[at + 1 :]
            case "delete":
                return word[:at] + word[at + 1 :]
            case "insert":
                return word[:at] + letter + word[at:]
        return word[:at] + word[at + 1] + word[at] + word[at + 2 :]

    def _second(self, meant: int, _person: Person, names: SearchNames) -> Asked | None:
        if len(names.family) < 2:
            return None
        words = (names.family[-1], *names.given)
        return Asked("", " ".join(words), meant, words)

    def _document(self, less: int, *, name: bool = False) -> Callable[[int, Person, SearchNames], Asked]:
        def write(meant: int, person: Person, names: SearchNames) -> Asked:
            number = person.number[: len(person.number) - less]
            words = names.family[:1] if name else ()
            return Asked("", " ".join((*words, number)), meant, words, number=number)

        return write

    def _initial(self, meant: int, person: Person, names: SearchNames) -> Asked:
        tail = f"{names.family[0][0]}{person.number[-4:]}"
        return Asked("", tail.upper(), meant, tail=tail)

    def _phone(self, meant: int, person: Person, _names: SearchNames) -> Asked | None:
        digits = "".join(filter(str.isdigit, person.phone))
        return Asked("", person.phone[-8:], meant, ends=digits[-7:]) if digits else None


class Oracle:
    """How many people fit what was meant, found without the search."""

    def __init__(self, people: Sequence[Person]) -> None:
        self._people = people
        self._names = [SearchNames.of(each.given, each.family) for each in people]
        self._by_word: dict[str, list[int]] = defaultdict(list)
        self._by_tail: dict[str, int] = defaultdict(int)
        self._by_end: dict[str, int] = defaultdict(int)
        for at, (names, person) in enumerate(zip(self._names, people, strict=True)):
            for word in names.words:
                self._by_word[word].append(at)
            self._by_tail[f"{names.family[0][0]}{person.number[-4:]}"] += 1
            self._by_end["".join(filter(str.isdigit, person.phone))[-7:]] += 1
        self._vocabulary = sorted(self._by_word)
        self._numbers = sorted(each.number for each in people)

    def fit(self, asked: Asked) -> int:
        """The people who have all that was meant, counted to a thousand."""
        if asked.tail:
            return self._by_tail[asked.tail]
        if asked.ends:
            return self._by_end[asked.ends]
        if asked.number and not asked.words:
            low = bisect_left(self._numbers, asked.number)
            return bisect_left(self._numbers, asked.number + "~") - low
        return self._by_names(asked)

    def _by_names(self, asked: Asked) -> int:
        lists: list[list[int]] = [self._by_word[each] for each in asked.words]
        lists += [self._begun(each) for each in asked.starts]
        count = 0
        fewest: list[int] = sorted(lists, key=len)[0]
        for at in dict.fromkeys(fewest):
            count += self._has(at, asked)
            if count >= 1000:
                break
        return count

    def _begun(self, start: str) -> list[int]:
        low, high = bisect_left(self._vocabulary, start), bisect_left(self._vocabulary, start + "~")
        return [at for word in self._vocabulary[low:high] for at in self._by_word[word]]

    def _has(self, at: int, asked: Asked) -> bool:
        words, person = self._names[at].words, self._people[at]
        return (
            all(each in words for each in asked.words)
            and all(any(word.startswith(each) for word in words) for each in asked.starts)
            and (asked.year is None or person.birth.year == asked.year)
            and person.number.startswith(asked.number)
        )


def typed_on(text: str) -> list[str]:
    """What stands in the box, letter after letter, from the third on."""
    return [text[:length] for length in range(3, len(text) + 1) if len(folded(text[:length])) >= 3]
