"""Reading the course: what is there, what is open, what has been read and reached."""

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from sqlalchemy import Connection

from quizapp.domain.admission import Admission, admit
from quizapp.domain.attempts import Kind
from quizapp.domain.errors import NotFound, Refused
from quizapp.domain.evidence import Claim, Reference
from quizapp.domain.modules import Course, Module, Objective, Section
from quizapp.domain.progress import Gain, Reach, Share, reach
from quizapp.services.versions import get_module_versions
from quizapp.store import attempts as store
from quizapp.store import content, sections
from quizapp.store.attempts import AttemptFacts
from quizapp.store.db import reading, unit_of_work
from quizapp.store.marks import ObjectiveResult, list_results, list_totals


@dataclass(frozen=True, slots=True)
class PublicModule:
    """What a stranger sees of a module."""

    id: str
    number: int
    title: str
    summary: str
    estimated_minutes: int
    credit_hours: Decimal
    n_objectives: int
    """None of its own: it is a final."""
    n_drawn: int
    """Of a final: how many modules it draws from."""
    n_items: int


@dataclass(frozen=True, slots=True)
class Standing:
    """Where one person stands with one module."""

    module: Module
    version_id: int
    reach: dict[str, Reach]
    read: frozenset[str]
    missing: tuple[Module, ...]
    """Modules that must be passed first: empty means open."""
    attempts: tuple[AttemptFacts, ...]
    """This person's attempts at it, newest first."""
    gain: Gain | None = None
    """From the pre-test to the first quiz, where both are finished and may be shown."""
    is_pretest_late: bool = False
    """Whether the lesson was begun before the pre-test was finished, so that there is no gain to tell."""

    def admit(self, kind: Kind, now: dt.datetime, extra_attempts: int) -> Admission:
        """Whether an attempt of that kind can be started now, locked modules apart."""
        rules = self.module.facts.quiz
        return admit(kind, rules, self.attempts, now, extra_attempts=extra_attempts, has_read=bool(self.read))

    @property
    def pretest(self) -> AttemptFacts | None:
        """The pre-test, open or finished."""
        return next((a for a in self.attempts if a.kind is Kind.PRETEST), None)

    @property
    def is_locked(self) -> bool:
        return bool(self.missing)

    @property
    def is_passed(self) -> bool:
        return any(a.is_passed for a in self.attempts)

    @property
    def next_section(self) -> Section | None:
        """The first section not read yet."""
        return next((s for s in self.module.sections if s.id not in self.read), None)

    @property
    def minutes_left(self) -> int:
        """Reading time of the sections not read yet."""
        return sum(s.minutes for s in self.module.sections if s.id not in self.read)

    def section_number(self, section: Section) -> int:
        return self.module.sections.index(section) + 1

    def find_open(self, kind: Kind) -> AttemptFacts | None:
        """The unfinished attempt of that kind."""
        return next((a for a in self.attempts if a.kind is kind and a.finished_at is None), None)

    @property
    def open_quiz(self) -> AttemptFacts | None:
        return self.find_open(Kind.QUIZ)

    @property
    def open_practice(self) -> AttemptFacts | None:
        return self.find_open(Kind.PRACTICE)

    @property
    def finished_quizzes(self) -> tuple[AttemptFacts, ...]:
        return tuple(a for a in self.attempts if a.kind is Kind.QUIZ and a.finished_at is not None)


@dataclass(frozen=True, slots=True)
class Overview:
    """A course with a person's standing in each module, and the one thing to go on with."""

    course: Course
    standings: tuple[Standing, ...]
    last_at: dt.datetime | None
    hidden: frozenset[int] = frozenset()
    """Attempts whose marks by objective their rules keep back."""

    @property
    def next_up(self) -> Standing | None:
        """An open quiz first, then the first open module that is not passed."""
        by_quiz = next((s for s in self.standings if s.open_quiz), None)
        return by_quiz or next((s for s in self.standings if not s.is_passed and not s.is_locked), None)

    @property
    def is_new(self) -> bool:
        return self.last_at is None

    def is_behind(self, now: dt.datetime) -> bool:
        """Whether an attempt is still open though its time is over: close it, and look again."""
        return any(a.is_due(now) for s in self.standings for a in s.attempts)


