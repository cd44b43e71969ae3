"""Carrying corrections to finished attempts: in batches, each a transaction that also notes how far the run has come.

A run that is stopped, however rudely, goes on where its last batch ended. Two runners at once take turns. What a batch
does follows from the rows alone, so it makes no difference who does it, or how often the run was stopped.
"""

import datetime as dt
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any

from sqlalchemy import Connection

from quizapp.domain.attempts import Kind, Step, marks_to_pass, replay
from quizapp.domain.corrections import Correction, Ruling, mark
from quizapp.domain.errors import NotFound
from quizapp.domain.modules import Module
from quizapp.services.closing import contribute, credits_of
from quizapp.services.rulings import rule_all
from quizapp.services.versions import get_items, get_module_versions
from quizapp.store import attempts
from quizapp.store import regrades as store
from quizapp.store.audit import add_audit
from quizapp.store.corrections import NEWEST, list_quiz_corrections
from quizapp.store.db import reading, unit_of_work
from quizapp.store.marks import Contribution, add_entries
from quizapp.store.regrades import Candidate, Counts, Place, Regrade, Rescore, Total

JOB = "regrade"
BATCH = 1000
"""Finished attempts in one transaction."""
BREATH_SECONDS = 0.05
"""Between two batches, so that the saves of learners get in where one writer at a time is all there can be."""
MEMORY = 50_000
"""Different answers whose marks are remembered."""

Entries = Mapping[Place, tuple[int, Contribution | None]]


@dataclass(frozen=True, slots=True)
class _Scored:
    """What one attempt comes to by the rules that it pinned. A pass never falls; what was not passed may be now."""

    earned: Fraction
    out_of: int
    is_passed: bool
    reaches: bool
    """Whether these marks are enough to pass."""

    @property
    def share(self) -> Fraction:
        return self.earned / self.out_of if self.out_of else Fraction(0)


@dataclass(slots=True)
class Outcome:
    """What comes of marking some attempts again; nothing of it is written yet."""

    counts: Counts = field(default_factory=Counts)
    entries: list[tuple[int, Contribution]] = field(default_factory=list)
    rescores: list[Rescore] = field(default_factory=list)
    touched: list[int] = field(default_factory=list)
    won: list[int] = field(default_factory=list)

    def add(self, attempt_id: int, before: _Scored, after: _Scored, entries: Sequence[Contribution]) -> None:
        """Count one attempt, and keep what changes the sums."""
        self.counts.n_up += after.share > before.share
        self.counts.n_down += after.share < before.share
        self.counts.n_same += after.share == before.share
        self.counts.n_won += after.is_passed and not before.is_passed
        self.counts.n_kept += before.is_passed and before.reaches and not after.reaches
        self.entries += [(attempt_id, entry) for entry in entries]
        if after.is_passed and not before.is_passed:
            self.won.append(attempt_id)


class Marker:
    """Marks answers by what was decided, and remembers what an answer came to: of many attempts most are alike."""

    def __init__(self, rulings: Mapping[int, Ruling]) -> None:
        self.rulings = rulings
        self._known: dict[Any, Contribution] = {}

    def mark(
        self, item_version_id: int, position: int, steps: Sequence[Step], shares: tuple[Fraction, ...]
    ) -> Contribution | None:
        """What the item adds to the sums now; None if it was dropped."""
        (state,) = replay(1, (replace(step, position=0) for step in steps))
        key = (item_version_id, shares, state.tries, state.answer.response)
        found = self._known.get(key)
        if found is None:
            if len(self._known) >= MEMORY:
                self._known.clear()
            found = contribute(mark(self.rulings[item_version_id], state, shares), item_version_id, 0)
            self._known[key] = found
        return replace(found, position=position) if found.weight else None


def recompute(
    connection: Connection,
    candidates: Sequence[Candidate],
    places: Entries,
    marker: Marker,
    explain: Callable[[Candidate, Sequence[int]], str],
    regrade: Regrade | None = None,
) -> Outcome:
    """Mark `places` of these attempts, which are in order of their ids, again.

    `explain` gives the reason for an attempt from the item versions looked at. Without a `regrade` only counts come of
    it; for one of a late answer both scores are kept even if they are the same, since somebody waits to hear of it.
    """
    outcome = Outcome(Counts(n_done=len(candidates)))
    is_awaited = regrade is not None and regrade.attempt_id is not None
    of_attempt: dict[int, list[Place]] = defaultdict(list)
    for place in places:
        of_attempt[place[0]].append(place)
    touched = [candidate for candidate in candidates if candidate.id in of_attempt]
    if not touched:
        return outcome
    versions = {item_version_id for item_version_id, _ in places.values()}
    changes = store.list_changes(connection, touched[0].id, touched[-1].id, versions)
    modules = get_module_versions(connection, {candidate.module_version_id for candidate in touched})
    totals = _sum_up(connection, touched, modules)
    for candidate in touched:
        module, total = modules[candidate.module_version_id], totals[candidate.id]
        asked, entries = [], []
        for place in of_attempt[candidate.id]:
            item_version_id, old = places[place]
            new = marker.mark(item_version_id, place[1], changes.get(place, ()), credits_of(module))
            asked.append(item_version_id)
            if new != old:
                entries += [replace(e, weight=weight) for e, weight in ((old, -1), (new, 1)) if e is not None]
        outcome.touched.append(candidate.id)
        if not entries and not is_awaited:
            outcome.counts.n_same += 1
            continue
        before = replace(_score(total, module, candidate), is_passed=bool(candidate.is_passed))
        after = _score(_add(total, entries, module), module, candidate)
        outcome.add(candidate.id, before, after, entries)
        is_same = (before.earned, before.out_of, before.is_passed) == (after.earned, after.out_of, after.is_passed)
        if regrade is not None and (not is_same or is_awaited):
            outcome.rescores.append(_keep_both(regrade, candidate.id, before, after, explain(candidate, asked)))
    return outcome


