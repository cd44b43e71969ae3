"""Taking a quiz or a practice set: start, save, check one answer, finish. Each is one transaction, safe to repeat.

An attempt whose time is over is closed first by whoever opens it, saves to it or starts another.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace

from quizapp.domain.attempts import (
    Answer,
    Confidence,
    Feedback,
    Slot,
    Step,
    StepKind,
    Verdict,
    judge_late,
    judge_save,
    replay,
)
from quizapp.domain.errors import NotFound, Refused
from quizapp.domain.items import Item
from quizapp.domain.items.base import Raw
from quizapp.services.closing import finish_locked
from quizapp.services.sheets import open_sheet
from quizapp.services.versions import get_items
from quizapp.store import attempts as store
from quizapp.store.attempts import AttemptFacts
from quizapp.store.db import unit_of_work


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
    caution: str
    """What to know about it before finishing; empty if nothing."""


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
            words, caution = "", ""
            if kept is not None:
                words, caution = item.describe(kept, slot.presentation), item.caution(kept, slot.presentation)
            results.append(Saved(entry.number, verdict, state.seq, state.at, words, caution))
        if added:
            store.add_steps(connection, attempt_id, added)
        return results


def _read_answer(entry: Incoming, item: Item, slot: Slot) -> Answer:
    response = item.parse(entry.raw, slot.presentation)
    written = {letter: i for i, letter in item.letters(slot.presentation).items()}
    struck = {written[letter] for letter in entry.struck if letter in written}
    if struck and response is not None:
        struck -= set(response)
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
            raise Refused("Answer first, then check it.")
        store.add_steps(connection, attempt_id, [Step(steps.last_seq + 1, now, StepKind.CHECK, number - 1)])


def finish(person_id: int, attempt_id: int, now: dt.datetime) -> AttemptFacts:
    """Finish and grade the attempt, once, however often the button is pressed. Raises NotFound for another's."""
    with unit_of_work() as connection:
        attempt = _lock_own(store.lock_attempt(connection, attempt_id), person_id)
        if attempt.finished_at is not None:
            return attempt
        return finish_locked(connection, attempt, store.load_steps(connection, attempt_id), now)
