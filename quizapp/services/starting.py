"""Starting an attempt: once, however often the button is pressed; an earlier one whose time is over is closed first."""

import datetime as dt
from random import Random

from sqlalchemy.exc import IntegrityError

from quizapp.domain.attempts import Kind, Slot
from quizapp.domain.errors import NotFound, Refused
from quizapp.domain.plans import draw
from quizapp.services.closing import close_attempt, close_due, post_closing
from quizapp.services.sheets import Mark, Sheet, get_sheet
from quizapp.services.studying import find_missing, require_open
from quizapp.services.versions import get_items, get_module_versions
from quizapp.store import attempts as store
from quizapp.store import content
from quizapp.store.db import reading, unit_of_work

GRACE_SECONDS = 10
"""How long after the end an answer still counts, where nobody says otherwise: a slow network is nobody's fault."""


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
