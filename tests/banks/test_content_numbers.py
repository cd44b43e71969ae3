"""A number of a sentence is in a claim it cites, or it is found."""

import pytest

from quizapp.banks.content_numbers import find_foreign_numbers, find_numbers
from quizapp.banks.content_sentences import read_text_sentences
from quizapp.domain.evidence import Register

EVIDENCE = Register.model_validate(
    {
        "claims": {
            "A1": {
                "text": "In two-week baselines 24 to 25 % of 10,553 fell by -9.59, p = .545, twice 7.55 % (see C3.10)",
                "level": "low", "level_note": "Judged over 90 days", "basis": "seen", "confidence": "a",
                "references": ["R1"],
            },
            "A2": {"text": "0.04 % or under 0.1 %.", "level": "low", "basis": "seen", "confidence": "a"},
        },
        "references": {"R1": {"citation": "Marble A. On 17 marbles. J Marbles 2001;1:1-2.", "read": "seen"}},
    }
)  # fmt: skip


def find(text: str, own: str = "") -> list[str]:
    known = frozenset(value for _, _, value in find_numbers(own))
    sentences = read_text_sentences(text, "rationale", "bank.yaml", 1, "first/bank.yaml#one")
    return [written for sentence in sentences for written in find_foreign_numbers(sentence, EVIDENCE, known)]


@pytest.mark.parametrize(
    "text",
    [
        "About 24 to 25% did [A1].",
        "24–25 % did [A1].",
        "Of 10,553 and of 10 553 [A1].",
        "It fell by 9.590, or −9.59 [A1].",
        "With p = 0.545 [A1].",
        "In 90 days [A1].",
        "A baseline of two weeks [A1].",
        "Two marbles and one study [A1].",
        "In 2001 it was found [A1].",
        "About 8 in 100, or about 8 % [A1].",
        "That is 4 in 10,000, and fewer than 1 in 1,000 [A2].",
        "Call 000 and read module 5 of vitamin K2, B12 and menaquinone-7 [A1].",
        "There were 77 of them.",
        "Nothing is known of 77 [D9.9].",
    ],
)
def test_a_number_that_the_evidence_holds_is_found_again(text: str) -> None:
    assert find(text) == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("About 26% did [A1].", ["26"]),
        ("Of 10,554 [A1].", ["10,554"]),
        ("It fell by 9.95 [A1].", ["9.95"]),
        ("In 2002 it was found [A1].", ["2002"]),
        ("Of 17 marbles [A1].", ["17"]),
        ("A baseline of three weeks [A1].", ["three"]),
        ("Of 3.10 [A1].", ["3.10"]),
        ("About 9 in 100 [A1].", ["9", "100"]),
        ("Exactly 8 % [A1].", ["8"]),
        ("5 in 10,000 [A2].", ["5", "10,000"]),
        ("24 of 100 and 24 of 50 [A1].", ["50"]),
        ("First 24 [A1]. Then 0.04 [A1].", ["0.04"]),
    ],
)
def test_a_number_that_is_in_no_claim_of_its_sentence_is_named(text: str, found: list[str]) -> None:
    assert find(text) == found


def test_numbers_of_the_items_own_case_are_known() -> None:
    assert find("Of 200 people 24 % would be 48 [A1].", own="A practice has 200 people.") == ["48"]


def test_a_sentence_without_a_claim_is_compared_with_those_behind_it() -> None:
    assert find("It was 24 or 26. That is much [A1].") == ["26"]
