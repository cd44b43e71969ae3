"""A learner's own notes: what a note may hold, and what is kept for one undo."""

import datetime as dt
import re
from dataclasses import dataclass

from quizapp.domain.errors import Invalid

MAX_CHARACTERS = 20_000
SITTING = dt.timedelta(minutes=10)
"""Saves that follow each other within this time are one sitting: undo goes back to before it, not to the last save."""

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Note:
    """What a person wrote about one section: plain text. `version` 0 and no time: nothing was ever written."""

    module_id: str
    section_id: str
    text: str = ""
    previous: str = ""
    """What an undo puts back; empty where there is nothing to put back."""
    version: int = 0
    updated_at: dt.datetime | None = None

    @property
    def can_undo(self) -> bool:
        return self.previous not in {"", self.text}


def clean_note(text: str) -> str:
    """The text as it is kept: lines end in a line feed, nothing invisible, no empty end. Raises Invalid if too long."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    kept = _CONTROL.sub("", lines).rstrip()
    if len(kept) > MAX_CHARACTERS:
        raise Invalid(
            f"A note holds up to {MAX_CHARACTERS:,} characters, and this one has {len(kept):,}. It is not saved yet. "
            f"Shorten it by {len(kept) - MAX_CHARACTERS:,}, then save it again."
        )
    return kept


def choose_previous(note: Note, text: str, now: dt.datetime) -> str:
    """What an undo is to put back once `text` has taken the place of the note's text.

    Emptying a note keeps what was there; otherwise the text from before this sitting stays the one to go back to.
    """
    is_new_sitting = note.updated_at is None or now - note.updated_at > SITTING
    return note.text if note.text and (not text or is_new_sitting) else note.previous
