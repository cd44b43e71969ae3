"""Looking back at a finished attempt: the result, and where the rules say so the key, the reasons and the sources."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from quizapp.domain.attempts import Confidence, Kind, Score, Slot, StepKind, replay
from quizapp.domain.corrections import Correction, Ruling
from quizapp.domain.errors import NotFound, Refused
from quizapp.domain.evidence import Level, find_citations
from quizapp.domain.inputs import Figure
from quizapp.domain.items.base import Line
from quizapp.domain.modules import DrawnModule, Module, Objective, Place
from quizapp.services.closing import score_attempt
from quizapp.services.rulings import get_rulings
from quizapp.services.studying import Source, list_sources
from quizapp.services.versions import get_items, get_module_versions
from quizapp.store import attempts as store
from quizapp.store.attempts import AttemptFacts
from quizapp.store.db import reading
from quizapp.store.regrades import Rescore, list_rescores


@dataclass(frozen=True, slots=True)
class Reviewed:
    """One question with its answer, its key and the reason for every option or part."""

    number: int
    title: str
    vignette: str
    stem: str
    place: Place | None
    """What to read again."""
    is_right: bool
    is_partly: bool
    is_answered: bool
    is_flagged: bool
    confidence: Confidence | None
    earned: str
    tries: tuple[str, ...]
    """What was checked during the quiz, in words, in order."""
    seconds: int
    """How long it was looked at."""
    lines: tuple[Line, ...]
    figure: Figure | None
    """The figure with key and answer marked in it, where there is one."""
    is_dropped: bool
    """Whether a correction took it out of what counts."""
    corrections: tuple[Correction, ...]
    """What was decided about the question since it was published."""

    @property
    def is_sure_and_missed(self) -> bool:
        return self.confidence is Confidence.SURE and not self.is_right


@dataclass(frozen=True, slots=True)
class ObjectiveLine:
    """Marks on one objective, as bands: one per question, full, part or missed."""

    objective: Objective
    bands: tuple[str, ...]
    earned: str
    out_of: int
    reread: tuple[Place, ...]
    drawn: DrawnModule | None
    """In a final, the module that teaches it."""


@dataclass(frozen=True, slots=True)
class Result:
    """A finished attempt. `reviewed` is empty where the rules keep the keys back."""

    attempt: AttemptFacts
    module: Module
    score: Score
    objectives: tuple[ObjectiveLine, ...]
    confidence: tuple[tuple[Confidence, int, int], ...]
    """(what was said, how many right, how many missed)."""
    reviewed: tuple[Reviewed, ...]
    late: tuple[int, ...]
    """Numbers of the questions with an answer that came after the time had ended."""
    rescores: tuple[Rescore, ...]
    """How it was marked again, oldest first."""
    shows: Literal["objectives", "score", "nothing"]
    """What the rules let a page tell of the marks; without `objectives` these and `confidence` are empty."""
    honour: str
    """The version of the honour statement that the person agreed to; empty where time ended it."""

    @property
    def earned(self) -> str:
        return show_marks(self.score.earned)

    @property
    def seconds(self) -> int:
        """How long the questions were looked at, in all."""
        return sum(m.state.answer.seconds for m in self.score.marked)

    @property
    def minutes(self) -> int:
        """From start to finish, whole minutes, at least one."""
        assert self.attempt.finished_at is not None  # noqa: S101 - a result is of a finished attempt
        return max(1, round((self.attempt.finished_at - self.attempt.started_at).total_seconds() / 60))

    @property
    def missed(self) -> tuple[ObjectiveLine, ...]:
        """Objectives on which marks were missed."""
        return tuple(line for line in self.objectives if line.reread and set(line.bands) != {"done"})

    @property
    def shows_keys(self) -> bool:
        return bool(self.reviewed)


def show_marks(marks: object) -> str:
    """Exact marks with at most two decimals, rounded down so that nothing looks like a pass that is not one."""
    hundredths = int(marks * 100)  # type: ignore[operator]
    whole, rest = divmod(hundredths, 100)
    return str(whole) if rest == 0 else f"{whole}.{rest:02d}".rstrip("0")


def get_result(person_id: int, attempt_id: int) -> Result:
    """The result of a finished attempt. Raises NotFound for another's, Refused while it is open.

    After practice every question comes with key and reasons, after a pre-test none; after a quiz the rules of the
    version that was taken say what is shown: `QuizRules.review` and `after_fail`.
    """
    with reading() as connection:
        found = store.find_with_steps(connection, attempt_id)
        if found is None or found[0].person_id != person_id:
            raise NotFound("There is no such attempt, or it belongs to somebody else.")
        attempt, steps = found
        if attempt.finished_at is None:
            raise Refused("This attempt is not finished yet.")
        module = get_module_versions(connection, [attempt.module_version_id])[attempt.module_version_id]
        items = get_items(connection, [slot.item_version_id for slot in steps.slots])
        rulings = get_rulings(connection, items, attempt.correction_id) if attempt.correction_id else {}
        rescores = tuple(list_rescores(connection, attempt.id))
    states = replay(attempt.n_slots, steps.latest)
    score = score_attempt(module, items, steps.slots, states, rulings)
    may_see, shows = _find_policy(attempt, module)
    return Result(
        attempt=attempt,
        module=module,
        score=score,
        objectives=_by_objective(module, score) if shows == "objectives" else (),
        confidence=_by_confidence(score) if shows == "objectives" else (),
        reviewed=_review(module, score, steps.slots, rulings) if may_see else (),
        late=tuple(i + 1 for i, state in enumerate(states) if state.late is not None),
        rescores=rescores,
        shows=shows,
        honour=next((step.honour for step in steps.latest if step.kind is StepKind.FINISH), ""),
    )


def _find_policy(attempt: AttemptFacts, module: Module) -> tuple[bool, Literal["objectives", "score", "nothing"]]:
    """Whether the questions are shown with their keys, and what is told of the marks."""
    if attempt.kind is not Kind.QUIZ:
        return attempt.kind is Kind.PRACTICE, "objectives"
    rules, is_passed = module.facts.quiz, bool(attempt.is_passed)
    return rules.shows_questions(is_passed=is_passed), rules.shows_marks(is_passed=is_passed)


def get_reviewed(person_id: int, attempt_id: int, number: int) -> tuple[Result, Reviewed]:
    """One question of a finished attempt. Raises as get_result, and Refused where the keys are kept back."""
    result = get_result(person_id, attempt_id)
    if not result.shows_keys and result.attempt.kind is Kind.PRETEST:
        raise Refused("A pre-test shows no answers: its questions belong to the quiz.")
    if not result.shows_keys and result.module.facts.quiz.review == "never":
        raise Refused("This quiz does not show its answers.")
    if not result.shows_keys:
        raise Refused("The answers of this quiz are shown once you have passed it.")
    if not 1 <= number <= len(result.reviewed):
        raise NotFound(f"This attempt has questions 1 to {len(result.reviewed)}.")
    return result, result.reviewed[number - 1]


def _review(module: Module, score: Score, slots: Sequence[Slot], rulings: Mapping[int, Ruling]) -> tuple[Reviewed, ...]:
    return tuple(
        Reviewed(
            number=i + 1,
            title=m.item.title,
            vignette=m.item.vignette,
            stem=m.item.stem,
            place=next((p for p in module.list_places(m.item.objective) if p.id == m.item.section), None),
            is_right=m.is_right,
            is_partly=0 < m.earned < 1,
            is_answered=m.state.answer.response is not None,
            is_flagged=m.state.answer.is_flagged,
            confidence=m.state.answer.confidence,
            earned=show_marks(m.earned),
            tries=tuple(m.item.describe(tried, slot.presentation) for tried in m.state.tries),
            seconds=m.state.answer.seconds,
            lines=m.item.explain(m.state.answer.response, slot.presentation),
            figure=m.item.picture(m.state.answer.response, slot.presentation),
            is_dropped=m.is_dropped,
            corrections=rulings[slot.item_version_id].notes if slot.item_version_id in rulings else (),
        )
        for i, (m, slot) in enumerate(zip(score.marked, slots, strict=True))
    )


def _by_objective(module: Module, score: Score) -> tuple[ObjectiveLine, ...]:
    lines, counted = [], score.counted
    for tally in score.tallies:
        bands = tuple("done" if mark == 1 else "part" if mark else "miss" for mark in tally.marks)
        wanted = {m.item.section for m in counted if m.item.objective == tally.objective and not m.is_right}
        lines.append(
            ObjectiveLine(
                objective=module.objective(tally.objective),
                bands=bands,
                earned=show_marks(tally.earned),
                out_of=len(tally.marks),
                reread=tuple(p for p in module.list_places(tally.objective) if p.id in wanted),
                drawn=module.find_drawn(tally.objective),
            )
        )
    return tuple(lines)


def _by_confidence(score: Score) -> tuple[tuple[Confidence, int, int], ...]:
    rows, counted = [], score.counted
    for said in Confidence:
        mine = [m for m in counted if m.state.answer.confidence is said]
        right = sum(m.is_right for m in mine)
        rows.append((said, right, len(mine) - right))
    return tuple(rows) if any(r + m for _, r, m in rows) else ()


def list_cited(module: Module, texts: list[str]) -> list[Source]:
    """The sources behind the claims that `texts` cite."""
    cites = dict.fromkeys(c.claim for text in texts for c in find_citations(text) if c.claim in module.evidence.claims)
    return list_sources(module, list(cites))


def list_levels(text: str, module: Module) -> list[Level]:
    """The evidence levels of the claims that `text` cites, each once, in order."""
    claims = (module.evidence.claims.get(c.claim) for c in find_citations(text))
    return list(dict.fromkeys(claim.level for claim in claims if claim))
