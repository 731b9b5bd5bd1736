"""Made-up people with Spanish names as often as real ones bear them; the same for the same seed.

Heads of the lists and their shares follow published counts: `south` those of Argentina and Bolivia (RENAPER,
SEGIP), `spain` those of Spain (INE). Behind them stand the names Faker knows, and behind those a long tail of
rare surnames put together from syllables.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from importlib import import_module
from itertools import accumulate
from random import Random
from typing import Any, Final

# per mille
_SURNAMES: Final = (
    "García 34 González 32 Rodríguez 27 Fernández 22 López 22 Gómez 21 Martínez 20 Díaz 18 Pérez 17 "
    "Sánchez 16 Romero 10 Quispe 10 Álvarez 9 Mamani 9 Torres 9 Ruiz 8 Flores 8 Ramírez 8 Sosa 7 "
    "Benítez 7 Acosta 7 Suárez 6 Medina 6 Herrera 6 Aguirre 5 Giménez 5 Gutiérrez 5 Pereyra 5 Rojas 5 "
    "Molina 5 Castro 5 Ortiz 5 Silva 5 Núñez 5 Luna 4 Juárez 4 Cabrera 4 Ríos 4 Morales 4 Godoy 4 "
    "Moreno 4 Ferreyra 4 Domínguez 4 Carrizo 4 Peralta 3 Castillo 3 Ledesma 3 Quiroga 3 Vega 3 Vera 3 "
    "Muñoz 3 Ojeda 3 Ponce 3 Villalba 3 Cardozo 3 Navarro 3 Condori 3 Ramos 3 Coronel 3 Córdoba 3 "
    "Figueroa 3 Correa 3 Cáceres 3 Vargas 3 Maldonado 3 Mansilla 3 Farías 3 Rivero 3 Paz 3 Miranda 3 "
    "Roldán 3 Méndez 3 Guzmán 3 Agüero 3 Hernández 3 Lucero 3 Cruz 3 Páez 3 Escobar 3 Mendoza 3 Barrios "
    "3 Bustos 2 Ávila 2 Blanco 2 Soria 2 Choque 2 Ibáñez 2 Zárate 2 Yupanqui 2 Llanos 2"
)
_WOMEN: Final = (
    "María 120 Ana 30 Rosa 25 Juana 18 Martina 16 Lucía 16 Laura 15 Sofía 15 Silvia 14 Valentina 14 "
    "Carolina 13 Mónica 13 Marta 13 Susana 12 Andrea 12 Graciela 12 Patricia 12 Gabriela 11 Claudia 11 "
    "Camila 11 Florencia 10 Julieta 10 Norma 10 Elena 10 Carmen 10 Paula 9 Verónica 9 Daniela 9 "
    "Alejandra 9 Victoria 9 Natalia 8 Cecilia 8 Adriana 8 Liliana 8 Micaela 8 Milagros 8 Agustina 8 "
    "Ángela 7 Beatriz 7 Nilda 7 Ximena 6 Yolanda 6 Ayelén 6"
)
_MEN: Final = (
    "Juan 70 José 60 Carlos 36 Luis 34 Jorge 28 Miguel 24 Pedro 20 Roberto 18 Daniel 18 Oscar 16 Mateo "
    "16 Hugo 15 Diego 15 Pablo 15 Sergio 14 Santiago 14 Ricardo 14 Martín 14 Alejandro 13 Gustavo 13 "
    "Ramón 13 Mario 12 Fernando 12 Eduardo 12 Francisco 12 Antonio 12 Lucas 11 Nicolás 11 Héctor 11 "
    "Joaquín 10 Matías 10 Facundo 10 Benjamín 9 Víctor 9 Raúl 9 Marcelo 9 Julio 9 Javier 8 Walter 8 "
    "Wilson 6 Zacarías 3 Hernán 6 Thiago 8 Bautista 8"
)
_SURNAMES_OF_SPAIN: Final = (
    "García 31 Rodríguez 20 González 20 Fernández 19 López 18 Martínez 18 Sánchez 17 Pérez 17 Gómez 10 "
    "Martín 10 Jiménez 8 Hernández 8 Ruiz 8 Díaz 7 Moreno 7 Muñoz 6 Álvarez 6 Romero 5 Gutiérrez 4 Alonso 4 "
    "Navarro 4 Torres 4 Domínguez 4 Ramos 3 Vázquez 3 Ramírez 3 Gil 3 Serrano 3 Morales 3 Molina 3 Blanco 3 "
    "Suárez 3 Castro 3 Ortega 3 Delgado 3 Ortiz 2 Marín 2 Rubio 2 Núñez 2 Medina 2 Sanz 2 Castillo 2 "
    "Iglesias 2 Cortés 2 Garrido 2 Santos 2 Guerrero 2 Lozano 2 Cano 2 Cruz 2 Méndez 2 Flores 2 Prieto 2 "
    "Herrera 2 Peña 2 León 2 Márquez 2 Cabrera 2 Gallego 2 Calvo 2 Vidal 2 Campos 2 Vega 2 Reyes 2 Fuentes 2 "
    "Carrasco 2 Díez 2 Caballero 2 Nieto 2 Aguilar 1 Pascual 1 Santana 1 Herrero 1 Montero 1 Lorenzo 1 "
    "Hidalgo 1 Giménez 1 Ibáñez 1 Ferrer 1 Durán 1 Santiago 1 Benítez 1 Vargas 1 Mora 1 Vicente 1 Arias 1 "
    "Carmona 1 Crespo 1 Román 1 Pastor 1 Soto 1 Sáez 1 Velasco 1 Moya 1 Soler 1 Parra 1 Esteban 1 Bravo 1 "
    "Gallardo 1 Rojas 1"
)
_WOMEN_OF_SPAIN: Final = (
    "María 150 Ana 40 Carmen 35 Laura 17 Isabel 16 Lucía 14 Cristina 13 Marta 13 Josefa 12 Elena 12 Rosa 12 "
    "Pilar 10 Dolores 9 Sara 9 Paula 9 Antonia 9 Julia 9 Raquel 8 Beatriz 8 Patricia 8 Irene 8 Mercedes 7 "
    "Silvia 7 Andrea 7 Nuria 6 Rocío 6 Mónica 6 Alba 6 Ángela 6 Sonia 6 Sandra 6 Susana 6 Marina 6 Eva 6 "
    "Alicia 5 Yolanda 5 Natalia 5 Margarita 5 Claudia 5 Inmaculada 4 Montserrat 4 Concepción 4 Begoña 3 "
    "Encarnación 3 Ainhoa 2 Itziar 2"
)
_MEN_OF_SPAIN: Final = (
    "José 90 Juan 60 Antonio 45 Francisco 35 Manuel 33 Miguel 25 Luis 20 David 16 Javier 15 Daniel 15 "
    "Carlos 15 Jesús 15 Alejandro 13 Pablo 12 Ángel 12 Pedro 11 Sergio 11 Rafael 10 Fernando 9 Jorge 9 "
    "Alberto 9 Álvaro 8 Diego 7 Adrián 7 Raúl 6 Iván 6 Enrique 6 Ramón 6 Vicente 5 Rubén 5 Óscar 5 Andrés 5 "
    "Joaquín 5 Víctor 5 Eduardo 5 Mario 5 Santiago 4 Roberto 4 Jaime 4 Ignacio 4 Marcos 4 Hugo 4 Jordi 3 "
    "Salvador 3 Xavier 2 Iker 2"
)
_HEADS: Final = {
    "south": (_SURNAMES, _WOMEN, _MEN),
    "spain": (_SURNAMES_OF_SPAIN, _WOMEN_OF_SPAIN, _MEN_OF_SPAIN),
}
_SYLLABLES: Final = [
    "ba",
    "be",
    "bi",
    "bo",
    "bra",
    "bu",
    "ca",
    "ce",
    "ci",
    "co",
    "cu",
    "cha",
    "che",
    "chi",
    "da",
    "de",
    "di",
    "do",
    "fa",
    "fe",
    "fi",
    "ga",
    "gue",
    "go",
    "gra",
    "gu",
    "i",
    "ja",
    "jo",
    "la",
    "le",
    "li",
    "lo",
    "llo",
    "ma",
    "me",
    "mi",
    "mo",
    "mu",
    "na",
    "ne",
    "ni",
    "no",
    "nu",
    "ña",
    "ño",
    "o",
    "pa",
    "pe",
    "pi",
    "po",
    "pu",
    "que",
    "qui",
    "ra",
    "re",
    "ri",
    "ro",
    "ru",
    "sa",
    "se",
    "si",
    "so",
    "ta",
    "te",
    "ti",
    "to",
    "tru",
    "va",
    "ve",
    "vi",
    "xo",
    "ya",
    "yo",
    "za",
    "zu",
]
_ENDINGS: Final = [
    "n",
    "rez",
    "no",
    "ni",
    "sso",
    "lla",
    "rri",
    "ga",
    "ez",
    "aga",
    "eta",
    "oz",
    "ar",
    "al",
    "ín",
    "án",
    "era",
    "ero",
    "elli",
    "etti",
    "ado",
    "illo",
    "ñez",
    "qui",
    "ndi",
    "ta",
]
_TAIL, _TAIL_SHARE, _BOOK_SHARE = 56_000, 0.22, 0.14
_PARTICLES: Final = ("de la", "del", "de los", "de")
_SECOND_SURNAME, _SECOND_GIVEN, _PARTICLE, _PHONE = 0.85, 0.6, 0.015, 0.92
_TODAY: Final = date(2026, 1, 1)


@dataclass(frozen=True, slots=True)
class Person:
    """One made-up person, as the registry would hold them."""

    given: str
    family: str
    sex: str
    birth: date
    number: str
    phone: str


class Drawer:
    """Draws from a list with weights."""

    def __init__(self, random: Random, things: list[str], weights: list[float]) -> None:
        self._random, self._things = random, things
        self._sums = list(accumulate(weights))

    def __call__(self) -> str:
        return self._random.choices(self._things, cum_weights=self._sums)[0]


class People:
    """An endless row of people."""

    def __init__(self, seed: int, names: str = "south") -> None:
        self._random = random = Random(seed)
        book = _book()
        surnames, women, men = _HEADS[names]
        self._surname = _drawer(random, surnames, book["surnames"], self._rare_surnames())
        self._given = {
            "F": _drawer(random, women, book["women"], []),
            "M": _drawer(random, men, book["men"], []),
        }

    def _rare_surnames(self) -> list[str]:
        random, found = Random(7), dict[str, None]()
        while len(found) < _TAIL:
            middle = "".join(random.choices(_SYLLABLES, k=random.choice((1, 2, 2, 3))))
            found[(random.choice(_SYLLABLES) + middle + random.choice(_ENDINGS)).capitalize()] = None
        return list(found)

    def take(self, count: int) -> Iterator[Person]:
        """`count` people; no document twice, and numbers follow the year of birth as real ones do."""
        random, taken = self._random, set[str]()
        for _ in range(count):
            sex = random.choice("FM")
            birth = _TODAY - timedelta(days=int(random.triangular(0, 36_000, 9_000)))
            number = self._number(birth)
            while number in taken:
                number = self._number(birth)
            taken.add(number)
            yield Person(self._given_names(sex), self._family(), sex, birth, number, self._phone())

    def _number(self, birth: date) -> str:
        return str(
            max(1_000_000, int(4_000_000 + (birth.year - 1930) * 620_000)) + self._random.randint(0, 900_000)
        )

    def _family(self) -> str:
        first = self._surname()
        if self._random.random() < _PARTICLE:
            first = f"{self._random.choice(_PARTICLES)} {first}"
        return f"{first} {self._surname()}" if self._random.random() < _SECOND_SURNAME else first

    def _given_names(self, sex: str) -> str:
        first, second = self._given[sex](), self._given[sex]()
        return f"{first} {second}" if second != first and self._random.random() < _SECOND_GIVEN else first

    def _phone(self) -> str:
        if self._random.random() > _PHONE:
            return ""
        area = self._random.choice(("341", "11", "351", "261", "381"))
        return f"+54 {area} {self._random.randint(400, 699)}-{self._random.randint(0, 9999):04d}"


def _book() -> dict[str, list[str]]:
    modules = (f"faker.providers.person.{each}" for each in ("es_ES", "es_AR", "es_CO", "es_MX", "es_CL"))
    books: list[Any] = [import_module(each).Provider for each in modules]
    lists = {"surnames": "last_names", "women": "first_names_female", "men": "first_names_male"}
    return {
        name: sorted({each for book in books for each in getattr(book, found) if " " not in each})
        for name, found in lists.items()
    }


def _drawer(random: Random, head: str, book: list[str], tail: list[str]) -> Drawer:
    """Names of the head by their shares, then the book's and the tail's, each falling with its place."""
    said = head.split()
    names, weights = said[::2], [float(each) for each in said[1::2]]
    whole = 1000 if tail else sum(weights) / (1 - _BOOK_SHARE)
    for more, share in ((book, _BOOK_SHARE), (tail, _TAIL_SHARE)):
        fresh = [each for each in more if each not in names]
        falling = [1 / (place + 20) ** 0.8 for place in range(len(fresh))]
        all_of_it = sum(falling)
        names += fresh
        weights += [share * whole * each / all_of_it for each in falling]
    return Drawer(random, names, weights)
