"""What the database holds, compared with what the learners were told."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import Connection, func, select

from quizapp.domain.attempts import Answer, Confidence, Step, StepKind, replay
from quizapp.services.versions import get_items
from quizapp.store.attempts import AttemptFacts, StepRow, list_attempts
from quizapp.store.db import db
from quizapp.store.marks import ContributionRow
from tests.faults.learners import Learner, Sent
from tests.faults.world import application


@dataclass
class Findings:
    """Counted in answers (one question of one save), except `damaged`, which counts attempts."""

    acknowledged: int = 0
    found: int = 0
    damaged: int = 0
    notes: list[str] = field(default_factory=list)
    """What is wrong, in words; empty when nothing is."""


def examine(url: str, folder: Path, learners: Sequence[Learner], until: float = float("inf")) -> Findings:
    """Open the database anew and compare. Acknowledgements read after `until` (epoch seconds) are not asked for."""
    findings = Findings()
    with application(url, folder), db.engine.connect() as connection:
        if db.engine.dialect.name == "sqlite":
            for pragma in ("integrity_check", "foreign_key_check"):
                found = connection.exec_driver_sql(f"PRAGMA {pragma}").fetchall()
                if found and found != [("ok",)]:
                    findings.damaged += 1
                    findings.notes.append(f"{pragma}: {found[:3]}")
        for learner in learners:
            _examine_one(connection, learner, until, findings)
    return findings


def _examine_one(connection: Connection, learner: Learner, until: float, findings: Findings) -> None:
    told = [s for s in learner.sent if s.is_acknowledged and s.at <= until]
    findings.acknowledged += len(told)
    attempts = list_attempts(connection, learner.person_id)
    if not attempts and not told and not (learner.started_at and learner.started_at <= until):
        return  # nothing was promised
    if [a.id for a in attempts] != [learner.attempt_id or attempts[0].id]:
        findings.damaged += 1
        findings.notes.append(f"person {learner.person_id} has attempts {attempts}, not just {learner.attempt_id}")
        return
    steps, answers, faults = _read(connection, attempts[0])
    was_finished = learner.finished_at and learner.finished_at <= until
    if was_finished and attempts[0].finished_at is None:
        faults.append("finished, and open again")
    by_key = {(s.tab, s.tab_seq, s.number): s for s in learner.sent}
    matched: dict[int, Sent] = {}
    for step in steps:
        if step.position is None:
            continue
        sent = by_key.get((step.tab, step.tab_seq, step.position + 1))
        if sent is None or step.answer != _expect(sent, answers[step.position]):
            faults.append(f"step {step.seq} holds what was not sent")
        elif sent.index in {m.index for m in (matched.get(step.seq),) if m}:
            faults.append(f"step {step.seq} is there twice")
        else:
            matched[step.seq] = sent
    kept_twice = len(matched) - len({m.index for m in matched.values()})
    if kept_twice:
        faults.append(f"{kept_twice} answers were kept twice")
    missing = [s for s in told if not _is_found(s, matched, answers)]
    missing += _find_older(told, replay(attempts[0].n_slots, steps), by_key, answers, missing)
    findings.found += len(told) - len(missing)
    findings.notes += [f"attempt {attempts[0].id}: lost {s}" for s in missing[:3]]
    findings.damaged += bool(faults)
    findings.notes += [f"attempt {attempts[0].id}: {fault}" for fault in faults[:3]]


def _read(connection: Connection, attempt: AttemptFacts) -> tuple[list[Step], list[dict[str, int]], list[str]]:
    """All steps, for each question the letters as shown with their place as written, and what is wrong in itself."""
    query = select(StepRow).where(StepRow.attempt_id == attempt.id).order_by(StepRow.seq)
    rows = connection.execute(query).all()
    faults = []
    if [row.seq for row in rows] != list(range(1, len(rows) + 1)):
        faults.append("its steps are not counted without gaps")
    if not rows or rows[0].kind != StepKind.START or len(rows[0].data["slots"]) != attempt.n_slots:
        return [], [{}] * attempt.n_slots, [*faults, "its first step is missing"]
    finishes = [row.seq for row in rows if row.kind == StepKind.FINISH]
    if finishes != ([len(rows)] if attempt.finished_at else []):
        faults.append(f"it is finished by steps {finishes} of {len(rows)}")
    n_marks = connection.scalar(select(func.count()).where(ContributionRow.attempt_id == attempt.id))
    if n_marks != (attempt.n_slots if attempt.finished_at else 0):
        faults.append(f"it has {n_marks} marks")
    slots = rows[0].data["slots"]
    items = get_items(connection, [slot["item"] for slot in slots])
    letters = [
        {
            choice.value: written
            for written, choice in zip(
                slot["shown"]["order"], items[slot["item"]].ask(slot["shown"]).choices, strict=True
            )
        }
        for slot in slots
    ]
    steps = [
        Step(
            row.seq, row.at, StepKind(row.kind), row.position,
            Answer.from_json(row.data["answer"]) if row.kind == StepKind.SAVE else None, row.tab, row.tab_seq,
        )
        for row in rows
    ]  # fmt: skip
    return steps, letters, faults


def _expect(sent: Sent, letters: dict[str, int]) -> Answer:
    response = tuple(sorted(letters[letter] for letter in sent.letters)) or None
    return Answer(response, Confidence(sent.sure) if sent.sure else None, sent.flag)


def _is_found(sent: Sent, matched: dict[int, Sent], letters: list[dict[str, int]]) -> bool:
    """Whether what was acknowledged is there. An accepted answer is a step of its own.

    A repeat added nothing: the page's own later answer was there already, or the same answer was; at first that is
    the blank one.
    """
    same = [m for m in matched.values() if m.number == sent.number]
    if any(m is sent for m in same):
        return True
    if sent.verdict == "accept":
        return False
    expected = _expect(sent, letters[sent.number - 1])
    return expected == Answer() or any(
        (m.tab == sent.tab and m.tab_seq > sent.tab_seq) or _expect(m, letters[sent.number - 1]) == expected
        for m in same
    )


def _find_older(
    told: Sequence[Sent], states: Sequence[object], by_key: dict[tuple[str, int, int], Sent],
    letters: list[dict[str, int]], missing: Sequence[Sent],
) -> list[Sent]:  # fmt: skip
    """The last acknowledged answer of each question over which something older was kept."""
    last = {s.number: s for s in sorted(told, key=lambda s: s.index)}
    found = []
    for number, sent in last.items():
        state = states[number - 1]
        kept = by_key.get((state.tab, state.tab_seq, number))  # type: ignore[attr-defined]
        is_newer = kept is not None and kept.index >= sent.index
        is_same = state.answer == _expect(sent, letters[number - 1])  # type: ignore[attr-defined]
        if not is_newer and not is_same and sent not in missing:
            found.append(sent)
    return found
