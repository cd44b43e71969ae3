"""Words that say more than a claim's level allows. The list is short on purpose: a false alarm teaches to look away.

A rule looks at the stretch of a sentence up to a citation, and goes by the strongest level cited there. A word that the
claim itself uses is no stronger than the claim. A sentence that hedges, asks or denies is left alone: what a hedge is
worth, a reader judges better than a list.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from quizapp.banks.content_sentences import Sentence
from quizapp.domain.evidence import Claim, Level

_PLAIN = frozenset({Level.HIGH, Level.TEXT})
_GRADED = _PLAIN | {Level.MODERATE}


@dataclass(frozen=True, slots=True)
class Rule:
    """Words, the levels of which one must be cited for them, and what to write instead."""

    words: re.Pattern[str]
    levels: frozenset[Level]
    hint: str
    unless: re.Pattern[str] | None = None
    """What in the same sentence takes the strength out of the words."""


def _any(*words: str) -> re.Pattern[str]:
    return re.compile(rf"\b(?:{'|'.join(words)})\b", re.IGNORECASE)


_DENIED = r"(?:not|never|neither|nor|no|cannot|without|rather than|nothing|nobody|n[’']t)"
_HEDGES = _any(
    "may", "might", "could", "would", "probably", "possibly", "perhaps", "whether", "if", "unless", "unlikely",
    "uncertain", "unclear", "unknown", "doubtful", "doubts?", "preliminary", "presum\\w*", "propos\\w*", "hypothes\\w*",
    "suggest\\w*", "seems?", "appears?", "thought", "believed?", "beliefs?", "myth", "idea", "described", "recommended",
    "advised", "suppos\\w*", "assum\\w*", "argu\\w*", "question", "not (?:yet )?(?:settled|known|shown|established)",
    "no (?:\\w+ ){0,2}(?:trials?|study|studies|evidence|data|proof)", "claims?", "says?", "said", "tempt\\w*",
    "in (?:one|that|this|a|the|two|three) (?:\\w+ ){0,3}(?:study|studies|trials?|survey|review|experiment|laboratory)",
)  # fmt: skip
_UNSURE = _any(
    "do not know", "don’t know", "does not know", "uncertain", "preliminary", "unknown", "not known", "unclear",
    "proposed?", "hypothes\\w*", "presum\\w*", "whether", "laborator\\w*", "in theory", "nobody knows", "no one knows",
    "no (?:\\w+ ){0,2}(?:trials?|study|studies|evidence|data|proof)",
)  # fmt: skip
_ACTS = r"(?:reduc|lower|rais|increas|decreas|shorten|prevent|reliev|improv|eas|help|stop|chang|lessen|cur|end)"

RULES = (
    Rule(
        _any("prove[sdn]?", "cure[sd]?", "guarantee[sd]?", "eliminate[sd]?"),
        _PLAIN,
        "say what was found, and how sure it is",
        re.compile(rf"\b{_DENIED}\b|n[’']t\b|\bdisprove|\bwhether\b|\bwould\b|\?", re.IGNORECASE),
    ),
    Rule(_any("prevents", "will prevent"), _PLAIN, "may prevent, or: we do not know whether it prevents", _HEDGES),
    Rule(
        _any("always", "never", "in every case", "without exception"),
        _PLAIN | {Level.EXPERT},
        "say how often, or for whom",
        _any("not always", "never (?:by|on|to)", "almost never"),
    ),
    Rule(
        _any(
            "reduces", "lowers", "raises", "decreases", "improves", "relieves", "lessens", "helps",
            "stops (?:an?|the|your|most|night|leg|calf) ?(?:\\w+ )?cramps?",
            f"do(?:es)?(?: not|n[’']t) {_ACTS}\\w*", "has no effect", "makes no difference",
        ),
        _PLAIN | {Level.EXPERT},
        "moderate: probably; low: may; very low: we do not know whether",
        _HEDGES,
    ),
    Rule(
        _any("probably", "very likely"),
        _GRADED | {Level.EXPERT},
        "low: may; very low: we do not know whether",
        _any("probably not", "is not probably", "unlikely"),
    ),
    Rule(
        _any(f"(?:may|might|can|could) (?:also |well |briefly )?{_ACTS}e?"),
        _GRADED | {Level.LOW, Level.EXPERT},
        "very low: we do not know whether, or preliminary",
        _UNSURE,
    ),
)  # fmt: skip


def find_strong_words(sentence: Sentence, claims: Mapping[str, Claim]) -> Iterator[tuple[str, str]]:
    """Each word that is too strong for what is cited behind it, with what to do."""
    if sentence.text.endswith("?"):
        return
    for text, cited in sentence.parts:
        levels = {claims[claim].level for claim in cited if claim in claims}
        if not levels:
            continue
        evidence = " ".join(claims[claim].text for claim in cited if claim in claims).lower()
        for rule in RULES:
            match = rule.words.search(text)
            if match is None or levels & rule.levels or match[0].lower() in evidence:
                continue
            if rule.unless is None or not rule.unless.search(sentence.text):
                yield f"“{match[0]}” is stronger than {_name(levels)} of {', '.join(cited)}", rule.hint


def _name(levels: Iterable[Level]) -> str:
    return " and ".join(sorted(level.label.lower() for level in levels))
