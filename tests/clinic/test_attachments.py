"""Files of a patient: bytes in, the same bytes out, weighed by the database; names lead nowhere."""

from __future__ import annotations

import hashlib
import io
import os
import struct
import zlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from clinicdesk.bootstrap import Session
from clinicdesk.clinic.attachments import errors, kinds, queries, rules, saving, service
from clinicdesk.clinic.desk import NoCareRelation, NotAllowed
from clinicdesk.clinic.records import adding as records
from clinicdesk.kit import db
from clinicdesk.kit.ids import new_id
from tests.factories import Network, followed, new_patient

PDF = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n"


def picture(form: str, size: tuple[int, int] = (12, 7)) -> bytes:
    """A small picture of a format."""
    kept = io.BytesIO()
    Image.new("L", size).save(kept, form)
    return kept.getvalue()


def bomb(width: int, height: int) -> bytes:
    """A PNG of some bytes that says it is enormous."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(b"\0" * 64)) + chunk(b"IEND", b"")


@pytest.fixture(scope="module")
def doctor(network: Network) -> Session:
    """A doctor who follows the patient."""
    return network.log_in("lpaz")


@pytest.fixture
def patient_id(network: Network, doctor: Session) -> UUID:
    """Somebody new, in the doctor's care."""
    whose = new_patient(network.log_in("msosa")).patient_id
    followed(network.log_in("secre"), whose, doctor)
    return whose


def attached(session: Session, patient_id: UUID, body: bytes, **said: Any) -> service.Attached:
    """A file in the chart."""
    order = service.Attach.of(body, patient_id=patient_id, **{"name": "informe.pdf"} | said)
    return session.desk().do(service.attach, order)


def listed(session: Session, patient_id: UUID) -> tuple[queries.AttachmentRow, ...]:
    """What the chart has."""
    return session.desk().see(queries.listed, queries.AttachmentsQuery(patient_id))


@pytest.mark.parametrize(
    ("body", "media_type", "size"),
    [
        (PDF, "application/pdf", None),
        (picture("PNG"), "image/png", (12, 7)),
        (picture("JPEG"), "image/jpeg", (12, 7)),
        (picture("GIF"), "image/gif", (12, 7)),
        (picture("TIFF"), "image/tiff", (12, 7)),
        (picture("WEBP"), "image/webp", (12, 7)),
        (b"\0" * 128 + b"DICM" + b"\0" * 40, "application/dicom", None),
        ("Ecografía: sin lesiones.\n".encode(), "text/plain", None),
        (b"<html><script>alert(1)</script>", "text/plain", None),
        (b"caf\xe9 en otra letra", "application/octet-stream", None),
        (b"texto\x1b[2Jcon escape", "application/octet-stream", None),
        (b"\x7fELF" + bytes(range(60)), "application/x-executable", None),
        (b"\x89PNG\r\n\x1a\n cortado", "image/png", None),
    ],
)
def test_what_a_file_is_its_bytes_say(body: bytes, media_type: str, size: tuple[int, int] | None) -> None:
    known = kinds.recognised(body)
    assert known.media_type == media_type
    assert ((known.width, known.height) if known.width else None) == size


@given(st.binary(max_size=300))
@settings(max_examples=300, deadline=None)
def test_no_bytes_whatever_upset_the_recognition(body: bytes) -> None:
    for head in (b"", b"\x89PNG\r\n\x1a\n", b"GIF89a", b"II*\0", b"BM", b"RIFF0000WEBP", b"\xff\xd8\xff"):
        known = kinds.recognised(head + body)
        assert "/" in known.media_type
        assert (known.width is None) == (known.height is None)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\x\\eco.pdf", "eco.pdf"),
        ("/etc/", "etc"),
        ("informe\n\x1b]0;x\x07 final.pdf", "informe]0;x final.pdf"),
        ("gnp\u202efdp.exe", "gnpfdp.exe"),
        ("a" * 300 + ".pdf", None),
        ("..", ".."),
        ("///", ""),
    ],
)
def test_a_name_is_for_reading(name: str, shown: str | None) -> None:
    found = rules.shown_name(name)
    assert len(found) <= rules.NAME_MOST
    assert "/" not in found
    assert found.isprintable()
    if shown is not None:
        assert found == shown


