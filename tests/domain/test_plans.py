"""An exam plan is drawn in full, fairly, repeatably and with as few known items as can be, or its shortage is named."""

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations, permutations, product
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from quizapp.domain.items.base import Bloom, CasePlace
from quizapp.domain.plans import PlanPart, draw, find_shortages, gather


@dataclass(frozen=True, slots=True)
class Plain:
    """The least that a plan looks at."""

    id: str
    objective: str
    bloom: Bloom
    difficulty: str = "easy"
    tags: tuple[str, ...] = ()
    case: CasePlace | None = None


LEVELS = (Bloom.REMEMBER, Bloom.APPLY)


def part_of(objective: str | None, n: int, **conditions: object) -> PlanPart:
    return PlanPart.model_validate({"objective": objective, "n": n, **conditions})


CONDITIONS = {
    "objective": st.sampled_from([None, "O1.1", "O1.2"]),
    "bloom": st.sampled_from([(), (Bloom.REMEMBER,), (Bloom.APPLY,), LEVELS]),
    "difficulty": st.sampled_from([(), ("easy",), ("hard", "medium")]),
    "tags": st.sampled_from([(), ("calf",), ("calf", "foot")]),
}
PARTS = st.builds(PlanPart, n=st.integers(1, 4), **CONDITIONS)
ROWS = st.tuples(
    st.sampled_from(["O1.1", "O1.2", "O1.3"]),
    st.sampled_from(LEVELS),
    st.sampled_from(["easy", "medium", "hard"]),
    st.sampled_from([(), ("calf",), ("foot", "hand")]),
)
POOLS = st.lists(ROWS, max_size=14).map(lambda rows: [Plain(str(i), *row) for i, row in enumerate(rows)])


@st.composite
def with_cases(draw_from: st.DrawFn, n_items: int = 6) -> tuple[list[PlanPart], list[Plain]]:
    """A small plan with every kind of part, and a small bank with case sets of two and three items."""
    pool = [Plain(str(i), *row) for i, row in enumerate(draw_from(st.lists(ROWS, max_size=n_items)))]
    for number, size in enumerate(draw_from(st.lists(st.sampled_from([2, 2, 3]), max_size=2))):
        rows = [draw_from(ROWS) for _ in range(size)]
        seats = [CasePlace(id=f"case-{number}", part=i + 1, n_parts=size) for i in range(size)]
        pool += [
            Plain(f"c{number}-{i}", *row, case=seat) for i, (row, seat) in enumerate(zip(rows, seats, strict=True))
        ]
    named = draw_from(st.lists(st.sampled_from([p.id for p in pool] or ["0"]), max_size=2, unique=True))
    plan = [PlanPart(items=tuple(named), n=len(named))] if named else []
    for _ in range(draw_from(st.integers(0 if plan else 1, 2))):
        conditions = {name: draw_from(values) for name, values in CONDITIONS.items()}
        if draw_from(st.booleans()):
            plan.append(PlanPart(n=draw_from(st.integers(1, 2)), **conditions))
        else:
            plan.append(PlanPart(n=draw_from(st.sampled_from([2, 3])), case_sets=1, **conditions))
    return plan, draw_from(st.permutations(pool))


def list_forms(plan: Sequence[PlanPart], pool: Sequence[Plain]) -> list[set[str]]:
    """The items of every form that fulfils the plan, found by trying: no matching, no greed."""
    units = gather(pool)
    per_part: list[list[list[tuple[Plain, ...]]]] = []
    for part in plan:
        if part.items:
            mine = [u for u in units if {item.id for item in u} <= set(part.items)]
            is_whole = {item.id for u in mine for item in u} == set(part.items)
            per_part.append([mine] if is_whole else [])
        else:
            size = part.n // part.case_sets if part.case_sets else 1
            ways = [
                u
                for u in units
                if len(u) == size and (u[0].case is not None) == bool(part.case_sets) and all(map(part.fits, u))
            ]
            per_part.append([list(way) for way in combinations(ways, part.n_units)])
    forms = []
    for chosen in product(*per_part):
        ids = [item.id for way in chosen for unit in way for item in unit]
        if len(set(ids)) == len(ids):
            forms.append(set(ids))
    return forms


