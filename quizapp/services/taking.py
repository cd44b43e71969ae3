"""Taking a quiz or a practice set: save, check one answer, go on, finish. Each is one transaction, safe to repeat.

An attempt whose time is over is closed first by whoever opens it, saves to it or starts another.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Connection

from quizapp.domain.attempts import (
    Answer,
    Confidence,
    Feedback,
    Slot,
    SlotState,
    Step,
    StepKind,
    Verdict,
    judge_late,
    judge_save,
    replay,
)
from quizapp.domain.corrections import Ruling
from quizapp.domain.errors import NotFound, Refused
from quizapp.domain.items import Item
from quizapp.domain.items.base import Raw, Response
from quizapp.domain.passage import Passage, find_passages, is_followed, unfolds_from
from quizapp.domain.timing import Timing
from quizapp.services.closing import finish_locked
from quizapp.services.rulings import get_rulings
from quizapp.services.sheets import open_sheet
from quizapp.services.timing import resume_locked
from quizapp.services.versions import get_items
from quizapp.store import attempts as store
from quizapp.store.attempts import AttemptFacts, Steps
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
    seconds: int = 0
    """How long the question was looked at, over all visits, as the page says."""


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
    is_locked: bool
    """Whether no other answer can be kept any more: it was checked, or gone on from where there is no way back."""
    sent: str
    """The answer that the page sent, in words; empty if it was blank."""
    timing: Timing | None = None
    """How the attempt's time stands now, for a page that does not know that its end was moved."""


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
        states = replay(attempt.n_slots, steps.latest)
        _require_reached(steps, states, [entry.number for entry in incoming])
        items = get_items(connection, [steps.slots[entry.number - 1].item_version_id for entry in incoming])
        if attempt.is_due(now):
            attempt = finish_locked(connection, attempt, steps, now)
            steps = replace(steps, last_seq=steps.last_seq + 1)
        is_over = attempt.finished_at is not None  # going by the row: a clock set back reopens nothing
        positions = [entry.number - 1 for entry in incoming]
        history = store.list_saves(connection, attempt_id, positions) if is_over else []
        added: list[Step] = []
        results = []
        for entry in incoming:
            slot = steps.slots[entry.number - 1]
            item = items[slot.item_version_id]
            state = states[entry.number - 1]
            answer = _read_answer(entry, item, slot, _count_seconds(entry, state, attempt, now))
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
            elif verdict is Verdict.REPEAT and not is_over and answer.seconds > state.answer.seconds:
                added.append(Step(seq, now, StepKind.LOOK, entry.number - 1, answer))
            kept = state.answer.response
            caution = "" if kept is None else item.caution(kept, slot.presentation)
            words = _say(item, slot, kept)
            sent = words if answer.response == kept else _say(item, slot, answer.response)
            results.append(Saved(entry.number, verdict, state.seq, state.at, words, caution, state.is_locked, sent))
        if added:
            store.add_steps(connection, attempt_id, added)
        if any(step.kind is StepKind.SAVE for step in added):  # somebody is at work again
            attempt = resume_locked(connection, attempt, steps.last_seq + len(added), now)
        timing = attempt.timing
        return results if timing is None else [replace(saved, timing=timing) for saved in results]


def _count_seconds(entry: Incoming, state: SlotState, attempt: AttemptFacts, now: dt.datetime) -> int:
    """The time spent on a question, as the page says: never less than before, nor more than the attempt has lasted."""
    lasted = max(int((now - attempt.started_at).total_seconds()), 0)
    return max(state.answer.seconds, min(entry.seconds, lasted))


def _say(item: Item, slot: Slot, response: Response | None) -> str:
    return "" if response is None else item.describe(response, slot.presentation)


def _read_answer(entry: Incoming, item: Item, slot: Slot, seconds: int) -> Answer:
    response = item.parse(entry.raw, slot.presentation)
    written = {letter: i for i, letter in item.letters(slot.presentation).items()}
    struck = {written[letter] for letter in entry.struck if letter in written}
    if struck and response is not None:
        struck -= set(response)
    confidence = Confidence(entry.confidence) if entry.confidence in set(Confidence) else None
    return Answer(response, confidence, entry.is_flagged, tuple(sorted(struck)), seconds)


def _lock_own(attempt: AttemptFacts | None, person_id: int) -> AttemptFacts:
    if attempt is None or attempt.person_id != person_id:
        raise NotFound("There is no such attempt, or it belongs to somebody else.")
    return attempt


def _require_reached(steps: Steps, states: Sequence[SlotState], numbers: Sequence[int]) -> None:
    """Raise NotFound for a question that is still ahead: nobody who goes by the pages can know of it."""
    passages = find_passages(steps.slots, states, backtracking=steps.backtracking)
    for number in numbers:
        if passages[number - 1] is Passage.AHEAD:
            raise NotFound(f"Question {number} is not there yet.")


