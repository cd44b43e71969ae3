"""A course module and a course, as published: objectives, facts shown before the start, sections, quiz rules."""

import datetime as dt
from decimal import Decimal
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from quizapp.domain.attempts import Feedback, Kind
from quizapp.domain.credit import Worked
from quizapp.domain.evidence import Register
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


class QuizRules(Part):
    """How the module quiz runs. The pass mark is in per cent of the items, rounded up to whole items.

    Without `time_limit_minutes` an attempt stays open until it is finished.
    """

    pass_percent: int = Field(80, ge=1, le=100)
    layout: Literal["one", "all"] = "one"
    feedback: Feedback = Feedback.DEFERRED
    confidence: bool = True
    time_limit_minutes: int | None = Field(None, ge=1, le=600)
    plan: tuple[PlanPart, ...] = Field(min_length=1)

    @property
    def n_items(self) -> int:
        return sum(part.n for part in self.plan)


class PracticeRules(Part):
    """How the practice set runs: all practice items of the bank, no score kept."""

    layout: Literal["one", "all"] = "one"
    feedback: Feedback = Feedback.IMMEDIATE
    confidence: bool = False


class ModuleFacts(Part):
    """`module.yaml`."""

    format: Literal[1]
    id: str = Field(pattern=SLUG, max_length=60)
    number: int = Field(ge=1, le=99)
    title: str = Field(min_length=1, max_length=120)
    lang: str = "en-AU"
    dir: Literal["ltr", "rtl"] = "ltr"
    summary: str = Field(min_length=1, max_length=600)
    audience: str = Field(min_length=1)
    reading_minutes: int | None = Field(None, ge=1, le=600)
    estimated_minutes: int = Field(ge=1, le=600)
    format_label: str = "Self-paced: text, figures, quiz"
    needs: str = Field(min_length=1)
    released: dt.date
    reviewed: dt.date
    review_due: dt.date
    credit_ends: dt.date
    credit: CreditClaim
    contact: str = Field(min_length=3)
    people: tuple[Contributor, ...] = Field(min_length=1)
    requires: tuple[str, ...] = ()
    objectives: tuple[Objective, ...] = Field(min_length=1)
    quiz: QuizRules
    practice: PracticeRules = PracticeRules()

    def rules(self, kind: Kind) -> QuizRules | PracticeRules:
        return self.quiz if kind is Kind.QUIZ else self.practice

    def objective(self, objective_id: str) -> Objective:
        return next(o for o in self.objectives if o.id == objective_id)

    @property
    def must_pass(self) -> frozenset[str]:
        return frozenset(o.id for o in self.objectives if o.must_pass)


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

    @property
    def minutes(self) -> int:
        """Reading time at 240 words a minute, at least one."""
        return max(1, round(self.words / 240))


class Module(BaseModel):
    """A course module version: everything a page shows about it, frozen."""

    model_config = ConfigDict(frozen=True)
    format: Literal[1] = 1
    facts: ModuleFacts
    sections: tuple[Section, ...]
    evidence: Register
    credit: Worked

    @property
    def id(self) -> str:
        return self.facts.id

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