def _sum_up(connection: Connection, touched: Sequence[Candidate], modules: Mapping[int, Module]) -> dict[int, Total]:
    """The totals as they stand, by the must-pass objectives of the version that each attempt pinned."""
    alike: dict[frozenset[str], list[int]] = defaultdict(list)
    for candidate in touched:
        alike[modules[candidate.module_version_id].must_pass].append(candidate.id)
    totals: dict[int, Total] = {}
    for must_pass, ids in alike.items():
        totals |= store.sum_up(connection, ids, must_pass)
    return totals


def _add(total: Total, entries: Sequence[Contribution], module: Module) -> Total:
    """A total with these entries added."""
    must_pass = module.must_pass
    return Total(
        total.earned + sum((e.weight * Fraction(e.numerator, e.denominator) for e in entries), Fraction(0)),
        total.out_of + sum(e.weight for e in entries),
        total.n_missed_must_pass
        + sum(e.weight for e in entries if e.objective in must_pass and e.numerator < e.denominator),
    )


def _score(total: Total, module: Module, candidate: Candidate) -> _Scored:
    pass_marks = marks_to_pass(total.out_of, module.facts.quiz.pass_percent)
    reaches = total.out_of > 0 and total.earned >= pass_marks and not total.n_missed_must_pass
    is_passed = candidate.is_passed or (reaches and candidate.is_passed is not None)
    return _Scored(total.earned, total.out_of, bool(is_passed), reaches)


def _keep_both(regrade: Regrade, attempt_id: int, before: _Scored, after: _Scored, reason: str) -> Rescore:
    return Rescore(
        attempt_id=attempt_id,
        regrade_id=regrade.id,
        at=regrade.started_at,
        earned_before=before.earned,
        out_of_before=before.out_of,
        was_passed=before.is_passed,
        earned_after=after.earned,
        out_of_after=after.out_of,
        is_passed=after.is_passed,
        reason=reason,
    )


def write(connection: Connection, regrade: Regrade, outcome: Outcome, upto_id: int) -> None:
    """Keep what comes of a batch."""
    add_entries(connection, regrade.id, outcome.entries)
    store.add_rescores(connection, outcome.rescores)
    if outcome.touched:
        store.mark_corrected(connection, outcome.touched, upto_id, outcome.won)


def _list_places(connection: Connection, candidates: Sequence[Candidate], marker: Marker) -> Entries:
    """Where these attempts asked an item about which something was decided that their marks do not know of yet."""
    known = {candidate.id: candidate.correction_id for candidate in candidates}
    entries = store.list_entries(connection, candidates[0].id, candidates[-1].id, marker.rulings)
    return {
        place: entry
        for place, entry in entries.items()
        if place[0] in known and marker.rulings[entry[0]].last_id > known[place[0]]
    }


def _explain(marker: Marker) -> Callable[[Candidate, Sequence[int]], str]:
    def explain(candidate: Candidate, item_version_ids: Sequence[int]) -> str:
        decided = (c for i in item_version_ids for c in marker.rulings[i].corrections if c.id > candidate.correction_id)
        return " ".join(dict.fromkeys(c.reason for c in sorted(decided, key=lambda c: c.id)))

    return explain


def _load_marker(connection: Connection, corrections: Sequence[Correction]) -> Marker:
    items = get_items(connection, {c.item_version_id for c in corrections})
    return Marker(rule_all(items, list(corrections)))


def forecast(module_id: str, proposed: Sequence[Correction] = (), newest: int | None = None) -> Counts:
    """What a run over this quiz would come to with what is decided and what is proposed; nothing is written.

    Proposed corrections have ids past every other. `newest`: look at so many of the newest attempts only.
    """
    counts = Counts()
    with reading() as connection:
        after_id = 0 if newest is None else store.find_before_newest(connection, module_id, newest)
        marker = _load_marker(connection, [*list_quiz_corrections(connection, module_id), *proposed])
        while True:
            candidates = store.list_candidates(connection, module_id, NEWEST, after_id, BATCH, lock=False)
            if not candidates:
                return counts
            places = _list_places(connection, candidates, marker)
            counts += recompute(connection, candidates, places, marker, _explain(marker)).counts
            after_id = candidates[-1].id