def _require_seen(state: SlotState, number: int, known_seq: int | None) -> None:
    """Raise Refused where somebody wants to act on an answer that is no longer the kept one."""
    if known_seq is not None and known_seq != state.seq:
        raise Refused(
            f"Question {number} was changed in another tab or on another device: this is the answer kept now."
        )


def check_answer(person_id: int, attempt_id: int, number: int, now: dt.datetime, known_seq: int | None = None) -> None:
    """Check the kept answer where the quiz allows it. The same answer twice is one try, and so is a double click.

    It locks the answer and opens its reasons unless it is not right and another try is left. `known_seq` is the slot's
    `seq` as whoever asks knows it: the answer of another tab is not checked unseen. Raises Refused where feedback is
    deferred, while there is no answer, and with several tries for one that is incomplete or unreadable.
    """
    sheet = open_sheet(person_id, attempt_id, now, [])
    if sheet.feedback is Feedback.DEFERRED:
        raise Refused("In this quiz the answers are shown after you finish.")
    n_tries = len(sheet.module.facts.rules(sheet.attempt.kind).credits)
    with unit_of_work() as connection:
        attempt, steps, state = _lock_slot(connection, person_id, attempt_id, number)
        if state.is_locked or attempt.finished_at is not None or attempt.is_due(now):
            return
        _require_seen(state, number, known_seq)
        response = state.answer.response
        if response is None:
            raise Refused("Answer first, then check it.")
        if response in state.tries:
            return
        slot = steps.slots[number - 1]
        items = get_items(connection, [slot.item_version_id])
        item = items[slot.item_version_id]
        caution = item.caution(response, slot.presentation) if n_tries > 1 else ""
        if caution:
            raise Refused(f"Not checked, so no try was used up. {caution}")
        ruling = get_rulings(connection, items).get(slot.item_version_id, Ruling(item))
        is_right = ruling.is_credited or ruling.grade(response) == ruling.denominator
        is_final = is_right or len(state.tries) + 1 >= n_tries
        step = Step(steps.last_seq + 1, now, StepKind.CHECK, number - 1, state.answer, is_final=is_final)
        store.add_steps(connection, attempt_id, [step])


def pass_question(
    person_id: int,
    attempt_id: int,
    number: int,
    now: dt.datetime,
    known_seq: int | None = None,
    *,
    is_blank_meant: bool = False,
) -> bool:
    """Go on from a question: where the next one follows it, that locks it for good. Twice is once.

    False, and nothing happens, while it has no answer: the next part of a case appears once this one is answered, and
    elsewhere somebody has to say that this is meant. `known_seq` as for `check_answer`.
    """
    with unit_of_work() as connection:
        attempt, steps, state = _lock_slot(connection, person_id, attempt_id, number)
        is_over = attempt.finished_at is not None or attempt.is_due(now)
        if is_over or state.is_passed or not is_followed(steps.slots, number - 1, backtracking=steps.backtracking):
            return True
        _require_seen(state, number, known_seq)
        if state.answer.response is None and (unfolds_from(steps.slots, number - 1) or not is_blank_meant):
            return False
        store.add_steps(connection, attempt_id, [Step(steps.last_seq + 1, now, StepKind.PASS, number - 1)])
        return True


def _lock_slot(
    connection: Connection, person_id: int, attempt_id: int, number: int
) -> tuple[AttemptFacts, Steps, SlotState]:
    """A question that has been reached, in an attempt that nobody else can change meanwhile."""
    attempt = _lock_own(store.lock_attempt(connection, attempt_id), person_id)
    if not 1 <= number <= attempt.n_slots:
        raise NotFound(f"This attempt has questions 1 to {attempt.n_slots}.")
    steps = store.load_steps(connection, attempt_id)
    states = replay(attempt.n_slots, steps.latest)
    _require_reached(steps, states, [number])
    return attempt, steps, states[number - 1]


def finish(person_id: int, attempt_id: int, now: dt.datetime, *, is_agreed: bool = False) -> AttemptFacts:
    """Finish and grade the attempt, once, however often the button is pressed. Raises NotFound for another's.

    `is_agreed`: the person agreed to the honour statement that the page showed.
    """
    with unit_of_work() as connection:
        attempt = _lock_own(store.lock_attempt(connection, attempt_id), person_id)
        if attempt.finished_at is not None:
            return attempt
        steps = store.load_steps(connection, attempt_id)
        if attempt.paused_at is not None and not attempt.is_due(now):
            attempt = resume_locked(connection, attempt, steps.last_seq, now)
            steps = replace(steps, last_seq=steps.last_seq + 1)
        return finish_locked(connection, attempt, steps, now, is_agreed=is_agreed)
