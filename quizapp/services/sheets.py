"""An attempt as its pages show it: keys only where an answer was checked, nothing of what is still ahead."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from quizapp.domain.attempts import Feedback, Kind, SlotState, replay
from quizapp.domain.errors import NotFound
from quizapp.domain.inputs import InputSpec, Pairs, Point
from quizapp.domain.items import Item
from quizapp.domain.items.base import CasePlace, Line, Raw
from quizapp.domain.modules import Module
from quizapp.domain.passage import Passage, find_open, find_passages, is_followed, unfolds_from
from quizapp.services.closing import close_attempt
from quizapp.services.versions import get_items, get_module_versions
from quizapp.store import attempts as store
from quizapp.store.attempts import AttemptFacts, Steps
from quizapp.store.db import reading


@dataclass(frozen=True, slots=True)
class Question:
    """One slot as a page shows it. `number` counts from 1. Keys and rationales are in `explained` only."""

    number: int
    item_id: str
    title: str
    vignette: str
    stem: str
    ask: InputSpec
    state: SlotState
    filled: Raw
    """The fields of the form with the kept answer in them."""
    struck: frozenset[str]
    """Letters as shown."""
    described: str
    """The answer in words; empty while there is none."""
    caution: str
    """What to know about the kept answer before finishing: that it is incomplete, or cannot be read."""
    explained: tuple[Line, ...]
    """Every option or part with key and rationale once the check locked the answer; empty before."""
    case: CasePlace | None
    is_followed: bool
    """Whether going on from here locks it."""
    must_answer: bool
    """Whether going on needs an answer, for the next part of its case unfolds from it."""
    tries: tuple[str, ...]
    """Answers that were checked, in words, in order."""
    percents: tuple[int, ...]
    """What share of the mark the tries that are left can earn, the next one first; empty once it is locked."""

    @property
    def chosen(self) -> frozenset[str]:
        """Letters of the chosen options, as shown."""
        return frozenset(self.filled.get("answer", ()))


@dataclass(frozen=True, slots=True)
class Mark:
    """One slot on the question map."""

    number: int
    is_answered: bool
    is_flagged: bool
    is_checked: bool
    passage: Passage = Passage.OPEN
    is_followed: bool = False
    """Whether going on from it locks it."""

    @property
    def is_open(self) -> bool:
        """Whether its page can be opened."""
        return self.passage is Passage.OPEN


@dataclass(frozen=True, slots=True)
class Sheet:
    """An attempt as its pages show it: keys only where an answer was checked, no question that is still ahead."""

    attempt: AttemptFacts
    module: Module
    marks: tuple[Mark, ...]
    questions: tuple[Question, ...]

    @property
    def n_answered(self) -> int:
        return sum(m.is_answered for m in self.marks)

    @property
    def n_flagged(self) -> int:
        return sum(m.is_flagged for m in self.marks)

    @property
    def unanswered(self) -> tuple[int, ...]:
        """Numbers of the open questions without an answer."""
        return tuple(m.number for m in self.marks if not m.is_answered and m.is_open)

    @property
    def left_blank(self) -> tuple[int, ...]:
        """Numbers of the questions that were passed without an answer."""
        return tuple(m.number for m in self.marks if not m.is_answered and m.passage is Passage.PASSED)

    @property
    def ahead(self) -> tuple[int, ...]:
        """Numbers of the questions that are not reached yet."""
        return tuple(m.number for m in self.marks if m.passage is Passage.AHEAD)

    @property
    def doubtful(self) -> tuple[Question, ...]:
        """Of the questions here, those whose kept answer the person should look at before finishing."""
        return tuple(q for q in self.questions if q.caution and not q.state.is_locked)

    @property
    def first_open(self) -> int:
        """Where to go on: the first open question without an answer, else the last open one."""
        return self.unanswered[0] if self.unanswered else max(m.number for m in self.marks if m.is_open)

    def find_question(self, number: int) -> Question | None:
        """The question of that number, if it is here."""
        return next((q for q in self.questions if q.number == number), None)

    @property
    def reachable(self) -> tuple[int, ...]:
        """Numbers of the questions whose page can be opened."""
        return tuple(m.number for m in self.marks if m.is_open)

    @property
    def locking(self) -> tuple[int, ...]:
        """Those among them that going on locks."""
        return tuple(m.number for m in self.marks if m.is_open and m.is_followed)

    @property
    def has_locked(self) -> bool:
        """Whether an answer was checked or gone on from."""
        return any(m.is_checked or m.passage is Passage.PASSED for m in self.marks)

    @property
    def closed(self) -> tuple[int, ...]:
        """Numbers of the questions whose page cannot be opened."""
        return tuple(m.number for m in self.marks if not m.is_open)

    def find_open(self, number: int) -> int:
        """The open question that stands for this one: itself, or where the way to or from it leads."""
        return find_open([m.passage for m in self.marks], number - 1) + 1

    def find_next(self, number: int) -> int | None:
        """The next open question; None after the last."""
        return next((m.number for m in self.marks if m.is_open and m.number > number), None)

    def find_previous(self, number: int) -> int | None:
        """The open question before; None before the first."""
        return next((m.number for m in reversed(self.marks) if m.is_open and m.number < number), None)

    @property
    def layout(self) -> str:
        return self.module.facts.rules(self.attempt.kind).layout

    @property
    def feedback(self) -> Feedback:
        return self.module.facts.rules(self.attempt.kind).feedback

    @property
    def backtracking(self) -> bool:
        """Whether one may go back to an earlier question."""
        return self.module.facts.rules(self.attempt.kind).backtracking

    @property
    def asks_confidence(self) -> bool:
        return self.module.facts.rules(self.attempt.kind).confidence


def open_sheet(person_id: int, attempt_id: int, now: dt.datetime, numbers: Sequence[int] | None = None) -> Sheet:
    """`get_sheet` for whoever opens a page: an attempt whose time is over is closed first."""
    sheet = get_sheet(person_id, attempt_id, numbers)
    if sheet.attempt.is_due(now):
        close_attempt(attempt_id, now)
        sheet = get_sheet(person_id, attempt_id, numbers)
    return sheet


def get_sheet(person_id: int, attempt_id: int, numbers: Sequence[int] | None = None) -> Sheet:
    """The attempt's page: the questions of `numbers`, or all but those that are still ahead if None.

    Raises NotFound for anybody else's, and for a question that was not reached, unless the attempt is over and its
    rules show every question.
    """
    with reading() as connection:
        found = store.find_with_steps(connection, attempt_id)
        if found is None or found[0].person_id != person_id:
            raise NotFound("There is no such attempt, or it belongs to somebody else.")
        attempt, steps = found
        wanted = range(1, attempt.n_slots + 1) if numbers is None else numbers
        if any(not 1 <= n <= attempt.n_slots for n in wanted):
            raise NotFound(f"This attempt has questions 1 to {attempt.n_slots}.")
        states = replay(attempt.n_slots, steps.latest)
        passages = find_passages(steps.slots, states, backtracking=steps.backtracking)
        module = get_module_versions(connection, [attempt.module_version_id])[attempt.module_version_id]
        shows_all = _shows_all(attempt, module)
        seen = [n for n in wanted if passages[n - 1] is not Passage.AHEAD or shows_all]
        if numbers is not None and len(seen) < len(wanted):
            raise NotFound("This question was not reached.")
        items = get_items(connection, [steps.slots[n - 1].item_version_id for n in seen])
    marks = tuple(
        Mark(
            number=i + 1,
            is_answered=state.answer.response is not None,
            is_flagged=state.answer.is_flagged,
            is_checked=state.is_checked,
            passage=passages[i],
            is_followed=is_followed(steps.slots, i, backtracking=steps.backtracking),
        )
        for i, state in enumerate(states)
    )
    shares = module.facts.rules(attempt.kind).credits
    questions = tuple(_show(n, items[steps.slots[n - 1].item_version_id], steps, states[n - 1], shares) for n in seen)
    return Sheet(attempt, module, marks, questions)


def _shows_all(attempt: AttemptFacts, module: Module) -> bool:
    """Whether the attempt is over and its review shows every question, also those that were not reached."""
    if attempt.finished_at is None or attempt.kind is Kind.PRETEST:
        return False
    return attempt.kind is Kind.PRACTICE or module.facts.quiz.shows_questions(is_passed=bool(attempt.is_passed))


def _show(number: int, item: Item, steps: Steps, state: SlotState, shares: Sequence[Fraction]) -> Question:
    slot = steps.slots[number - 1]
    letters = item.letters(slot.presentation)
    response = state.answer.response
    is_answered = response is not None
    ask = item.ask(slot.presentation)
    picture = item.picture(response, slot.presentation) if state.is_checked else None
    if picture is not None and isinstance(ask, Pairs | Point):
        ask = replace(ask, figure=picture)
    return Question(
        number=number,
        item_id=item.id,
        title=item.title,
        vignette=item.vignette,
        stem=item.stem,
        ask=ask,
        state=state,
        filled=item.fill(response, slot.presentation) if is_answered else {},
        struck=frozenset(letters[i] for i in state.answer.struck if i in letters),
        described=item.describe(response, slot.presentation) if is_answered else "",
        caution=item.caution(response, slot.presentation) if is_answered else "",
        explained=item.explain(response, slot.presentation) if state.is_checked else (),
        case=slot.case,
        is_followed=is_followed(steps.slots, number - 1, backtracking=steps.backtracking),
        must_answer=unfolds_from(steps.slots, number - 1),
        tries=tuple(item.describe(tried, slot.presentation) for tried in state.tries),
        percents=() if state.is_locked else tuple(int(share * 100) for share in shares[len(state.tries) :]),
    )
