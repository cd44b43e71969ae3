"""An attempt is a list of steps that only grows. What it looks like now is derived from them, never stored instead.

Step 1 pins everything: the module version, the item versions, the order of items and options. Each save is a step for
one slot and holds that slot's whole new state. One step finishes; after it only late answers are added, which count for
nothing.
"""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from fractions import Fraction
from math import lcm
from typing import Any, Protocol

from quizapp.domain.items.base import CasePlace, Item, Presentation, Response


class Kind(StrEnum):
    """What the attempt is for: a scored quiz; its plan once before the lesson; or practice, which leaves no score."""

    QUIZ = "quiz"
    PRETEST = "pretest"
    PRACTICE = "practice"


class Feedback(StrEnum):
    """The feedback behaviour, which any item type can be taken with: what happens between answer and end.

    Deferred: key and reasons are for afterwards. Immediate: each answer is checked once, which locks it and shows them.
    Several tries: each answer is checked; one that is not right may be given anew for less credit, and the reasons are
    shown once it is right or no try is left. What each earns: `find_credits`.
    """

    DEFERRED = "deferred"
    IMMEDIATE = "immediate"
    SEVERAL_TRIES = "several_tries"


class StepKind(StrEnum):
    """What happened. `check` has one slot's answer checked, which locks it unless another try is left.

    `pass` locks one slot because the person went on where there is no going back. `late` is a save that came after the
    time had ended: kept, never part of what is graded until `accept` says that it is. `extend` moved the end, `pause`
    and `resume` stopped the clock. `look` is more time spent on a slot whose answer stayed as it was.
    """

    START = "start"
    SAVE = "save"
    CHECK = "check"
    PASS = "pass"  # noqa: S105 - a step, not a password
    FINISH = "finish"
    LATE = "late"
    ACCEPT = "accept"
    EXTEND = "extend"
    PAUSE = "pause"
    RESUME = "resume"
    LOOK = "look"


class Confidence(StrEnum):
    """How sure the person said they were. Never part of a score."""

    SURE = "sure"
    THINK_SO = "think_so"
    GUESS = "guess"


