"""Words are held to the level of the claim behind them, and no more often than they should be."""

import pytest

from quizapp.banks.content_sentences import read_text_sentences
from quizapp.banks.content_words import find_strong_words
from quizapp.domain.evidence import Claim, Level

CLAIMS = {
    name: Claim(text=f"What is known of {name}.", level=level, basis="seen", confidence="a")
    for name, level in {
        "A1": Level.HIGH, "A2": Level.MODERATE, "A3": Level.LOW, "A4": Level.VERY_LOW, "A5": Level.EXPERT,
        "A6": Level.TEXT, "A7": Level.NONE,
    }.items()
}  # fmt: skip
CLAIMS["B1"] = Claim(text="It never stops and probably rolls.", level=Level.LOW, basis="seen", confidence="a")


def find(text: str) -> list[str]:
    sentences = read_text_sentences(text, "rationale", "bank.yaml", 1, "first/bank.yaml#one")
    return [message for sentence in sentences for message, _ in find_strong_words(sentence, CLAIMS)]


@pytest.mark.parametrize(
    ("text", "levels"),
    [
        ("Magnesium reduces cramps [{}].", "A2 A3 A4 A7"),
        ("Magnesium does not reduce cramps [{}].", "A2 A3 A4 A7"),
        ("Magnesium doesn’t help [{}].", "A2 A3 A4 A7"),
        ("Magnesium has no effect [{}].", "A2 A3 A4 A7"),
        ("Stretching prevents cramps [{}].", "A2 A3 A4 A5 A7"),
        ("This proves it [{}].", "A2 A3 A4 A5 A7"),
        ("It always works [{}].", "A2 A3 A4 A7"),
        ("It probably helps [{}].", "A3 A4 A7"),
        ("It may reduce cramps [{}].", "A4 A7"),
        ("We do not know whether it may reduce cramps [{}].", ""),
        ("It may be so [{}].", ""),
        ("In one small trial cramps fell [{}].", ""),
    ],
)
def test_a_word_needs_a_level_that_carries_it(text: str, levels: str) -> None:
    assert [name for name in ("A1", "A2", "A3", "A4", "A5", "A6", "A7") if find(text.format(name))] == levels.split()


@pytest.mark.parametrize(
    "text",
    [
        "This proves nothing [A4].",
        "It has not been proven [A3].",
        "Nobody knows whether it prevents cramps [A4].",
        "Does it prevent cramps, and who says it reduces them [A4]?",
        "It may help, or it reduces something else [A3].",
        "The idea that it prevents cramps tempts many [A4].",
        "It never stops and probably rolls [B1].",
        "It prevents cramps.",
    ],
)
def test_what_is_denied_hedged_asked_or_in_the_claims_own_words_is_left_alone(text: str) -> None:
    assert find(text) == []


def test_a_sentence_with_several_claims_is_allowed_the_strongest_of_its_levels() -> None:
    assert find("It reduces cramps [A3, A1].") == []
    assert find("It is liked [A3], and it reduces cramps [A1].") == []


def test_words_are_pinned_by_the_id_right_behind_them() -> None:
    [message] = find("It reduces cramps [A3], and it is liked [A1].")
    assert "“reduces” is stronger than low certainty of A3" in message
