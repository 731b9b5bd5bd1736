"""The way of a key in a real terminal: verbs, text, scans, prompts, keys typed ahead."""

from __future__ import annotations

import re

from tests.terminal import Terminal
from tests.tui.conftest import Desk

DOWN, ESC, PASTE = "\x1b[B", "\x1b", "\x1b[200~{}\x1b[201~"


def prompt(terminal: Terminal) -> str:
    return terminal.lines[22].strip()


def test_letters_are_verbs_in_a_list_and_text_in_a_field(desk: Desk) -> None:
    terminal = desk()
    terminal.act("u")
    assert prompt(terminal).startswith("Motivo:")
    terminal.act(ESC, quiet=0.3)
    terminal.act("/")
    terminal.type("último")
    terminal.wait_for("Paciente » último")


def test_a_scan_in_a_list_goes_to_the_search_box(desk: Desk) -> None:
    terminal = desk()
    terminal.send("ulzdkx 28431907\r")
    terminal.wait_for("Paciente » ulzdkx 28431907")
    terminal.wait_for("Elegido A000 ulzdkx 28431907")


def test_a_paste_is_one_line_and_never_a_verb(desk: Desk) -> None:
    terminal = desk()
    terminal.send(PASTE.format("u\nl\tz"))
    terminal.wait_for("Paciente » u l z")
    assert terminal.alive


def test_digits_typed_in_a_list_go_to_the_search_box(desk: Desk) -> None:
    terminal = desk()
    terminal.type("2843")
    terminal.wait_for("Paciente » 2843")


def test_a_prompt_takes_a_reason_by_its_digit(desk: Desk) -> None:
    terminal = desk()
    terminal.type("u", "2", "\r")
    terminal.wait_for("ausente: 2")
    terminal.type("u", "7", "2", ESC)
    terminal.wait_for("ausente: None")


def test_what_is_typed_while_a_command_runs_waits_for_it(desk: Desk) -> None:
    terminal = desk()
    terminal.send("vu1\r")
    terminal.wait_for("ausente: 1")


def test_typed_ahead_over_questions_each_answer_finds_its_own(desk: Desk) -> None:
    terminal = desk()
    terminal.send("scdolor")  # in one packet, yet no scan
    terminal.send("\r4\r")
    terminal.wait_for("dos: c dolor 4")


def test_ctrl_l_draws_everything_again(desk: Desk) -> None:
    terminal = desk()
    before = terminal.text
    terminal.screen.erase_in_display(2)
    assert terminal.act(DOWN + "\x1b[A").bytes < 800
    assert terminal.text != before
    terminal.send("\x0c")
    terminal.wait_for(lambda: terminal.text == before)


def test_a_secret_is_never_on_the_screen(desk: Desk) -> None:
    terminal = desk()
    terminal.act("g")
    terminal.type("secreto")
    terminal.wait_for("Clave » *******")
    terminal.type("\r")
    terminal.wait_for("clave de 7")
    assert b"secreto" not in terminal.output


def test_a_refused_answer_keeps_what_was_typed(desk: Desk) -> None:
    terminal = desk()
    terminal.type("e", "abc", "\r")
    terminal.wait_for("Son pocas letras.")
    terminal.type("d")
    terminal.wait_for("Motivo » abcd")
    terminal.type("\r")
    terminal.wait_for("texto: abcd")


def test_the_default_of_a_question_is_no(desk: Desk) -> None:
    terminal = desk()
    for keys, answer in (("d\r", "False"), ("ds", "True"), ("dx\r", "False")):
        terminal.type(keys)
        terminal.wait_for(f"borrar: {answer}")
        terminal.act(DOWN)


def test_a_key_that_cannot_work_says_why(desk: Desk) -> None:
    terminal = desk()
    terminal.wait_for(lambda: "(n Siguiente)" in terminal.lines[23])
    terminal.act("n")
    assert prompt(terminal) == "Siguiente: solo del médico"
    terminal.act(DOWN)
    assert prompt(terminal).startswith("Enter elige a")


def test_a_refusal_and_a_bug_leave_the_screen_up(desk: Desk) -> None:
    terminal = desk()
    terminal.act("r")
    assert prompt(terminal) == "Nadie espera a Quispe."
    terminal.act("k")
    assert re.search(r"código [2-9A-Z]{4}-[2-9A-Z]{2}", prompt(terminal))
    terminal.act(DOWN)
    assert "»A001" in terminal.text


def test_accents_dead_keys_and_latin_1_bytes(desk: Desk) -> None:
    terminal = desk()
    terminal.act("/")
    terminal.type("Ñandú", "e", "\u0301", "¿")
    terminal.wait_for("Paciente » Ñandúé¿")
    terminal.send(b"a\xf1o\xff")
    terminal.wait_for("Ñandúé¿a\ufffdo\ufffd")
    assert terminal.alive


def test_a_latin_1_locale_types_its_own_letters(desk: Desk) -> None:
    terminal = desk(env={"LANG": "es_AR.ISO-8859-1"})
    terminal.act("/")
    terminal.send(b"\xd1and\xfa")
    terminal.wait_for("Paciente > Nandu")


def test_escape_sequences_cut_by_the_line(desk: Desk) -> None:
    terminal = desk()
    for part in ("\x1b", "[", "B"):
        terminal.act(part, quiet=0.03)
    terminal.wait_for("»A001")
    terminal.act("\x1b[99;99z")  # unknown: not a key, and its z not a verb
    assert "»A001" in terminal.text


def test_an_editing_key_each(desk: Desk) -> None:
    terminal = desk()
    terminal.act("/")
    terminal.type("uno dos", "\x1b[D", "\x7f", "\x1b[H", "X", "\x1b[F", "!")
    terminal.wait_for("Paciente » Xuno ds!")
    terminal.type("\x17")
    terminal.wait_for(lambda: "Paciente » Xuno" in terminal.text and "ds!" not in terminal.text)
    terminal.type("\x15")
    terminal.wait_for(lambda: "Xuno" not in terminal.text)


def test_a_page_and_the_ends(desk: Desk) -> None:
    terminal = desk()
    terminal.act("\x1b[6~")
    assert "»A011" in terminal.text
    terminal.act("\x1b[F")
    assert "»A049" in terminal.text
    terminal.act("\x1b[H")
    assert "»A000" in terminal.text


def test_the_help_lists_every_key_with_reasons_and_narrows(desk: Desk) -> None:
    terminal = desk()
    terminal.act("?")
    assert "l       llamar al señalado" in terminal.text
    assert "(n)     siguiente: solo del médico" in terminal.text
    terminal.type("/", "motivo")
    terminal.hides("llamar al señalado")
    terminal.wait_for("u       ausente, con motivo")
    terminal.act(ESC, quiet=0.3)
    terminal.wait_for("»A000")


def test_flow_control_keys_do_nothing(desk: Desk) -> None:
    terminal = desk()
    before = terminal.text
    for key in ("\x13", "\x11", "\x03", "\x1a", "q", "j"):
        terminal.act(key)
    assert terminal.alive
    assert terminal.text == before
