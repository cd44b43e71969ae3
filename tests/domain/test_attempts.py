"""What is kept of an attempt, what passes it, and that nothing kept is overwritten by something older."""

import datetime as dt
from fractions import Fraction

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule

from quizapp.domain.attempts import (
    Answer,
    Confidence,
    SlotState,
    Step,
    StepKind,
    Verdict,
    grade,
    judge_late,
    judge_save,
    marks_to_pass,
    replay,
)
from tests.domain.test_items import build, first_of

NOW = dt.datetime(2026, 11, 22, 9, 0, tzinfo=dt.UTC)
X, Y = Answer((0,)), Answer((1,))
KEPT = SlotState(X, seq=5, at=NOW, tab="this", tab_seq=3)


@pytest.mark.parametrize(
    ("what", "now", "answer", "known_seq", "tab", "tab_seq", "verdict"),
    [
        ("the first answer of an untouched slot", SlotState(), X, 0, "", 0, Verdict.ACCEPT),
        ("a page without an answer for an untouched slot", SlotState(), Answer(), 0, "", 0, Verdict.REPEAT),
        ("a page that had seen the latest", KEPT, Y, 5, "", 0, Verdict.ACCEPT),
        ("a page that had not seen the latest", KEPT, Y, 4, "", 0, Verdict.STALE),
        ("the same answer from an old page", KEPT, X, 0, "", 0, Verdict.REPEAT),
        ("another tab that had not seen the latest", KEPT, Y, 4, "other", 9, Verdict.STALE),
        ("another tab that had seen the latest", KEPT, Y, 5, "other", 1, Verdict.ACCEPT),
        ("the same tab's next answer, the last reply being lost", KEPT, Y, 0, "this", 4, Verdict.ACCEPT),
        ("the same tab's save sent again", KEPT, X, 0, "this", 3, Verdict.REPEAT),
        ("the same tab's older save that comes late", KEPT, Y, 0, "this", 2, Verdict.REPEAT),
        ("any other answer after the check", SlotState(X, 5, NOW, "this", 3, True), Y, 5, "this", 4, Verdict.STALE),
        ("the same answer after the check", SlotState(X, 5, NOW, "this", 3, True), X, 5, "this", 4, Verdict.REPEAT),
    ],
    ids=lambda value: value.replace(" ", "-") if isinstance(value, str) and " " in value else "",
)
def test_a_save_is_judged_by_what_its_page_had_seen(
    what: str, now: SlotState, answer: Answer, known_seq: int, tab: str, tab_seq: int, verdict: Verdict
) -> None:
    assert judge_save(now, answer, known_seq, tab, tab_seq) is verdict, what


def test_an_older_save_that_comes_late_does_not_undo_a_change_back() -> None:
    first = SlotState(X, seq=2, at=NOW, tab="this", tab_seq=1)
    verdict = judge_save(first, X, 2, "this", 3)  # tab_seq 2 said Y and is still under way
    assert verdict is Verdict.ACCEPT
    assert judge_save(SlotState(X, 3, NOW, "this", 3), Y, 2, "this", 2) is Verdict.REPEAT


def saved(seq: int, answer: Answer, tab: str, tab_seq: int, kind: StepKind = StepKind.SAVE) -> Step:
    return Step(seq, NOW, kind, 0, answer, tab, tab_seq)


Z = Answer((2,))
IN_TIME = [saved(4, Y, "other", 1), saved(5, X, "this", 3)]
ALSO_LATE = [*IN_TIME, saved(7, Y, "this", 4, StepKind.LATE), saved(8, Z, "this", 6, StepKind.LATE)]
PLAIN = [*IN_TIME, saved(7, Y, "", 0, StepKind.LATE)]