def begin(connection: Connection, module_id: str, reason: str, now: dt.datetime, actor_id: int | None) -> int | None:
    """Begin a run over this quiz in the caller's transaction; its id, or None where it would change nothing."""
    if not store.is_pending(connection, module_id):
        return None
    upto_id = max(c.id for c in list_quiz_corrections(connection, module_id))
    n_total = store.count_candidates(connection, module_id, upto_id)
    return store.add_regrade(
        connection, module_id=module_id, upto_id=upto_id, reason=reason, n_total=n_total, now=now, actor_id=actor_id
    )


def get_regrade(regrade_id: int) -> Regrade:
    """The run of that id. Raises NotFound."""
    with reading() as connection:
        found = store.find_regrade(connection, regrade_id)
    if found is None:
        raise NotFound("There is no regrade of that number.")
    return found


def find_open_regrade(module_id: str) -> Regrade | None:
    """The oldest run over this quiz that has not come to its end."""
    with reading() as connection:
        return store.find_open_regrade(connection, module_id)


class Runner:
    """Does the batches of one run. What was decided is read once: a run takes no later decision into account."""

    def __init__(self, regrade_id: int) -> None:
        regrade = get_regrade(regrade_id)
        self.regrade_id = regrade_id
        with reading() as connection:
            decided = [c for c in list_quiz_corrections(connection, regrade.module_id) if c.id <= regrade.upto_id]
            self._marker = _load_marker(connection, decided)

    def step(self, now: dt.datetime) -> Regrade:
        """Do the next batch, if there is one; how the run stands then."""
        with unit_of_work() as connection:
            regrade = store.find_regrade(connection, self.regrade_id, lock=True)
            if regrade is None:
                raise NotFound("There is no regrade of that number.")
            if regrade.finished_at is not None:
                return regrade
            candidates = store.list_candidates(
                connection, regrade.module_id, regrade.upto_id, regrade.last_attempt_id, BATCH, lock=True
            )
            outcome, last_id = Outcome(), regrade.last_attempt_id
            if candidates:
                places = _list_places(connection, candidates, self._marker)
                explain = _explain(self._marker)
                outcome = recompute(connection, candidates, places, self._marker, explain, regrade)
                last_id = candidates[-1].id
                write(connection, regrade, outcome, regrade.upto_id)
            finished_at = now if len(candidates) < BATCH else None
            store.move_on(connection, regrade.id, outcome.counts, last_id, finished_at)
            after = store.find_regrade(connection, regrade.id)
            assert after is not None  # noqa: S101 - its row is locked
            if finished_at is not None:
                _note_end(connection, after, now)
            return after


def _note_end(connection: Connection, regrade: Regrade, now: dt.datetime) -> None:
    counts = {name: getattr(regrade, name) for name in Counts.__slots__}
    add_audit(
        connection, at=now, actor_id=None, action="regrade finished", subject=f"regrade {regrade.id}",
        after={"quiz": regrade.module_id, "upto": regrade.upto_id, **counts}, reason=regrade.reason,
    )  # fmt: skip


def run(regrade_id: int, now: Callable[[], dt.datetime], tell: Callable[[Regrade], None] = lambda _: None) -> Regrade:
    """Do a run to its end, from wherever it stands. `tell` is called after each batch."""
    runner = Runner(regrade_id)
    while True:
        regrade = runner.step(now())
        tell(regrade)
        if regrade.finished_at is not None:
            return regrade
        time.sleep(BREATH_SECONDS)


def run_by_job(payload: Mapping[str, Any], now: dt.datetime) -> None:
    """The job that a correction made in the browser leaves behind."""
    run(payload["regrade_id"], lambda: now)


@dataclass(frozen=True, slots=True)
class MarkedAgain:
    """An attempt that was marked again: what its quiz is called, and both scores of each time, oldest first."""

    attempt_id: int
    heading: str
    tells_marks: bool
    """Whether the rules of the quiz tell its marks at all."""
    rescores: tuple[Rescore, ...]


def list_unseen(person_id: int) -> list[MarkedAgain]:
    """This person's attempts that were marked again and not put away yet, the one marked last first."""
    with reading() as connection:
        unseen = store.list_unseen(connection, person_id)
        modules = get_module_versions(connection, {version_id for version_id, *_ in unseen})
    of_attempt: dict[int, MarkedAgain] = {}
    for version_id, kind, is_passed, rescore in unseen:
        facts = modules[version_id].facts
        tells_marks = kind is Kind.PRETEST or facts.quiz.shows_marks(is_passed=is_passed) != "nothing"
        known = of_attempt.get(rescore.attempt_id, MarkedAgain(rescore.attempt_id, facts.heading, tells_marks, ()))
        of_attempt[rescore.attempt_id] = replace(known, rescores=(rescore, *known.rescores))
    return list(of_attempt.values())


def put_away(person_id: int, attempt_id: int, now: dt.datetime) -> None:
    """The person has read how an attempt was marked again. Raises NotFound for another's."""
    with unit_of_work() as connection:
        attempt = attempts.lock_attempt(connection, attempt_id)
        if attempt is None or attempt.person_id != person_id:
            raise NotFound("There is no such attempt, or it belongs to somebody else.")
        store.mark_seen(connection, attempt_id, now)
