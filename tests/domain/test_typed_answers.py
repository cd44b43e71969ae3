"""Numbers and words as people type them."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quizapp.domain.items.numbers import Band, find_band, read_numbers
from quizapp.domain.items.texts import Rules, Wording, count_slips, find_wording, tidy


@pytest.mark.parametrize(
    ("typed", "numbers"),
    [
        ("12", ["12"]), ("12.5", ["12.5"]), ("12,5", ["12.5"]), (".5", ["0.5"]), ("5.", ["5"]), ("0,125", ["0.125"]),
        ("1,250", ["1.25", "1250"]), ("1.250", ["1.25", "1250"]), ("1,234.5", ["1234.5"]), ("1.234,5", ["1234.5"]),
        ("1 234 567", ["1234567"]), ("1\N{NARROW NO-BREAK SPACE}234,5", ["1234.5"]), ("1'234.5", ["1234.5"]),
        ("1’234.5", ["1234.5"]), ("1.234.567", ["1234567"]), ("-3", ["-3"]), ("−3", ["-3"]), ("–3", ["-3"]),
        ("+3", ["3"]), ("٣٫٥", ["3.5"]), ("３．５", ["3.5"]), ("1.5e3", ["1500"]), ("2E-3", ["0.002"]),
        ("12%", ["0.12"]), ("12 %", ["0.12"]), ("45 mm", ["45"]), ("4,5cm", ["45"]), ("4.5 CM", ["45"]),
        ("", []), ("mm", []), ("about 3", []), ("3 or 4", []), ("3-4", []), ("10²", []), ("½", []), ("0x1F", []),
        ("nan", []), ("infinity", []), ("1_000", []), ("1,2,3", []), ("12 34", []), ("1e99", []), ("--3", []),
        ("3 kg", []), ("1,25,000", []),
    ],
)  # fmt: skip
def test_a_number_is_read_as_its_writer_meant_it_or_not_at_all(typed: str, numbers: list[str]) -> None:
    units = {"mm": Fraction(1), "cm": Fraction(10)}
    assert sorted(read_numbers(typed, units)) == sorted(Fraction(number) for number in numbers)


def test_a_percent_sign_counts_as_the_unit_where_percent_is_the_unit() -> None:
    assert read_numbers("12 %", {"%": Fraction(1)}) == (12,)


@given(st.decimals(min_value=-(10**9), max_value=10**9, places=3), st.sampled_from([".", ","]))
def test_every_plain_decimal_is_read_as_itself(number: object, mark: str) -> None:
    assert Fraction(str(number)) in read_numbers(str(number).replace(".", mark))


@pytest.mark.parametrize(
    ("band", "inside", "outside"),
    [
        ({"value": 10}, ["10"], ["9.999", "10.001"]),
        ({"value": 10, "within": "0.5"}, ["9.5", "10.5"], ["9.499", "10.501"]),
        ({"value": -200, "within_percent": 5}, ["-190", "-210"], ["-189.9", "-210.1", "200"]),
        ({"at_least": 3}, ["3", "1e9"], ["2.999"]),
        ({"at_least": 3, "at_most": 4}, ["3", "4"], ["2.9", "4.1"]),
    ],
)
def test_the_bounds_of_a_band_belong_to_it(band: dict, inside: list[str], outside: list[str]) -> None:
    found = Band.model_validate({**band, "rationale": "So."})
    assert all(found.holds(Fraction(number)) for number in inside)
    assert not any(found.holds(Fraction(number)) for number in outside)


@pytest.mark.parametrize(
    "band",
    [{}, {"value": 1, "at_least": 0}, {"within": 1}, {"at_least": 2, "at_most": 1},
     {"value": 1, "within": 1, "within_percent": 1}, {"value": "nan"}, {"value": 1, "within": -1}],
)  # fmt: skip
def test_a_band_that_says_nothing_or_two_things_is_refused(band: dict) -> None:
    with pytest.raises(ValueError, match="Band"):
        Band.model_validate({**band, "rationale": "So."})


def test_of_two_readings_and_two_bands_the_one_that_earns_most_counts() -> None:
    bands = [
        Band.model_validate({"value": "1.25", "percent": 50, "rationale": "So."}),
        Band.model_validate({"value": 1250, "rationale": "So."}),
    ]
    assert find_band(bands, read_numbers("1,250")) == 1
    assert find_band(bands, read_numbers("1,25")) == 0
    assert find_band(bands, read_numbers("7")) is None


@pytest.mark.parametrize(
    ("written", "meant", "slips"),
    [
        ("soleus", "soleus", 0), ("soleu", "soleus", 1), ("ssoleus", "soleus", 1), ("soleas", "soleus", 1),
        ("osleus", "soleus", 1), ("soelsu", "soleus", 2), ("", "soleus", 3), ("tibialis", "soleus", 3),
    ],
)  # fmt: skip
def test_slips_are_letters_too_many_missing_wrong_or_swapped(written: str, meant: str, slips: int) -> None:
    assert min(count_slips(written, meant, 2), 3) == slips


@given(st.text(max_size=8), st.text(max_size=8))
def test_slips_are_counted_the_same_both_ways(a: str, b: str) -> None:
    assert count_slips(a, b, 8) == count_slips(b, a, 8) <= max(len(a), len(b))


def test_a_slip_is_forgiven_in_long_words_only_and_never_more_than_stated() -> None:
    answers = [Wording(accept=("calf", "soleus", "gastrocnemius"), rationale="So.")]
    for spelling, typed, is_taken in (
        (1, "claf", False), (1, "solues", True), (2, "slouse", False), (2, "gastrocnemuis", True),
        (1, "gastroncemuis", False), (2, "gastroncemuis", True), (0, "solues", False),
    ):  # fmt: skip
        assert (find_wording(answers, Rules(spelling=spelling), typed) == 0) == is_taken, typed


def test_what_is_listed_exactly_goes_before_what_is_only_near() -> None:
    answers = [
        Wording(accept=("hypertrophy",), rationale="So."), Wording(accept=("hypotrophy",), percent=0, rationale="No."),
    ]  # fmt: skip
    assert find_wording(answers, Rules(spelling=2), "Hypotrophy") == 1
    assert find_wording(answers, Rules(spelling=2), "hypertropy") == 0


def test_capitals_and_accents_matter_only_where_the_rules_say_so_and_spaces_never() -> None:
    answers = [Wording(accept=("Ménière’s disease",), rationale="So.")]
    lenient, strict = Rules(), Rules(case="match", accents="match")
    assert find_wording(answers, lenient, "  menieres disease") is None
    assert find_wording(answers, lenient, "MENIERE'S   disease.") == 0
    assert find_wording(answers, strict, "Me\N{COMBINING ACUTE ACCENT}nie\N{COMBINING GRAVE ACCENT}re's disease") == 0
    assert find_wording(answers, strict, "Meniere's disease") is None
    assert find_wording(answers, strict, "ménière's disease") is None


@given(st.text())
def test_a_tidied_text_is_one_line_without_control_characters_and_stays_as_it_is(typed: str) -> None:
    tidied = tidy(typed)
    assert "\x00" not in tidied
    assert "\n" not in tidied
    assert tidy(tidied) == tidied
