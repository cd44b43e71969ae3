"""What the bench runs on follows the course that it is made from."""

from pathlib import Path

from bench.world import write_course
from quizapp.banks.checking import check_path


def test_the_course_of_the_bench_has_no_faults(tmp_path: Path) -> None:
    write_course(tmp_path)
    assert check_path(tmp_path).problems == ()
