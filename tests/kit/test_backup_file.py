"""A backup file by itself: what was written comes back, and no changed byte of it is ever believed."""

from __future__ import annotations

import hashlib
import io
import random
import tracemalloc
import zlib
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinicdesk.kit.backup import FileKey, Header, Key, Passphrase, Verified, check, key_of, new_key
from clinicdesk.kit.backup import frames as inside
from clinicdesk.kit.backup.errors import Damaged, NewerBackup, NoSuchFile, NotABackup, WeakKey, WrongKey
from clinicdesk.kit.backup.frames import Summing, Writer, blocks, unpacked
from clinicdesk.kit.backup.vault import MAGIC, SUM_BYTES, Vault
from clinicdesk.kit.errors import InvalidInput, Refusal

KEY: Final = FileKey(bytes(range(32)))
NAME: Final = b"Quispe Mamani, Rosa Elena"
# Cobblestone's chunks: 16 KiB and a tag; before them a salt and the commitment to the key.
CHUNK: Final = 16_384 + 16
BEFORE: Final = 24 + 32
TABLES: Final = {
    "public.patients": [
        b"%d\t%s\t%s\n" % (n, NAME, hashlib.sha512(b"%d" % n).hexdigest().encode()) for n in range(4000)
    ],
    "public.empty": [],
    "public.one": [b"\\\\N\t\\\\n\\\\t\n"],
}


def written(key: Key = KEY, tables: dict[str, list[bytes]] | None = None, **head: Any) -> bytes:
    """A whole backup file with these rows and no logins."""
    file = io.BytesIO()
    header = Header("0.1.0", "0001", "18.4", "2026-11-21T12:00:00+00:00", key.facts(), **head)
    vault = Vault(file, header, key.opened(header.key))
    writer, told = Writer(vault), TABLES if tables is None else tables
    writer.told(inside.PLAN, {"tables": [], "logins": [], "counters": []})
    sums = [list(writer.table(name, rows))[-1].done() for name, rows in told.items()]
    writer.told(inside.END, [asdict(each) for each in sums])
    vault.close()
    return file.getvalue()


def read(path: Path, data: bytes, key: Key = KEY) -> Verified:
    """What `check` says of these bytes."""
    path.write_bytes(data)
    return check(path, lambda _header: key)


@pytest.fixture(scope="module")
def whole() -> bytes:
    return written()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "copia"


def test_what_was_written_is_read(file: Path, whole: bytes) -> None:
    found = read(file, whole)
    assert [(each.name, each.rows) for each in found.tables] == [(n, len(rows)) for n, rows in TABLES.items()]
    assert (found.header.schema, found.header.format, found.size) == ("0001", 1, len(whole))


def test_the_sum_is_of_the_rows_whatever_their_order(whole: bytes, file: Path) -> None:
    by_hand = sum(
        int.from_bytes(hashlib.sha256(row[:-1]).digest(), "big") for row in TABLES["public.patients"]
    )
    assert read(file, whole).tables[0].hash == f"{by_hand % 2**256:064x}"
    turned = {name: rows[::-1] for name, rows in TABLES.items()}
    assert read(file, written(tables=turned)).tables == read(file, whole).tables
    changed = {**TABLES, "public.one": [b"\\\\N\t\\\\n\\\\T\n"]}
    assert read(file, written(tables=changed)).tables != read(file, whole).tables


def test_nothing_of_the_rows_stands_in_the_clear(whole: bytes) -> None:
    assert NAME not in whole
    assert b"Quispe" not in whole
    assert b"patients" not in whole


def positions(size: int, head: int) -> list[int]:
    """Every byte of the header, the first and last of the stream, the sum, and 300 in between."""
    drawn = random.Random(20_261_121).sample(range(head, size), 300)
    edges = [*range(head, head + BEFORE + 32), *range(size - SUM_BYTES - 64, size)]
    return sorted({*range(head), *edges, *drawn})


def test_a_flipped_bit_anywhere_is_refused(file: Path, whole: bytes) -> None:
    head = whole.index(b"}}") if b"}}" in whole[:600] else 400
    tried = positions(len(whole), head + 2)
    assert len(tried) > 700
    for place in tried:
        bad = bytearray(whole)
        bad[place] ^= 1 << (place % 8)
        with pytest.raises((Damaged, NotABackup, NewerBackup)):
            read(file, bytes(bad))


