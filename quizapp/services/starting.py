"""Starting an attempt: once, however often the button is pressed; an earlier one whose time is over is closed first.

What the rules allow is decided in the transaction that starts it, on the attempts that are there then.
"""

import datetime as dt
from dataclasses import dataclass
from itertools import chain
from random import Random

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from quizapp.domain.accommodations import Accommodation
from quizapp.domain.admission import Admission, NotNow, admit
from quizapp.domain.attempts import Kind, Slot
from quizapp.domain.errors import NotFound, Refused
from quizapp.domain.modules import Module, QuizRules
from quizapp.domain.plans import draw, gather
from quizapp.domain.progress import Gain
from quizapp.domain.timing import begin
from quizapp.services import accommodations
from quizapp.services.closing import close_attempt, close_due
from quizapp.services.sheets import Mark, Sheet, get_sheet
from quizapp.services.studying import find_gain, find_missing, require_open
from quizapp.services.timing import post_closing
from quizapp.services.versions import get_items, get_module_version
from quizapp.store import attempts as store
from quizapp.store import content, sections
from quizapp.store.attempts import AttemptFacts
from quizapp.store.db import reading, unit_of_work
from quizapp.store.marks import list_seen

GRACE_SECONDS = 10
"""How long after the end an answer still counts, where nobody says otherwise: a slow network is nobody's fault."""


def start(
    person_id: int, module_id: str, kind: Kind, seed: int, now: dt.datetime, grace_seconds: int = GRACE_SECONDS
) -> Sheet:
    """Start an attempt, or find the one that is open: pressed twice, it is one. Its page without any question.

    Its end is that of the time limit, or when the quiz closes if that is earlier; it and until when answers count
    (`grace_seconds` more) are pinned here. Items that the person had in an earlier attempt at the module come only
    where there are no others. Raises NotFound, Refused while another module must be passed first, or NotNow where the
    rules of the quiz do not allow an attempt now.
    """
    try:
        return _start(person_id, module_id, kind, seed, now, grace_seconds)
    except IntegrityError:  # another process started it between our look and our insert
        return _start(person_id, module_id, kind, seed, now, grace_seconds)
    except Refused:
        if not close_due(now, person_id):
            raise
        return _start(person_id, module_id, kind, seed, now, grace_seconds)  # what was just closed may have passed


@dataclass(frozen=True, slots=True)
class Outlook:
    """What a result page says beside the result."""

    rules: QuizRules | None
    """Of the quiz as it is now; None where the module is no longer there or not open."""
    admission: Admission
    """Whether another attempt at it can be started now."""
    gain: Gain | None


def get_outlook(person_id: int, module_id: str, now: dt.datetime) -> Outlook:
    """What comes next for this person at the quiz of the module, and what they gained since the pre-test."""
    with reading() as connection:
        version_id = content.find_current(connection, module_id)
        if version_id is None:
            return Outlook(None, Admission(), None)
        module = get_module_version(connection, version_id)
        is_locked = bool(find_missing(connection, person_id, module))
        mine = store.list_attempts_at(connection, person_id, module_id)
        rules = module.facts.quiz
        is_limited = rules.attempts_allowed is not None
        extra_attempts = accommodations.find(connection, person_id).extra_attempts if is_limited else 0
        gain = find_gain(connection, person_id, module_id, mine)
    admission = admit(Kind.QUIZ, rules, mine, now, extra_attempts=extra_attempts, has_read=False)
    return Outlook(None if is_locked else rules, admission, gain)


def _start(person_id: int, module_id: str, kind: Kind, seed: int, now: dt.datetime, grace_seconds: int) -> Sheet:
    with reading() as connection:
        version_id = content.find_current(connection, module_id)
        if version_id is None:
            raise NotFound("There is no module of that name.")
        module = get_module_version(connection, version_id)
        require_open(find_missing(connection, person_id, module))
        mine = store.list_attempts_at(connection, person_id, module_id)
    already = _find_open(mine, kind)
    if already is not None and not already.is_due(now):
        return get_sheet(person_id, already.id, [])
    if already is not None:
        close_attempt(already.id, now)
    drawn = _draw(person_id, module, version_id, kind, seed, has_history=bool(mine))
    with unit_of_work() as connection:
        granted = _find_granted(connection, person_id, module, kind)
        mine = store.list_attempts_at(connection, person_id, module_id)
        already = _find_open(mine, kind)
        if already is None:
            _require_admission(connection, person_id, module, kind, mine, granted, now)
            grace = dt.timedelta(seconds=grace_seconds)
            number = max((a.number for a in mine if a.kind is kind), default=0) + 1
            attempt = _add(connection, person_id, module, version_id, kind, number, drawn, granted, grace, now)
    if already is not None:  # by another tab, in this very moment
        return get_sheet(person_id, already.id, [])
    numbers = range(1, len(drawn.slots) + 1)
    marks = tuple(Mark(n, is_answered=False, is_flagged=False, is_checked=False) for n in numbers)
    return Sheet(attempt, module, marks, ())