@pytest.mark.parametrize(
    ("what", "history", "answer", "tab", "tab_seq", "verdict", "is_new"),
    [
        ("a new answer", IN_TIME, Y, "this", 4, Verdict.LATE, True),
        ("a new answer of a page that had not seen the latest", IN_TIME, Y, "third", 1, Verdict.LATE, True),
        ("a new answer of a page without script", IN_TIME, Y, "", 0, Verdict.LATE, True),
        ("what is kept already", IN_TIME, X, "third", 1, Verdict.REPEAT, False),
        ("the save that counts, sent again", IN_TIME, X, "this", 3, Verdict.REPEAT, False),
        ("a save accepted in time and replaced since", IN_TIME, Y, "other", 1, Verdict.REPEAT, False),
        ("an older one of a tab whose newer one was in time", IN_TIME, Y, "this", 2, Verdict.REPEAT, False),
        ("the late answer sent again", ALSO_LATE, Y, "this", 4, Verdict.LATE, False),
        ("an older one of a tab whose newer one was late", ALSO_LATE, Y, "this", 5, Verdict.LATE, False),
        ("the same late answer under a new number", ALSO_LATE, Z, "this", 7, Verdict.LATE, False),
        ("the next late answer of the same tab", ALSO_LATE, Y, "this", 7, Verdict.LATE, True),
        ("changed back to what counts, after the end", ALSO_LATE, X, "this", 7, Verdict.REPEAT, True),
        ("the same late answer without script", PLAIN, Y, "", 0, Verdict.LATE, False),
        ("another late answer without script", PLAIN, Z, "", 0, Verdict.LATE, True),
    ],
    ids=lambda value: value.replace(" ", "-") if isinstance(value, str) and " " in value else "",
)
def test_what_comes_after_the_end_is_kept_once_and_never_counts(
    what: str, history: list[Step], answer: Answer, tab: str, tab_seq: int, verdict: Verdict, is_new: bool
) -> None:
    now = replay(1, history)[0]
    assert now.answer == X
    assert judge_late(now, history, answer, tab, tab_seq) == (verdict, is_new), what


def test_a_checked_answer_takes_no_late_one_for_its_reasons_were_shown() -> None:
    checked = replay(1, [*IN_TIME, Step(6, NOW, StepKind.CHECK, 0)])[0]
    assert judge_late(checked, IN_TIME, Y, "this", 4) == (Verdict.STALE, False)
    assert judge_late(checked, IN_TIME, X, "this", 4) == (Verdict.REPEAT, False)


def test_late_answers_are_told_and_change_nothing_that_is_graded() -> None:
    before, after = replay(1, IN_TIME)[0], replay(1, ALSO_LATE)[0]
    assert (before.late, after.late) == (None, Z)
    assert (after.answer, after.seq, after.at, after.tab_seq) == (X, 5, NOW, 3)


def test_steps_go_by_their_number_whatever_the_clock_said() -> None:
    hour = dt.timedelta(hours=1)
    steps = [
        Step(2, NOW + hour, StepKind.SAVE, 0, X, "a", 1),
        Step(3, NOW - hour, StepKind.SAVE, 0, Y, "a", 2),
        Step(4, NOW, StepKind.FINISH),
    ]
    assert replay(1, steps)[0].answer == Y
    assert replay(1, steps)[0].at == NOW - hour


class Tab:
    """A page in a browser: what it had seen, and how often it has sent."""

    def __init__(self, name: str, known_seq: int) -> None:
        self.name, self.known_seq, self.n_sent = name, known_seq, 0


class SeveralTabs(RuleBasedStateMachine):
    """One slot, some tabs, and a network that delivers late, twice, out of order or not at all."""

    tabs = Bundle("tabs")
    letters = Bundle("letters")

    def __init__(self) -> None:
        super().__init__()
        self.steps: list[Step] = []
        self.seq = 1
        self.n_tabs = 0
        self.newest: dict[str, int] = {}  # tab → the latest of its saves that was kept

    @property
    def now(self) -> SlotState:
        return replay(1, self.steps)[0]

    @rule(target=tabs)
    def open_a_tab(self) -> Tab:
        self.n_tabs += 1
        return Tab(f"tab{self.n_tabs}", self.now.seq)

    @rule(target=letters, tab=tabs, choice=st.integers(0, 2), flag=st.booleans())
    def send(self, tab: Tab, choice: int, flag: bool) -> tuple[Tab, int, Answer, int]:
        tab.n_sent += 1
        return tab, tab.n_sent, Answer((choice,), is_flagged=flag), tab.known_seq

    @rule(letter=letters, reply_arrives=st.booleans())
    def deliver(self, letter: tuple[Tab, int, Answer, int], reply_arrives: bool) -> None:
        tab, tab_seq, answer, known_seq = letter
        before = self.now
        verdict = judge_save(before, answer, known_seq, tab.name, tab_seq)
        if verdict is Verdict.ACCEPT:
            if before.tab != tab.name:
                assert known_seq >= before.seq, "another tab's answer that this page never saw was overwritten"
            assert tab_seq > self.newest.get(tab.name, 0), "an older answer of the same tab replaced a newer one"
            self.seq += 1
            self.steps.append(Step(self.seq, NOW, StepKind.SAVE, 0, answer, tab.name, tab_seq))
        if answer == self.now.answer and verdict is not Verdict.STALE:
            self.newest[tab.name] = max(tab_seq, self.newest.get(tab.name, 0))
        if reply_arrives:
            tab.known_seq = max(tab.known_seq, self.now.seq) if verdict is not Verdict.STALE else tab.known_seq

    @rule(letter=letters)
    def deliver_twice(self, letter: tuple[Tab, int, Answer, int]) -> None:
        self.deliver(letter, True)
        kept = self.now
        self.deliver(letter, True)
        assert self.now == kept, "the second delivery changed something"

    @invariant()
    def the_state_is_the_last_step(self) -> None:
        if self.steps:
            assert self.now.answer == self.steps[-1].answer