def test_the_same_bytes_come_out_with_their_type_and_digest(doctor: Session, patient_id: UUID) -> None:
    body = PDF + os.urandom(200_000)
    answer = attached(doctor, patient_id, body, name="../eco final.exe", described="Ecografía de Rawson")
    assert (answer.media_type, answer.size_bytes) == ("application/pdf", len(body))
    assert answer.sha256 == hashlib.sha256(body).hexdigest()
    (row,) = listed(doctor, patient_id)
    assert (row.name, row.described, row.person) == ("eco final.exe", "Ecografía de Rawson", "Paz, Lucía")
    found = doctor.desk().see(queries.body, queries.BodyQuery(patient_id, row.id))
    assert found.body == body
    assert found.row.sha256.hex() == answer.sha256


def test_an_order_sent_again_keeps_one_file(doctor: Session, patient_id: UUID) -> None:
    order = service.Attach.of(PDF, patient_id=patient_id, name="uno.pdf")
    first = doctor.desk().do(service.attach, order)
    assert doctor.desk().do(service.attach, order) == first
    assert len(listed(doctor, patient_id)) == 1
    with pytest.raises(errors.AlreadyAttached):
        attached(doctor, patient_id, PDF, name="otro nombre.pdf")


def test_of_racing_desks_one_attaches_the_same_file(doctor: Session, patient_id: UUID) -> None:
    def once(_number: int) -> bool:
        try:
            attached(doctor, patient_id, PDF)
        except errors.AlreadyAttached:
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(once, range(8))) == 1
    assert len(listed(doctor, patient_id)) == 1


def test_what_is_refused_before_it_is_kept(doctor: Session, patient_id: UUID) -> None:
    for body, said, refusal in (
        (b"", {}, errors.FileEmpty),
        (bomb(60_000, 60_000), {}, errors.PictureTooLarge),
        (PDF, {"name": "///"}, errors.BadFileName),
        (PDF, {"described": "x" * 501}, errors.BadDescription),
        (PDF, {"record_id": new_id()}, errors.NoSuchEntry),
    ):
        with pytest.raises(refusal):
            attached(doctor, patient_id, body, **said)
    assert listed(doctor, patient_id) == ()
    assert attached(doctor, patient_id, bomb(9_000, 9_000)).media_type == "image/png"


def test_files_are_weighed_alone_and_together(network: Network, doctor: Session, patient_id: UUID) -> None:
    admin = network.log_in("admin").desk()
    before = admin.see(queries.limits, queries.LimitsQuery())
    small = service.SetLimits(file_bytes=2_000, patient_bytes=5_000, megapixels=1, version=before.version)
    narrowed = admin.do(service.set_limits, small)
    try:
        with pytest.raises(errors.FileTooLarge, match=r"tope de 1 KB"):
            attached(doctor, patient_id, os.urandom(2_001))

        def once(_number: int) -> bool:
            try:
                attached(doctor, patient_id, os.urandom(2_000))
            except errors.PatientFull:
                return False
            return True

        with ThreadPoolExecutor(4) as pool:
            assert sum(pool.map(once, range(6))) == 2
        assert sum(row.size_bytes for row in listed(doctor, patient_id)) == 4_000
        with pytest.raises(DBAPIError) as refused, doctor.engine.begin() as line:
            line.execute(
                text("SELECT charts.attach(:p, :i, NULL, 'x', 'a/b', NULL, NULL, NULL, :b)"),
                {"p": patient_id, "i": new_id(), "b": os.urandom(1_500)},
            )
        assert db.constraint_name(refused.value) == "attachments_patient_quota"
        with pytest.raises(errors.LimitsChanged):
            admin.do(service.set_limits, service.SetLimits(**fields(small)))
        with pytest.raises(errors.BadLimits):
            admin.do(
                service.set_limits,
                service.SetLimits(**fields(small) | {"file_bytes": 10**12, "version": narrowed.version}),
            )
    finally:
        back = fields(small) | {name: getattr(before, name) for name in ("file_bytes", "patient_bytes")}
        admin.do(
            service.set_limits,
            service.SetLimits(**back | {"megapixels": before.megapixels, "version": narrowed.version}),
        )
    with pytest.raises(NotAllowed):
        doctor.desk().do(service.set_limits, small)


def fields(order: service.SetLimits) -> dict[str, Any]:
    """What a new order says again."""
    return {name: getattr(order, name) for name in ("file_bytes", "patient_bytes", "megapixels", "version")}


