"""What a learner reports about a question, and what an author says to it."""

import re
import unicodedata
from enum import StrEnum

from quizapp.domain.errors import Invalid

MAX_CHARACTERS = 4000

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
"""What nobody types: controls, and what turns the direction of the text around it."""


class ProblemKind(StrEnum):
    """What is wrong with a question, as its reader sees it."""

    WORDING = "wording"
    KEY = "key"
    TECHNICAL = "technical"
    OUTDATED = "outdated"
    OTHER = "other"


class ReportState(StrEnum):
    """Where a report stands: open until an author has answered it."""

    OPEN = "open"
    ANSWERED = "answered"
    FIXED = "fixed"
    DECLINED = "declined"


def clean_report(text: str) -> str:
    """The text as it is kept: lines end in a line feed, no control characters, no empty end.

    Raises Invalid if nothing can be read in it, or if it is too long.
    """
    kept = _CONTROL.sub("", text.replace("\r\n", "\n").replace("\r", "\n")).strip()
    if all(unicodedata.category(character)[0] in "CZ" for character in kept):
        raise Invalid("Write a few words first.")
    if len(kept) > MAX_CHARACTERS:
        raise Invalid(
            f"Up to {MAX_CHARACTERS:,} characters can be sent, and this has {len(kept):,}. "
            f"Shorten it by {len(kept) - MAX_CHARACTERS:,}, then send it again."
        )
    return kept
