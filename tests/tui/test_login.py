"""The login: one answer to every wrong try, nothing heavy before its first frame, and the way out."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import Executable, delete, insert, text

from clinicdesk import bootstrap
from clinicdesk.bootstrap import Session
from clinicdesk.clinic.access import recovery
from clinicdesk.clinic.access.administration import EnableUser, enable_user
from clinicdesk.clinic.access.errors import LoginRefused
from clinicdesk.clinic.access.model import clinic_roles
from clinicdesk.clinic.access.service import NewUser, ResetPassword, add_user, reset_password
from tests.factories import PASSWORD, Network
from tests.tui.desk import Desk

Open = Callable[..., Desk]
REFUSED = "La clave no es correcta. Revisar mayúsculas y volver a escribirla."
HEAVY = "{'sqlalchemy', 'psycopg', 'fpdf', 'alembic', 'argon2', 'faker'}"


def test_nothing_heavy_is_imported_before_the_first_frame() -> None:
    program = (
        "import sys; from pathlib import Path; from clinicdesk.kit.settings import Settings;"
        "from clinicdesk.tui.app import ClinicDesk; ClinicDesk(Settings(Path('x'))).first_screen();"
        f"print(sorted({HEAVY} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.fixture
def disabled(log_in: Callable[..., Session]) -> Iterator[str]:
    """A login that administration has closed for this test."""
    admin = log_in("admin").desk()
    admin.do(enable_user, EnableUser(username="secre", enabled=False))
    yield "secre"
    admin.do(enable_user, EnableUser(username="secre", enabled=True))


def test_wrong_unknown_and_disabled_read_the_same(open_desk: Open, disabled: str) -> None:
    desk = open_desk()
    answers = []
    for user, password in (("msosa", "otra clave"), ("nadie", PASSWORD), (disabled, PASSWORD)):
        desk.wait_for("Usuario")
        desk.press(f"{user}<Enter>")
        desk.send(password)
        desk.press("<Enter>")
        desk.wait_for(REFUSED)
        desk.wait_for(lambda: "*" not in desk.row_of("Clave"))
        desk.settle()
        answers.append("\n".join(desk.lines[1:]).replace(user, ""))
        desk.press("<Esc>")
        desk.wait_for(lambda: REFUSED not in desk.text)
    assert answers[1:] == answers[:1] * 2
    assert desk.alive


@pytest.fixture
def two_roles(network: Network) -> Iterator[None]:
    """Gestión of the north is also secretaría in the south."""
    second = {
        "person_id": network.person_ids["gestion"],
        "clinic_id": network.clinic_ids[1],
        "role": "secretaria",
    }

    def write(statement: Executable) -> None:
        with network.owner.begin() as owner:
            owner.execute(statement)
            owner.execute(text("SELECT access.sync_groups('gestion')"))

    write(insert(clinic_roles).values(**second))
    yield
    write(delete(clinic_roles).filter_by(**second))


@pytest.mark.usefixtures("two_roles")
def test_a_person_of_several_roles_chooses_clinic_and_role(open_desk: Open) -> None:
    desk = open_desk()
    desk.wait_for("Usuario")
    desk.press("gestion<Enter>")
    desk.send(PASSWORD)
    desk.press("<Enter>")
    desk.wait_for("elige centro y rol")
    desk.row_shows("(1 de 2)", "Centro Norte")
    desk.press("<Right>")
    desk.wait_for("(2 de 2)")
    desk.row_shows("Rol", "Secretaría")
    desk.press("<Enter>")
    desk.wait_for("Centro Sur · Secretaría · Prado, Olga")
    desk.press("<F10>2")
    desk.wait_for("Seguir en otro rol o centro")
    desk.wait_for("2  Centro Sur · Secretaría   (ahora)")
    desk.press("1")
    desk.wait_for("Centro Norte · Gestión · Prado, Olga")


def test_leaving_ends_the_session_and_the_program(open_desk: Open, network: Network) -> None:
    desk = open_desk("msosa")
    desk.press("<F10>1")
    desk.wait_for("Ingreso")
    desk.hides("msosa", "***")

    def open_lines() -> int:
        with network.owner.connect() as owner:
            left = "SELECT count(*) FROM pg_stat_activity WHERE usename = 'u_msosa'"
            return int(owner.execute(text(left)).scalar_one())

    desk.becomes(open_lines, 0)
    desk.press("<F10>")
    assert desk.wait_end() == 0


def test_the_demo_users_are_listed(open_desk: Open) -> None:
    users = ";".join(f"rol{n},persona{n},clave-{n}" for n in range(1, 10))
    desk = open_desk(users=users)
    listed = [f"rol{n}  persona{n}  clave-{n}" for n in range(1, 10)]
    desk.shows("Red de demostración", "confidenciales", *listed)


def test_without_a_database_the_login_says_so_and_tries_again(open_desk: Open) -> None:
    nowhere = "postgresql://clinicdesk@/clinicdesk?host=/nowhere"
    desk = open_desk(env={"CLINICDESK_DATABASE_URL": nowhere})
    desk.wait_for("Usuario")
    desk.press("msosa<Enter>x<Enter>")
    desk.wait_for("No hay línea con la base de datos")
    desk.press("<F1>")
    desk.wait_for("Teclas de esta pantalla")
    desk.press("<Esc><F10>")
    assert desk.wait_end() == 0


@pytest.mark.parametrize(
    ("user", "first"),
    [
        ("admin", "Personas con acceso"),
        ("secre", "Tablero de turnos"),
        ("enfe", "sin triaje"),
        ("gestion", "Tablero de turnos"),
        ("copias", "Una historia se abre a pedido"),
    ],
)
def test_every_role_lands_on_a_real_screen(open_desk: Open, user: str, first: str) -> None:
    desk = open_desk(user)
    desk.wait_for(first)
    desk.press("<F5>")
    desk.hides("Falló")


def test_a_provisional_password_opens_only_the_question_for_another(
    open_desk: Open, network: Network
) -> None:
    given, chosen = "clave provisoria", "una clave elegida"
    order = NewUser(
        username="nueva",
        given="Ana",
        family="Nueva",
        role="admisionista",
        clinic_id=network.clinic_ids[0],
        password=given,
    )
    bootstrap.owner_desk(network.owner).do(add_user, order)
    desk = open_desk()
    desk.wait_for("Usuario")
    desk.press("nueva<Enter>")
    desk.send(given)
    desk.press("<Enter>")
    desk.wait_for("Su clave es provisoria")
    desk.press("corta<Enter>")
    desk.wait_for("de 8 a 128 caracteres")
    desk.send("\x15" + chosen)
    desk.press("<Enter>")
    desk.wait_for("Otra vez")
    desk.press("otra cosa<Enter>")
    desk.wait_for("no son iguales")
    desk.send("\x15" + chosen)
    desk.press("<Enter>")
    desk.wait_for("Centro Norte · Admisión · Nueva, Ana")
    with pytest.raises(LoginRefused):
        bootstrap.log_in(network.url, "nueva", given)
    session = bootstrap.log_in(network.url, "nueva", chosen)
    assert not session.actor.must_change_password
    session.close()


def test_a_code_asks_for_a_password_and_lets_in(
    open_desk: Open, log_in: Callable[..., Session], network: Network
) -> None:
    order = NewUser(username="concodigo", given="Ana", family="Gómez", role="admisionista",
                    clinic_id=network.clinic_ids[0])  # fmt: skip
    log_in("admin").desk().do(add_user, order)
    desk = open_desk()
    desk.wait_for("Usuario")
    desk.press("<F8>")
    desk.wait_for("Escribir primero el usuario")
    desk.press("concodigo<F8>")
    desk.wait_for("Código de un solo uso")
    desk.press("ABCDE<Enter>")
    desk.wait_for("El código no es correcto o ya no vale. Revisarlo o pedir otro. Van 1 de 5.")
    desk.press("<F8>")
    desk.wait_for("Código de un solo uso")
    desk.send(order.code)
    desk.press("<Enter>")
    desk.wait_for("Código correcto")
    desk.press("gómez 2026<Enter>")
    desk.wait_for("La clave está hecha con nombres de aquí.")
    desk.send("\x15una frase que elijo")
    desk.press("<Enter>")
    desk.wait_for("Otra vez")
    desk.send("una frase que elijo")
    desk.press("<Enter>")
    desk.wait_for("Centro Norte · Admisión · Gómez, Ana")
    desk.settle()
    assert order.code not in desk.text


def test_who_did_not_use_a_code_hears_of_it(
    open_desk: Open, log_in: Callable[..., Session], network: Network
) -> None:
    added = NewUser(username="avisada", given="Ana", family="Luna", role="admisionista",
                    clinic_id=network.clinic_ids[0])  # fmt: skip
    order = ResetPassword(username="avisada")
    admin = log_in("admin").desk()
    admin.do(add_user, added)
    admin.do(reset_password, order)
    opened = recovery.open_code(network.url, "avisada", order.code, "otro puesto")
    recovery.redeem(network.url, opened, "una frase que elijo")
    desk = open_desk()
    desk.wait_for("Usuario")
    desk.press("avisada<Enter>")
    desk.send("una frase que elijo")
    desk.press("<Enter>")
    desk.wait_for("Un código cambió su clave el")
    desk.press("<Enter>")
    desk.wait_for("Centro Norte · Admisión · Luna, Ana")


def test_too_many_tries_say_how_long_to_wait_and_the_owner_gets_in_elsewhere(
    open_desk: Open, network: Network
) -> None:
    desk = open_desk(env={"SSH_CONNECTION": "10.1.2.3 4 10.0.0.1 22"})
    for number in range(1, 6):
        desk.wait_for("Usuario")
        desk.press("rleon<Enter>no es la clave<Enter>" if number == 1 else "no es la clave<Enter>")
        desk.wait_for(f"Van {number} de 5.")
    desk.send(PASSWORD)
    desk.press("<Enter>")
    desk.wait_for("Demasiados intentos con este usuario. Volver a probar en 15 min.")
    open_desk("rleon", env={"SSH_CONNECTION": "10.1.2.4 4 10.0.0.1 22"})


def test_a_password_may_be_pasted_and_is_never_cut_to_one_that_fits(
    open_desk: Open, network: Network
) -> None:
    longest = ("pegar una frase " * 8)[:127] + "!"
    order = NewUser(username="pega", given="Ana", family="Mora", role="admisionista", password=longest,
                    clinic_id=network.clinic_ids[0], must_change=False)  # fmt: skip
    bootstrap.owner_desk(network.owner).do(add_user, order)
    desk = open_desk()
    desk.wait_for("Usuario")
    desk.press("pega<Enter>")
    desk.send(f"\x1b[200~{longest}!\x1b[201~")
    desk.press("<Enter>")
    desk.wait_for(REFUSED)
    desk.send(f"\x1b[200~{longest}\x1b[201~")
    desk.press("<Enter>")
    desk.wait_for("Centro Norte · Admisión · Mora, Ana")


def test_whoever_comes_in_is_told_when_and_where_they_did_last(
    open_desk: Open, log_in: Callable[..., Session]
) -> None:
    log_in("msosa")
    desk = open_desk("msosa", env={"DESK_TELLS_LAST_LOGIN": "1"})
    desk.wait_for(lambda: bool(re.match(r"Último ingreso: \w{3} \d+ \w{3} \d\d:\d\d, \S", desk.line)))
    desk.press("<Down>")
    desk.wait_for(lambda: "Último ingreso" not in desk.line)
