"""What decisions about an item come to, one after the other, for every item type."""

import datetime as dt
import json
from fractions import Fraction
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quizapp.domain.attempts import Answer, Feedback, SlotState, find_credits, grade
from quizapp.domain.corrections import (
    Correction,
    Effect,
    can_compare,
    correct,
    key_fields,
    mark,
    marks_alike,
    present_as_written,
    rekey,
    rule,
    with_tolerance,
)
from quizapp.domain.items import ITEM_TYPES, Item, Sample
from tests.domain.test_items import EACH_TYPE, build

AT = dt.datetime(2026, 11, 22, 9, 0, tzinfo=dt.UTC)


def decide(*decisions: tuple[Effect, Any]) -> list[Correction]:
    """Corrections of one item version, with ids from 1: an effect with fields, a response, or nothing."""
    return [
        Correction(
            i, 1, effect, f"Reason {i}", AT, what if effect is Effect.KEY else None,
            what if effect is Effect.ACCEPT else None,
        )
        for i, (effect, what) in enumerate(decisions, 1)
    ]  # fmt: skip


def missed(kind: str) -> tuple[Item, Any]:
    """An item of the type with an answer that does not earn the whole mark."""
    sample = next(s for s in ITEM_TYPES[kind].samples() if s.mark is not None and s.mark < 1 and s.given is not None)
    return build(kind, sample.fields), sample.given


def state(response: Any, *tries: Any) -> SlotState:
    return SlotState(Answer(response), tries=tries)


@EACH_TYPE
def test_an_accepted_answer_earns_the_whole_mark_and_the_key_still_does(kind: str) -> None:
    item, given = missed(kind)
    ruling = rule(item, decide((Effect.ACCEPT, given)))
    assert mark(ruling, state(given)).earned == 1
    right = next(s for s in ITEM_TYPES[kind].samples() if s.name == "right" and s.given is not None)
    assert mark(rule(build(kind, right.fields), decide((Effect.ACCEPT, given))), state(right.given)).earned == 1


@EACH_TYPE
def test_credit_drop_and_undo_need_no_answer(kind: str) -> None:
    item, given = missed(kind)
    for response in (None, given):
        assert mark(rule(item, decide((Effect.CREDIT, None))), state(response)).earned == 1
        assert mark(rule(item, decide((Effect.DROP, None))), state(response)).is_dropped
        after = rule(item, decide((Effect.CREDIT, None), (Effect.UNDO, None)))
        (as_published,) = grade([item], [state(response)], 80, frozenset()).marked
        assert mark(after, state(response)) == as_published


@EACH_TYPE
def test_the_fields_of_a_key_survive_json_and_make_the_same_item(kind: str) -> None:
    item, _ = missed(kind)
    fields = json.loads(json.dumps(key_fields(item)))
    assert rekey(item, fields) == item
    assert marks_alike(rekey(item, fields), item)
    assert can_compare(rekey(item, fields), item)


@EACH_TYPE
def test_an_item_is_shown_to_authors_the_same_each_time(kind: str) -> None:
    item, _ = missed(kind)
    shown = present_as_written(item, 7)
    assert shown == present_as_written(item, 7)
    item.ask(shown)


def test_a_new_key_replaces_the_old_and_texts_stay_as_published() -> None:
    item, given = missed("single_best_answer")
    newer = item.with_key(given).model_copy(update={"stem": "Another stem?", "objective": "O9.9"})
    ruling = rule(item, decide((Effect.KEY, key_fields(newer))))
    assert mark(ruling, state(given)).earned == 1
    assert mark(ruling, state((0,))).earned == 0
    assert (ruling.item.stem, ruling.item.objective) == (item.stem, item.objective)
    assert not marks_alike(item, ruling.item)


def test_acceptances_add_up_and_outlive_a_new_key_but_not_an_undo() -> None:
    item, _ = missed("single_best_answer")
    second, third = decide((Effect.ACCEPT, (1,)), (Effect.KEY, key_fields(item.with_key((2,)))))
    both = rule(item, [second, third])
    assert [mark(both, state((i,))).earned for i in range(3)] == [0, 1, 1]
    undone = rule(item, decide((Effect.ACCEPT, (1,)), (Effect.UNDO, None)))
    assert [mark(undone, state((i,))).earned for i in range(3)] == [1, 0, 0]


def test_whatever_is_decided_after_a_credit_or_a_drop_ends_it() -> None:
    item, _ = missed("single_best_answer")
    for first in (Effect.CREDIT, Effect.DROP):
        after = rule(item, decide((first, None), (Effect.ACCEPT, (1,))))
        assert (after.is_credited, after.is_dropped) == (False, False)
    assert rule(item, decide((Effect.CREDIT, None), (Effect.DROP, None))).is_credited is False


