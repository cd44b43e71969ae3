"""How far a learner is with each objective."""

from fractions import Fraction

from quizapp.domain.progress import Reach, reach


def test_an_objective_is_started_by_reading_and_met_by_the_pass_mark_in_one_attempt() -> None:
    results = [{"O1.2": (Fraction(7, 10), 1)}, {"O1.3": (Fraction(8, 2), 5), "O1.4": (Fraction(399, 100), 5)}]
    found = reach(["O1.1", "O1.2", "O1.3", "O1.4", "O1.5"], ["O1.1"], results, 80)
    assert found == {
        "O1.1": Reach.STARTED, "O1.2": Reach.STARTED, "O1.3": Reach.MET, "O1.4": Reach.STARTED, "O1.5": Reach.TO_DO,
    }  # fmt: skip


def test_a_later_weak_attempt_does_not_take_back_what_was_met() -> None:
    results = [{"O1.1": (Fraction(5), 5)}, {"O1.1": (Fraction(0), 5)}]
    assert reach(["O1.1"], [], results, 80) == {"O1.1": Reach.MET}


def test_every_reach_has_a_word() -> None:
    assert [r.label for r in Reach] == ["to do", "started", "met"]
