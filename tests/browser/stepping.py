"""Quizzes of the first module as they would be with other rules: several tries, no going back, a case that unfolds."""

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from quizapp.app import utc_now
from quizapp.domain.attempts import Kind
from quizapp.services import sheets, taking
from quizapp.services.taking import Incoming
from tests.browser.serving import FIRST, Site, copy_course, publish, publish_choices
from tests.people import Person
from tests.steps import WORDS, add_case, set_rules

AT = 3
"""The number of the first part of the case, one of whose four options is right."""


def with_tries(course: Path) -> Path:
    """Three tries at each question, a case among them that does not unfold."""
    return set_rules(add_case(course, module_id=FIRST, unfolds=False), module_id=FIRST, feedback="several_tries")


def without_way_back(course: Path) -> Path:
    """No going back, and the same case."""
    return set_rules(add_case(course, module_id=FIRST, unfolds=False), module_id=FIRST, backtracking=False)


def with_case(course: Path) -> Path:
    """A case that unfolds."""
    return add_case(course, module_id=FIRST)


def start_changed(site: Site, person: Person, change: Callable[[Path], Path], kind: Kind = Kind.QUIZ) -> int:
    """An open attempt at the first module as it would be if `change` had been done to the course's folder."""
    with TemporaryDirectory() as folder, site.app.app_context():
        publish(change(copy_course(Path(folder))))
        attempt_id = site.start(person, FIRST, kind)
        publish_choices()
    return attempt_id


def start_steps(site: Site) -> tuple[dict[str, Person], dict[str, int]]:
    """People with one telling quiz of each sort, and the numbers of their attempts."""
    people = {
        name: site.add_person(f"Alice {name.title()}") for name in ("trying", "tried", "onward", "blank", "unfolding")
    }
    changes = {
        "trying": with_tries, "tried": with_tries, "onward": without_way_back, "blank": without_way_back,
        "unfolding": with_case,
    }  # fmt: skip
    numbers = {name: start_changed(site, people[name], change) for name, change in changes.items()}
    with site.app.app_context():
        for name, n_wrong in (("trying", 1), ("tried", 3)):
            for text in WORDS[0][3][1 : 1 + n_wrong]:
                _choose(people[name], numbers[name], AT, text)
                taking.check_answer(people[name].id, numbers[name], AT, utc_now())
        for name in ("onward", "blank"):
            for number in (1, 2):
                taking.pass_question(people[name].id, numbers[name], number, utc_now(), is_blank_meant=True)
        _choose(people["onward"], numbers["onward"], AT, WORDS[0][3][0])
        _choose(people["unfolding"], numbers["unfolding"], AT, WORDS[0][3][0])
        taking.pass_question(people["unfolding"].id, numbers["unfolding"], AT, utc_now())
    return people, numbers


def _choose(person: Person, attempt_id: int, number: int, text: str) -> None:
    question = sheets.get_sheet(person.id, attempt_id, [number]).questions[0]
    letter = next(choice.value for choice in question.ask.choices if choice.text == text)  # type: ignore[union-attr]
    sent = Incoming(number, {"answer": [letter]}, known_seq=question.state.seq)
    taking.save_answers(person.id, attempt_id, [sent], utc_now())
