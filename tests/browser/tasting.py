"""A practice set with one question of each kind of input, for the pages that show them."""

from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from quizapp.app import utc_now
from quizapp.domain.attempts import Kind
from quizapp.domain.items.hotspot import Hotspot
from quizapp.services import taking
from quizapp.services.taking import Incoming
from tests.browser.serving import FIRST, Site, copy_course, publish, publish_choices
from tests.kinds import add_kinds, fill_right, list_asked
from tests.people import Person


def start_kinds(site: Site, person: Person, instead: Mapping[str, dict[str, Any]] | None = None) -> int:
    """An open practice set of the first module as it would be with one question of each kind of input."""
    with TemporaryDirectory() as folder, site.app.app_context():
        course = copy_course(Path(folder))
        publish(add_kinds(course, FIRST, instead=instead))
        attempt_id = site.start(person, FIRST, Kind.PRACTICE)
        publish_choices()
    return attempt_id


def answer_kinds(site: Site, person: Person, attempt_id: int) -> None:
    """Half of each answer that has parts; a number that is none; of two places in a figure one that is right."""
    sent = []
    for number, (item, presentation) in enumerate(list_asked(site.app, attempt_id), 1):
        fields = dict(list(fill_right(item, presentation).items())[:2])
        if isinstance(item, Hotspot):
            fields = item.fill((0, 1), presentation)
        sent.append(Incoming(number, {"answer": ["twelve"]} if number == 1 else fields))
    with site.app.app_context():
        taking.save_answers(person.id, attempt_id, sent, utc_now())
