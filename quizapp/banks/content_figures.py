"""What a lesson asks of its reader, in figures: words, minutes, readability, and the credit with its inputs."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from quizapp.banks.content_sentences import Sentence
from quizapp.banks.course import CourseText, ModuleText
from quizapp.domain.credit import work_out
from quizapp.domain.modules import ModuleFacts

WORDS_A_MINUTE = 240

_WORD = re.compile(r"[^\W\d_]+(?:[’'-][^\W\d_]+)*")
_VOWELS = re.compile(r"[aeiouy]+")
_SILENT = re.compile(r"(?:[^aeiouylr]e|[^aeiouy]es|[^aeioutdy]ed)$")


@dataclass(frozen=True, slots=True)
class LessonFigures:
    """One line of the table. `reading_ease`: 0 (hard) to 100 (easy); 60 to 70 is plain English."""

    module: str
    words: int
    minutes: Decimal
    sentence_words: Decimal
    """Mean length of the sentences of running text and lists."""
    reading_ease: Decimal
    difficulty: Decimal
    items: int
    formula: str
    """How the credit minutes were worked out, with the inputs."""
    credit_minutes: Decimal
    estimated_minutes: int


def measure(module: ModuleText, course: CourseText, sentences: Iterable[Sentence]) -> LessonFigures | None:
    """The figures of a lesson; None where its facts, its method or its text cannot be read."""
    facts, methods, lesson = module.facts.value, course.credit.value, module.lesson
    if not isinstance(facts, ModuleFacts) or methods is None or lesson is None:
        return None
    method = methods.methods.get(facts.credit.method)
    running = [_WORD.findall(s.text) for s in sentences if s.kind in ("prose", "item")]
    running = [words for words in running if len(words) > 2]
    if method is None or not running:
        return None
    words, items = sum(section.words for section in lesson.sections), facts.quiz.n_items
    worked = work_out(method, words, items, facts.credit.difficulty)
    formula = (
        f"{method.scale} × ({method.base} + {method.word} × {words} + {method.item} × {items} + "
        f"{method.level} × {facts.credit.difficulty})"
    )
    return LessonFigures(
        module.name,
        words,
        _round(Decimal(words) / WORDS_A_MINUTE),
        _round(Decimal(sum(map(len, running))) / len(running)),
        reading_ease(running),
        facts.credit.difficulty,
        items,
        formula,
        worked.minutes,
        facts.estimated_minutes,
    )


def reading_ease(sentences: list[list[str]]) -> Decimal:
    """Flesch's reading ease: 206.835 - 1.015 × words per sentence - 84.6 × syllables per word.

    Flesch R. A new readability yardstick. J Appl Psychol 1948;32:221-233.
    """
    words = [word for sentence in sentences for word in sentence]
    n_syllables = sum(map(count_syllables, words))
    per_sentence, per_word = Decimal(len(words)) / len(sentences), Decimal(n_syllables) / len(words)
    return _round(Decimal("206.835") - Decimal("1.015") * per_sentence - Decimal("84.6") * per_word)


def count_syllables(word: str) -> int:
    """An estimate: groups of vowels, without a silent e at the end; at least one."""
    groups = len(_VOWELS.findall(word.lower())) - bool(_SILENT.search(word.lower()))
    return max(1, groups)


def _round(value: Decimal) -> Decimal:
    return value.quantize(Decimal("0.1"))
