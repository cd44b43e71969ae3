"""An attempt as its pages show it: keys only where an answer was checked."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from quizapp.domain.attempts import Feedback, Slot, SlotState, replay
from quizapp.domain.errors import NotFound
from quizapp.domain.inputs import InputSpec
from quizapp.domain.items import Item
from quizapp.domain.items.base import Line, Raw
from quizapp.domain.modules import Module
from quizapp.services.closing import close_attempt
from quizapp.services.versions import get_items, get_module_versions
from quizapp.store import attempts as store
from quizapp.store.attempts import AttemptFacts
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
    """Every option or part with key and rationale once the answer was checked; empty before."""

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


@dataclass(frozen=True, slots=True)
class Sheet:
    """An attempt as its pages show it: keys only where an answer was checked."""

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
        return tuple(m.number for m in self.marks if not m.is_answered)

    @property
    def doubtful(self) -> tuple[Question, ...]:
        """Of the questions here, those whose kept answer the person should look at before finishing."""
        return tuple(q for q in self.questions if q.caution and not q.state.is_checked)

    @property
    def first_open(self) -> int:
        """Where to go on: the first question without an answer, else the last."""
        return self.unanswered[0] if self.unanswered else len(self.marks)

    @property
    def layout(self) -> str:
        return self.module.facts.rules(self.attempt.kind).layout

    @property
    def feedback(self) -> Feedback:
        return self.module.facts.rules(self.attempt.kind).feedback

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
    """The attempt's page: the questions of `numbers` (all if None). Raises NotFound for anybody else's."""
    with reading() as connection:
        found = store.find_with_steps(connection, attempt_id)
        if found is None or found[0].person_id != person_id:
            raise NotFound("There is no such attempt, or it belongs to somebody else.")
        attempt, steps = found
        wanted = range(1, attempt.n_slots + 1) if numbers is None else numbers
        if any(not 1 <= n <= attempt.n_slots for n in wanted):
            raise NotFound(f"This attempt has questions 1 to {attempt.n_slots}.")
        module = get_module_versions(connection, [attempt.module_version_id])[attempt.module_version_id]
        items = get_items(connection, [steps.slots[n - 1].item_version_id for n in wanted])
    states = replay(attempt.n_slots, steps.latest)
    marks = tuple(
        Mark(i + 1, s.answer.response is not None, s.answer.is_flagged, s.is_checked) for i, s in enumerate(states)
    )
    questions = tuple(
        _show(n, items[steps.slots[n - 1].item_version_id], steps.slots[n - 1], states[n - 1]) for n in wanted
    )
    return Sheet(attempt, module, marks, questions)


def _show(number: int, item: Item, slot: Slot, state: SlotState) -> Question:
    letters = item.letters(slot.presentation)
    response = state.answer.response
    is_answered = response is not None
    return Question(
        number=number,
        item_id=item.id,
        title=item.title,
        vignette=item.vignette,
        stem=item.stem,
        ask=item.ask(slot.presentation),
        state=state,
        filled=item.fill(response, slot.presentation) if is_answered else {},
        struck=frozenset(letters[i] for i in state.answer.struck if i in letters),
        described=item.describe(response, slot.presentation) if is_answered else "",
        caution=item.caution(response, slot.presentation) if is_answered else "",
        explained=item.explain(response, slot.presentation) if state.is_checked else (),
    )
