"""The slow hash, and what a server may learn of a password."""

from __future__ import annotations

import base64
import unicodedata

from argon2.low_level import Type, hash_secret_raw

from clinicdesk.kit import secrets


def test_a_password_becomes_argon2id_of_at_least_what_owasp_asks_for() -> None:
    salt = bytes(range(16))
    raw = hash_secret_raw("ñandú 1".encode(), salt, 2, 19_456, 1, 32, Type.ID)
    assert secrets.derived("ñandú 1", salt) == base64.b64encode(raw).decode()


def test_every_character_counts_and_its_form_does_not() -> None:
    salt = secrets.new_salt()
    long = "ñ" * 127
    assert secrets.derived(long + "a", salt) != secrets.derived(long + "b", salt)
    assert secrets.derived(unicodedata.normalize("NFD", long), salt) == secrets.derived(long, salt)


def test_two_persons_with_one_password_have_two_secrets() -> None:
    salts = {secrets.new_salt() for _ in range(50)}
    assert len(salts) == 50
    assert secrets.derived("igual", salts.pop()) != secrets.derived("igual", salts.pop())
