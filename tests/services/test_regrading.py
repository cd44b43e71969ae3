"""Corrections and regrades: both scores kept, a pass never falls, the same end however often a run is stopped."""

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import pytest
from flask import Flask

from quizapp.domain.attempts import Kind
from quizapp.domain.corrections import Effect
from quizapp.domain.errors import Invalid, NotFound
from quizapp.services import correcting, regrading, reviewing, sheets, starting, studying, taking
from quizapp.services.taking import Incoming
from quizapp.store.regrades import Regrade
from tests.content import FIRST, N_FIRST, add_final, right_letters, write_course
from tests.people import ALICE, BOB, MALLORY, START, Clock
from tests.services.regrades import add_learners, edit_bank, list_asked, list_rows, move_key, take
from tests.services.test_taking import at_once

pytestmark = pytest.mark.each_database
WHY = "The key was wrong."


@pytest.fixture(autouse=True)
def _in_app(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(regrading, "BREATH_SECONDS", 0)
    with app.app_context():
        yield


def run_all(begun: list[int]) -> list[Regrade]:
    return [regrading.run(i, lambda: START) for i in begun]


def decide(item_id: str, effect: Effect, answer: str = "") -> list[Regrade]:
    decisions = correcting.decide_for_item(FIRST, item_id, effect, answer)
    return run_all(correcting.decide(decisions, WHY, START, BOB.id, by_job=False))


def score_of(person_id: int, attempt_id: int) -> tuple[Fraction, int, bool | None]:
    result = reviewing.get_result(person_id, attempt_id)
    return result.score.earned, result.score.out_of, result.attempt.is_passed


def first_of_kind(attempt_id: int, person_id: int = ALICE.id, remainder: int = 0) -> str:
    """An item of the attempt: 0 single best answer, 1 multiple response, 2 true or false."""
    asked = list_asked(person_id, attempt_id)
    return next(i for i in asked if (int(i.rsplit("-", 1)[1]) - 1) % 3 == remainder)


def assert_sums_are_what_marking_anew_gives(person_id: int, attempt_id: int) -> None:
    """The running sums say what the result page works out from the answers."""
    score = reviewing.get_result(person_id, attempt_id).score
    rows = [row for row in list_rows()["contributions"] if row[0] == attempt_id]
    assert sum((row[3] * Fraction(row[6], row[7]) for row in rows), Fraction(0)) == score.earned
    assert sum(row[3] for row in rows) == score.out_of


def test_a_credit_lifts_those_who_missed_the_item_and_says_why() -> None:
    attempt_id = take(ALICE.id)
    item_id = list_asked(ALICE.id, attempt_id)[0]
    missed = take(MALLORY.id, wrong=[item_id])
    assert score_of(MALLORY.id, missed) == (5, N_FIRST, True)
    (run,) = decide(item_id, Effect.CREDIT)
    assert (run.n_up, run.n_down, run.n_same, run.n_done) == (1, 0, 1, 2)
    assert score_of(MALLORY.id, missed) == (N_FIRST, N_FIRST, True)
    (rescore,) = reviewing.get_result(MALLORY.id, missed).rescores
    assert (rescore.earned_before, rescore.earned_after, rescore.reason) == (5, 6, WHY)
    assert reviewing.get_result(ALICE.id, attempt_id).rescores == ()
    assert_sums_are_what_marking_anew_gives(MALLORY.id, missed)


def test_a_credit_can_win_a_pass_and_the_next_module_opens() -> None:
    asked = list_asked(ALICE.id, take(ALICE.id))
    missed = take(MALLORY.id, wrong=asked[:2])
    assert score_of(MALLORY.id, missed) == (4, N_FIRST, False)
    (run,) = decide(asked[0], Effect.CREDIT)
    assert run.n_won == 1
    assert score_of(MALLORY.id, missed) == (5, N_FIRST, True)
    assert studying.get_standing(MALLORY.id, "second")[1].missing == ()


def test_a_drop_takes_the_item_out_of_what_counts_and_works_the_pass_mark_out_anew() -> None:
    asked = list_asked(ALICE.id, take(ALICE.id))
    missed = take(MALLORY.id, wrong=asked[:2])
    decide(asked[0], Effect.DROP)
    assert score_of(MALLORY.id, missed) == (4, 5, True)  # 80 % of 5 is 4
    result = reviewing.get_result(MALLORY.id, missed)
    assert [q.is_dropped for q in result.reviewed] == [True] + [False] * 5
    assert result.reviewed[0].corrections[0].reason == WHY
    assert_sums_are_what_marking_anew_gives(MALLORY.id, missed)


def test_a_pass_stays_though_the_score_falls_below_the_mark() -> None:
    asked = list_asked(ALICE.id, take(ALICE.id))
    attempt_id = take(MALLORY.id, wrong=asked[:1])
    single = next(i for i in asked[1:] if (int(i.rsplit("-", 1)[1]) - 1) % 3 == 0)
    (run,) = key_to_other(single)
    assert run.n_kept == 1
    assert score_of(MALLORY.id, attempt_id) == (4, N_FIRST, True)
    (rescore,) = reviewing.get_result(MALLORY.id, attempt_id).rescores
    assert (rescore.was_passed, rescore.is_passed) == (True, True)


def key_to_other(item_id: str) -> list[Regrade]:
    """Decide that another option is the right one, as the form for authors does."""
    case = newest_case(item_id)
    wrong = next(c.value for c in case.item.ask(case.shown).choices if not c.text.startswith("KEYTEXT"))
    _, decisions = correcting.propose(FIRST, case.version_id, "key", {"answer": [wrong]})
    return run_all(correcting.decide(decisions, WHY, START, BOB.id, by_job=False))


def newest_case(item_id: str) -> correcting.Case:
    listed = correcting.list_items(FIRST, item_id).items
    return correcting.get_case(FIRST, next(i.version_id for i in listed if i.item_id == item_id))


def test_a_new_key_shows_in_the_review_with_its_reason_and_marks_whoever_finishes_later() -> None:
    asked = list_asked(ALICE.id, take(ALICE.id))
    single = next(i for i in asked if (int(i.rsplit("-", 1)[1]) - 1) % 3 == 0)
    key_to_other(single)
    later = take(MALLORY.id)
    earned, out_of, _ = score_of(MALLORY.id, later)
    assert (earned, out_of) == (N_FIRST - 1, N_FIRST)
    reviewed = reviewing.get_result(MALLORY.id, later).reviewed[asked.index(single)]
    assert not reviewed.is_right
    assert [line.is_key for line in reviewed.lines].count(True) == 1
    assert reviewed.corrections[0].effect is Effect.KEY
    assert reviewing.get_result(MALLORY.id, later).rescores == (), "it was never marked otherwise"
    assert correcting.begin_pending(FIRST, START) is None


def test_an_accepted_answer_earns_the_whole_mark_beside_the_key_and_two_add_up() -> None:
    asked = list_asked(ALICE.id, take(ALICE.id))
    single = next(i for i in asked if (int(i.rsplit("-", 1)[1]) - 1) % 3 == 0)
    missed = take(MALLORY.id, wrong=[single])
    case = newest_case(single)
    wrong = [c.value for c in case.item.ask(case.shown).choices if not c.text.startswith("KEYTEXT")]
    for letter in wrong[:2]:
        _, decisions = correcting.propose(FIRST, case.version_id, "accept", {"answer": [letter]})
        run_all(correcting.decide(decisions, WHY, START, BOB.id, by_job=False))
    assert score_of(MALLORY.id, missed)[0] == N_FIRST
    assert len(newest_case(single).ruling.accepted) == 2


def test_an_undo_brings_the_marks_back_but_takes_no_pass() -> None:
    asked = list_asked(ALICE.id, take(ALICE.id))
    missed = take(MALLORY.id, wrong=asked[:2])
    for effect in (Effect.DROP, Effect.UNDO):
        decide(asked[0], effect)
    assert score_of(MALLORY.id, missed) == (4, N_FIRST, True)
    assert len(reviewing.get_result(MALLORY.id, missed).rescores) == 2
    assert_sums_are_what_marking_anew_gives(MALLORY.id, missed)
    decide(asked[0], Effect.CREDIT)
    assert score_of(MALLORY.id, missed) == (5, N_FIRST, True)


def test_an_item_dropped_before_an_attempt_ends_is_out_of_it_and_an_undo_brings_it_in() -> None:
    asked = list_asked(ALICE.id, take(ALICE.id))
    decide(asked[0], Effect.DROP)
    later = take(MALLORY.id, wrong=asked[:1])
    assert score_of(MALLORY.id, later) == (5, 5, True)
    assert_sums_are_what_marking_anew_gives(MALLORY.id, later)
    decide(asked[0], Effect.UNDO)
    assert score_of(MALLORY.id, later) == (5, N_FIRST, True)
    assert_sums_are_what_marking_anew_gives(MALLORY.id, later)


def test_the_objectives_reached_follow_the_sums() -> None:
    asked = list_asked(ALICE.id, take(ALICE.id))
    on_first = [i for i in asked if int(i.rsplit("-", 1)[1]) <= 6]
    take(MALLORY.id, wrong=on_first[:1])
    assert studying.get_standing(MALLORY.id, FIRST)[1].reach["O1.1"] != "met"
    decide(on_first[0], Effect.CREDIT)
    assert studying.get_standing(MALLORY.id, FIRST)[1].reach["O1.1"] == "met"
    _, progress = studying.get_progress(MALLORY.id)
    assert next(p for p in progress[FIRST] if p.objective.id == "O1.1").marks == ((4, 4),)


def test_a_key_edited_in_the_bank_and_published_reaches_older_attempts(tmp_path: Path) -> None:
    course = write_course(tmp_path / "course")
    asked = list_asked(ALICE.id, take(ALICE.id))
    single = next(i for i in asked if (int(i.rsplit("-", 1)[1]) - 1) % 3 == 0)
    missed = take(MALLORY.id, wrong=[single])
    edit_bank(course, lambda items: move_key(items[single], (int(single.rsplit("-", 1)[1])) % 4))
    changes = correcting.find_bank_changes(FIRST)
    assert len(changes.decisions) == 1
    assert changes.incomparable == ()
    (forecast,) = correcting.forecast(changes.decisions, START, FIRST)
    before = list_rows()
    (run,) = run_all(correcting.decide(changes.decisions, WHY, START, None, FIRST, by_job=False))
    assert (forecast.counts.n_up, forecast.counts.n_down, forecast.counts.n_same) == (run.n_up, run.n_down, run.n_same)
    assert before != list_rows()
    assert score_of(ALICE.id, 1)[0] == N_FIRST - 1
    assert_sums_are_what_marking_anew_gives(MALLORY.id, missed)
    assert correcting.find_bank_changes(FIRST).decisions == (), "it has been decided"


def test_a_version_with_other_options_is_named_and_left_alone(tmp_path: Path) -> None:
    course = write_course(tmp_path / "course")
    asked = list_asked(ALICE.id, take(ALICE.id))
    single = next(i for i in asked if (int(i.rsplit("-", 1)[1]) - 1) % 3 == 0)

    def change(items: dict[str, dict[str, object]]) -> None:
        move_key(items[single], int(single.rsplit("-", 1)[1]) % 4)
        items[single]["options"][0]["text"] = "Quite another option"  # type: ignore[index]

    edit_bank(course, change)
    changes = correcting.find_bank_changes(FIRST)
    assert (changes.decisions, changes.incomparable) == ((), (single,))


def test_a_better_rationale_alone_is_no_correction(tmp_path: Path) -> None:
    course = write_course(tmp_path / "course")
    asked = list_asked(ALICE.id, take(ALICE.id))
    single = next(i for i in asked if (int(i.rsplit("-", 1)[1]) - 1) % 3 == 0)

    def change(items: dict[str, dict[str, object]]) -> None:
        items[single]["options"][0]["rationale"] = "Marbles roll, and this says it better [A1.1]."  # type: ignore[index]

    edit_bank(course, change)
    assert correcting.find_bank_changes(FIRST) == correcting.BankChanges((), ())


def test_what_an_author_decided_about_the_version_on_line_is_not_turned_back_by_the_bank(tmp_path: Path) -> None:
    course = write_course(tmp_path / "course")
    asked = list_asked(ALICE.id, take(ALICE.id))
    single = next(i for i in asked if (int(i.rsplit("-", 1)[1]) - 1) % 3 == 0)
    edit_bank(course, lambda items: items[single].update(title="Another title"))
    key_to_other(single)
    assert correcting.find_bank_changes(FIRST).decisions == ()


def test_a_run_stopped_after_any_batch_ends_as_one_that_was_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(regrading, "BATCH", 2)
    learners = add_learners(7)
    asked = list_asked(learners[0], take(learners[0]))
    for i, person_id in enumerate(learners[1:]):
        take(person_id, wrong=asked[: i % 3])
    decisions = correcting.decide_for_item(FIRST, asked[0], Effect.DROP)
    (regrade_id,) = correcting.decide(decisions, WHY, START, None, by_job=False)
    seen = []
    while True:  # another runner for each batch, as after a kill
        run = regrading.Runner(regrade_id).step(START)
        seen.append((run.n_done, run.last_attempt_id))
        if run.finished_at is not None:
            break
    assert [n for n, _ in seen] == [2, 4, 6, 7]
    rows = list_rows()
    again = regrading.run(regrade_id, lambda: START)
    assert again == run
    assert list_rows() == rows
    assert correcting.begin_pending(FIRST, START) is None
    for i, person_id in enumerate(learners):
        assert_sums_are_what_marking_anew_gives(person_id, i + 1)


def test_two_runners_at_once_do_each_attempt_once(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(regrading, "BATCH", 2)
    learners = add_learners(9)
    asked = list_asked(learners[0], take(learners[0]))
    for i, person_id in enumerate(learners[1:]):
        take(person_id, wrong=asked[: i % 3])
    decisions = correcting.decide_for_item(FIRST, asked[0], Effect.CREDIT)
    (regrade_id,) = correcting.decide(decisions, WHY, START, None, by_job=False)
    runs = at_once(app, 4, lambda _: regrading.run(regrade_id, lambda: START))
    assert {(r.n_done, r.n_up, r.n_same) for r in runs} == {(9, 5, 4)}
    for i, person_id in enumerate(learners):
        assert_sums_are_what_marking_anew_gives(person_id, i + 1)


def test_whoever_finishes_while_a_run_is_under_way_is_marked_by_it_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(regrading, "BATCH", 1)
    asked = list_asked(ALICE.id, take(ALICE.id))
    open_id = starting.start(MALLORY.id, FIRST, Kind.QUIZ, 7, START).attempt.id
    decisions = correcting.decide_for_item(FIRST, asked[0], Effect.DROP)
    (regrade_id,) = correcting.decide(decisions, WHY, START, None, by_job=False)
    regrading.Runner(regrade_id).step(START)
    sent = [Incoming(q.number, {"answer": right_letters(q)}) for q in sheets.get_sheet(MALLORY.id, open_id).questions]
    taking.save_answers(MALLORY.id, open_id, sent, START)
    taking.finish(MALLORY.id, open_id, START)
    regrading.run(regrade_id, lambda: START)
    assert score_of(MALLORY.id, open_id) == (5, 5, True)
    assert reviewing.get_result(MALLORY.id, open_id).rescores == ()
    assert_sums_are_what_marking_anew_gives(MALLORY.id, open_id)


def test_decisions_made_while_others_finish_reach_every_attempt(app: Flask) -> None:
    learners = add_learners(6)
    opened = {starting.start(person_id, FIRST, Kind.QUIZ, 7, START).attempt.id: person_id for person_id in learners}
    asked = list_asked(learners[0], min(opened))

    def go(thread: int) -> None:
        if thread % 2:
            attempt_id = sorted(opened)[thread // 2]
            taking.finish(opened[attempt_id], attempt_id, START)
        else:
            decisions = correcting.decide_for_item(FIRST, asked[thread // 2], Effect.CREDIT)
            correcting.decide(decisions, WHY, START, None, by_job=False)

    at_once(app, 12, go)
    while (waiting := regrading.find_open_regrade(FIRST)) is not None:
        regrading.run(waiting.id, lambda: START)
    assert correcting.begin_pending(FIRST, START) is None
    for attempt_id, person_id in opened.items():
        assert score_of(person_id, attempt_id) == (N_FIRST, N_FIRST, True)
        assert_sums_are_what_marking_anew_gives(person_id, attempt_id)


def test_an_item_that_a_final_asks_too_is_regraded_there_as_well(tmp_path: Path) -> None:
    add_final(write_course(tmp_path / "course"))
    edit_bank(tmp_path / "course", lambda _: None)
    asked = list_asked(ALICE.id, take(ALICE.id))
    decisions = correcting.decide_for_item(FIRST, asked[0], Effect.CREDIT)
    assert [f.quiz.id for f in correcting.forecast(decisions, START)] == ["final", FIRST]
    assert [q.id for q in correcting.list_others(FIRST, decisions)] == ["final"]


def test_a_correction_without_a_reason_and_an_answer_that_cannot_be_read_are_refused() -> None:
    asked = list_asked(ALICE.id, take(ALICE.id))
    decisions = correcting.decide_for_item(FIRST, asked[0], Effect.DROP)
    for reason in ("", "  ", "x" * 601):
        with pytest.raises(Invalid, match="Say why"):
            correcting.decide(decisions, reason, START, BOB.id)
    with pytest.raises(Invalid, match="can read"):
        correcting.decide_for_item(FIRST, asked[0], Effect.ACCEPT, "Z")
    with pytest.raises(NotFound):
        correcting.decide_for_item(FIRST, "nothing", Effect.DROP)
    with pytest.raises(NotFound):
        correcting.decide_for_item("nothing", asked[0], Effect.DROP)


def test_only_the_owner_puts_the_notice_away(clock: Clock) -> None:
    asked = list_asked(ALICE.id, take(ALICE.id))
    missed = take(MALLORY.id, wrong=asked[:1])
    decide(asked[0], Effect.CREDIT)
    (marked_again,) = regrading.list_unseen(MALLORY.id)
    assert (marked_again.attempt_id, marked_again.heading) == (missed, "Module 1: Marbles that roll")
    assert [(r.earned_before, r.earned_after) for r in marked_again.rescores] == [(5, 6)]
    with pytest.raises(NotFound):
        regrading.put_away(ALICE.id, missed, clock())
    regrading.put_away(MALLORY.id, missed, clock())
    assert regrading.list_unseen(MALLORY.id) == []
    assert len(reviewing.get_result(MALLORY.id, missed).rescores) == 1
