"""Words in texts: what is the same word, what a query means, what is found first and what a snippet shows."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quizapp.domain.searching import (
    MAX_CHARACTERS,
    MAX_WORDS,
    SNIPPET,
    Entry,
    Index,
    Query,
    make_snippet,
    mark,
    may_match,
    parse_query,
    split_words,
)

ANYTHING = st.text(max_size=400) | st.text(alphabet="ab \"'’-“”.*(\0", max_size=400)

INDEX = Index(
    [
        Entry("section", ("1",), "Night cramps", ("Trials of pickle juice",), ("Electrolytes, and Homans’ sign.",)),
        Entry("section", ("2",), "Two juices", (), ("Pickle, then juice.", "A long-acting beta-agonist.")),
        Entry("section", ("3",), "Ménière", (), ("Cramps at night. The pickle juice was small.",)),
    ]
)


def find(typed: str) -> list[str]:
    return [match.entry.place[0] for match in INDEX.search(parse_query(typed))]


def marked(typed: str, text: str) -> list[str]:
    return [part.text for part in mark(text, parse_query(typed)) if part.is_marked]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Homans'", "homans"),
        ("Homans’ sign", "HOMANS SIGN"),
        ("client's", "clients"),
        ("long-acting", "long acting"),
        ("long\u2011acting", "long acting"),
        ("Ménière", "meniere"),
        ("Me\u0301nie\u0300re", "Ménière"),
        ("STRASSE", "straße"),
        ("soft\u00adware", "software"),
    ],
)
def test_case_accents_hyphens_and_apostrophes_make_no_difference(one: str, other: str) -> None:
    assert [w.folded for w in split_words(one)] == [w.folded for w in split_words(other)] != []


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("electr", ["1"]),
        ("lectrolytes", []),
        ("pickle juice", ["1", "2", "3"]),
        ('"pickle juice"', ["1", "3"]),
        ("“pickle juice”", ["1", "3"]),
        ('"pickle juice" small', ["3"]),
        ('"pickle jui"', []),
        ("cramps night", ["1", "3"]),
        ("nig cramps", []),
        ("long acting", ["2"]),
        ("meniere", ["3"]),
        ("Homans", ["1"]),
        ("", []),
    ],
)
def test_every_word_must_occur_and_only_the_last_may_be_a_beginning(typed: str, found: list[str]) -> None:
    assert sorted(find(typed)) == found


def test_a_title_counts_more_than_a_heading_and_a_heading_more_than_text() -> None:
    assert find("night") == ["1", "3"]
    assert find("juice") == ["2", "1", "3"], "a beginning in a title, a heading, a text"


@pytest.mark.parametrize(
    ("typed", "suggestion"),
    [
        ("pickel", "pickle"),
        ("cramps pickel juice", "cramps pickle juice"),
        ("xqzw", ""),
        ('"pikle juice"', '"pickle juice"'),
    ],
)
def test_a_slip_is_answered_with_the_closest_word_there_is(typed: str, suggestion: str) -> None:
    assert find(typed) == []
    assert INDEX.suggest(parse_query(typed)) == suggestion
    assert not suggestion or find(suggestion)


def test_marks_keep_the_spelling_of_the_text_and_run_over_gaps() -> None:
    assert marked("pickle juice", "The Pickle-Juice, or juice of a pickle") == ["Pickle-Juice", "juice", "pickle"]
    assert marked("homans", "Homans’ sign") == ["Homans"]
    assert marked('"of a"', "juice of a pickle, of b") == ["of a"]


def test_a_snippet_is_cut_between_words_around_what_was_looked_for() -> None:
    text = "one two three four five " * 40 + "pickle juice " + "six seven eight nine ten " * 40
    parts = make_snippet(["nothing here", "juice alone", text], parse_query("pickle juice"))
    shown = "".join(part.text for part in parts)
    assert [part.text for part in parts if part.is_marked] == ["pickle juice"]
    assert len(shown) <= SNIPPET * 5 // 4 + 4
    assert shown.startswith("… ")
    assert shown.endswith(" …")
    assert set(shown.strip("… ").split()) <= set(text.split())
    assert make_snippet(["nothing here"], parse_query("pickle")) == ()


def test_a_query_that_is_too_long_is_cut_and_says_so() -> None:
    assert parse_query("a" * 10_000).is_cut
    assert parse_query(" ".join(f"w{i}" for i in range(30))).is_cut
    assert not parse_query(" ".join(f"w{i}" for i in range(MAX_WORDS))).is_cut


@given(ANYTHING)
def test_anything_that_is_typed_is_a_query_within_its_limits(typed: str) -> None:
    query = parse_query(typed)
    assert len(query.asked) <= MAX_CHARACTERS
    assert not {"Cc", "Cs"} & {unicodedata.category(character) for character in query.asked}
    assert sum(map(len, query.phrases)) <= MAX_WORDS
    assert all(word.isalnum() for phrase in query.phrases for word in phrase)
    assert len(set(query.phrases)) == len(query.phrases)
    assert query.is_open <= bool(query)
    again = parse_query(query.asked)
    assert (again.phrases, again.is_open) == (query.phrases, query.is_open)


@given(ANYTHING, ANYTHING)
def test_marking_never_changes_a_text(typed: str, text: str) -> None:
    query = parse_query(typed)
    assert "".join(part.text for part in mark(text, query)) == text
    shown = "".join(part.text for part in make_snippet([text], query))
    assert shown.removeprefix("… ").removesuffix(" …") in text


@given(ANYTHING)
def test_searching_and_suggesting_never_fail_and_a_suggestion_always_finds_each_word(typed: str) -> None:
    query = parse_query(typed)
    INDEX.search(query)
    for phrase in parse_query(INDEX.suggest(query)).phrases:
        for word in phrase:
            assert INDEX.search(Query(word, ((word,),), is_open=True))


@given(st.lists(st.sampled_from(["night", "cramps", "pickle", "juice", "small", "then"]), min_size=1, max_size=3))
def test_another_word_never_finds_more(words: list[str]) -> None:
    assert set(find(f"{' '.join(words)} sign ")) <= set(find(" ".join(words)))


@given(ANYTHING, ANYTHING)
def test_the_quick_look_never_misses_a_match(typed: str, text: str) -> None:
    entry = Entry("note", (), "", (), (text, typed))
    query = parse_query(typed)
    assert may_match(entry, query) or not Index([entry]).search(query)
