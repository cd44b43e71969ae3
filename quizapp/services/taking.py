"""Taking a quiz or a practice set: start, save, check one answer, finish. Each is one transaction, safe to repeat.

An attempt whose time is over is closed first by whoever opens it, saves to it or starts another.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace
from random import Random

from sqlalchemy.exc import IntegrityError

from quizapp.domain.attempts import (
    Answer,
    Confidence,
    Feedback,
    Kind,
    Slot,
    SlotState,
    Step,
    StepKind,
    Verdict,
    judge_late,
    judge_save,
    replay,
)
from quizapp.domain.errors import NotFound, Refused
from quizapp.domain.inputs import InputSpec
from quizapp.domain.items import Item
from quizapp.domain.items.base import Explained, Raw
from quizapp.domain.modules import Module
from quizapp.domain.plans import draw
from quizapp.services.closing import close_attempt, close_due, finish_locked, post_closing
from quizapp.services.studying import find_missing, require_open
from quizapp.services.versions import get_items, get_module_versions
from quizapp.store import attempts as store
from quizapp.store import content
from quizapp.store.attempts import AttemptFacts
from quizapp.store.db import reading, unit_of_work

GRACE_SECONDS = 10
"""How long after the end an answer still counts, where nobody says otherwise: a slow network is nobody's fault."""


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


def start(
    person_id: int, module_id: str, kind: Kind, seed: int, now: dt.datetime, grace_seconds: int = GRACE_SECONDS
) -> Sheet:
    """Start an attempt, or find the one that is open: pressed twice, it is one. Its page without any question.

    With a time limit its end, and until when answers count (`grace_seconds` more), are pinned here. Raises NotFound, or
    Refused while another module must be passed first.
    """
    try:
        return _start(person_id, module_id, kind, seed, now, grace_seconds)
    except IntegrityError:  # another process started it between our look and our insert
        return _start(person_id, module_id, kind, seed, now, grace_seconds)
    except Refused:
        if not close_due(now, person_id):
            raise
        return _start(person_id, module_id, kind, seed, now, grace_seconds)  # what was just closed may have passed


