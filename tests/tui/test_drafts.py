"""The keeper of a draft against the real server, with a line that fails when it is told to."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from uuid import UUID

import pytest

from clinicdesk.bootstrap import Session
from clinicdesk.clinic.records import queries, service
from clinicdesk.clinic.records.queries import DraftRow
from clinicdesk.clinic.records.rules import DiagnosisEntry
from clinicdesk.kit.errors import DatabaseUnreachable
from clinicdesk.kit.ids import new_id
from clinicdesk.tui.desk_link import DeskLink
from clinicdesk.tui.rests import Rests
from clinicdesk.tui.roles import note_text
from clinicdesk.tui.roles.drafts import DraftKeeper, Written
from tests.clinic.test_notes import in_course
from tests.factories import Network

LogIn = Callable[..., Session]


class Page:
    """A text without a screen, and the line between it and the server."""

    def __init__(self, session: Session, visit: service.VisitAnswer, version: int = 0) -> None:
        self.desk = session.desk()
        self.visit = visit
        self.text = ""
        self.stated: tuple[DiagnosisEntry, ...] = ()
        self.joined: list[str] = []
        self.sent: list[service.SaveDraft] = []
        self.cut: list[str] = []
        """What happens to the next saves: `before` the server has them, or `after`."""
        first = service.SaveDraft(
            patient_id=visit.patient_id, visit_id=visit.visit_id, text="", version=version
        )
        self.keeper = DraftKeeper(first, self, self.save, self.read)

    def written(self) -> Written:
        return Written(self.text, self.stated)

    def join(self, theirs: DraftRow) -> None:
        self.joined.append(theirs.text)
        self.text = note_text.both_texts(self.text, theirs.text, "11:02")

    def draft_state(self) -> None:
        pass

    def draft_bug(self, error: Exception) -> None:
        raise error

    async def save(self, order: service.SaveDraft) -> service.DraftAnswer:
        self.sent.append(order)
        cut = self.cut.pop(0) if self.cut else ""
        if cut == "before":
            raise DatabaseUnreachable
        answer = await asyncio.to_thread(self.desk.do, service.save_draft, order)
        if cut == "after":
            raise DatabaseUnreachable
        return answer

    async def read(self) -> DraftRow | None:
        found = self.kept()
        return found[0] if found else None

    def kept(self) -> tuple[DraftRow, ...]:
        return self.desk.see(queries.drafts, queries.DraftsQuery(self.patient_id, self.visit.visit_id))

    @property
    def patient_id(self) -> UUID:
        return self.visit.patient_id

    async def type(self, text: str) -> None:
        self.text += text
        self.keeper.touch(len(text))
        await self.keeper.save()


def test_each_save_is_the_next_version_and_nothing_new_is_not_sent(network: Network, log_in: LogIn) -> None:
    async def walk() -> None:
        page = Page(log_in("lpaz"), in_course(network, log_in))
        await page.type("Refiere ")
        await page.type("cefalea.")
        await page.keeper.save()
        assert [order.version for order in page.sent] == [1, 2]
        assert [(row.text, row.version) for row in page.kept()] == [("Refiere cefalea.", 2)]
        assert not page.keeper.dirty

    asyncio.run(walk())


@pytest.mark.parametrize("cut", ["before", "after"])
def test_a_save_whose_answer_was_lost_is_our_own_and_no_other_desks(
    network: Network, log_in: LogIn, cut: str
) -> None:
    async def walk() -> None:
        page = Page(log_in("lpaz"), in_course(network, log_in))
        await page.type("Refiere ")
        page.cut = [cut]
        with pytest.raises(DatabaseUnreachable):
            await page.type("cefalea")
        assert page.keeper.failing_since is not None
        assert page.keeper.dirty
        await page.type(" y mareos.")
        assert [(row.text, row.version) for row in page.kept()] == [("Refiere cefalea y mareos.", 3)]
        assert page.joined == []
        assert page.keeper.failing_since is None

    asyncio.run(walk())


def test_another_desk_saves_the_same_draft_and_both_texts_stay(network: Network, log_in: LogIn) -> None:
    async def walk() -> None:
        visit = in_course(network, log_in)
        here, there = Page(log_in("lpaz"), visit), Page(log_in("lpaz"), visit)
        await here.type("Aquí.")
        await there.type("Allá.")
        assert there.joined == ["Aquí."]
        (kept,) = here.kept()
        assert "Aquí." in kept.text
        assert "Allá." in kept.text

    asyncio.run(walk())


def test_twenty_keys_are_saved_without_being_asked(network: Network, log_in: LogIn) -> None:
    async def walk() -> None:
        page = Page(log_in("lpaz"), in_course(network, log_in))
        running = asyncio.create_task(page.keeper.run())
        page.text = "veinte letras y más, sí"
        page.keeper.touch(20)
        async with asyncio.timeout(120):
            while not page.kept():
                await asyncio.sleep(0.02)
        running.cancel()
        assert page.kept()[0].text == page.text

    asyncio.run(walk())


def test_the_keeper_goes_on_after_a_failure(network: Network, log_in: LogIn) -> None:
    async def walk() -> None:
        page = Page(log_in("lpaz"), in_course(network, log_in))
        page.cut = ["before", "after"]
        running = asyncio.create_task(page.keeper.run())
        page.text = "se guarda al volver la línea"
        page.keeper.touch(20)
        async with asyncio.timeout(120):
            # The one whose answer was lost is asked for again, then the text as it is now is saved.
            while page.keeper.version < 2:
                page.keeper.hurry()
                await asyncio.sleep(0.02)
        running.cancel()
        assert [(row.text, row.version) for row in page.kept()] == [(page.text, 2)]

    asyncio.run(walk())


def test_a_draft_that_was_opened_goes_on_at_its_version(network: Network, log_in: LogIn) -> None:
    async def walk() -> None:
        visit = in_course(network, log_in)
        first = Page(log_in("lpaz"), visit)
        await first.type("Uno.")
        again = Page(log_in("lpaz"), visit, version=first.keeper.version)
        again.text = "Uno."
        await again.type(" Dos.")
        assert again.joined == []
        assert [(row.text, row.version) for row in again.kept()] == [("Uno. Dos.", 2)]

    asyncio.run(walk())


def test_the_same_order_is_what_is_repeated(network: Network, log_in: LogIn) -> None:
    async def walk() -> None:
        page = Page(log_in("lpaz"), in_course(network, log_in))
        page.cut = ["after"]
        with pytest.raises(DatabaseUnreachable):
            await page.type("a")
        await page.type("b")
        first, again, last = page.sent
        assert again is first
        assert (last.text, last.version) == ("ab", 2)
        assert last.key != first.key != new_id()

    asyncio.run(walk())


def test_what_is_owed_to_one_who_was_sent_out_is_saved_when_they_come_back(
    network: Network, log_in: LogIn
) -> None:
    async def walk() -> None:
        page, rests = Page(log_in("lpaz"), in_course(network, log_in)), Rests()
        await page.type("Tose.")
        page.cut = ["before"]
        with pytest.raises(DatabaseUnreachable):
            await page.type(" Sin fiebre.")
        rests.keep("lpaz", (None, page.keeper.rest()))
        for username, kept in (("msosa", "Tose."), ("lpaz", "Tose. Sin fiebre.")):
            link = DeskLink(log_in(username))
            await rests.give_back(link)
            assert [row.text for row in page.kept()] == [kept]

    asyncio.run(walk())


def test_what_another_desk_wrote_meanwhile_stays_below_what_is_owed(network: Network, log_in: LogIn) -> None:
    async def walk() -> None:
        visit, rests = in_course(network, log_in), Rests()
        here, there = Page(log_in("lpaz"), visit), Page(log_in("lpaz"), visit)
        here.cut = ["before"]
        with pytest.raises(DatabaseUnreachable):
            await here.type("Aquí.")
        rests.keep("lpaz", (here.keeper.rest(),))
        await there.type("Allá.")
        await rests.give_back(DeskLink(log_in("lpaz")))
        (kept,) = here.kept()
        assert kept.text.index("Aquí.") < kept.text.index("Allá.")

    asyncio.run(walk())
