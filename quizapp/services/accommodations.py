"""Accommodations: granted once for a person, applied to every quiz with a limit, also to one that is being taken."""

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import Connection

from quizapp.domain import timing as domain
from quizapp.domain.accommodations import Accommodation
from quizapp.domain.attempts import StepKind
from quizapp.domain.errors import Invalid, NotFound
from quizapp.services.timing import move_end
from quizapp.store import accommodations as store
from quizapp.store import timing as times
from quizapp.store.accommodations import Change, Granted
from quizapp.store.audit import add_audit
from quizapp.store.db import reading, unit_of_work

PAGE = 50
"""People on one page of the list."""
REASON_LIMIT = 500


def find(connection: Connection, person_id: int) -> Accommodation:
    """What a person was granted, in the caller's reading or transaction; nothing is `NONE`."""
    return store.find_accommodation(connection, person_id)


def find_held(connection: Connection, person_id: int, *, alone: bool = False) -> Accommodation:
    """The same for whoever starts an attempt with it in this transaction: a change waits until that is done.

    `alone`: another start of this person waits too, where one kind of attempt shuts out the other.
    """
    store.lock_person(connection, person_id, alone=alone)
    return store.find_accommodation(connection, person_id)


def get_own(person_id: int) -> Accommodation:
    """What a person was granted, for their own pages."""
    with reading() as connection:
        return store.find_accommodation(connection, person_id)


@dataclass(frozen=True, slots=True)
class Desk:
    """What the registrar sees: who has something, and whom a search found."""

    granted: tuple[Granted, ...]
    found: tuple[Granted, ...]
    after_email: str
    """Where the list goes on; empty at its end."""


def get_desk(text: str = "", after_email: str = "") -> Desk:
    """The list of those who have an accommodation, and those whose name or address holds `text`."""
    with reading() as connection:
        granted = store.list_granted(connection, after_email, PAGE + 1)
        found = store.search_people(connection, text.strip()) if text.strip() else []
    more = granted[PAGE - 1].email if len(granted) > PAGE else ""
    return Desk(tuple(granted[:PAGE]), tuple(found), more)


def get_person(person_id: int) -> tuple[Granted, list[Change]]:
    """One person with what they were granted, and how that came about. NotFound if there is nobody of that id."""
    with reading() as connection:
        granted = store.find_granted(connection, person_id)
        if granted is None:
            raise NotFound("There is no such person.")
        return granted, store.list_changes(connection, person_id)


def change(person_id: int, granted: Accommodation, *, reason: str, actor_id: int | None, now: dt.datetime) -> bool:
    """Grant a person this instead of what they had; False if they had it already.

    The ends of their open attempts with a limit move at once, never into the past, except where the time is over
    already. Audited in the same transaction. Invalid without a reason, NotFound if there is nobody of that id.
    """
    why = " ".join(reason.split())
    if not why or len(why) > REASON_LIMIT:
        raise Invalid(f"Say why, in at most {REASON_LIMIT} characters.")
    with unit_of_work() as connection:
        if not store.lock_person(connection, person_id, alone=True):
            raise NotFound("There is no such person.")
        before = store.find_accommodation(connection, person_id)
        if before == granted:
            return False
        store.put_accommodation(connection, person_id, granted)
        add_audit(
            connection,
            at=now,
            actor_id=actor_id,
            action=store.ACTION,
            subject=f"person:{person_id}",
            before=dict(before.to_json()),
            after=dict(granted.to_json()),
            reason=why,
        )
        for attempt in times.lock_open_timed(connection, person_id):
            timing = attempt.timing
            if timing is None or attempt.is_due(now):
                continue
            changed = domain.apply(timing, granted, now)
            if changed != timing:
                last_seq = times.find_last_seq(connection, attempt.id)
                move_end(connection, attempt, changed, StepKind.EXTEND, last_seq, now)
    return True
