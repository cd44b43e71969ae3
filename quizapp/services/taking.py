"""Taking a quiz or a practice set: start, save, check one answer, finish. Each is one transaction, safe to repeat."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from random import Random

from sqlalchemy.exc import IntegrityError

from quizapp.domain.attempts import (
    Answer,
    Confidence,
    Feedback,
    Kind,
    Score,
    Slot,
    SlotState,
    Step,
    StepKind,
    Verdict,
    grade,
    judge_save,
    replay,
)
from quizapp.domain.errors import NotFound, Refused
from quizapp.domain.inputs import InputSpec
from quizapp.domain.items import Item
from quizapp.domain.items.base import Explained, Raw
from quizapp.domain.modules import Module
from quizapp.domain.plans import draw
from quizapp.services.publishing import get_items, get_module_versions
from quizapp.services.studying import find_missing, require_open
from quizapp.store import attempts as store
from quizapp.store import content
from quizapp.store.attempts import AttemptFacts, Contribution
from quizapp.store.db import reading, unit_of_work


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
    chosen: frozenset[str]
    """Letters as shown."""
    struck: frozenset[str]
    described: str
    """The answer in words; empty while there is none."""
    explained: tuple[Explained, ...]
    """Every option with key and rationale once the answer was checked; empty before."""


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


@dataclass(frozen=True, slots=True)
class Incoming:
    """What a page sent for one slot. `raw` goes to the item's own parser."""

    number: int
    raw: Raw
    confidence: str = ""
    is_flagged: bool = False
    struck: tuple[str, ...] = ()
    known_seq: int = 0


@dataclass(frozen=True, slots=True)
class Saved:
    """What became of one slot's save, and how the slot stands now."""

    number: int
    verdict: Verdict
    seq: int
    at: dt.datetime | None
    kept: str
    """The answer kept, in words."""


def start(person_id: int, module_id: str, kind: Kind, seed: int, now: dt.datetime) -> int:
    """Start an attempt, or find the one that is open: pressed twice, it is one. Returns the attempt's id.

    Raises NotFound, or Refused while another module must be passed first.
    """
    try:
        return _start(person_id, module_id, kind, seed, now)
    except IntegrityError:  # another process started it between our look and our insert
        return _start(person_id, module_id, kind, seed, now)


def _start(person_id: int, module_id: str, kind: Kind, seed: int, now: dt.datetime) -> int:
    with reading() as connection:
        version_id = content.find_current(connection, module_id)
        if version_id is None:
            raise NotFound("There is no module of that name.")
        module = get_module_versions(connection, [version_id])[version_id]
        require_open(find_missing(connection, person_id, module))
        already = store.find_open(connection, person_id, module_id, kind)
        if already is not None:
            return already
        pool = content.list_pool(connection, version_id, kind)
        rng = Random(seed)  # noqa: S311 - a fair draw, not a secret
        drawn = draw(module.facts.quiz.plan, pool, rng) if kind is Kind.QUIZ else list(pool)
        if not drawn:
            raise NotFound("This module has no practice set yet.")
        ids = [entry.item_version_id for entry in drawn]
        items = get_items(connection, ids)
    slots = [Slot(i, items[i].present(rng)) for i in ids]
    with unit_of_work() as session:
        already = store.find_open(session, person_id, module_id, kind)
        if already is not None:
            return already
        return store.add_attempt(
            session,
            person_id=person_id,
            module_id=module_id,
            module_version_id=version_id,
            kind=kind,
            slots=slots,
            seed=seed,
            now=now,
        )


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
    letters = _letters(item, slot)
    response = state.answer.response
    return Question(
        number=number,
        item_id=item.id,
        title=item.title,
        vignette=item.vignette,
        stem=item.stem,
        ask=item.ask(slot.presentation),
        state=state,
        chosen=frozenset(letters[i] for i in response or ()),
        struck=frozenset(letters[i] for i in state.answer.struck if i in letters),
        described=item.describe(response, slot.presentation) if response else "",
        explained=item.explain(response, slot.presentation) if state.is_checked else (),
    )


def _letters(item: Item, slot: Slot) -> dict[int, str]:
    """Position as written → letter as shown."""
    shown = item.ask(slot.presentation).choices
    return {written: choice.value for written, choice in zip(slot.presentation["order"], shown, strict=True)}


