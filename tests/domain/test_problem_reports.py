"""What a report may hold."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quizapp.domain.errors import Invalid
from quizapp.domain.problem_reports import MAX_CHARACTERS, clean_report


@pytest.mark.parametrize("text", ["", " \r\n\t ", "\u200b\u2060", "\x00\x01", "\u202e", "\ud800"])
def test_a_text_in_which_nothing_can_be_read_is_refused(text: str) -> None:
    with pytest.raises(Invalid, match="a few words"):
        clean_report(text)


def test_a_text_may_have_four_thousand_characters_and_not_one_more() -> None:
    assert clean_report("😀" * MAX_CHARACTERS) == "😀" * MAX_CHARACTERS
    assert len(clean_report("a\r\n" * 1999 + "ab")) == MAX_CHARACTERS, "a line's end is one character"
    with pytest.raises(Invalid, match="4,001"):
        clean_report("a" * (MAX_CHARACTERS + 1))


def test_what_turns_the_direction_of_a_text_around_is_left_out_and_words_stay_as_written() -> None:
    assert clean_report(" not\u202etxt.exe \r\n\n<b>B</b> & مریم\x07 ") == "nottxt.exe \n\n<b>B</b> & مریم"


@given(st.text())
def test_whatever_is_sent_is_kept_or_refused_and_what_is_kept_stays_the_same(text: str) -> None:
    try:
        kept = clean_report(text)
    except Invalid:
        return
    assert 1 <= len(kept) <= MAX_CHARACTERS
    assert clean_report(kept) == kept
    kept.encode()
