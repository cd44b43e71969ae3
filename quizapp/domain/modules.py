"""A course module and a course, as published: objectives, facts shown before the start, sections, quiz rules."""

import datetime as dt
import re
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from quizapp.domain.attempts import WHOLE, Feedback, Kind, find_credits
from quizapp.domain.credit import Worked
from quizapp.domain.evidence import Register
from quizapp.domain.glossary import Term
from quizapp.domain.items.base import Bloom
from quizapp.domain.plans import PlanPart

SLUG = r"^[a-z0-9]+(-[a-z0-9]+)*$"


class Part(BaseModel):
    """Base of everything written in a content file: unknown fields are faults, values never change."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Objective(Part):
    """A learning objective. `must_pass`: the quiz is passed only if every item on it is right."""

    id: str = Field(pattern=r"^O\d+\.\d+$")
    text: str = Field(min_length=1, max_length=200)
    bloom: Bloom
    must_pass: bool = False


class Contributor(Part):
    """A person or group that controls content, with what they declared."""

    name: str = Field(min_length=1)
    role: Literal["author", "reviewer"]
    credentials: str = Field(min_length=1)
    disclosure: str = Field(min_length=1)


class CreditClaim(Part):
    """Which method of `credit.yaml` works out the credit, and the difficulty (1 to 5) that a reviewer gave."""

    method: str
    difficulty: Decimal = Field(ge=1, le=5)


class Honour(Part):
    """What a person agrees to before finishing a quiz. The version is kept with the attempt."""

    version: str = Field(min_length=1, max_length=20)
    text: str = Field(min_length=1, max_length=600)


def _require_zone(value: Any) -> Any:
    """A time in a file is written out with its zone, so that it is the same moment for everybody."""
    if value is None or isinstance(value, dt.datetime) or (isinstance(value, str) and _MOMENT.fullmatch(value)):
        return value
    hint = "write it with its zone, as 2026-12-01T09:00:00+11:00"
    raise PydanticCustomError("bad_time", "{value} is not a time with a zone", {"value": str(value)[:40], "hint": hint})


_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)")
Moment = Annotated[AwareDatetime, BeforeValidator(_require_zone)]


class QuizRules(Part):
    """How the module quiz runs. The pass mark is in per cent of the items, rounded up to whole items.

    Without `time_limit_minutes` an attempt stays open until it is finished, without `attempts_allowed` there is no end
    of attempts. Attempts can be started from `opens_at` on and before `closes_at`, which also ends those under way.
    """

    pass_percent: int = Field(80, ge=1, le=100)
    layout: Literal["one", "all"] = "one"
    feedback: Feedback = Feedback.DEFERRED
    tries_percent: tuple[int, ...] = (100, 50, 25)
    """With several tries: the share of the mark that the first, second … try can earn. It never rises."""
    review: Literal["finished", "passed", "never"] = "passed"
    """When key and reasons of every question are shown: after any end, after a pass, never."""
    after_fail: Literal["objectives", "score", "nothing"] = "objectives"
    """What is shown after an attempt that is not passed: marks by objective, the score alone, or neither."""
    backtracking: bool = True
    """Whether one may go back to an earlier question."""
    shuffle: bool = True
    """Whether questions come in an order of their own in each attempt; else in that of the plan."""
    confidence: bool = True
    time_limit_minutes: int | None = Field(None, ge=1, le=600)
    attempts_allowed: int | None = Field(None, ge=1, le=100)
    cool_down_minutes: int = Field(0, ge=0, le=60 * 24 * 90)
    """Between the end of an attempt and the start of the next."""
    opens_at: Moment | None = None
    closes_at: Moment | None = None
    honour: Honour = Honour(version="1", text="These are my own answers.")
    pretest: bool = False
    """Whether the same plan can be taken once before the lesson, so that the gain can be seen."""
    plan: tuple[PlanPart, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _fits_together(self) -> "QuizRules":
        tries = self.tries_percent
        if not tries or max(tries) > 100 or min(tries) < 0 or list(tries) != sorted(tries, reverse=True):
            message, hint = "The shares of several tries never rise", "write them as [100, 50, 25]"
            raise PydanticCustomError("bad_tries", message, {"at": ("tries_percent",), "hint": hint})
        if self.layout == "all" and not self.backtracking:
            message, hint = "All questions on one page cannot be taken without going back", "write layout: one"
            raise PydanticCustomError("bad_layout", message, {"at": ("backtracking",), "hint": hint})
        if self.opens_at and self.closes_at and self.closes_at <= self.opens_at:
            message, hint = "The quiz closes before it opens", "correct one of them"
            raise PydanticCustomError("bad_window", message, {"at": ("closes_at",), "hint": hint})
        if self.review == "finished" and self.after_fail != "objectives":
            message = "After every end each question is shown, so that nothing is held back after a missed pass"
            hint = "write review: passed, or after_fail: objectives"
            raise PydanticCustomError("bad_review", message, {"at": ("after_fail",), "hint": hint})
        return self

    @property
    def n_items(self) -> int:
        return sum(part.n for part in self.plan)

    @property
    def credits(self) -> tuple[Fraction, ...]:
        """What share of the mark the first, second … try at a question can earn; as many as there are tries."""
        return find_credits(self.feedback, self.tries_percent)

    def shows_questions(self, *, is_passed: bool) -> bool:
        """Whether key and reasons of every question are shown after the end."""
        return self.review == "finished" or (self.review == "passed" and is_passed)

    def shows_marks(self, *, is_passed: bool) -> Literal["objectives", "score", "nothing"]:
        """What is told of the marks after the end."""
        return "objectives" if is_passed else self.after_fail

    @property
    def as_pretest(self) -> "QuizRules":
        """The same quiz before the lesson: whatever else it says, nothing is shown before the end."""
        return self.model_copy(update={"feedback": Feedback.DEFERRED})


class PracticeRules(Part):
    """How the practice set runs: all practice items of the bank, no score kept."""

    layout: Literal["one", "all"] = "one"
    feedback: Literal[Feedback.IMMEDIATE, Feedback.DEFERRED] = Feedback.IMMEDIATE
    confidence: bool = False

    @property
    def backtracking(self) -> bool:
        """One may always go back, but within a case that unfolds."""
        return True

    @property
    def credits(self) -> tuple[Fraction, ...]:
        """One try at each question."""
        return WHOLE


class Facts(Part):
    """What `module.yaml` says of a course module and of a final alike."""

    format: Literal[1]
    id: str = Field(pattern=SLUG, max_length=60)
    number: int = Field(ge=1, le=99)
    title: str = Field(min_length=1, max_length=120)
    lang: str = "en-AU"
    dir: Literal["ltr", "rtl"] = "ltr"
    summary: str = Field(min_length=1, max_length=600)
    audience: str = Field(min_length=1)
    estimated_minutes: int = Field(ge=1, le=600)
    format_label: str = "Self-paced: text, figures, quiz"
    needs: str = Field(min_length=1)
    released: dt.date
    reviewed: dt.date
    review_due: dt.date
    contact: str = Field(min_length=3)
    people: tuple[Contributor, ...] = Field(min_length=1)
    requires: tuple[str, ...] = ()
    quiz: QuizRules

    @property
    def heading(self) -> str:
        """How pages name it."""
        return f"Module {self.number}: {self.title}"

    def rules(self, kind: Kind) -> QuizRules | PracticeRules:
        return self.quiz if kind is Kind.QUIZ else self.quiz.as_pretest if kind is Kind.PRETEST else PracticeRules()


class ModuleFacts(Facts):
    """`module.yaml` of a course module that teaches."""

    reading_minutes: int | None = Field(None, ge=1, le=600)
    credit_ends: dt.date
    credit: CreditClaim
    objectives: tuple[Objective, ...] = Field(min_length=1)
    practice: PracticeRules = PracticeRules()

    def rules(self, kind: Kind) -> QuizRules | PracticeRules:
        return self.practice if kind is Kind.PRACTICE else super().rules(kind)


class FinalFacts(Facts):
    """`module.yaml` of a final: its exam plan draws from the banks of course modules and names their objectives."""

    draws_from: tuple[str, ...] = Field(min_length=1)
    """Ids of the modules, each of which comes before it in the course and has to be passed first."""

    @model_validator(mode="after")
    def _has_no_pretest(self) -> "FinalFacts":
        if self.quiz.pretest:
            message, hint = "A final has no lesson to be tested before", "take it out"
            raise PydanticCustomError("no_pretest", message, {"at": ("quiz", "pretest"), "hint": hint})
        return self

    @property
    def heading(self) -> str:
        return self.title


class Section(BaseModel):
    """One section of a lesson. `html` is rendered and sanitised when the module is published."""

    model_config = ConfigDict(frozen=True)
    id: str
    title: str
    objectives: tuple[str, ...]
    words: int
    html: str
    cites: tuple[str, ...] = ()
    """Claim ids in order of first citation."""
    terms: tuple[str, ...] = ()
    """Ids of the glossary's terms in order of first link."""

    @property
    def minutes(self) -> int:
        """Reading time at 240 words a minute, at least one."""
        return max(1, round(self.words / 240))