@pytest.mark.parametrize("left", [0, 1, 17, 18, 21, 22, 100, 0.3, 0.5, 0.99, -SUM_BYTES, -33, -1])
def test_a_file_cut_anywhere_is_refused(file: Path, whole: bytes, left: float) -> None:
    cut = int(left * len(whole)) if isinstance(left, float) else left
    with pytest.raises((Damaged, NotABackup)):
        read(file, whole[:cut])


@pytest.mark.parametrize("more", [b"\0", b"x" * CHUNK])
def test_a_file_with_something_after_its_end_is_refused(file: Path, whole: bytes, more: bytes) -> None:
    with pytest.raises(Damaged):
        read(file, whole + more)


def summed(stream: bytes) -> bytes:
    """A file whose checksum was made right again, as one does who changed it on purpose."""
    return stream + hashlib.sha256(stream).digest()


def chunks(whole: bytes) -> tuple[bytes, list[bytes]]:
    """All before the chunks, and the chunks."""
    start = len(MAGIC) + 4 + int.from_bytes(whole[len(MAGIC) : len(MAGIC) + 4], "big") + BEFORE
    body = whole[start:-SUM_BYTES]
    return whole[:start], [body[place : place + CHUNK] for place in range(0, len(body), CHUNK)]


def tampered(whole: bytes) -> Iterator[tuple[str, bytes]]:
    """Changes on purpose, the checksum made right."""
    head, parts = chunks(whole)
    assert len(parts) > 4
    yield "swapped", summed(head + b"".join([parts[0], parts[2], parts[1], *parts[3:]]))
    yield "dropped", summed(head + b"".join([parts[0], *parts[2:]]))
    yield "twice", summed(head + b"".join([parts[0], parts[0], *parts[1:]]))
    yield "without the last", summed(head + b"".join(parts[:-1]))
    yield "without all", summed(head)
    yield "last alone", summed(head + parts[-1])
    yield "another schema", summed(whole[:-SUM_BYTES].replace(b'"schema": "0001"', b'"schema": "0002"', 1))
    yield "another's chunk", summed(head + b"".join([parts[0], chunks(written())[1][1], *parts[2:]]))
    for place in (0, 5, CHUNK - 1):
        part = bytearray(parts[1])
        part[place] ^= 1
        yield f"byte {place} of a chunk", summed(head + b"".join([parts[0], bytes(part), *parts[2:]]))


def refusal(file: Path, data: bytes) -> type[Refusal] | None:
    """What reading these bytes is refused with."""
    try:
        read(file, data)
    except Refusal as refused:
        return type(refused)
    return None


def test_whoever_has_no_key_changes_nothing_unseen(file: Path, whole: bytes) -> None:
    refused = {what: refusal(file, bad) for what, bad in tampered(whole)}
    assert refused == dict.fromkeys(refused, WrongKey)
    head, parts = chunks(whole)
    assert read(file, summed(head + b"".join(parts))).rows == 4001, "the twin: the same parts, in their order"


def test_another_key_does_not_open_it(file: Path, whole: bytes) -> None:
    for key in (FileKey(bytes(32)), Passphrase("una frase de varias palabras")):
        with pytest.raises(WrongKey):
            read(file, whole, key)


def test_a_phrase_opens_what_it_closed_in_any_form_of_its_letters(file: Path) -> None:
    closed = written(Passphrase("contrase\u00f1a de la copia"), {"public.one": [b"1\n"]})
    assert read(file, closed, Passphrase("contrasen\u0303a de la copia")).rows == 1
    for other in (Passphrase("contraseña de la copia "), KEY):
        with pytest.raises(WrongKey):
            read(file, closed, other)
    phrase = Passphrase("x" * 12)
    first, second = phrase.facts(), phrase.facts()
    assert first["salt"] != second["salt"]
    assert phrase.opened(first) != phrase.opened(second)


def test_a_header_cannot_ask_for_endless_work(file: Path) -> None:
    closed = written(Passphrase("una frase larga"), {})
    for mad in (b'"memory_kib": 9999999999', b'"memory_kib": 0', b'"memory_kib": "x"'):
        with pytest.raises(Damaged):
            read(file, resized(closed, b'"memory_kib": 65536', mad), Passphrase("una frase larga"))


def resized(whole: bytes, old: bytes, new: bytes) -> bytes:
    """A file with another text in its header, length and checksum made right."""
    start = len(MAGIC) + 4
    length = int.from_bytes(whole[len(MAGIC) : start], "big")
    head = whole[start : start + length].replace(old, new, 1)
    return summed(MAGIC + len(head).to_bytes(4, "big") + head + whole[start + length : -SUM_BYTES])


