"""Reading the course: dashboard, course, module, sections, progress."""

from collections.abc import Callable
from typing import Any, TypeVar

from flask import Blueprint, redirect, render_template, url_for

from quizapp.domain.attempts import Kind
from quizapp.services import accommodations, closing, notes, problems, regrading, studying
from quizapp.services.studying import Overview
from quizapp.web.access import SIGNED_IN, me, now, page
from quizapp.web.due import once_closed
from quizapp.web.rules import list_rules

Found = TypeVar("Found", bound=tuple[Any, ...])

bp = Blueprint("learn", __name__, url_prefix="/learn")


@bp.get("/")
@page(SIGNED_IN, service=studying.get_overview, template="learn/dashboard.html")
def dashboard() -> Any:
    (overview,) = _up_to_date(lambda: (studying.get_overview(me().id),))
    unread, unseen = problems.list_unread(me().id), regrading.list_unseen(me().id)
    up = overview.next_up if overview is not None else None
    admission = up and up.admit(Kind.QUIZ, now(), 0)
    if up and admission and admission.n_left == 0:  # perhaps more attempts were granted
        admission = up.admit(Kind.QUIZ, now(), accommodations.get_own(me().id).extra_attempts)
    return render_template(
        "learn/dashboard.html", overview=overview, admission=admission, unread=unread, unseen=unseen, now=now()
    )


@bp.get("/courses/<course_id>")
@page(SIGNED_IN, service=studying.get_overview, template="learn/course.html")
def course(course_id: str) -> Any:
    (overview,) = _up_to_date(lambda: (studying.get_overview(me().id, course_id),))
    return render_template("learn/course.html", overview=overview)


@bp.get("/modules/<module_id>")
@page(SIGNED_IN, service=studying.get_standing, template="learn/module.html")
def module(module_id: str) -> Any:
    overview, standing = _up_to_date(lambda: studying.get_standing(me().id, module_id))
    granted = accommodations.get_own(me().id)
    admission = standing.admit(Kind.QUIZ, now(), granted.extra_attempts)
    return render_template(
        "learn/module.html",
        course=overview.course,
        standing=standing,
        module=standing.module,
        granted=granted,
        admission=admission,
        pretest=standing.admit(Kind.PRETEST, now(), 0),
        rules=list_rules(standing.module, admission, granted),
    )


@bp.get("/modules/<module_id>/lesson")
@page(SIGNED_IN, service=studying.get_lesson, template="learn/lesson.html")
def lesson(module_id: str) -> Any:
    overview, standing = once_closed(lambda: studying.get_lesson(me().id, module_id))
    module = standing.module
    cited = dict.fromkeys(claim for section in module.sections for claim in section.cites)
    return render_template(
        "learn/lesson.html",
        course=overview.course,
        standing=standing,
        module=module,
        sources=studying.list_sources(module, list(cited)),
    )


@bp.get("/modules/<module_id>/sections/<section_id>")
@page(SIGNED_IN, service=studying.get_section, template="learn/section.html")
def section(module_id: str, section_id: str) -> Any:
    overview, standing, section = once_closed(lambda: studying.get_section(me().id, module_id, section_id))
    return render_template(
        "learn/section.html",
        course=overview.course,
        standing=standing,
        module=standing.module,
        section=section,
        sources=studying.list_sources(standing.module, section.cites),
        note=notes.get_note(me().id, module_id, section_id),
    )


@bp.post("/modules/<module_id>/sections/<section_id>")
@page(SIGNED_IN, service=studying.mark_read)
def read_section(module_id: str, section_id: str) -> Any:
    following = once_closed(lambda: studying.mark_read(me().id, module_id, section_id, now()))
    if following is None:
        return redirect(url_for("learn.module", module_id=module_id, _anchor="quiz"))
    return redirect(url_for("learn.section", module_id=module_id, section_id=following.id))


@bp.get("/progress")
@page(SIGNED_IN, service=studying.get_progress, template="learn/progress.html")
def progress() -> Any:
    overview, by_module = _up_to_date(lambda: studying.get_progress(me().id))
    return render_template("learn/progress.html", overview=overview, progress=by_module)


def _up_to_date(look: Callable[[], Found]) -> Found:
    """What `look` finds, an overview first; attempts that are open though their time is over are closed before."""
    found = look()
    overview: Overview | None = found[0]
    if overview is None or not overview.is_behind(now()):
        return found
    closing.close_due(now(), me().id)
    return look()