class DrawnSection(BaseModel):
    """Where a section of another module stands."""

    model_config = ConfigDict(frozen=True)
    id: str
    title: str


class DrawnModule(BaseModel):
    """A module that a final draws from, as it was when the final was published."""

    model_config = ConfigDict(frozen=True)
    id: str
    number: int
    title: str
    objectives: tuple[Objective, ...]
    """Those that the final tests."""
    sections: tuple[DrawnSection, ...]

    @property
    def heading(self) -> str:
        return f"Module {self.number}: {self.title}"


@dataclass(frozen=True, slots=True)
class Place:
    """A section to read again. `drawn` is the module that teaches it, where that is another one."""

    module_id: str
    id: str
    title: str
    drawn: DrawnModule | None = None


class Module(BaseModel):
    """A course module version: everything a page shows about it, frozen."""

    model_config = ConfigDict(frozen=True)
    format: Literal[1] = 1
    facts: ModuleFacts | FinalFacts
    sections: tuple[Section, ...]
    drawn: tuple[DrawnModule, ...] = ()
    """Of a final: the modules that it draws from, in course order."""
    evidence: Register
    glossary: dict[str, Term] = {}
    """The terms that lesson and items link to, by id; empty in versions from before there was a glossary."""
    credit: Worked | None
    """A final has none: its items count in the modules that they come from."""

    @property
    def id(self) -> str:
        return self.facts.id

    @property
    def is_final(self) -> bool:
        return isinstance(self.facts, FinalFacts)

    @property
    def credit_hours(self) -> Decimal:
        return self.credit.hours if self.credit is not None else Decimal(0)

    @property
    def objectives(self) -> tuple[Objective, ...]:
        """Those that it teaches: none in a final."""
        return self.facts.objectives if isinstance(self.facts, ModuleFacts) else ()

    @property
    def tested(self) -> tuple[Objective, ...]:
        """Those that its quiz tests: its own, or of a final those of the modules that it draws from."""
        return self.objectives + tuple(o for drawn in self.drawn for o in drawn.objectives)

    @property
    def asks_each_objective(self) -> bool:
        """Whether the plan has a place for each objective that is tested."""
        return {o.id for o in self.tested} <= {part.objective for part in self.facts.quiz.plan}

    def objective(self, objective_id: str) -> Objective:
        return next(o for o in self.tested if o.id == objective_id)

    @property
    def must_pass(self) -> frozenset[str]:
        return frozenset(o.id for o in self.tested if o.must_pass)

    def find_drawn(self, objective_id: str) -> DrawnModule | None:
        """The module that teaches what a final tests."""
        return next((d for d in self.drawn if any(o.id == objective_id for o in d.objectives)), None)

    def list_places(self, objective_id: str) -> tuple[Place, ...]:
        """The sections of whichever module teaches the objective, in lesson order."""
        drawn = self.find_drawn(objective_id)
        if drawn is None:
            return tuple(Place(self.id, section.id, section.title) for section in self.sections)
        return tuple(Place(drawn.id, section.id, section.title, drawn) for section in drawn.sections)

    @property
    def words(self) -> int:
        return sum(section.words for section in self.sections)

    def find_section(self, section_id: str) -> Section | None:
        return next((s for s in self.sections if s.id == section_id), None)


class Course(Part):
    """`course.yaml`."""

    format: Literal[1]
    id: str = Field(pattern=SLUG, max_length=60)
    title: str = Field(min_length=1, max_length=120)
    lang: str = "en-AU"
    summary: str = Field(min_length=1)
    notice: str = Field(min_length=1)
    """What the course says about itself on each of its pages: education, not medical advice."""
    modules: tuple[str, ...] = Field(min_length=1)