def _find_open(mine: list[AttemptFacts], kind: Kind) -> AttemptFacts | None:
    return next((a for a in mine if a.kind is kind and a.finished_at is None), None)


@dataclass(frozen=True, slots=True)
class _Drawn:
    """A test form with how each item is shown, and the seed that it came from."""

    slots: tuple[Slot, ...]
    seed: int


def _draw(person_id: int, module: Module, version_id: int, kind: Kind, seed: int, *, has_history: bool) -> _Drawn:
    """The same seed and the same items seen make the same form."""
    rng = Random(seed)  # noqa: S311 - a fair draw, not a secret
    rules = module.facts.quiz
    with reading() as connection:
        pool = content.list_pool(connection, version_id, "practice" if kind is Kind.PRACTICE else "quiz")
        if kind is Kind.PRACTICE:
            drawn = list(chain(*gather(pool)))
        else:
            seen = list_seen(connection, person_id, module.id) if has_history else set()
            drawn = draw(rules.plan, pool, rng, seen=seen, shuffle=rules.shuffle)
        if not drawn:
            raise NotFound("This module has no practice set yet.")
        ids = [entry.item_version_id for entry in drawn]
        items = get_items(connection, ids)
    return _Drawn(tuple(Slot(i, items[i].present(rng), items[i].case) for i in ids), seed)


def _find_granted(connection: Connection, person_id: int, module: Module, kind: Kind) -> Accommodation:
    """What the person was granted, held until the attempt has started; not asked for where it changes nothing."""
    rules = module.facts.quiz
    plays_no_part = rules.time_limit_minutes is None and rules.attempts_allowed is None and not rules.pretest
    if kind is Kind.PRACTICE or plays_no_part:
        return Accommodation()
    return accommodations.find_held(connection, person_id, alone=rules.pretest)


def _require_admission(
    connection: Connection,
    person_id: int,
    module: Module,
    kind: Kind,
    mine: list[AttemptFacts],
    granted: Accommodation,
    now: dt.datetime,
) -> None:
    has_read = kind is Kind.PRETEST and any(
        module_id == module.id for module_id, _, _ in sections.list_sections_read(connection, person_id)
    )
    admission = admit(kind, module.facts.quiz, mine, now, extra_attempts=granted.extra_attempts, has_read=has_read)
    if not admission.is_open:
        raise NotNow(admission)


def _add(
    connection: Connection,
    person_id: int,
    module: Module,
    version_id: int,
    kind: Kind,
    number: int,
    drawn: _Drawn,
    granted: Accommodation,
    grace: dt.timedelta,
    now: dt.datetime,
) -> AttemptFacts:
    """Add the attempt with its end, and leave the job that closes it then."""
    rules = module.facts.quiz
    limit_minutes, stops_at = (None, None) if kind is Kind.PRACTICE else (rules.time_limit_minutes, rules.closes_at)
    timing = None if limit_minutes is None else begin(limit_minutes, granted, grace, now, stops_at)
    attempt = store.add_attempt(
        connection,
        person_id=person_id,
        module_id=module.id,
        module_version_id=version_id,
        kind=kind,
        number=number,
        slots=drawn.slots,
        seed=drawn.seed,
        backtracking=module.facts.rules(kind).backtracking,
        now=now,
        timing=timing,
        ends=(stops_at, stops_at + grace) if timing is None and stops_at is not None else None,
    )
    if attempt.closes_at is not None:
        post_closing(connection, attempt.id, attempt.closes_at, now)
    return attempt
