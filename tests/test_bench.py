"""What the bench runs on follows the course that it is made from."""

from pathlib import Path

from ruamel.yaml import YAML

from bench.world import CHOICES, MODULES, write_course
from quizapp.banks.checking import check_path


def test_the_course_of_the_bench_has_no_faults(tmp_path: Path) -> None:
    write_course(tmp_path)
    assert check_path(tmp_path).problems == ()


def test_the_journey_of_the_bench_meets_no_question_that_it_would_leave_blank(tmp_path: Path) -> None:
    write_course(tmp_path)
    for module_id in MODULES.values():
        bank = YAML(typ="safe").load(tmp_path / module_id / "bank.yaml")
        assert {item["type"] for item in bank["items"]} <= CHOICES
