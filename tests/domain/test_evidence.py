"""Citations are read as they are meant, and a module takes along what it cites and nothing else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quizapp.domain.evidence import Citation, Level, Reference, Register, find_citations
from tests.content import EVIDENCE


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("It ends by itself [A1.1].", [("A1.1", ())]),
        ("Two [A1.1, B2] and one [C3.4].", [("A1.1", ()), ("B2", ()), ("C3.4", ())]),
        ("Narrowed [B15 R42].", [("B15", ("R42",))]),
        ("Narrowed twice [B15 R42 R43, B14].", [("B15", ("R42", "R43")), ("B14", ())]),
        ("A link is no citation [A1.1](https://example.org).", []),
        ("Neither is [this], [G1], [A] or A1.1.", []),
    ],
)
def test_citations_are_found_in_order(text: str, found: list[tuple[str, tuple[str, ...]]]) -> None:
    assert find_citations(text) == [Citation(claim=claim, references=references) for claim, references in found]


@given(st.text())
def test_any_text_can_be_searched_for_citations(text: str) -> None:
    assert find_citations(text) is not None


def test_a_module_takes_along_the_claims_it_cites_and_their_references_only() -> None:
    register = Register.model_validate(EVIDENCE)
    part = register.cited_by(["Marbles roll [A1.1]."])
    assert set(part.claims) == {"A1.1"}
    assert set(part.references) == {"R1"}
    assert register.cited_by([]).claims == {}


def test_a_reference_is_found_by_its_doi_else_in_pubmed() -> None:
    references = Register.model_validate(EVIDENCE).references
    assert references["R1"].url == "https://doi.org/10.5555/marbles.1"
    assert references["R2"].url == "https://pubmed.ncbi.nlm.nih.gov/12345678/"


def test_a_reference_has_a_link_for_each_of_its_identifiers_and_none_without() -> None:
    plain = Reference(citation="A leaflet.", read="memory")
    assert plain.links == {}
    assert plain.url is None
    known = plain.model_copy(update={"doi": "10.5555/m", "pmid": "1", "pmcid": "PMC2"})
    assert list(known.links) == ["DOI", "PubMed", "PubMed Central"]
    assert known.links["PubMed Central"] == "https://pmc.ncbi.nlm.nih.gov/articles/PMC2/"
    assert plain.model_copy(update={"pmcid": "PMC2"}).url == known.links["PubMed Central"]


def test_every_level_has_words_for_the_reader_and_the_graded_ones_differ_in_ticks() -> None:
    assert all(level.label for level in Level)
    ticks = [level.ticks for level in Level if level.ticks is not None]
    assert sorted(ticks) == [1, 2, 3, 4]
