"""What an actor may: the role taken and rights of one's own at its clinic, until they end; a denial wins."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinicdesk.clinic.rights import (
    GROUP_PERMISSION,
    GROUP_ROLE,
    PERMISSIONS,
    STAFF_ROLES,
    Actor,
    ClinicRole,
    Effect,
    Permission,
    PersonalRight,
    Role,
)

NOW = datetime(2026, 11, 21, 13, 4, tzinfo=UTC)
ENDS = st.sampled_from([None, NOW - timedelta(seconds=1), NOW, NOW + timedelta(seconds=1)])
CLINICS = st.integers(1, 3)
RIGHTS = st.lists(
    st.builds(PersonalRight, CLINICS, st.sampled_from(Permission), st.sampled_from(Effect), ENDS), max_size=6
)


def place(role: Role, clinic_id: int, until: datetime | None = None) -> ClinicRole:
    return ClinicRole(role, clinic_id, f"C{clinic_id}", f"Centro {clinic_id}", "UTC", "AR", until)


def actor(at: ClinicRole, *rights: PersonalRight, expires_at: datetime | None = None) -> Actor:
    return Actor("ana", 1, "Paz, Ana", at, (at,), "prueba", rights=rights, expires_at=expires_at)


@given(
    role=st.sampled_from(STAFF_ROLES),
    clinic_id=CLINICS,
    permission=st.sampled_from(Permission),
    rights=RIGHTS,
    role_ends=ENDS,
    login_ends=ENDS,
)
def test_a_denial_wins_over_whatever_else_is_held(  # type: ignore[no-untyped-def]
    role, clinic_id, permission, rights, role_ends, login_ends
) -> None:
    denial = PersonalRight(clinic_id, permission, Effect.DENY)
    everything = actor(place(role, clinic_id, role_ends), *rights, denial, expires_at=login_ends)
    assert not everything.may(permission, NOW)


@given(role=st.sampled_from(STAFF_ROLES), permission=st.sampled_from(Permission), rights=RIGHTS)
def test_what_is_held_elsewhere_counts_for_nothing_here(role, permission, rights) -> None:  # type: ignore[no-untyped-def]
    elsewhere = [replace(each, clinic_id=9) for each in rights]
    assert actor(place(role, 1), *elsewhere).may(permission, NOW) == (permission in PERMISSIONS[role])


@pytest.mark.parametrize("permission", Permission)
def test_a_right_given_or_denied_elsewhere_is_none_here(permission: Permission) -> None:
    for effect in Effect:
        mine = actor(place(Role.ADMISIONISTA, 1), PersonalRight(9, permission, effect))
        assert mine.may(permission, NOW) == (permission in PERMISSIONS[Role.ADMISIONISTA])


@given(role=st.sampled_from(STAFF_ROLES), permission=st.sampled_from(Permission), ends=ENDS)
def test_a_right_of_ones_own_adds_to_the_role_until_it_ends(role, permission, ends) -> None:  # type: ignore[no-untyped-def]
    mine = actor(place(role, 1), PersonalRight(1, permission, Effect.GRANT, ends))
    lasts = ends is None or ends > NOW
    assert mine.may(permission, NOW) == (lasts or permission in PERMISSIONS[role])


@pytest.mark.parametrize("permission", [Permission.CHART_READ, Permission.NOTE_WRITE])
def test_who_is_medico_here_and_admisionista_there_has_the_rights_of_where_they_act(
    permission: Permission,
) -> None:
    here, there = place(Role.MEDICO, 1), place(Role.ADMISIONISTA, 2)
    both = replace(actor(here), roles=(here, there))
    assert both.may(permission, NOW)
    assert not replace(both, at=there).may(permission, NOW)
    assert replace(both, at=there).may(Permission.TURN_ADMIT, NOW)
    assert not both.may(Permission.TURN_ADMIT, NOW)


def test_a_role_and_a_login_end_at_their_instant() -> None:
    ends = NOW + timedelta(seconds=1)
    lent, guest = actor(place(Role.MEDICO, 1, ends)), actor(place(Role.MEDICO, 1), expires_at=ends)
    for each in (lent, guest):
        assert each.may(Permission.CHART_READ, NOW)
        assert not each.may(Permission.CHART_READ, ends)


def test_a_script_may_nothing_but_what_it_was_given() -> None:
    script = actor(place(Role.SERVICIO, 1), PersonalRight(1, Permission.IMPORT_RUN, Effect.GRANT))
    assert {each for each in Permission if script.may(each, NOW)} == {Permission.IMPORT_RUN}


def test_each_permission_has_a_group_that_a_role_with_it_brings_too() -> None:
    assert set(GROUP_PERMISSION) == set(Permission)
    for permission, group in GROUP_PERMISSION.items():
        brings = {GROUP_ROLE[role] for role in STAFF_ROLES if permission in PERMISSIONS[role]}
        assert group in brings | {"k_staff", "k_importacion", "k_sello"}