@dataclass(frozen=True, slots=True)
class Slot:
    """One question of an attempt as pinned in its first step: which item version, and how it was shown."""

    item_version_id: int
    presentation: Presentation
    case: CasePlace | None = None
    """Its item's place in a case set, so that what unfolds is known without reading any item."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a person has done with one slot."""

    response: Response | None = None
    confidence: Confidence | None = None
    is_flagged: bool = False
    struck: tuple[int, ...] = ()
    """Options ruled out, as positions in the item as written; never one that is chosen."""
    seconds: int = field(default=0, compare=False)
    """How long the question was looked at, over all visits. It never makes an answer another one."""

    def to_json(self) -> dict[str, Any]:
        return {
            "response": list(self.response) if isinstance(self.response, tuple) else self.response,
            "confidence": self.confidence,
            "flagged": self.is_flagged,
            "struck": list(self.struck),
            **({"seconds": self.seconds} if self.seconds else {}),
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> "Answer":
        response = data["response"]
        confidence = data["confidence"]
        return cls(
            response=tuple(response) if isinstance(response, list) else response,
            confidence=None if confidence is None else Confidence(confidence),
            is_flagged=data["flagged"],
            struck=tuple(data["struck"]),
            seconds=data.get("seconds", 0),
        )


@dataclass(frozen=True, slots=True)
class Step:
    """One event. `seq` counts from 1 without gaps. `tab` and `tab_seq` name the browser tab and its own count.

    A check carries the answer that was checked (None in steps from before there were several tries).
    """

    seq: int
    at: dt.datetime
    kind: StepKind
    position: int | None = None
    answer: Answer | None = None
    tab: str = ""
    tab_seq: int = 0
    is_final: bool = True
    """Of a check: whether it locked the answer and opened its reasons."""
    moved: tuple[dt.datetime, dt.datetime] | None = None
    """Of a step that moved the end of the time: from when to when."""
    honour: str = ""
    """Of a finish: the version of the honour statement that the person agreed to."""


@dataclass(frozen=True, slots=True)
class SlotState:
    """Where one slot stands. `seq` is the step that last changed it: 0 if none did."""

    answer: Answer = field(default_factory=Answer)
    seq: int = 0
    at: dt.datetime | None = None
    tab: str = ""
    tab_seq: int = 0
    is_checked: bool = False
    """Whether a check locked it and opened its reasons."""
    late: Answer | None = None
    """The latest answer that came after the time had ended, if one did."""
    is_accepted: bool = False
    """Whether its answer is one that came late and was accepted."""
    tries: tuple[Response, ...] = ()
    """What was checked, in order."""
    is_passed: bool = False
    """Whether the person went on from it where there is no going back, which locks it too."""

    @property
    def is_locked(self) -> bool:
        """Whether its answer no longer changes."""
        return self.is_checked or self.is_passed


def replay(n_slots: int, steps: Iterable[Step]) -> tuple[SlotState, ...]:
    """The state of each slot after `steps`, in order of `seq`.

    All but every check and each slot's last step of each other kind may be left out.
    """
    states = [SlotState()] * n_slots
    for step in steps:
        if step.position is not None:
            states[step.position] = _follow(states[step.position], step)
    return tuple(states)


def _follow(now: SlotState, step: Step) -> SlotState:  # noqa: PLR0911 - one line for each kind of step
    match step.kind:
        case StepKind.CHECK:
            checked = now.answer if step.answer is None else step.answer
            tries = (*now.tries, checked.response)
            return replace(now, seq=step.seq, at=step.at, tries=tries, is_checked=now.is_checked or step.is_final)
        case StepKind.PASS:
            return replace(now, seq=step.seq, is_passed=True)
        case StepKind.LATE:
            return replace(now, late=step.answer)
        case StepKind.ACCEPT if step.answer is not None:
            return replace(now, answer=step.answer, late=None, is_accepted=True)
        case StepKind.LOOK if step.answer is not None:
            return replace(now, answer=replace(now.answer, seconds=step.answer.seconds))
        case StepKind.SAVE if step.answer is not None:
            return replace(now, answer=step.answer, seq=step.seq, at=step.at, tab=step.tab, tab_seq=step.tab_seq)
    return now


class Verdict(StrEnum):
    """What becomes of a save.

    A new step; nothing, for it says what is kept; nothing, for it is out of date; or kept beside what counts, for it
    came after the time had ended.
    """

    ACCEPT = "accept"
    REPEAT = "repeat"
    STALE = "stale"
    LATE = "late"


def judge_save(now: SlotState, answer: Answer, known_seq: int, tab: str = "", tab_seq: int = 0) -> Verdict:
    """Decide on a save so that nothing kept is ever overwritten by something older.

    `known_seq` is the slot's `seq` as the page knew it when it was made or last told. A tab's own later save is newer
    than its earlier one even if the answer to the earlier never arrived; a save from anywhere else counts only if its
    page had seen the latest state. A locked slot takes no other answer.
    """
    if now.is_locked:
        return Verdict.REPEAT if answer == now.answer else Verdict.STALE
    if tab and tab == now.tab:  # even the same answer counts anew, so that an older one still under way comes too late
        return Verdict.ACCEPT if tab_seq > now.tab_seq else Verdict.REPEAT
    is_first = not tab or tab_seq <= 1  # nothing older of this page can be under way
    if answer == now.answer and (is_first or known_seq < now.seq):
        return Verdict.REPEAT
    return Verdict.ACCEPT if known_seq >= now.seq else Verdict.STALE


def judge_late(
    now: SlotState, history: Sequence[Step], answer: Answer, tab: str = "", tab_seq: int = 0
) -> tuple[Verdict, bool]:
    """Decide on a save that came after the time had ended: the verdict, and whether it is a new step of kind `late`.

    `history` holds every save and late answer of the slot in order, so that a save accepted in time and sent again is
    known as such, and a late one sent again adds nothing. What a page had seen plays no part: nothing is replaced.
    """
    if now.is_locked:  # its reasons or what comes after it have been seen, so no other answer can ever count
        return (Verdict.REPEAT if answer == now.answer else Verdict.STALE), False
    mine = [step for step in history if step.tab == tab]
    as_new = [step for step in mine if tab and step.tab_seq >= tab_seq]
    is_after_late = bool(mine) and mine[-1].kind is StepKind.LATE
    if answer == now.answer:  # it counts as it is; changed back after the end, that is worth keeping too
        return Verdict.REPEAT, not as_new and is_after_late and mine[-1].answer != answer
    if as_new:
        itself = min(as_new, key=lambda step: step.tab_seq)  # or else the next that this tab sent after it
        return (Verdict.LATE if itself.kind is StepKind.LATE else Verdict.REPEAT), False
    return Verdict.LATE, not (is_after_late and mine[-1].answer == answer)


WHOLE = (Fraction(1),)
"""The credits of a quiz in which each question has one try."""


def find_credits(feedback: Feedback, tries_percent: Sequence[int]) -> tuple[Fraction, ...]:
    """What share of the mark the first, second … try can earn; as many as there are tries."""
    return tuple(Fraction(p, 100) for p in tries_percent) if feedback is Feedback.SEVERAL_TRIES else WHOLE


@dataclass(frozen=True, slots=True)
class Marked:
    """One slot after grading. `earned` is exact, 0 to 1, and a whole number over `denominator`."""

    item: Item
    state: SlotState
    earned: Fraction
    denominator: int
    is_dropped: bool = False
    """Whether a correction took it out of what counts."""

    @property
    def is_right(self) -> bool:
        """Whether it earned the whole mark; with several tries that is: at the first."""
        return self.earned == 1


@dataclass(frozen=True, slots=True)
class Tally:
    """Marks on one objective."""

    objective: str
    marks: tuple[Fraction, ...]

    @property
    def earned(self) -> Fraction:
        return sum(self.marks, Fraction(0))


@dataclass(frozen=True, slots=True)
class Score:
    """The outcome of a graded attempt. `pass_marks` is how many marks pass, rounded up to whole ones."""

    marked: tuple[Marked, ...]
    pass_percent: int
    must_pass: frozenset[str] = frozenset()

    @property
    def counted(self) -> tuple[Marked, ...]:
        """The slots that count: all but those dropped by a correction."""
        return tuple(m for m in self.marked if not m.is_dropped)

    @property
    def earned(self) -> Fraction:
        return sum((m.earned for m in self.counted), Fraction(0))

    @property
    def out_of(self) -> int:
        return len(self.counted)

    @property
    def pass_marks(self) -> int:
        return marks_to_pass(self.out_of, self.pass_percent)

    @property
    def missed_must_pass(self) -> tuple[str, ...]:
        """Must-pass objectives on which anything was missed, in order of appearance."""
        missed = (m.item.objective for m in self.counted if not m.is_right and m.item.objective in self.must_pass)
        return tuple(dict.fromkeys(missed))

    @property
    def is_passed(self) -> bool:
        return self.out_of > 0 and self.earned >= self.pass_marks and not self.missed_must_pass

    @property
    def tallies(self) -> tuple[Tally, ...]:
        """Marks by objective, in order of appearance."""
        by: dict[str, list[Fraction]] = {}
        for m in self.counted:
            by.setdefault(m.item.objective, []).append(m.earned)
        return tuple(Tally(objective, tuple(marks)) for objective, marks in sorted(by.items()))


def marks_to_pass(out_of: int, pass_percent: int) -> int:
    """The whole marks that `pass_percent` of `out_of` asks for, rounded up (80 % of 12 is 9.6, so 10)."""
    return -(-out_of * pass_percent // 100)


def grade(
    items: Sequence[Item],
    states: Sequence[SlotState],
    pass_percent: int,
    must_pass: frozenset[str],
    shares: Sequence[Fraction] = WHOLE,
) -> Score:
    """Grade an attempt. A blank answer earns nothing. `shares`: see `find_credits`."""
    parts = lcm(*(share.denominator for share in shares))
    marked = tuple(
        Marked(item, state, mark_tries(item, state, shares), item.denominator * parts)
        for item, state in zip(items, states, strict=True)
    )
    return Score(marked, pass_percent, must_pass)


class Marking(Protocol):
    """What can mark a response: an item, or what was decided about one."""

    @property
    def denominator(self) -> int: ...

    def grade(self, response: Response) -> int: ...


def mark_tries(item: Marking, state: SlotState, shares: Sequence[Fraction]) -> Fraction:
    """The best over its tries of the mark times its share (see `find_credits`).

    The answer kept at the end counts as the next try if it was not checked and a try is left; so an answer that was
    never checked is the first. What was checked is never worth less than its try, whatever was given after it.
    """
    given = state.tries if state.answer.response in state.tries else (*state.tries, state.answer.response)
    marks = (
        Fraction(item.grade(response) * share.numerator, item.denominator * share.denominator)
        for response, share in zip(given, shares, strict=False)
        if response is not None
    )
    return max(marks, default=Fraction(0))
