"""Numbers of a sentence that are not in the claims which it cites.

Looked at: digits (with commas, decimals, signs, ranges, per cent), and the words two to twelve before something
counted, such as people, weeks, points. Not looked at: 000 for emergencies, digits inside names, such as K2 and
menaquinone-7, and numbers of modules and sections. `4 in 10,000` agrees with 0.04 %, and `about 8` with 7.55. What an
item makes up for its case is known as well: whoever calls says which numbers these are.
"""

import re
from collections.abc import Iterator
from decimal import ROUND_HALF_UP, Decimal

from quizapp.banks.content_sentences import Sentence
from quizapp.domain.evidence import Claim, Register

_WORDS = {
    word: Decimal(number)
    for number, word in enumerate(
        ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"], 1
    )
}  # fmt: skip
_NUMBER = re.compile(r"(?<![\w.,])[-−+]?(\d{1,3}(?:[,\u202f\u00a0 ]\d{3})+(?:\.\d+)?|\d*\.\d+|\d+)")
_CLAIM_ID = re.compile(r"\b[A-FRQO]\d+(?:\.\d+)?\b")
_COUNTED = (
    "seconds?|minutes?|hours?|days?|nights?|weeks?|months?|years?|people|persons|men|women|participants|patients|"
    "clients|volunteers|adults|subjects|cramps|points|sessions|repetitions|treatments|times|per cent|cm|features"
)
_WORD = re.compile(rf"\b({'|'.join(_WORDS)})[ -](?:\w+ ){{0,2}}?(?:{_COUNTED})\b", re.IGNORECASE)
_ANY_WORD = re.compile(rf"\b({'|'.join(_WORDS)})\b", re.IGNORECASE)
_NAME = re.compile(r"[A-Za-z]\w*(?:-\w+)*-\d[\w-]*")
_NO_FACT = re.compile(r"(?:module|section|question|step|row|figure|item) $", re.IGNORECASE)
_ABOUT = re.compile(r"(?:about|around|nearly|roughly|almost|some|close to) (?:\d[\d.]* in )?$", re.IGNORECASE)
_RATIO = re.compile(r"(\d[\d,]*) (?:in|of|out of|per) (\d[\d,]*)")
_AGREED = {"once": Decimal(1), "twice": Decimal(2), "single": Decimal(1), "half": Decimal(50), "an hour": Decimal(60)}


def find_numbers(text: str) -> list[tuple[int, str, Decimal]]:
    """The numbers of a text: where, as written, as values; number words only where they count something."""
    text = _NAME.sub(lambda name: " " * len(name[0]), text)
    found = [(m.start(1), m[1], _read(m[1])) for m in _NUMBER.finditer(text) if m[1] != "000"]
    found += [(m.start(1), m[1], _WORDS[m[1].lower()]) for m in _WORD.finditer(text) if m[1].lower() != "one"]
    return sorted(number for number in found if not _NO_FACT.search(text, 0, number[0]))


def find_foreign_numbers(
    sentence: Sentence, evidence: Register, own: frozenset[Decimal] = frozenset()
) -> Iterator[str]:
    """The numbers of a sentence that no claim it cites holds, as written; `own` are those of the item's own case.

    A sentence without a claim is compared with those around it, or after it in its paragraph. Years may stand in the
    citation of a source.
    """
    cites = sentence.claims or sentence.around + sentence.further_on
    claims = [evidence.claims[claim] for claim in cites if claim in evidence.claims]
    if not claims:
        return
    known = {value for claim in claims for value in _list_known(claim)} | own
    ratios = [ratio for ratio in _RATIO.finditer(sentence.text) if _agrees(ratio, sentence.text, known)]
    agreeing = {at for ratio in ratios for at in (ratio.start(1), ratio.start(2))}
    cited = " ".join(evidence.references[r].citation for claim in claims for r in claim.references)
    for at, written, value in find_numbers(sentence.text):
        is_year = 1900 <= value <= 2100 and written in cited
        if value in known or is_year or at in agreeing or (_is_about(sentence.text, at) and _rounds(value, known)):
            continue
        yield written


def _agrees(ratio: re.Match[str], text: str, known: set[Decimal]) -> bool:
    """Whether `4 in 10,000` is a known share in per cent."""
    part, whole = _read(ratio[1]), _read(ratio[2])
    share = part * 100 / whole if whole else part
    if share in known or not _is_about(text, ratio.start()):
        return share in known
    return round(share) in known or _rounds(share, known)


def _is_about(text: str, at: int) -> bool:
    return _ABOUT.search(text, 0, at) is not None


def _rounds(value: Decimal, known: set[Decimal]) -> bool:
    """Whether a known number rounds to this whole one."""
    return any(value == number.quantize(Decimal(1), ROUND_HALF_UP) for number in known)


def _list_known(claim: Claim) -> Iterator[Decimal]:
    text = _CLAIM_ID.sub(" ", f"{claim.text} {claim.level_note or ''}")
    for match in _NUMBER.finditer(text):
        yield _read(match[1])
    for match in _ANY_WORD.finditer(text):
        yield _WORDS[match[1].lower()]
    yield from (value for word, value in _AGREED.items() if word in text.lower())


def _read(written: str) -> Decimal:
    return Decimal(re.sub(r"[^\d.]", "", written))