def list_public_modules() -> tuple[Course | None, list[PublicModule]]:
    """The course and its modules as anybody may see them; (None, []) while nothing is published."""
    with reading() as connection:
        course, modules = load_course(connection)
    if course is None:
        return None, []
    return course, [
        PublicModule(
            m.id,
            m.facts.number,
            m.facts.title,
            m.facts.summary,
            m.facts.estimated_minutes,
            m.credit_hours,
            len(m.objectives),
            len(m.drawn),
            m.facts.quiz.n_items,
        )
        for _, m in modules.values()
    ]


def get_overview(person_id: int, course_id: str | None = None, *, with_gains: bool = False) -> Overview | None:
    """The course with this person's standing in each module; None while nothing is published.

    `with_gains`: also what was gained since each pre-test. Raises NotFound where a course is named that is not there.
    """
    with reading() as connection:
        course, modules = load_course(connection, course_id)
        if course is None and course_id is not None:
            raise NotFound("There is no course of that name.")
        if course is None:
            return None
        standings, read_at, hidden = _stand(connection, person_id, modules, with_gains=with_gains)
    times = read_at + [a.finished_at or a.started_at for s in standings for a in s.attempts]
    return Overview(course, standings, max(times, default=None), hidden)


def get_standing(person_id: int, module_id: str) -> tuple[Overview, Standing]:
    """The course and this person's standing in one of its modules. Raises NotFound."""
    overview = get_overview(person_id, with_gains=True)
    for standing in overview.standings if overview else ():
        if overview and standing.module.id == module_id:
            return overview, standing
    raise NotFound("There is no module of that name.")


def get_section(person_id: int, module_id: str, section_id: str) -> tuple[Overview, Standing, Section]:
    """One section of a lesson. Raises NotFound, or Refused while the module is locked."""
    overview, standing = get_standing(person_id, module_id)
    section = standing.module.find_section(section_id)
    if section is None:
        raise NotFound("There is no section of that name.")
    require_open(standing.missing)
    return overview, standing, section


def get_lesson(person_id: int, module_id: str) -> tuple[Overview, Standing]:
    """A module's whole lesson. Raises NotFound where it has none (a final), or Refused while the module is locked."""
    overview, standing = get_standing(person_id, module_id)
    if not standing.module.sections:
        raise NotFound("This module has no lesson.")
    require_open(standing.missing)
    return overview, standing


def require_open(missing: Sequence[Module]) -> None:
    """Refuse while modules must be passed first, naming them."""
    if missing:
        *others, last = (f"“{m.facts.title}”" for m in missing)
        names = f"{', '.join(others)} and {last}" if others else last
        raise Refused(f"This module opens when you have passed {names}.")


def mark_read(person_id: int, module_id: str, section_id: str, now: dt.datetime) -> Section | None:
    """Remember that a section was read; the section that follows, or None after the last. Raises as get_section."""
    _, standing, section = get_section(person_id, module_id, section_id)
    if section_id not in standing.read:
        with unit_of_work() as connection:
            sections.add_section_read(connection, person_id, module_id, section_id, standing.version_id, now)
    following = standing.module.sections[standing.section_number(section) :]
    return following[0] if following else None


@dataclass(frozen=True, slots=True)
class Source:
    """A reference as a section's list shows it: its number, and the claims it carries there."""

    id: str
    reference: Reference
    claims: tuple[Claim, ...]


