"""Finding words in texts: case, accents, hyphens and apostrophes make no difference.

`Homans'`, `homans’` and `HOMANS` are one word; `long-acting` is the two words long and acting.
"""

import re
import unicodedata
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from itertools import takewhile

MAX_CHARACTERS = 200
"""Of a query that are looked at."""

MAX_WORDS = 12
"""Of a query that are looked for."""

SNIPPET = 220
"""Characters of a snippet, about."""

TITLE, HEADING, TEXT = 8.0, 4.0, 1.0
"""What a word is worth by where it stands."""

BEGINNING = 0.75
"""What a word is worth of which only the beginning was asked for."""

_MARKS = "".join(c for c in map(chr, range(0x300, 0x3100)) if unicodedata.category(c) in {"Mn", "Mc"})
_LETTER = rf"[^\W_]|[{_MARKS}]"
_WORD = re.compile(rf"(?:{_LETTER})+(?:['’ʼ`´\u00ad](?:{_LETTER})+)*")
_QUOTED = re.compile(r'["“”„«»]([^"“”„«»]*)(?:["“”„«»]|$)|([^"“”„«»]+)')
_INVISIBLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\ud800-\udfff]+")


@dataclass(frozen=True, slots=True)
class Word:
    """A word as it is compared, and where it stands in its text."""

    folded: str
    start: int
    end: int


def split_words(text: str) -> list[Word]:
    """The words of `text` in order; what only sets words apart is left out."""
    found = ((fold(match[0]), match) for match in _WORD.finditer(text))
    return [Word(folded, match.start(), match.end()) for folded, match in found if folded]


def fold(word: str) -> str:
    """A word as it is compared: no case, no accents, letters and digits only."""
    if word.isascii():
        return "".join(filter(str.isalnum, word.lower()))
    bare = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", word).casefold())
    return "".join(filter(str.isalnum, bare))


Phrase = tuple[str, ...]
"""Folded words that must follow each other; one word alone is a phrase too."""


@dataclass(frozen=True, slots=True)
class Query:
    """What somebody looks for: every phrase must occur. False when there is no word in it."""

    asked: str
    """As typed, without what is invisible, cut to what is looked at."""
    phrases: tuple[Phrase, ...] = ()
    is_open: bool = False
    """The last word may be the beginning of one."""
    is_cut: bool = False
    """Something at its end is not looked for."""

    def __bool__(self) -> bool:
        return bool(self.phrases)

    def is_beginning(self, phrase: Phrase) -> bool:
        return self.is_open and phrase == self.phrases[-1]


def parse_query(typed: str) -> Query:
    """Understand anything that can be typed: words, and phrases between double quotation marks."""
    visible = " ".join(_INVISIBLE.sub(" ", typed[: 10 * MAX_CHARACTERS]).split())
    asked = visible[:MAX_CHARACTERS].rstrip()
    phrases: dict[Phrase, None] = {}
    n_words, is_open, is_cut = 0, False, len(typed) > 10 * MAX_CHARACTERS or len(visible) > MAX_CHARACTERS
    for quoted, bare in _QUOTED.findall(unicodedata.normalize("NFC", asked)):
        words = [word.folded for word in split_words(quoted or bare)]
        is_cut = is_cut or len(words) > MAX_WORDS - n_words
        words = words[: MAX_WORDS - n_words]
        n_words += len(words)
        for phrase in [tuple(words)] if quoted else [(word,) for word in words]:
            phrases.pop(phrase, None)  # said twice: its last place counts, for it may be open there
            phrases[phrase] = None
        is_open = not quoted if words else is_open
    found = tuple(phrase for phrase in phrases if phrase)
    return Query(asked, found, is_open=is_open and bool(found), is_cut=is_cut)