def test_learners_are_told_of_what_was_decided_since_the_last_undo() -> None:
    item, _ = missed("single_best_answer")
    ruling = rule(item, decide((Effect.DROP, None), (Effect.UNDO, None)))
    assert [c.effect for c in ruling.notes] == [Effect.UNDO]
    ruling = rule(item, decide((Effect.DROP, None), (Effect.UNDO, None), (Effect.CREDIT, None)))
    assert [c.effect for c in ruling.notes] == [Effect.CREDIT]
    assert ruling.last_id == 3


def test_an_accepted_number_or_word_is_read_as_the_key_is() -> None:
    number = build("numeric", {"stem": "How long?", "answers": [{"value": 12, "rationale": "So long."}],
                               "otherwise": {"rationale": "No."}})  # fmt: skip
    ruling = rule(number, decide((Effect.ACCEPT, "1.5")))
    assert [mark(ruling, state(typed)).earned for typed in ("1.5", "1,5", "12", "2")] == [1, 1, 1, 0]
    word = build("short_answer", {"stem": "Where?", "answers": [{"accept": ["Paris"], "rationale": "There."}],
                                  "otherwise": {"rationale": "No."}})  # fmt: skip
    ruling = rule(word, decide((Effect.ACCEPT, "Lutetia")))
    assert [mark(ruling, state(typed)).earned for typed in ("lutetia", "PARIS", "Rome")] == [1, 1, 0]


def test_a_wider_tolerance_takes_in_what_was_just_outside() -> None:
    fields = {"stem": "How long?", "answers": [{"value": 12, "within": 1, "rationale": "So long."}],
              "otherwise": {"rationale": "No."}}  # fmt: skip
    item = build("numeric", fields)
    wider = with_tolerance(item, "2,5")
    assert [item.grade("14"), wider.grade("14"), wider.grade("15")] == [0, 1, 0]
    for bad in ("-1", "wide", "", "1e400"):
        with pytest.raises(ValueError, match="plain number"):
            with_tolerance(item, bad)
    with pytest.raises(ValueError, match="no right value"):
        with_tolerance(missed("single_best_answer")[0], "1")


def test_with_several_tries_an_accepted_second_try_earns_its_share() -> None:
    item, _ = missed("single_best_answer")
    shares = find_credits(Feedback.SEVERAL_TRIES, (100, 50))
    ruling = rule(item, decide((Effect.ACCEPT, (2,))))
    marked = mark(ruling, state((2,), (1,), (2,)), shares)
    assert marked.earned == Fraction(1, 2)
    assert (marked.earned * marked.denominator).denominator == 1


def test_a_dropped_item_is_out_of_the_total_the_pass_mark_and_the_must_pass_objectives() -> None:
    item, given = missed("single_best_answer")
    score = grade([item] * 5, [state((0,))] * 4 + [state(given)], 100, frozenset({item.objective}))
    assert (score.earned, score.out_of, score.is_passed) == (4, 5, False)
    dropped = rule(item, decide((Effect.DROP, None)))
    after = correct(score, [None] * 4 + [dropped])
    assert (after.earned, after.out_of, after.pass_marks, after.is_passed) == (4, 4, 4, True)
    assert len(after.marked) == 5
    assert [len(tally.marks) for tally in after.tallies] == [4]
    assert correct(score, [dropped] * 5).is_passed is False


@given(
    order=st.lists(st.sampled_from([*Effect]), max_size=8),
    kind=st.sampled_from(sorted(ITEM_TYPES)),
    seed=st.integers(0, 99),
)
def test_any_order_of_decisions_marks_within_bounds_and_the_last_undo_forgets_all(
    order: list[Effect], kind: str, seed: int
) -> None:
    item, given = missed(kind)
    rng = Random(seed)
    what = {Effect.KEY: key_fields(item), Effect.ACCEPT: given}
    corrections = decide(*((effect, what.get(effect)) for effect in order))
    ruling = rule(item, corrections)
    response = rng.choice([None, given])
    assert 0 <= mark(ruling, state(response)).earned <= 1
    assert ruling.corrections == tuple(corrections)
    undone = rule(item, [*corrections, *decide((Effect.UNDO, None))])
    assert (undone.item, undone.accepted, undone.is_credited, undone.is_dropped) == (item, (), False, False)


def test_versions_with_other_options_cannot_be_compared() -> None:
    sample: Sample = ITEM_TYPES["single_best_answer"].samples()[0]
    item = build("single_best_answer", sample.fields)
    options = [{**option, "text": f"Other {i}"} for i, option in enumerate(sample.fields["options"])]
    assert not can_compare(item, build("single_best_answer", {**sample.fields, "options": options}))
    assert not can_compare(item, missed("multiple_response")[0])
