"""/admin/: for whoever runs the installation."""

from typing import Any

from flask import Blueprint, flash, redirect, render_template, url_for

from quizapp.services.jobs import get_desk
from quizapp.services.jobs import retry as retry_failed
from quizapp.web.access import now, page

bp = Blueprint("admin", __name__, url_prefix="/admin")


@bp.get("/jobs")
@page("admin", service=get_desk, template="admin/jobs.html")
def jobs() -> Any:
    counts, rows = get_desk()
    return render_template("admin/jobs.html", counts=counts, rows=rows)


@bp.post("/jobs/<int:job_id>/retry")
@page("admin", service=retry_failed)
def retry(job_id: int) -> Any:
    retry_failed(job_id, now())
    flash("The job is due again.", "success")
    return redirect(url_for("admin.jobs"))