def assert_fulfils(plan: Sequence[PlanPart], form: Sequence[Plain]) -> None:
    assert len(form) == sum(part.n for part in plan)
    assert len({item.id for item in form}) == len(form)
    assert find_shortages(plan, form) == [], "the form itself fulfils every part"


@given(plan=st.lists(PARTS, min_size=1, max_size=4), pool=POOLS, seed=st.integers(0, 1000))
def test_a_plan_without_shortage_is_drawn_in_full_from_different_items(
    plan: list[PlanPart], pool: list[Plain], seed: int
) -> None:
    if find_shortages(plan, pool):
        with pytest.raises(ValueError, match="shortage"):
            draw(plan, pool, Random(seed))
        return
    form = draw(plan, pool, Random(seed))
    assert_fulfils(plan, form)
    assert set(form) <= set(pool)
    assert draw(plan, pool, Random(seed)) == form, "same seed, same form"


@settings(max_examples=120)
@given(given_=with_cases())
def test_a_shortage_is_named_exactly_when_no_form_fulfils_the_plan(given_: tuple[list[PlanPart], list[Plain]]) -> None:
    plan, pool = given_
    assert (not find_shortages(plan, pool)) == bool(list_forms(plan, pool))


@settings(max_examples=120)
@given(given_=with_cases(), data=st.data(), seed=st.integers(0, 9))
def test_no_other_form_of_the_plan_has_fewer_items_that_were_seen(
    given_: tuple[list[PlanPart], list[Plain]], data: st.DataObject, seed: int
) -> None:
    plan, pool = given_
    seen = data.draw(st.sets(st.sampled_from([item.id for item in pool] or ["none"])))
    forms = list_forms(plan, pool)
    if not forms:
        return
    form = draw(plan, pool, Random(seed), seen=seen)
    assert {item.id for item in form} in forms
    assert len(seen & {item.id for item in form}) == min(len(seen & other) for other in forms)


@given(given_=with_cases(), seed=st.integers(0, 9), shuffle=st.booleans())
def test_a_case_set_is_drawn_whole_with_its_items_next_to_each_other_in_order(
    given_: tuple[list[PlanPart], list[Plain]], seed: int, shuffle: bool
) -> None:
    plan, pool = given_
    if find_shortages(plan, pool):
        return
    form = draw(plan, pool, Random(seed), shuffle=shuffle)
    at = 0
    while at < len(form):
        case = form[at].case
        length = case.n_parts if case else 1
        assert [i.case and (i.case.id, i.case.part) for i in form[at : at + length]] == [
            case and (case.id, n + 1) for n in range(length)
        ]
        at += length
    for part in plan:
        assert set(part.items) <= {item.id for item in form}, "what a part names is in every form"


@given(plan=st.lists(PARTS, min_size=1, max_size=4), pool=POOLS)
def test_a_shortage_says_truly_how_many_items_there_are_and_how_many_are_wanted(
    plan: list[PlanPart], pool: list[Plain]
) -> None:
    shortages = find_shortages(plan, pool)
    for shortage in shortages:
        parts = [shortage.part, *shortage.rivals]
        assert shortage.available == sum(any(part.fits(item) for part in parts) for item in pool)
        assert shortage.wanted == sum(part.n for part in parts)
        assert shortage.available < shortage.wanted
        assert str(shortage.available) in str(shortage)
    alone = [s.part for s in shortages if not s.rivals]
    assert alone == [part for part in plan if sum(map(part.fits, pool)) < part.n], "each part that is short by itself"


@given(plan=st.lists(PARTS, min_size=1, max_size=3), pool=POOLS)
def test_every_shortage_is_named_so_that_filling_up_what_is_named_fills_the_plan(
    plan: list[PlanPart], pool: list[Plain]
) -> None:
    """Add what each shortage lacks, of a kind that only its own parts can use: nothing was left unsaid."""
    more = list(pool)
    for number, shortage in enumerate(find_shortages(plan, pool)):
        for part in (shortage.part, *shortage.rivals):
            more += [
                Plain(
                    f"new-{number}-{plan.index(part)}-{i}",
                    part.objective or "O1.9",
                    (part.bloom or LEVELS)[0],
                    (part.difficulty or ("easy",))[0],
                    part.tags[:1],
                )
                for i in range(shortage.wanted - shortage.available)
            ]
    assert find_shortages(plan, more) == []


