"""Where one sentence ends and the next begins, and which of them a citation carries."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quizapp.banks.content_sentences import Sentence, read_lesson_sentences, read_text_sentences


def read(body: str) -> list[Sentence]:
    return list(read_lesson_sentences(f"## On [it] {{#it O1.1}}\n\n{body}\n", "lesson.md", "first/lesson.md"))


def cut(body: str) -> list[tuple[str, tuple[str, ...]]]:
    return [(sentence.text, sentence.claims) for sentence in read(body)]


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ("It rolls [A1.1]. It stops.", [("It rolls.", ("A1.1",)), ("It stops.", ())]),
        ("It rolls. It stops [A1.1].", [("It rolls.", ()), ("It stops.", ("A1.1",))]),
        ("It rolls. [A1.1] It stops.", [("It rolls.", ("A1.1",)), ("It stops.", ())]),
        ("It rolls\n[A1.1]. It\nstops.", [("It rolls.", ("A1.1",)), ("It stops.", ())]),
        ("One [A1.1, B2]; two [B15 R42 R43].", [("One; two.", ("A1.1", "B2", "B15"))]),
        ("It was 1.5 of 3.0. It was .5, e.g. half.", [("It was 1.5 of 3.0.", ()), ("It was .5, e.g. half.", ())]),
        ("Dr. Marble vs. Mr. Glass, i.e. Us. No.", [("Dr. Marble vs. Mr. Glass, i.e. Us.", ()), ("No.", ())]),
        ("“It rolls.” It does.", [("“It rolls.”", ()), ("It does.", ())]),
        ("“Rolls it?” she asked [B1].", [("“Rolls it?” she asked.", ("B1",))]),
        ("“It rolls. Nobody knows why” [B1].", [("“It rolls.", ()), ("Nobody knows why”.", ("B1",))]),
        ("(It rolls.) It stops!", [("(It rolls.)", ()), ("It stops!", ())]),
        ("It *rolls*. **Then** it [stops](term:stop).", [("It rolls.", ()), ("Then it stops.", ())]),
    ],
)
def test_a_citation_carries_the_sentence_it_stands_in(body: str, found: list[tuple[str, tuple[str, ...]]]) -> None:
    assert cut(body) == found


def test_items_of_a_list_and_cells_of_a_table_are_sentences_of_their_own() -> None:
    body = (
        "These roll [A1.1]:\n\n- one\n- two [B1]\n\nAs a table.\n\n|a|b [B3]|\n|-|-|\n|three|four [B2]|\n|five|six|\n"
    )
    assert [(s.kind, s.text, s.claims, bool(s.around)) for s in read(body)] == [
        ("prose", "These roll:", ("A1.1",), False),
        ("item", "one", (), True),
        ("item", "two", ("B1",), True),
        ("prose", "As a table.", (), False),
        ("cell", "three", (), True),
        ("cell", "four", ("B2",), True),
        ("cell", "five", (), False),
        ("cell", "six", (), True),
    ]


def test_headings_are_left_out_and_questions_and_captions_are_known_as_such() -> None:
    body = "### Small\n\n::: check Why?\nThus [B1].\n:::\n\n![A line [B2].](figures/line.svg)\n"
    assert [(s.kind, s.text, s.claims) for s in read(body)] == [
        ("question", "Why?", ()),
        ("prose", "Thus.", ("B1",)),
        ("caption", "A line.", ("B2",)),
    ]


def test_a_sentence_knows_its_line_its_place_and_what_is_cited_after_it() -> None:
    first, second, third = read("It rolls.\nIt\nstops [A1.1]. It\nlies.")
    assert [first.line, second.line, third.line] == [3, 4, 5]
    assert first.where == "first/lesson.md#it"
    assert (first.further_on, second.further_on, third.further_on) == (("A1.1",), (), ())


def test_stretches_of_a_sentence_belong_to_the_citation_behind_them() -> None:
    [sentence] = read("It rolls [A1.1], may stop [B1, B2], and so on.")
    assert sentence.parts == (
        ("It rolls", ("A1.1",)),
        (", may stop", ("B1", "B2")),
        (", and so on.", ("A1.1", "B1", "B2")),
    )


@given(st.text(alphabet=st.sampled_from(list("aB1 .,?!:;()[]“”\"'*_|-\n§"))))
def test_any_text_is_cut_without_losing_a_word(text: str) -> None:
    sentences = list(read_text_sentences(text, "rationale", "bank.yaml", 1, "first/bank.yaml#one"))
    assert all(sentence.text.strip() for sentence in sentences)
    whole = "".join(char for char in "".join(s.text for s in sentences) if char.isalnum())
    assert set(whole) <= set(text)
