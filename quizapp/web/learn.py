"""Reading the course: dashboard, course, module, sections, progress."""

from typing import Any

from flask import Blueprint, redirect, render_template, url_for

from quizapp.services import closing, studying
from quizapp.web.access import SIGNED_IN, me, now, page

bp = Blueprint("learn", __name__, url_prefix="/learn")


@bp.get("/")
@page(SIGNED_IN, service=studying.get_overview, template="learn/dashboard.html")
def dashboard() -> Any:
    closing.close_due(now(), me().id)
    return render_template("learn/dashboard.html", overview=studying.get_overview(me().id), now=now())


@bp.get("/courses/<course_id>")
@page(SIGNED_IN, service=studying.get_overview, template="learn/course.html")
def course(course_id: str) -> Any:
    closing.close_due(now(), me().id)
    return render_template("learn/course.html", overview=studying.get_overview(me().id, course_id))


@bp.get("/modules/<module_id>")
@page(SIGNED_IN, service=studying.get_standing, template="learn/module.html")
def module(module_id: str) -> Any:
    closing.close_due(now(), me().id)
    course, standing = studying.get_standing(me().id, module_id)
    return render_template("learn/module.html", course=course, standing=standing, module=standing.module)


@bp.get("/modules/<module_id>/sections/<section_id>")
@page(SIGNED_IN, service=studying.get_section, template="learn/section.html")
def section(module_id: str, section_id: str) -> Any:
    course, standing, section = studying.get_section(me().id, module_id, section_id)
    sources = studying.list_sources(standing.module, section.cites)
    return render_template(
        "learn/section.html", course=course, standing=standing, module=standing.module, section=section, sources=sources
    )


@bp.post("/modules/<module_id>/sections/<section_id>")
@page(SIGNED_IN, service=studying.mark_read)
def read_section(module_id: str, section_id: str) -> Any:
    following = studying.mark_read(me().id, module_id, section_id, now())
    if following is None:
        return redirect(url_for("learn.module", module_id=module_id, _anchor="quiz"))
    return redirect(url_for("learn.section", module_id=module_id, section_id=following.id))


@bp.get("/progress")
@page(SIGNED_IN, service=studying.get_progress, template="learn/progress.html")
def progress() -> Any:
    closing.close_due(now(), me().id)
    found = studying.get_progress(me().id)
    overview, by_module = found or (None, {})
    return render_template("learn/progress.html", overview=overview, progress=by_module)
