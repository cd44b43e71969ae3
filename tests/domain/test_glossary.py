"""Links to terms are found as an author writes them, and a module takes along the terms that it uses."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from quizapp.domain.glossary import Glossary, find_terms


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("The [threshold](term:ctf) falls.", [(1, "ctf")]),
        ("One [a](term:a) and,\nthen [b c](term:b-c).", [(1, "a"), (2, "b-c")]),
        ('Written oddly: [a](<term:a>), [b](term:b "title").', [(1, "a"), (1, "b")]),
        ("[empty](term:)", [(1, "")]),
        ("No link: term:ctf, (term:ctf), [ctf](https://example.org).", []),
    ],
)
def test_links_to_terms_are_found_in_order_with_their_line(text: str, found: list[tuple[int, str]]) -> None:
    assert find_terms(text) == found


@given(st.text())
def test_any_text_can_be_searched_for_terms(text: str) -> None:
    assert find_terms(text) is not None


def test_only_the_terms_used_are_taken_along() -> None:
    glossary = Glossary.model_validate(
        {"terms": {i: {"term": i.upper(), "definition": f"What {i} is."} for i in ("a", "b", "c")}}
    )
    assert list(glossary.used_by({"c", "a", "nobody-knows"})) == ["a", "c"]


@pytest.mark.parametrize("term_id", ["CTF", "a b", "-a", "ä", ""])
def test_an_id_that_cannot_stand_in_an_address_is_refused(term_id: str) -> None:
    with pytest.raises(ValidationError):
        Glossary.model_validate({"terms": {term_id: {"term": "T", "definition": "What it is."}}})