SeveralTabs.TestCase.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
TestSeveralTabs = SeveralTabs.TestCase


def test_an_answer_read_back_from_json_is_the_same() -> None:
    for answer in (Answer(), Answer((2, 0), Confidence.GUESS, True, (1, 3))):
        assert Answer.from_json(answer.to_json()) == answer


def test_the_state_of_each_slot_follows_from_the_steps() -> None:
    steps = [
        Step(2, NOW, StepKind.SAVE, 0, X, "a", 1),
        Step(3, NOW, StepKind.SAVE, 1, Y, "a", 2),
        Step(4, NOW, StepKind.CHECK, 1),
        Step(5, NOW, StepKind.SAVE, 0, Y, "b", 1),
        Step(6, NOW, StepKind.FINISH),
    ]
    states = replay(3, [Step(1, NOW, StepKind.START), *steps])
    assert [s.answer for s in states] == [Y, Y, Answer()]
    assert [s.seq for s in states] == [5, 4, 0]
    assert [s.is_checked for s in states] == [False, True, False]
    assert replay(3, [s for s in steps if s.seq in {3, 4, 5}]) == states, "the last step of each kind is enough"


@pytest.mark.parametrize(
    ("out_of", "percent", "marks"), [(12, 80, 10), (10, 80, 8), (1, 80, 1), (5, 100, 5), (7, 1, 1), (200, 80, 160)]
)
def test_the_pass_mark_is_rounded_up_to_whole_marks(out_of: int, percent: int, marks: int) -> None:
    assert marks_to_pass(out_of, percent) == marks


def score(n_right: int, n_wrong: int, percent: int = 80, must_pass: frozenset[str] = frozenset(), last: str = "O1.1"):
    item, _ = first_of("true_false")
    items = [item] * (n_right + n_wrong - 1) + [item.model_copy(update={"objective": last})]
    states = [SlotState(X)] * n_right + [SlotState(Y)] * n_wrong
    return grade(items, states, percent, must_pass)


def test_one_mark_below_the_pass_mark_is_not_a_pass() -> None:
    assert score(10, 2).is_passed
    assert not score(9, 3).is_passed


def test_a_missed_must_pass_objective_fails_an_otherwise_good_attempt() -> None:
    failed = score(11, 1, must_pass=frozenset({"O9.9"}), last="O9.9")
    assert failed.earned == 11
    assert failed.missed_must_pass == ("O9.9",)
    assert not failed.is_passed
    assert score(11, 1, must_pass=frozenset({"O1.1"}), last="O9.9").missed_must_pass == ()


def test_a_blank_answer_earns_nothing_and_marks_are_exact_fractions() -> None:
    item = build("multiple_response", {**first_of("multiple_response")[0].to_draft().fields})
    states = [SlotState(Answer((0,))), SlotState(Answer((0, 1))), SlotState()]
    graded = grade([item] * 3, states, 80, frozenset())
    assert [m.earned for m in graded.marked] == [Fraction(1, 3), Fraction(2, 3), Fraction(0)]
    assert graded.earned == 1
    assert graded.tallies[0].earned == 1


def test_an_attempt_without_questions_is_not_passed() -> None:
    assert not grade([], [], 80, frozenset()).is_passed
