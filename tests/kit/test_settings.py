"""Settings: what the environment and the file may say about the lock, and what they may not."""

from __future__ import annotations

from pathlib import Path

import pytest

from clinicdesk import bootstrap
from clinicdesk.clinic.rights import Role
from clinicdesk.kit.errors import InvalidInput
from clinicdesk.kit.settings import LockMinutesWrong, Settings, load
from clinicdesk.tui.lock import idle_seconds


def minutes(settings: Settings) -> dict[str, float]:
    """Minutes without a key of each role."""
    return {role.value: idle_seconds(settings, role) / 60 for role in Role}


def test_a_counter_locks_after_five_minutes_and_who_sits_with_patients_after_ten() -> None:
    usual = minutes(load({}))
    assert {role for role, each in usual.items() if each == 10} == {"medico", "enfermeria"}
    assert {each for role, each in usual.items() if role not in {"medico", "enfermeria"}} == {5}


def test_all_roles_or_one_can_be_told_otherwise() -> None:
    told = {"CLINICDESK_LOCK_MINUTES": "7", "CLINICDESK_LOCK_MINUTES_MEDICO": "20"}
    found = minutes(bootstrap.settings(told))
    assert found["medico"] == 20
    assert set(found.values()) == {7, 20}


def test_the_file_says_it_too_and_the_environment_wins(tmp_path: Path) -> None:
    file = tmp_path / "clinicdesk.toml"
    file.write_text("lock_minutes = 3\nlock_minutes_enfermeria = 4\n")
    told = {"CLINICDESK_CONFIG": str(file), "CLINICDESK_LOCK_MINUTES": "60"}
    assert minutes(load(told))["enfermeria"] == 4
    assert minutes(load(told))["admisionista"] == 60


@pytest.mark.parametrize("value", ["0", "-1", "61", "nunca", "5.5", "٣", "1e1"])
def test_the_lock_cannot_be_switched_off(value: str) -> None:
    with pytest.raises(LockMinutesWrong):
        load({"CLINICDESK_LOCK_MINUTES": value})
    with pytest.raises(LockMinutesWrong):
        load({"CLINICDESK_LOCK_MINUTES_MEDICO": value})


def test_a_role_nobody_has_is_a_mistake() -> None:
    with pytest.raises(InvalidInput):
        bootstrap.settings({"CLINICDESK_LOCK_MINUTES_MEDCIO": "5"})


@pytest.mark.parametrize("name", ["LOCK_SECONDS", "SESSION_SECONDS"])
def test_no_setting_reaches_what_is_for_tests(name: str) -> None:
    assert load({f"CLINICDESK_{name}": "99999", "CLINICDESK_HOME": "/x"}) == load({"CLINICDESK_HOME": "/x"})
