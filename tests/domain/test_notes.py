"""What a note may hold, and what an undo goes back to."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quizapp.domain.errors import Invalid
from quizapp.domain.notes import MAX_CHARACTERS, SITTING, Note, choose_previous, clean_note
from tests.people import START


def test_lines_end_in_one_way_and_nothing_invisible_is_kept() -> None:
    assert clean_note("one\r\ntwo\rthree\0\x1b\n\n ") == "one\ntwo\nthree"
    assert clean_note(" \n\t") == ""
    assert clean_note("  <b>indented</b> & שלום") == "  <b>indented</b> & שלום"


def test_a_note_that_is_too_long_is_refused_with_what_to_do() -> None:
    assert len(clean_note("x" * MAX_CHARACTERS)) == MAX_CHARACTERS
    with pytest.raises(Invalid, match=r"holds up to 20,000 characters, and this one has 20,003.*Shorten it by 3"):
        clean_note("x" * (MAX_CHARACTERS + 3))


@given(st.text(max_size=300))
def test_cleaning_twice_is_cleaning_once(text: str) -> None:
    assert clean_note(clean_note(text)) == clean_note(text)


@pytest.mark.parametrize(
    ("text", "previous", "after", "new", "kept"),
    [
        ("old", "older", SITTING, "newer", "older"),  # the same sitting
        ("old", "older", SITTING + dt.timedelta(seconds=1), "newer", "old"),
        ("old", "older", dt.timedelta(seconds=1), "", "old"),  # emptied
        ("", "old", dt.timedelta(days=1), "newer", "old"),  # an emptied note is nothing to go back to
    ],
)
def test_an_undo_goes_back_to_before_this_sitting_or_to_before_the_note_was_emptied(
    text: str, previous: str, after: dt.timedelta, new: str, kept: str
) -> None:
    note = Note("m", "s", text, previous, 3, START)
    assert choose_previous(note, new, START + after) == kept
