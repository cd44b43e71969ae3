"""Hours by the published formula, with the worked sample of its source."""

import datetime as dt
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from quizapp.domain.credit import Method, Methods, work_out

FILE = Path(__file__).parents[2] / "questions" / "credit.yaml"
MERGENER = Methods.model_validate(YAML(typ="safe").load(FILE)).methods["mergener"]


def test_the_worked_sample_comes_out_as_printed() -> None:
    worked = work_out(MERGENER, words=3774, items=16, difficulty=Decimal("2.5"))
    exact = Decimal("0.9") * (
        Decimal("-22.3") + Decimal("0.00209") * 3774 + Decimal("2.78") * 16 + Decimal("15.5") * Decimal("2.5")
    )
    assert round(exact, 3) == Decimal("61.936")
    assert worked.minutes == Decimal("61.9")
    assert worked.hours == Decimal("1.00")


def test_the_method_says_where_it_is_from_and_when_that_was_read() -> None:
    assert MERGENER.source
    assert MERGENER.checked <= dt.date(2026, 11, 22)


@pytest.mark.parametrize(
    ("minutes", "hours"), [("59.99", "0.75"), ("60", "1.00"), ("14.9", "0"), ("0", "0"), ("-5", "0")]
)
def test_hours_are_rounded_down_and_never_negative(minutes: str, hours: str) -> None:
    values = {"scale": 1, "base": minutes, "word": 0, "item": 0, "level": 0}
    method = Method.model_validate({**MERGENER.model_dump(), **values})
    assert work_out(method, 0, 0, Decimal(1)).hours == Decimal(hours)


@given(
    words=st.integers(0, 100_000),
    items=st.integers(0, 500),
    difficulty=st.decimals(1, 5, places=1, allow_nan=False),
)
def test_hours_never_exceed_the_minutes_and_are_whole_quarters(words: int, items: int, difficulty: Decimal) -> None:
    worked = work_out(MERGENER, words, items, difficulty)
    assert 0 <= worked.hours * 60 <= worked.minutes + Decimal("0.05")
    assert worked.hours % Decimal("0.25") == 0