def list_sources(module: Module, cites: Sequence[str]) -> list[Source]:
    """The references behind the claims cited, in order of first citation."""
    carried: dict[str, list[Claim]] = defaultdict(list)
    for claim_id in cites:
        claim = module.evidence.claims[claim_id]
        for reference_id in claim.references:
            carried[reference_id].append(claim)
    return [Source(i, module.evidence.references[i], tuple(claims)) for i, claims in carried.items()]


@dataclass(frozen=True, slots=True)
class ObjectiveProgress:
    """One objective: how far, and the marks of the attempts that touched it, oldest first."""

    objective: Objective
    reach: Reach
    marks: tuple[tuple[Fraction, int], ...]
    sections: tuple[Section, ...]


def get_progress(person_id: int) -> tuple[Overview | None, dict[str, list[ObjectiveProgress]]]:
    """Progress by module and objective; (None, {}) while nothing is published."""
    overview = get_overview(person_id, with_gains=True)
    if overview is None:
        return None, {}
    with reading() as connection:
        results = list_results(connection, person_id)
    taught = {s.module.id: s.module for s in overview.standings}
    marks: dict[tuple[str, str], list[tuple[Fraction, int]]] = defaultdict(list)
    for result in sorted(results, key=lambda r: r.attempt_id):
        if result.attempt_id not in overview.hidden:
            marks[_find_teacher(result, taught), result.objective].append((result.earned, result.out_of))
    progress = {
        s.module.id: [
            ObjectiveProgress(
                o,
                s.reach[o.id],
                tuple(marks[s.module.id, o.id]),
                tuple(x for x in s.module.sections if o.id in x.objectives),
            )
            for o in s.module.objectives
        ]
        for s in overview.standings
    }
    return overview, progress


def find_missing(connection: Connection, person_id: int, module: Module) -> tuple[Module, ...]:
    """The modules that this person must pass before `module` opens."""
    if not module.facts.requires:
        return ()
    passed = store.list_passed(connection, person_id)
    wanted = [r for r in module.facts.requires if r not in passed]
    ids = [c.version_id for c in content.list_current(connection) if c.module_id in wanted]
    return tuple(sorted(get_module_versions(connection, ids).values(), key=lambda m: m.facts.number))


Versions = dict[str, tuple[int, Module]]
"""Module id → its current version's id, and that version."""


def load_course(connection: Connection, course_id: str | None = None) -> tuple[Course | None, Versions]:
    """The course and the current version of each of its modules, in course order."""
    raw = content.find_course(connection, course_id)
    if raw is None:
        return None, {}
    course = Course.model_validate(raw)
    current = {c.module_id: c.version_id for c in content.list_current(connection, course.id)}
    wanted = [m for m in course.modules if m in current]
    versions = get_module_versions(connection, [current[m] for m in wanted])
    return course, {m: (current[m], versions[current[m]]) for m in wanted}


def _stand(
    connection: Connection, person_id: int, modules: Versions, *, with_gains: bool
) -> tuple[tuple[Standing, ...], list[dt.datetime], frozenset[int]]:
    """This person's standing in each module, when sections were read, and which attempts' marks are kept back."""
    read: dict[str, dict[str, dt.datetime]] = defaultdict(dict)
    for module_id, section_id, at in sections.list_sections_read(connection, person_id):
        read[module_id][section_id] = at
    attempts: dict[str, list[AttemptFacts]] = defaultdict(list)
    for attempt in store.list_attempts(connection, person_id):
        attempts[attempt.module_id].append(attempt)
    hidden = _find_hidden(connection, [a for tried in attempts.values() for a in tried])
    results: dict[str, dict[int, dict[str, tuple[Fraction, int]]]] = defaultdict(lambda: defaultdict(dict))
    current = {module_id: module for module_id, (_, module) in modules.items()}
    for r in list_results(connection, person_id):
        if r.attempt_id not in hidden:
            results[_find_teacher(r, current)][r.attempt_id][r.objective] = (r.earned, r.out_of)
    passed = {m for m, tried in attempts.items() if any(a.is_passed for a in tried)}
    gains = _measure_gains(connection, attempts, hidden) if with_gains else {}
    standings = []
    for module_id, (version_id, module) in modules.items():
        facts = module.facts
        taught = [o for s in module.sections if s.id in read[module_id] for o in s.objectives]
        reached = reach([o.id for o in module.objectives], taught, results[module_id].values(), facts.quiz.pass_percent)
        missing = tuple(modules[r][1] for r in facts.requires if r in modules and r not in passed)
        tried, known = tuple(attempts[module_id]), frozenset(read[module_id])
        is_late = _is_pretest_late(tried, read[module_id].values())
        gain = None if is_late else gains.get(module_id)
        standings.append(Standing(module, version_id, reached, known, missing, tried, gain, is_late))
    return tuple(standings), [at for times in read.values() for at in times.values()], frozenset(hidden)


