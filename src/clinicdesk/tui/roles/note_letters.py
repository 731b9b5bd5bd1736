"""Letters made while a note is written: its diagnoses and words at hand, the note left where it was."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable

from clinicdesk.clinic.letters import queries as letters
from clinicdesk.clinic.letters.queries import LetterRow
from clinicdesk.clinic.records.headings import tidy
from clinicdesk.clinic.records.rules import DiagnosisEntry
from clinicdesk.kit.words import _
from clinicdesk.tui.parts import Command
from clinicdesk.tui.roles import note_text
from clinicdesk.tui.roles.chart import Contents
from clinicdesk.tui.roles.letters import LETTERS, Around, issue_letter, quotes_of
from clinicdesk.tui.roles.note_stated import StatedSide
from clinicdesk.tui.roles.note_tools import NoteTools


class NoteLetters(NoteTools):
    """Ctrl+D. What a letter quotes of the note need not be signed: the letter is, and the note's page says
    what it quotes that the note no longer states.
    """

    side: StatedSide
    issued: tuple[LetterRow, ...] = ()
    """Those of this visit, as last read."""

    @abstractmethod
    def _no_saving(self) -> str | None:
        """Why the draft cannot be saved."""

    def letter_command(self) -> Command:
        """Ctrl+D."""
        help_text = _("certificado, interconsulta o pedido, sin dejar la nota")
        return Command("ctrl+d", _("Documento"), self.make_letter, help_text, self._no_saving)

    async def make_letter(self) -> None:
        """Save the draft, ask, issue; the text, the cursor and the diagnoses stay as they are."""
        words = {key: word for key, (word, _kind) in LETTERS.items()}
        key = await self.prompt.pick(_("Documento:"), words, at_once=True)
        if key is None:
            return
        await self.save_all()
        answer = await issue_letter(self, self.patient_id, LETTERS[key][1], self._around())
        if answer is not None:
            await self.read_letters()

    def _around(self) -> Around:
        text = self.editor.text
        return Around(
            visit_id=self.job.visit_id,
            stated=self.side.stated,
            motive=note_text.said_under(text, _("Motivo:"), self.known),
            note=tidy(text, self.known),
        )

    def show_beside(self, contents: Contents | None) -> None:
        """What is known now, letters among it."""
        super().show_beside(contents)
        if contents is not None:
            self._keep(contents.letters)

    async def read_letters(self) -> None:
        """Those of this visit."""
        self._keep(await self.see(letters.list_letters, letters.LettersQuery(self.patient_id)))

    def _keep(self, found: tuple[LetterRow, ...]) -> None:
        self.issued = tuple(row for row in found if row.visit_id == self.job.visit_id)

    def left_to_say(self, stated: tuple[DiagnosisEntry, ...]) -> Iterable[str]:
        """What letters of this visit quote and the note does not state."""
        yield from filter(None, (quotes_of(row, stated) for row in self.issued))