def test_parts_that_compete_for_the_same_items_are_named_together() -> None:
    pool = [Plain(str(i), "O1.1", Bloom.APPLY) for i in range(3)]
    anything, applying = part_of("O1.1", 2), part_of("O1.1", 2, bloom=["apply"])
    (shortage,) = find_shortages([anything, applying], pool)
    assert str(shortage) == (
        "the plan asks for 2 of O1.1 beside 2 of O1.1 at apply, but together these find only 3 items"
    )


def test_competition_is_named_beside_a_part_that_is_short_by_itself() -> None:
    pool = [Plain(str(i), "O1.1", Bloom.APPLY) for i in range(3)]
    plan = [part_of("O1.1", 2), part_of("O1.1", 2, bloom=["apply"]), part_of("O1.2", 1)]
    assert [(s.part, bool(s.rivals)) for s in find_shortages(plan, pool)] == [(plan[2], False), (plan[0], True)]


def test_parts_compete_across_objectives_where_one_names_none() -> None:
    pool = [Plain("1", "O1.1", Bloom.APPLY), Plain("2", "O1.2", Bloom.APPLY)]
    plan = [part_of("O1.1", 1), part_of(None, 2)]
    (shortage,) = find_shortages(plan, pool)
    assert {shortage.part, *shortage.rivals} == set(plan)
    assert "2 of any objective" in str(shortage)


def test_what_a_part_names_and_cannot_have_is_named_with_the_reason() -> None:
    seats = [CasePlace(id="fall", part=i, n_parts=2) for i in (1, 2)]
    pool = [Plain("a", "O1.1", Bloom.APPLY), *(Plain(s.id + str(s.part), "O1.1", Bloom.APPLY, case=s) for s in seats)]
    plan = [PlanPart(items=("a", "b"), n=2), PlanPart(items=("a", "fall1"), n=2)]
    found = [str(s) for s in find_shortages(plan, pool)]
    assert found == [
        "the plan names 'b': the bank has no quiz item of that id",
        "the plan names 'a': it is named already",
        "the plan names 'fall1': it belongs to a case set; name all 2 items of it in one part",
    ]


