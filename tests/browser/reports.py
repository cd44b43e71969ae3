"""Problem reports in each state, for the pages that show them."""

import datetime as dt

from quizapp.app import utc_now
from quizapp.domain.problem_reports import ProblemKind, ReportState
from quizapp.services import problems
from tests.browser.serving import Site
from tests.people import Person

LONG = (
    "The reason cites one trial only.\n\nIs B not right as well, where a muscle is cooled? "
    "https://doi.example/10.5555/a-rather-long-address-that-has-no-place-to-break-on-a-narrow-screen"
)
FIXED = "Thank you. It says “in most people” now, and the reason has a second source."
ANSWERED = "It fits once the text size is back to normal. We are looking into it."


def report_problems(site: Site, person: Person, author: Person, open_id: int, passed_id: int) -> dict[str, int]:
    """Three reports: one waits, one is answered, one is answered while its quiz is open. Ids of the first two."""
    at = utc_now() - dt.timedelta(hours=5)
    told = (
        (passed_id, 1, ProblemKind.KEY, LONG),
        (passed_id, 1, ProblemKind.WORDING, "“Mostly” can be read in two ways."),
        (open_id, 2, ProblemKind.TECHNICAL, "The picture is cut off on my phone."),
    )
    with site.app.app_context():
        for i, (attempt_id, number, kind, text) in enumerate(told):
            sent_at = at + dt.timedelta(minutes=i)
            problems.report(person.id, attempt_id, number, kind, text, token=str(i), link=str, now=sent_at)
        cut_off, wording, key = (each.facts.id for each in problems.get_inbox().listing.reports[:3])
        for report_id, state, text in (
            (wording, ReportState.FIXED, FIXED),
            (cut_off, ReportState.ANSWERED, ANSWERED),
        ):
            problems.answer(author.id, report_id, state, text, 0, link=site.url, now=at + dt.timedelta(hours=2))
    return {"reported": key, "answered": wording}