def _find_hidden(connection: Connection, attempts: Sequence[AttemptFacts]) -> dict[int, str]:
    """Attempts not passed whose rules show less than marks by objective → what they show: score or nothing."""
    missed = [a for a in attempts if a.kind is Kind.QUIZ and a.is_passed is False]
    versions = get_module_versions(connection, {a.module_version_id for a in missed})
    shown = {a.id: versions[a.module_version_id].facts.quiz.after_fail for a in missed}
    return {attempt_id: after_fail for attempt_id, after_fail in shown.items() if after_fail != "objectives"}


def _measure_gains(
    connection: Connection, attempts: Mapping[str, Sequence[AttemptFacts]], hidden: Mapping[int, str]
) -> dict[str, Gain]:
    """Module → the gain from its finished pre-test to its first finished quiz, unless that score is kept back."""
    pairs = {module_id: _find_tests(tried) for module_id, tried in attempts.items()}
    wanted = {m: pair for m, pair in pairs.items() if pair is not None and hidden.get(pair[1].id) != "nothing"}
    if not wanted:
        return {}
    totals = list_totals(connection, [attempt.id for pair in wanted.values() for attempt in pair])
    return {m: Gain(Share(*totals[pre.id]), Share(*totals[post.id])) for m, (pre, post) in wanted.items()}


def find_gain(connection: Connection, person_id: int, module_id: str, attempts: Sequence[AttemptFacts]) -> Gain | None:
    """The gain in one module, of whose attempts these are all; None where there is none to tell."""
    if _find_tests(attempts) is None:
        return None
    read = [at for m, _, at in sections.list_sections_read(connection, person_id) if m == module_id]
    if _is_pretest_late(attempts, read):
        return None
    return _measure_gains(connection, {module_id: attempts}, _find_hidden(connection, attempts)).get(module_id)


def _find_tests(attempts: Sequence[AttemptFacts]) -> tuple[AttemptFacts, AttemptFacts] | None:
    """The finished pre-test and the first finished quiz, which is the post-test."""
    pre = [a for a in attempts if a.kind is Kind.PRETEST and a.finished_at is not None]
    quizzes = [a for a in attempts if a.kind is Kind.QUIZ and a.finished_at is not None]
    return (pre[0], min(quizzes, key=lambda a: a.number)) if pre and quizzes else None


def _is_pretest_late(attempts: Sequence[AttemptFacts], read_at: Collection[dt.datetime]) -> bool:
    """Whether a section was read before the pre-test was finished: then it tells nothing of the time before."""
    begun_at = min(read_at, default=None)
    return begun_at is not None and any(
        a.kind is Kind.PRETEST and (a.finished_at is None or a.finished_at > begun_at) for a in attempts
    )


def _find_teacher(result: ObjectiveResult, modules: Mapping[str, Module]) -> str:
    """The id of the module whose objective a result counts for: what was tested in a final, another module teaches."""
    tested_in = modules.get(result.module_id)
    drawn = tested_in.find_drawn(result.objective) if tested_in is not None else None
    return drawn.id if drawn is not None else result.module_id