def test_a_newer_format_says_so(file: Path) -> None:
    with pytest.raises(NewerBackup):
        read(file, written(tables={}, format=2))


@pytest.mark.parametrize("data", [b"", b"PGDMP\x01\x0f", b"SELECT 1;\n" * 100, MAGIC.lower() + b"\0" * 99])
def test_other_files_are_no_backups(file: Path, data: bytes) -> None:
    with pytest.raises(NotABackup):
        read(file, data)


def test_a_missing_file_is_said(file: Path) -> None:
    with pytest.raises(NoSuchFile):
        check(file, lambda _header: KEY)


def test_every_refusal_says_that_nothing_was_touched() -> None:
    for refusal in (Damaged, NotABackup, NewerBackup, WrongKey, NoSuchFile):
        assert "No se tocó nada" in str(refusal(path="x"))


@given(st.binary(max_size=400))
def test_no_bytes_after_the_magic_crash_the_reader(data: bytes) -> None:
    path = Path("/dev/shm") if Path("/dev/shm").is_dir() else Path("/tmp")
    file = path / f"cd-backup-{hashlib.sha256(data).hexdigest()[:12]}"
    try:
        with pytest.raises(Refusal):
            read(file, MAGIC + data)
    finally:
        file.unlink(missing_ok=True)


@given(st.lists(st.binary(max_size=9).map(lambda row: row.replace(b"\n", b"") + b"\n")), st.integers(1, 7))
def test_rows_are_summed_whole_however_they_arrive(rows: list[bytes], size: int) -> None:
    text = b"".join(rows)
    pieces = [text[place : place + size] for place in range(0, len(text), size)]
    summing = Summing("t")
    for block in blocks(pieces):
        summing.add(block)
    assert summing.rows == len(rows)
    other = Summing("t")
    other.add(text)
    assert other.done() == summing.done()


def test_blocks_end_with_a_row() -> None:
    pieces = [b"x" * 99_999, b"\n", b"y" * 199_999 + b"\n", b"z\n"] * 5
    found = list(blocks(pieces))
    assert b"".join(found) == b"".join(pieces)
    assert all(block.endswith(b"\n") for block in found)


def test_a_block_that_is_not_as_long_as_it_says_is_refused() -> None:
    bomb = (5).to_bytes(4, "big") + zlib.compress(b"0" * 10_000_000)
    with pytest.raises(inside.Unreadable):
        unpacked(bomb)


def test_memory_does_not_grow_with_the_rows(tmp_path: Path) -> None:
    """Forty megabytes pass through a few: written straight into a file, and read again."""
    row = bytes(random.Random(1).choices(b"abcdefghijklmnop0123456789", k=1999)) + b"\n"

    def many() -> Iterator[bytes]:
        yield from (b"%09d" % n + row for n in range(20_000))

    path = tmp_path / "grande"
    tracemalloc.start()
    try:
        with path.open("wb") as out:
            header = Header("0.1.0", "0001", "18.4", "-", KEY.facts())
            vault = Vault(out, header, KEY.opened({}))
            writer = Writer(vault)
            writer.told(inside.PLAN, {"tables": [], "logins": [], "counters": []})
            *_all, last = writer_sizes(writer, many())
            writer.told(inside.END, [asdict(last.done())])
            vault.close()
        assert check(path, lambda _header: KEY).rows == 20_000
        assert tracemalloc.get_traced_memory()[1] < 8_000_000
    finally:
        tracemalloc.stop()


def writer_sizes(writer: Writer, rows: Iterator[bytes]) -> Iterator[Summing]:
    last = None
    for summing in writer.table("public.many", rows):
        last = summing
    assert last is not None
    yield last


def test_keys_as_files_hold_them() -> None:
    text = new_key()
    made = key_of(text)
    assert isinstance(made, FileKey)
    assert (len(made.raw), key_of(new_key()) != made) == (32, True)
    assert made.raw.hex() not in str(made.facts())
    assert key_of("una frase de paso") == Passphrase("una frase de paso")
    for bad in (text[:-2], text + "x", "clinicdesk-key-1:", "clinicdesk-key-1:!!!!"):
        with pytest.raises(InvalidInput):
            key_of(bad)
    for weak in ("", "corta", "x" * 11):
        with pytest.raises(WeakKey):
            key_of(weak)