def save_answers(
    person_id: int, attempt_id: int, incoming: Sequence[Incoming], now: dt.datetime, tab: str = "", tab_seq: int = 0
) -> list[Saved]:
    """Keep what a page sent. Sent again it changes nothing; out of date it changes nothing and says what is kept.

    When this returns, what it accepted is on disk. Raises NotFound for another's attempt, Refused once finished.
    """
    with unit_of_work() as session:
        attempt = _lock_own(store.lock_attempt(session, attempt_id), person_id)
        if attempt.finished_at is not None:
            raise Refused("This attempt is finished; its answers stay as they are.")
        steps = store.load_steps(session, attempt_id)
        states = replay(attempt.n_slots, steps.latest)
        if any(not 1 <= entry.number <= attempt.n_slots for entry in incoming):
            raise NotFound(f"This attempt has questions 1 to {attempt.n_slots}.")
        items = get_items(session, [steps.slots[entry.number - 1].item_version_id for entry in incoming])
        added: list[Step] = []
        results = []
        for entry in incoming:
            slot = steps.slots[entry.number - 1]
            item = items[slot.item_version_id]
            state = states[entry.number - 1]
            answer = _read_answer(entry, item, slot)
            verdict = judge_save(state, answer, entry.known_seq, tab, tab_seq)
            if verdict is Verdict.ACCEPT:
                seq = steps.last_seq + len(added) + 1
                added.append(Step(seq, now, StepKind.SAVE, entry.number - 1, answer, tab, tab_seq))
                state = replace(state, answer=answer, seq=seq, at=now)
            kept = state.answer.response
            words = item.describe(kept, slot.presentation) if kept else ""
            results.append(Saved(entry.number, verdict, state.seq, state.at, words))
        if added:
            store.add_steps(session, attempt_id, added)
        return results


def _read_answer(entry: Incoming, item: Item, slot: Slot) -> Answer:
    response = item.parse(entry.raw, slot.presentation)
    written = {letter: i for i, letter in _letters(item, slot).items()}
    struck = {written[letter] for letter in entry.struck if letter in written} - set(response or ())
    confidence = Confidence(entry.confidence) if entry.confidence in set(Confidence) else None
    return Answer(response, confidence, entry.is_flagged, tuple(sorted(struck)))


def _lock_own(attempt: AttemptFacts | None, person_id: int) -> AttemptFacts:
    if attempt is None or attempt.person_id != person_id:
        raise NotFound("There is no such attempt, or it belongs to somebody else.")
    return attempt


def check_answer(person_id: int, attempt_id: int, number: int, now: dt.datetime) -> None:
    """Lock one kept answer and open its reasons, where feedback is immediate. Twice is once.

    Raises Refused where feedback is deferred, or while there is no answer to check.
    """
    sheet = get_sheet(person_id, attempt_id, [number])
    if sheet.feedback is not Feedback.IMMEDIATE:
        raise Refused("In this quiz the answers are shown after you finish.")
    with unit_of_work() as session:
        attempt = _lock_own(store.lock_attempt(session, attempt_id), person_id)
        steps = store.load_steps(session, attempt_id)
        state = replay(attempt.n_slots, steps.latest)[number - 1]
        if state.is_checked or attempt.finished_at is not None:
            return
        if state.answer.response is None:
            raise Refused("Choose an answer first, then check it.")
        store.add_steps(session, attempt_id, [Step(steps.last_seq + 1, now, StepKind.CHECK, number - 1)])


def finish(person_id: int, attempt_id: int, now: dt.datetime) -> AttemptFacts:
    """Finish and grade the attempt, once, however often the button is pressed. Raises NotFound for another's."""
    with unit_of_work() as session:
        attempt = _lock_own(store.lock_attempt(session, attempt_id), person_id)
        if attempt.finished_at is not None:
            return attempt
        steps = store.load_steps(session, attempt_id)
        module = get_module_versions(session, [attempt.module_version_id])[attempt.module_version_id]
        items = get_items(session, [slot.item_version_id for slot in steps.slots])
        states = replay(attempt.n_slots, steps.latest)
        is_passed = None
        if attempt.kind is Kind.QUIZ:
            score = score_attempt(module, items, steps.slots, states)
            is_passed = score.is_passed
            store.add_contributions(session, attempt_id, _contribute(score, steps.slots))
        store.add_steps(session, attempt_id, [Step(steps.last_seq + 1, now, StepKind.FINISH)])
        store.mark_finished(session, attempt_id, now, is_passed)
        return replace(attempt, finished_at=now, is_passed=is_passed)


def score_attempt(
    module: Module, items: Mapping[int, Item], slots: Sequence[Slot], states: Sequence[SlotState]
) -> Score:
    """Grade what was kept by the rules of the module version that the attempt pinned."""
    shown = [items[slot.item_version_id] for slot in slots]
    return grade(shown, states, module.facts.quiz.pass_percent, module.facts.must_pass)


def _contribute(score: Score, slots: Sequence[Slot]) -> list[Contribution]:
    return [
        Contribution(
            position=i,
            item_version_id=slot.item_version_id,
            objective=m.item.objective,
            numerator=int(m.earned * m.item.denominator),
            denominator=m.item.denominator,
            response_class=m.item.classify(m.state.answer.response),
        )
        for i, (m, slot) in enumerate(zip(score.marked, slots, strict=True))
    ]