def find_phrase(words: Sequence[str], phrase: Phrase, *, is_beginning: bool = False) -> list[int]:
    """The places in `words` where the phrase begins. `is_beginning`: its last word may be the beginning of one."""
    *first, last = phrase
    n = len(first)
    return [
        i
        for i in range(len(words) - n)
        if (words[i + n] == last or (is_beginning and words[i + n].startswith(last)))
        and all(words[i + j] == first[j] for j in range(n))
    ]


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a text that is shown, and whether it is what was looked for."""

    text: str
    is_marked: bool = False


def mark(text: str, query: Query, start: int = 0, end: int | None = None) -> tuple[Part, ...]:
    """`text` from `start` to `end` with the words looked for marked; marks with only a gap between them are one."""
    parts: list[Part] = []
    at, stop = start, len(text) if end is None else end
    for first, last in _find_marks(text, query):
        if first >= start and last <= stop:
            parts += [Part(text[at:first])] if first > at else []
            parts.append(Part(text[first:last], is_marked=True))
            at = last
    return (*parts, Part(text[at:stop])) if at < stop else tuple(parts)


def _find_marks(text: str, query: Query) -> list[tuple[int, int]]:
    """Where the words looked for begin and end; those with only a gap between them are one."""
    words = split_words(text)
    marked = sorted(set().union(*_find_places([word.folded for word in words], query)))
    spans: list[tuple[int, int]] = []
    for word in (words[i] for i in marked):
        if spans and not text[spans[-1][1] : word.start].strip(" \u00a0-‐‑"):
            spans[-1] = (spans[-1][0], word.end)
        else:
            spans.append((word.start, word.end))
    return spans


def _find_places(words: Sequence[str], query: Query) -> list[set[int]]:
    """For each phrase the numbers of the words that are part of it."""
    return [
        {i + j for i in find_phrase(words, phrase, is_beginning=query.is_beginning(phrase)) for j in range(len(phrase))}
        for phrase in query.phrases
    ]


def _rate(text: str, query: Query) -> tuple[int, bool, int]:
    """How many of the phrases a text has, whether it is more than a word or two, and how long its longest mark is."""
    places = _find_places([word.folded for word in split_words(text)], query)
    n_phrases = sum(map(bool, places))
    if not n_phrases:
        return 0, False, 0
    return n_phrases, len(text) > SNIPPET // 5, max(last - first for first, last in _find_marks(text, query))


def make_snippet(texts: Iterable[str], query: Query) -> tuple[Part, ...]:
    """About SNIPPET characters of the text with most of what was looked for, marked; empty where none has any."""
    rated = [(_rate(text, query), text) for text in texts]
    best, text = max(rated, key=lambda pair: pair[0], default=((0, False, 0), ""))
    if not best[0]:
        return ()
    first, last = max(_find_marks(text, query), key=lambda span: span[1] - span[0])
    start = 0 if last < SNIPPET else text.find(" ", max(0, first - SNIPPET // 3), first) + 1 or first
    end = max(last, text.rfind(" ", start, start + SNIPPET))
    end = len(text) if len(text) - start <= SNIPPET * 5 // 4 else end
    before = [Part("… ")] if start else []
    after = [Part(" …")] if end < len(text) else []
    return (*before, *mark(text, query, start, end), *after)


@dataclass(frozen=True, slots=True)
class Entry:
    """Something that can be found. `kind` and `place` say what it is and where; they are the caller's."""

    kind: str
    place: tuple[str, ...]
    title: str
    headings: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()


def may_match(entry: Entry, query: Query) -> bool:
    """A quick look that never misses a match: whether the letters of each word stand anywhere in the entry."""
    letters = fold("".join((entry.title, *entry.headings, *entry.texts)))
    return all(word in letters for phrase in query.phrases for word in phrase)


@dataclass(frozen=True, slots=True)
class Match:
    """An entry that has every phrase, and how well: the higher the better."""

    entry: Entry
    score: float


@dataclass(slots=True)
class Index:
    """Entries with their words taken apart once. Never changed after it was made."""

    entries: Sequence[Entry]
    _fields: list[list[tuple[float, list[str]]]] = field(init=False, repr=False)
    _holders: dict[str, set[int]] = field(init=False, repr=False)
    _vocabulary: list[str] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        holders: defaultdict[str, set[int]] = defaultdict(set)
        self._fields = []
        for number, entry in enumerate(self.entries):
            weighed = [(TITLE, entry.title), *((HEADING, t) for t in entry.headings), *((TEXT, t) for t in entry.texts)]
            fields = [(weight, [w.folded for w in split_words(text)]) for weight, text in weighed]
            for _, words in fields:
                for word in words:
                    holders[word].add(number)
            self._fields.append(fields)
        self._holders = dict(holders)
        self._vocabulary = sorted(holders)

    def search(self, query: Query) -> list[Match]:
        """Entries that have every phrase, best first; equally good ones in the order they were given."""
        if not query:
            return []
        numbers = set(range(len(self.entries)))
        for phrase in query.phrases:
            for word in phrase:
                numbers &= self._find_holders(word, is_beginning=query.is_beginning(phrase) and word == phrase[-1])
        found = [Match(self.entries[i], score) for i in sorted(numbers) if (score := self._score(i, query))]
        return sorted(found, key=lambda match: -match.score)

    def suggest(self, query: Query) -> str:
        """The query with each word that is nowhere replaced by the closest that is; empty where nothing is close."""
        written: list[str] = []
        is_new = False
        for phrase in query.phrases:
            words = [self._find_close(word, is_beginning=query.is_beginning(phrase)) for word in phrase]
            if "" in words:
                return ""
            is_new = is_new or tuple(words) != phrase
            written.append(" ".join(words) if len(phrase) == 1 else f'"{" ".join(words)}"')
        return " ".join(written) if is_new else ""

    def _find_close(self, word: str, *, is_beginning: bool) -> str:
        if self._find_holders(word, is_beginning=is_beginning):
            return word
        near = [w for w in self._vocabulary if abs(len(w) - len(word)) <= 2 and len(w) > 2]
        close = get_close_matches(word, near, n=1, cutoff=0.7) if len(word) <= 40 else []
        return close[0] if close else ""

    def _find_holders(self, word: str, *, is_beginning: bool) -> set[int]:
        if not is_beginning:
            return self._holders.get(word, set())
        first = bisect_left(self._vocabulary, word)
        longer = takewhile(lambda w: w.startswith(word), self._vocabulary[first:])
        return set().union(*(self._holders[w] for w in longer))

    def _score(self, number: int, query: Query) -> float:
        """The sum over phrases of what its best place is worth; 0 where one of them is missing."""
        total = 0.0
        for phrase in query.phrases:
            is_beginning = query.is_beginning(phrase)
            best = 0.0
            for weight, words in self._fields[number]:
                if weight <= best:
                    continue
                if find_phrase(words, phrase):
                    best = weight
                elif is_beginning and find_phrase(words, phrase, is_beginning=True):
                    best = max(best, weight * BEGINNING)
            if not best:
                return 0.0
            total += best
        return total
