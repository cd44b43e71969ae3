"""An exam plan is drawn in full, fairly and repeatably, or its shortage is named."""

from collections import Counter
from dataclasses import dataclass
from itertools import permutations
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quizapp.domain.items.base import Bloom
from quizapp.domain.plans import PlanPart, draw, find_shortages


@dataclass(frozen=True, slots=True)
class Plain:
    """The least that a plan looks at."""

    id: int
    objective: str
    bloom: Bloom


LEVELS = (Bloom.REMEMBER, Bloom.APPLY)
PARTS = st.builds(
    PlanPart,
    objective=st.sampled_from(["O1.1", "O1.2"]),
    n=st.integers(1, 4),
    bloom=st.sampled_from([(), (Bloom.REMEMBER,), (Bloom.APPLY,), LEVELS]),
)
POOLS = st.lists(st.tuples(st.sampled_from(["O1.1", "O1.2", "O1.3"]), st.sampled_from(LEVELS)), max_size=14).map(
    lambda rows: [Plain(i, objective, bloom) for i, (objective, bloom) in enumerate(rows)]
)


def can_fill(plan: list[PlanPart], items: list[Plain]) -> bool:
    """Whether `items` can be dealt out so that each part gets its number of fitting ones, by trying every deal."""
    places = [part for part in plan for _ in range(part.n)]
    if len(items) < len(places):
        return False
    return any(
        all(part.fits(item) for part, item in zip(places, dealt, strict=True))
        for dealt in permutations(items, len(places))
    )


@given(plan=st.lists(PARTS, min_size=1, max_size=4), pool=POOLS, seed=st.integers(0, 1000))
def test_a_plan_without_shortage_is_drawn_in_full_from_different_items(
    plan: list[PlanPart], pool: list[Plain], seed: int
) -> None:
    if find_shortages(plan, pool):
        with pytest.raises(ValueError, match="shortage"):
            draw(plan, pool, Random(seed))
        return
    form = draw(plan, pool, Random(seed))
    assert len(form) == sum(part.n for part in plan)
    assert len(set(form)) == len(form)
    assert set(form) <= set(pool)
    wanted, found = Counter[str](), Counter(item.objective for item in form)
    for part in plan:
        wanted[part.objective] += part.n
    assert found == wanted
    assert not find_shortages(plan, form), "the form itself fulfils every part"
    assert draw(plan, pool, Random(seed)) == form, "same seed, same form"


SMALL_PLANS = st.lists(
    st.builds(
        PlanPart,
        objective=st.sampled_from(["O1.1", "O1.2"]),
        n=st.integers(1, 2),
        bloom=st.sampled_from([(), (Bloom.REMEMBER,), (Bloom.APPLY,)]),
    ),
    min_size=1,
    max_size=2,
)


@settings(deadline=None)
@given(plan=SMALL_PLANS, pool=POOLS.map(lambda pool: pool[:6]))
def test_a_shortage_is_named_exactly_when_no_deal_fills_the_plan(plan: list[PlanPart], pool: list[Plain]) -> None:
    assert (not find_shortages(plan, pool)) == can_fill(plan, pool)


@given(plan=st.lists(PARTS, min_size=1, max_size=4), pool=POOLS)
def test_a_shortage_says_truly_how_many_items_there_are(plan: list[PlanPart], pool: list[Plain]) -> None:
    for shortage in find_shortages(plan, pool):
        parts = [shortage.part, *shortage.rivals]
        assert shortage.available == sum(any(part.fits(item) for part in parts) for item in pool)
        assert str(shortage.available) in str(shortage)


def test_parts_that_compete_for_the_same_items_are_named_together() -> None:
    pool = [Plain(i, "O1.1", Bloom.APPLY) for i in range(3)]
    anything, applying = PlanPart(objective="O1.1", n=2), PlanPart(objective="O1.1", n=2, bloom=(Bloom.APPLY,))
    shortages = find_shortages([anything, applying], pool)
    assert len(shortages) == 1
    assert shortages[0].rivals
    assert "together" in str(shortages[0])


def test_a_narrow_part_gets_its_items_though_a_wide_one_comes_first() -> None:
    pool = [Plain(1, "O1.1", Bloom.REMEMBER), Plain(2, "O1.1", Bloom.APPLY)]
    plan = [PlanPart(objective="O1.1", n=1), PlanPart(objective="O1.1", n=1, bloom=(Bloom.REMEMBER,))]
    assert find_shortages(plan, pool) == []
    for seed in range(20):
        assert len(draw(plan, pool, Random(seed))) == 2


def test_items_of_a_part_are_drawn_equally_often() -> None:
    pool = [Plain(i, "O1.1", Bloom.APPLY) for i in range(6)]
    counts = Counter(
        item for seed in range(1200) for item in draw([PlanPart(objective="O1.1", n=2)], pool, Random(seed))
    )
    assert all(330 < n < 470 for n in counts.values()), counts


def test_a_form_for_many_items_is_drawn_without_running_out_of_stack() -> None:
    pool = [Plain(i, "O1.1", LEVELS[i % 2]) for i in range(400)]
    plan = [PlanPart(objective="O1.1", n=200), PlanPart(objective="O1.1", n=200, bloom=LEVELS)]
    assert len(draw(plan, pool, Random(1))) == 400