def _start(person_id: int, module_id: str, kind: Kind, seed: int, now: dt.datetime, grace_seconds: int) -> Sheet:
    with reading() as connection:
        version_id = content.find_current(connection, module_id)
        if version_id is None:
            raise NotFound("There is no module of that name.")
        module = get_module_versions(connection, [version_id])[version_id]
        require_open(find_missing(connection, person_id, module))
        already = store.find_open(connection, person_id, module_id, kind)
        pool = content.list_pool(connection, version_id, kind)
        rng = Random(seed)  # noqa: S311 - a fair draw, not a secret
        drawn = draw(module.facts.quiz.plan, pool, rng) if kind is Kind.QUIZ else list(pool)
        if not drawn:
            raise NotFound("This module has no practice set yet.")
        ids = [entry.item_version_id for entry in drawn]
        items = get_items(connection, ids)
    if already is not None and not already.is_due(now):
        return get_sheet(person_id, already.id, [])
    if already is not None:
        close_attempt(already.id, now)
    slots = [Slot(i, items[i].present(rng)) for i in ids]
    limit_minutes = module.facts.quiz.time_limit_minutes if kind is Kind.QUIZ else None
    due_at = None if limit_minutes is None else now + dt.timedelta(minutes=limit_minutes)
    closes_at = None if due_at is None else due_at + dt.timedelta(seconds=grace_seconds)
    with unit_of_work() as connection:
        already = store.find_open(connection, person_id, module_id, kind)
        if already is None:
            attempt = store.add_attempt(
                connection,
                person_id=person_id,
                module_id=module_id,
                module_version_id=version_id,
                kind=kind,
                slots=slots,
                seed=seed,
                now=now,
                due_at=due_at,
                closes_at=closes_at,
            )
            if closes_at is not None:
                post_closing(connection, attempt.id, closes_at, now)
    if already is not None:  # by another tab, in this very moment
        return get_sheet(person_id, already.id, [])
    marks = tuple(Mark(n, is_answered=False, is_flagged=False, is_checked=False) for n in range(1, len(slots) + 1))
    return Sheet(attempt, module, marks, ())


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

    What comes after the time has ended is kept as `late` and does not count; it closes the attempt if nobody has yet.
    When this returns, what it accepted is on disk. Raises NotFound for another's attempt, Refused once its owner
    finished it.
    """
    with unit_of_work() as connection:
        attempt = _lock_own(store.lock_attempt(connection, attempt_id), person_id)
        if attempt.finished_at is not None and not attempt.is_timed_out:
            raise Refused("This attempt is finished; its answers stay as they are.")
        steps = store.load_steps(connection, attempt_id)
        if any(not 1 <= entry.number <= attempt.n_slots for entry in incoming):
            raise NotFound(f"This attempt has questions 1 to {attempt.n_slots}.")
        items = get_items(connection, [steps.slots[entry.number - 1].item_version_id for entry in incoming])
        if attempt.is_due(now):
            attempt = finish_locked(connection, attempt, steps, now)
            steps = replace(steps, last_seq=steps.last_seq + 1)
        is_over = attempt.finished_at is not None  # going by the row: a clock set back reopens nothing
        positions = [entry.number - 1 for entry in incoming]
        history = store.list_saves(connection, attempt_id, positions) if is_over else []
        states = replay(attempt.n_slots, steps.latest)
        added: list[Step] = []
        results = []
        for entry in incoming:
            slot = steps.slots[entry.number - 1]
            item = items[slot.item_version_id]
            state = states[entry.number - 1]
            answer = _read_answer(entry, item, slot)
            seq = steps.last_seq + len(added) + 1
            if is_over:
                mine = [step for step in history if step.position == entry.number - 1]
                verdict, is_new = judge_late(state, mine, answer, tab, tab_seq)
                if is_new:
                    added.append(Step(seq, now, StepKind.LATE, entry.number - 1, answer, tab, tab_seq))
            else:
                verdict = judge_save(state, answer, entry.known_seq, tab, tab_seq)
            if verdict is Verdict.ACCEPT:
                added.append(Step(seq, now, StepKind.SAVE, entry.number - 1, answer, tab, tab_seq))
                state = replace(state, answer=answer, seq=seq, at=now)
            kept = state.answer.response
            words = item.describe(kept, slot.presentation) if kept else ""
            results.append(Saved(entry.number, verdict, state.seq, state.at, words))
        if added:
            store.add_steps(connection, attempt_id, added)
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
    sheet = open_sheet(person_id, attempt_id, now, [number])
    if sheet.feedback is not Feedback.IMMEDIATE:
        raise Refused("In this quiz the answers are shown after you finish.")
    with unit_of_work() as connection:
        attempt = _lock_own(store.lock_attempt(connection, attempt_id), person_id)
        steps = store.load_steps(connection, attempt_id)
        state = replay(attempt.n_slots, steps.latest)[number - 1]
        if state.is_checked or attempt.finished_at is not None or attempt.is_due(now):
            return
        if state.answer.response is None:
            raise Refused("Choose an answer first, then check it.")
        store.add_steps(connection, attempt_id, [Step(steps.last_seq + 1, now, StepKind.CHECK, number - 1)])


def finish(person_id: int, attempt_id: int, now: dt.datetime) -> AttemptFacts:
    """Finish and grade the attempt, once, however often the button is pressed. Raises NotFound for another's."""
    with unit_of_work() as connection:
        attempt = _lock_own(store.lock_attempt(connection, attempt_id), person_id)
        if attempt.finished_at is not None:
            return attempt
        return finish_locked(connection, attempt, store.load_steps(connection, attempt_id), now)