def test_one_attached_in_error_stays_marked_and_may_come_again(doctor: Session, patient_id: UUID) -> None:
    answer = attached(doctor, patient_id, PDF)
    order = service.VoidAttachment(
        patient_id=patient_id, attachment_id=answer.id, reason="Era de otra persona"
    )
    doctor.desk().do(service.void, order)
    (row,) = listed(doctor, patient_id)
    assert (row.voided_reason, row.voided_by) == ("Era de otra persona", "Paz, Lucía")
    again = service.VoidAttachment(patient_id=patient_id, attachment_id=answer.id, reason="otra vez")
    with pytest.raises(errors.AlreadyVoided):
        doctor.desk().do(service.void, again)
    for changes, refusal in (
        ({"reason": "x"}, errors.BadVoidReason),
        ({"attachment_id": new_id()}, errors.AttachmentNotFound),
    ):
        wrong = replace(again, key=new_id(), void_id=new_id(), **changes)
        with pytest.raises(refusal):
            doctor.desk().do(service.void, wrong)
    attached(doctor, patient_id, PDF)
    assert [bool(each.voided_at) for each in listed(doctor, patient_id)] == [False, True]


def test_a_file_goes_with_its_entry(doctor: Session, patient_id: UUID) -> None:
    entry = doctor.desk().do(records.add_record, records.AddRecord(patient_id=patient_id, kind="imagen"))
    attached(doctor, patient_id, PDF, record_id=entry.id)
    attached(doctor, patient_id, picture("PNG"))
    query = queries.AttachmentsQuery(patient_id, entry.id)
    assert [row.media_type for row in doctor.desk().see(queries.listed, query)] == ["application/pdf"]


def test_who_has_no_open_chart_neither_sees_nor_adds_nor_takes(
    network: Network, doctor: Session, patient_id: UUID
) -> None:
    answer = attached(doctor, patient_id, PDF)
    stranger = network.log_in("dvidal")
    for use in (
        lambda: listed(stranger, patient_id),
        lambda: attached(stranger, patient_id, b"otro"),
        lambda: stranger.desk().see(queries.body, queries.BodyQuery(patient_id, answer.id)),
    ):
        with pytest.raises(NoCareRelation):
            use()
    for statement in (
        "SELECT charts.attach(:p, :i, NULL, 'x', 'a/b', NULL, NULL, NULL, 'x')",
        "SELECT body FROM attachment_bodies WHERE patient_id = :p AND id <> :i",
        "UPDATE attachments SET name = 'otro' WHERE patient_id = :p AND id <> :i",
        "DELETE FROM attachments WHERE patient_id = :p AND id <> :i",
        "INSERT INTO attachment_bodies (patient_id, id, body) VALUES (:p, :i, 'x')",
    ):
        for session in (stranger, doctor):
            if session is doctor and "attach(" in statement:
                continue
            with pytest.raises(DBAPIError) as refused, session.engine.begin() as line:
                line.execute(text(statement), {"p": patient_id, "i": new_id()})
            assert db.sqlstate(refused.value) == "42501", statement
    body = text("SELECT charts.attached(:p, :i)")
    for session, found in ((stranger, None), (doctor, PDF)):
        with session.engine.begin() as line:
            assert line.execute(body, {"p": patient_id, "i": answer.id}).scalar_one() == found
    with stranger.engine.begin() as line:
        assert line.execute(text("SELECT count(*) FROM attachments")).scalar_one() == 0
    with pytest.raises(NotAllowed):
        attached(network.log_in("msosa"), patient_id, b"de recepcion")


def test_a_file_is_saved_where_it_was_asked_to_and_over_nothing(
    doctor: Session, patient_id: UUID, tmp_path: Path
) -> None:
    answer = attached(doctor, patient_id, picture("PNG"), name="../../x.sh")
    found = doctor.desk().see(queries.body, queries.BodyQuery(patient_id, answer.id))
    folder = tmp_path / "salida"
    folder.mkdir()
    path = saving.save(found, folder)
    assert path.parent == folder
    assert (path.suffix, path.read_bytes()) == (".png", found.body)
    assert path.stat().st_mode & 0o777 == 0o600
    link = tmp_path / "enlace"
    link.symlink_to(tmp_path / "otro")
    for target in (folder, path, link, tmp_path / "no" / "hay"):
        with pytest.raises(errors.NotSaved):
            saving.save(found, target)
    assert path.read_bytes() == found.body
    assert not (tmp_path / "otro").exists()


def test_taking_a_file_out_is_an_act(network: Network, doctor: Session, patient_id: UUID) -> None:
    answer = attached(doctor, patient_id, PDF)
    doctor.desk().see(queries.body, queries.BodyQuery(patient_id, answer.id))
    with network.owner.begin() as owner:
        said = text("SELECT what FROM acts WHERE patient_id = :p ORDER BY at")
        acts = owner.execute(said, {"p": patient_id}).scalars().all()
    assert sorted(acts[-3:]) == ["attachment.add", "attachment.export", "chart.open"]
