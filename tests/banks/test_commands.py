"""`flask banks`: what is printed, and the exit status."""

import json
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskCliRunner

from quizapp.commands import banks
from quizapp.domain.items import ITEM_TYPES
from tests.content import FIRST, add_final, write_course


@pytest.fixture
def course(tmp_path: Path) -> Path:
    return write_course(tmp_path / "course")


@pytest.fixture
def runner(course: Path) -> FlaskCliRunner:
    """An application without a database: none of these commands needs one."""
    app = Flask("quizapp")
    app.config["QUESTIONS_PATH"] = str(course)
    app.cli.add_command(banks.group)
    return app.test_cli_runner()


def test_a_clean_course_is_summed_up_in_one_line(runner: FlaskCliRunner, course: Path) -> None:
    done = runner.invoke(args=["banks", "check", "--no-notes", str(course)])
    assert done.exit_code == 0
    assert done.output == "2 modules, 36 items, no faults\n"


def test_parts_with_fewer_than_three_items_for_a_place_are_noted_and_are_no_fault(
    runner: FlaskCliRunner, course: Path
) -> None:
    done = runner.invoke(args=["banks", "check", str(course)])
    assert done.exit_code == 0
    *notes, summary = done.output.splitlines()
    assert summary == "2 modules, 36 items, no faults"
    assert [note.split(": ")[2:] for note in notes] == [
        ["few-per-place", "4 of O1.1", "6 items for 4 places (3 for each make another attempt another test)"],
        ["few-per-place", "4 of O2.1", "4 items for 4 places (3 for each make another attempt another test)"],
        ["few-per-place", "16 of O2.2", "16 items for 16 places (3 for each make another attempt another test)"],
    ]


def test_a_machine_reads_what_each_part_of_a_plan_needs_and_finds(runner: FlaskCliRunner, course: Path) -> None:
    done = runner.invoke(args=["banks", "check", "--stats", "--json", str(add_final(course))])
    plans = json.loads(done.output)["plans"]
    assert [(p["module"], p["part"], p["needed"], p["available"], p["per_place"]) for p in plans] == [
        ("final", "2 of O1.1", 2, 6, 3.0),
        ("final", "1 of O1.2", 1, 6, 6.0),
        ("final", "1 of O2.1", 1, 4, 4.0),
        ("final", "1 of O2.2", 1, 16, 16.0),
        ("first", "4 of O1.1", 4, 6, 1.5),
        ("first", "2 of O1.2", 2, 6, 3.0),
        ("second", "4 of O2.1", 4, 4, 1.0),
        ("second", "16 of O2.2", 16, 16, 1.0),
    ]


def test_faults_are_printed_one_a_line_and_the_status_is_1(runner: FlaskCliRunner, course: Path) -> None:
    path = course / FIRST / "bank.yaml"
    path.write_text(path.read_text("utf-8").replace("use: quiz", "use: quizz", 1), "utf-8")
    done = runner.invoke(args=["banks", "check", "--no-notes", str(course)])
    assert done.exit_code == 1
    first, summary = done.output.splitlines()
    assert first.startswith(f"{path}:")
    assert first.endswith("not-allowed: use: should be 'quiz' or 'practice' (did you mean 'quiz'?)")
    assert summary == "2 modules, 36 items, 1 fault"


def test_a_path_that_is_not_there_is_a_wrong_call(runner: FlaskCliRunner, tmp_path: Path) -> None:
    assert runner.invoke(args=["banks", "check", str(tmp_path / "nowhere")]).exit_code == 2


def test_statistics_count_items_in_five_ways_and_plan_parts_in_a_sixth(runner: FlaskCliRunner, course: Path) -> None:
    lines = runner.invoke(args=["banks", "check", "--stats", str(course)]).output.splitlines()
    assert [line for line in lines if line.startswith("by ")] == [
        "by module:", "by objective:", "by type:", "by bloom:", "by use:",
        "by plan part (available, needed, for each place):",
    ]  # fmt: skip
    assert "    32  quiz" in lines
    assert "     4  practice" in lines
    assert "     6   4   1.5  first: 4 of O1.1" in lines


def test_a_machine_can_read_the_findings(runner: FlaskCliRunner, course: Path) -> None:
    (course / "credit.yaml").unlink()
    done = runner.invoke(args=["banks", "check", "--json", str(course)])
    found = json.loads(done.output)
    assert done.exit_code == 1
    assert found["n_items"] == 36
    assert found["counts"]["use"] == {"practice": 4, "quiz": 32}
    assert found["problems"] == [
        {
            "file": str(course / "credit.yaml"), "line": 1, "code": "missing-file",
            "message": "there is no such file", "hint": "write it, or check its name",
        }
    ]  # fmt: skip


def test_item_types_are_listed_one_a_line(runner: FlaskCliRunner) -> None:
    assert runner.invoke(args=["banks", "types"]).output.splitlines() == sorted([*ITEM_TYPES, "case_set"])


def test_schemas_are_written_once_and_found_stale_when_they_differ(runner: FlaskCliRunner, course: Path) -> None:
    assert runner.invoke(args=["banks", "schema", "--check"]).exit_code == 1
    assert not (course / "schema").exists()
    assert runner.invoke(args=["banks", "schema"]).output.count(": written") == 7
    assert runner.invoke(args=["banks", "schema", "--check"]).exit_code == 0
    (course / "schema" / "bank.schema.json").write_text("{}", "utf-8")
    stale = runner.invoke(args=["banks", "schema", "--check"])
    assert stale.exit_code == 1
    assert "bank.schema.json" in stale.output


def test_the_schema_of_a_bank_knows_every_item_type(runner: FlaskCliRunner, course: Path) -> None:
    runner.invoke(args=["banks", "schema"])
    schema = json.loads((course / "schema" / "bank.schema.json").read_text("utf-8"))
    kinds = [
        definition["properties"]["type"]
        for name, definition in schema["$defs"].items()
        if "type" in definition.get("properties", {})
    ]
    assert {kind["const"] for kind in kinds} == {*ITEM_TYPES, "case_set"}
    assert schema["properties"]["items"]["items"]["discriminator"]["propertyName"] == "type"


def test_the_schemas_of_this_checkout_are_up_to_date(runner: FlaskCliRunner) -> None:
    runner.app.config["QUESTIONS_PATH"] = str(Path(__file__).parents[2] / "questions")
    done = runner.invoke(args=["banks", "schema", "--check"])
    assert done.exit_code == 0, done.output
