"""A learner who takes a quiz through its pages, as a browser without script would."""

import re
from dataclasses import dataclass
from html import unescape
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from quizapp.services import sheets
from quizapp.services.sheets import Question
from tests.content import FIRST, right_letters, wrong_letters
from tests.people import Person

JSON = {"Accept": "application/json"}


@dataclass(slots=True)
class Taker:
    """One person, one browser, one attempt."""

    app: Flask
    client: FlaskClient
    person: Person
    attempt_id: int

    @property
    def url(self) -> str:
        return f"/quiz/attempts/{self.attempt_id}"

    def questions(self) -> tuple[Question, ...]:
        """All questions as they are shown."""
        with self.app.app_context():
            return sheets.get_sheet(self.person.id, self.attempt_id).questions

    def open(self, number: int) -> str:
        """The page of one question."""
        return self.client.get(f"{self.url}/questions/{number}").text

    def fields(self, number: int, letters: list[str], **more: Any) -> dict[str, Any]:
        """What the form of a question sends. `more`: seq, sure, flag, struck."""
        fields = {"n": [str(number)], f"q{number}-answer": letters}
        return fields | {f"q{number}-{name}": value for name, value in more.items()}

    def post(self, number: int, letters: list[str], go: str = "next", **more: Any) -> TestResponse:
        """Press a button of a question page."""
        return self.client.post(f"{self.url}/answers", data={**self.fields(number, letters, **more), "go": go})

    def save(self, number: int, letters: list[str], tab: str = "", tab_seq: int = 0, **more: Any) -> TestResponse:
        """Save in the background, as the script does."""
        data = {**self.fields(number, letters, **more), "tab": tab, "tab_seq": str(tab_seq)}
        return self.client.post(f"{self.url}/save", data=data, headers=JSON)

    def answer_all(self, n_wrong: int = 0) -> None:
        """Answer every question, the first `n_wrong` of them wrongly."""
        for q in self.questions():
            letters = wrong_letters(q) if q.number <= n_wrong else right_letters(q)
            assert self.post(q.number, letters, seq=str(q.state.seq)).status_code == 302

    def finish(self) -> TestResponse:
        """Press the button that finishes."""
        return self.client.post(f"{self.url}/check", data={"own": "y"})


def begin(app: Flask, client: FlaskClient, person: Person, module_id: str = FIRST, kind: str = "quiz") -> Taker:
    """Press the button that starts a quiz or a practice set."""
    answer = client.post(f"/quiz/modules/{module_id}/{kind}")
    assert answer.status_code == 302, answer.text
    return Taker(app, client, person, int(answer.location.split("/")[3]))


def passed(app: Flask, client: FlaskClient, person: Person, module_id: str = FIRST) -> Taker:
    """A passed quiz."""
    taker = begin(app, client, person, module_id)
    taker.answer_all()
    assert taker.finish().status_code == 302
    return taker


def chosen(page: str, number: int) -> list[str]:
    """The letters that are selected on a page."""
    inputs = re.findall(rf'<input[^>]*name="q{number}-answer"[^>]*>', page)
    return [re.search(r'value="(\w)"', i)[1] for i in inputs if " checked" in i]  # type: ignore[index]


def field(page: str, name: str) -> str:
    """The value of a hidden field of a page."""
    found = re.search(rf'<input[^>]*name="{re.escape(name)}"[^>]*value="([^"]*)"', page)
    assert found, f"no field {name}"
    return unescape(found[1])