def test_case_sets_of_another_size_or_with_a_missing_part_do_not_fill_a_plan() -> None:
    two = [Plain(f"t{i}", "O1.1", Bloom.APPLY, case=CasePlace(id="two", part=i, n_parts=2)) for i in (1, 2)]
    torn = [Plain(f"x{i}", "O1.1", Bloom.APPLY, case=CasePlace(id="torn", part=i, n_parts=3)) for i in (1, 3)]
    (shortage,) = find_shortages([part_of("O1.1", 3, case_sets=1)], [*two, *torn])
    assert str(shortage) == "the plan asks for 1 case set of 3 items of O1.1, the bank has 0"
    assert find_shortages([part_of("O1.1", 2, case_sets=1)], [*two, *torn]) == []
    (single,) = find_shortages([part_of("O1.1", 1)], two)
    assert single.available == 0, "an item of a case set is never drawn alone"


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"items": ["a"], "n": 2}, "is for 2 and names 1"),
        ({"items": ["a"], "n": 1, "objective": "O1.1"}, "no other condition"),
        ({"case_sets": 2, "n": 5}, "5 items do not make 2 case sets"),
        ({"case_sets": 2, "n": 2}, "2 items do not make 2 case sets"),
        ({"n": 0}, "greater than or equal to 1"),
    ],
)
def test_a_part_that_says_two_things_at_once_is_refused(fields: dict[str, object], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        PlanPart.model_validate(fields)


def test_a_narrow_part_gets_its_items_though_a_wide_one_comes_first() -> None:
    pool = [Plain("1", "O1.1", Bloom.REMEMBER), Plain("2", "O1.1", Bloom.APPLY)]
    plan = [part_of("O1.1", 1), part_of("O1.1", 1, bloom=["remember"])]
    assert find_shortages(plan, pool) == []
    for seed in range(20):
        assert len(draw(plan, pool, Random(seed))) == 2


def test_items_of_a_part_are_drawn_equally_often() -> None:
    pool = [Plain(str(i), "O1.1", Bloom.APPLY) for i in range(6)]
    counts = Counter(item for seed in range(1200) for item in draw([part_of("O1.1", 2)], pool, Random(seed)))
    assert all(330 < n < 470 for n in counts.values()), counts


def test_items_stand_in_each_place_equally_often() -> None:
    pool = [Plain(str(i), "O1.1", Bloom.APPLY) for i in range(4)]
    firsts = Counter(draw([part_of("O1.1", 4)], pool, Random(seed))[0].id for seed in range(1200))
    assert all(230 < n < 370 for n in firsts.values()), firsts


def test_known_items_come_back_equally_often_once_the_new_ones_are_used_up() -> None:
    pool = [Plain(str(i), "O1.1", Bloom.APPLY) for i in range(6)]
    seen = {"1", "2", "3", "4", "5"}
    forms = [{i.id for i in draw([part_of("O1.1", 2)], pool, Random(seed), seen=seen)} for seed in range(1000)]
    assert all("0" in form for form in forms)
    counts = Counter(item for form in forms for item in form - {"0"})
    assert all(140 < n < 260 for n in counts.values()), counts


def test_without_shuffling_the_form_follows_the_plan_and_within_a_part_the_bank() -> None:
    pool = [Plain(f"{o}-{i}", o, Bloom.APPLY) for o in ("O1.1", "O1.2") for i in range(4)]
    plan = [part_of("O1.2", 2), PlanPart(items=("O1.1-3", "O1.1-1"), n=2), part_of("O1.1", 1)]
    for seed in range(10):
        form = [item.id for item in draw(plan, pool, Random(seed), shuffle=False)]
        assert form[:2] == sorted(form[:2])
        assert all(name.startswith("O1.2") for name in form[:2])
        assert form[2:4] == ["O1.1-3", "O1.1-1"]
    assert len({tuple(draw(plan, pool, Random(seed), shuffle=False)) for seed in range(10)}) > 1


def test_a_form_for_many_items_is_drawn_without_running_out_of_stack() -> None:
    pool = [Plain(str(i), "O1.1", LEVELS[i % 2]) for i in range(400)]
    plan = [part_of("O1.1", 200), part_of("O1.1", 200, bloom=LEVELS)]
    assert len(draw(plan, pool, Random(1))) == 400


def test_a_form_is_drawn_from_2000_items_well_within_a_second() -> None:
    pool = [Plain(str(i), f"O1.{i % 25}", LEVELS[i % 2], ("easy", "hard")[i % 2]) for i in range(2000)]
    plan = [part_of(f"O1.{i}", 3) for i in range(25)] + [part_of(None, 25, difficulty=["hard"])]
    seen = {item.id for item in pool[:1900]}
    begun = time.process_time()
    assert len(draw(plan, pool, Random(1), seen=seen)) == 100
    assert time.process_time() - begun < 0.5


@given(plan=st.lists(PARTS, min_size=1, max_size=3), pool=POOLS)
def test_a_plan_three_times_over_is_the_plan_with_three_places_for_each(
    plan: list[PlanPart], pool: list[Plain]
) -> None:
    tripled = [part.model_copy(update={"n": 3 * part.n}) for part in plan]
    found = [(s.available, s.wanted) for s in find_shortages(plan, pool, times=3)]
    assert found == [(s.available, s.wanted) for s in find_shortages(tripled, pool)]


def test_trying_every_deal_agrees_with_the_oracle_of_these_tests() -> None:
    """The oracle itself, against plain permutations, on one bank."""
    pool = [Plain(str(i), "O1.1", LEVELS[i % 2]) for i in range(4)]
    plan = [part_of("O1.1", 1, bloom=["apply"]), part_of("O1.1", 1)]
    by_hand = {frozenset((a.id, b.id)) for a, b in permutations(pool, 2) if plan[0].fits(a) and plan[1].fits(b)}
    assert {frozenset(form) for form in list_forms(plan, pool)} == by_hand
