"""Answers that came after the time had ended: an author may accept one, with a reason, and the attempt is marked again.

The list says when an answer came and what it is; neither whose it is nor whether it is right.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from quizapp.domain.attempts import Kind, Step, StepKind, replay
from quizapp.domain.corrections import Ruling
from quizapp.domain.errors import NotFound, Refused
from quizapp.domain.items import Item
from quizapp.services.correcting import require_reason
from quizapp.services.regrading import Marker, recompute, write
from quizapp.services.rulings import get_rulings
from quizapp.services.versions import get_items, get_module_versions
from quizapp.store import attempts as store
from quizapp.store import late_answers as waiting
from quizapp.store import regrades
from quizapp.store.attempts import AttemptFacts, Steps
from quizapp.store.audit import add_audit
from quizapp.store.db import reading, unit_of_work
from quizapp.store.regrades import Place

PAGE = 25
"""Attempts on one page."""


@dataclass(frozen=True, slots=True)
class LateAnswer:
    """One answer that came late and counts for nothing so far. Texts are Markdown."""

    attempt_id: int
    quiz: str
    number: int
    seq: int
    """The step that holds it."""
    stem: str
    came_at: dt.datetime
    late_by: dt.timedelta
    """Past the end that the page had shown."""
    given: str
    instead_of: str
    """What counts so far; empty where nothing was answered in time."""


@dataclass(frozen=True, slots=True)
class LatePage:
    """One page of the list, newest attempts first. `next_before`: the attempt to go on before, 0 at the end."""

    answers: tuple[LateAnswer, ...]
    next_before: int


def list_late(before: int = 0) -> LatePage:
    """Late answers that nobody has accepted, of quizzes that their time ended."""
    with reading() as connection:
        found = waiting.list_with_late(connection, before, PAGE + 1)
        shown = found[:PAGE]
        steps = waiting.load_all_steps(connection, [attempt.id for attempt in shown])
        modules = get_module_versions(connection, {attempt.module_version_id for attempt in shown})
        pinned = {slot.item_version_id for held in steps.values() for slot in held.slots}
        items = get_items(connection, pinned)
    answers = [
        answer
        for attempt in shown
        for answer in _describe(attempt, steps[attempt.id], modules[attempt.module_version_id].facts.heading, items)
    ]
    return LatePage(tuple(answers), shown[-1].id if len(found) > PAGE else 0)


def _describe(attempt: AttemptFacts, steps: Steps, quiz: str, items: dict[int, Item]) -> list[LateAnswer]:
    answers = []
    for i, state in enumerate(replay(attempt.n_slots, steps.latest)):
        step = _find_late(steps.latest, i)
        if state.late is None or step is None or attempt.due_at is None:
            continue
        if state.late.response == state.answer.response:  # changed back after the end: it counts as it is
            continue
        item, shown = items[steps.slots[i].item_version_id], steps.slots[i].presentation
        given, kept = (None if a is None else a.response for a in (state.late, state.answer))
        answers.append(
            LateAnswer(
                attempt_id=attempt.id,
                quiz=quiz,
                number=i + 1,
                seq=step.seq,
                stem=item.stem,
                came_at=step.at,
                late_by=step.at - attempt.due_at,
                given="" if given is None else item.describe(given, shown),
                instead_of="" if kept is None else item.describe(kept, shown),
            )
        )
    return answers


def _find_late(steps: Sequence[Step], position: int) -> Step | None:
    return next((s for s in reversed(steps) if s.kind is StepKind.LATE and s.position == position), None)


def accept(attempt_id: int, number: int, seq: int, reason: str, now: dt.datetime, actor_id: int) -> None:
    """Have the late answer of step `seq` count, and mark the attempt again. Both scores are kept; a pass never falls.

    Raises NotFound, Invalid without a reason, or Refused where it has been accepted, or another one came since.
    """
    reason = require_reason(reason)
    with unit_of_work() as connection:
        attempt = store.lock_attempt(connection, attempt_id)
        if attempt is None or attempt.kind is not Kind.QUIZ or not attempt.is_timed_out:
            raise NotFound("There is no such attempt among those that their time ended.")
        steps = store.load_steps(connection, attempt_id)
        late = _find_late(steps.latest, number - 1)
        if late is None or late.seq != seq or replay(attempt.n_slots, steps.latest)[number - 1].late is None:
            raise Refused("This answer has been accepted already, or another one came since: look at the list again.")
        step = Step(steps.last_seq + 1, now, StepKind.ACCEPT, number - 1, late.answer)
        store.add_steps(connection, attempt_id, [step])
        _mark_again(connection, attempt, number - 1, steps.slots[number - 1].item_version_id, reason, now, actor_id)
        add_audit(
            connection, at=now, actor_id=actor_id, action="late answer accepted", subject=f"attempt {attempt_id}",
            after={"question": number, "late": seq, "accepted": step.seq}, reason=reason,
        )  # fmt: skip


def _mark_again(
    connection: Connection,
    attempt: AttemptFacts,
    position: int,
    item_version_id: int,
    reason: str,
    now: dt.datetime,
    actor_id: int,
) -> None:
    items = get_items(connection, [item_version_id])
    rulings = get_rulings(connection, items, attempt.correction_id)
    marker = Marker({i: rulings.get(i, Ruling(item)) for i, item in items.items()})
    regrade_id = regrades.add_regrade(
        connection, module_id=attempt.module_id, upto_id=attempt.correction_id, reason=reason, n_total=1, now=now,
        actor_id=actor_id, attempt_id=attempt.id,
    )  # fmt: skip
    regrade = regrades.find_regrade(connection, regrade_id)
    assert regrade is not None  # noqa: S101 - it was added just now
    place: Place = (attempt.id, position)
    entries = regrades.list_entries(connection, attempt.id, attempt.id, [item_version_id])
    candidate = regrades.get_candidate(connection, attempt.id)
    outcome = recompute(connection, [candidate], {place: entries[place]}, marker, lambda *_: reason, regrade)
    write(connection, regrade, outcome, attempt.correction_id)
    regrades.move_on(connection, regrade.id, outcome.counts, attempt.id, now)
