"""`flask attempts …`: attempts from a shell."""

from collections.abc import Sequence

import click
from flask import current_app
from flask.cli import AppGroup

from quizapp.domain.corrections import Effect
from quizapp.domain.errors import Invalid, NotFound
from quizapp.services import closing, correcting, regrading
from quizapp.services.correcting import BankChanges, Decision, Quiz
from quizapp.store.regrades import Counts, Regrade

group = AppGroup("attempts", help="Attempts at quizzes.")


@group.command("close-due")
def close_due() -> None:
    """Close and grade every open attempt whose time is over. The job runner does this by itself."""
    n_closed = closing.close_due(current_app.config["CLOCK"]())
    click.echo(f"{n_closed} {'attempt' if n_closed == 1 else 'attempts'} closed.")


@group.command("regrade")
@click.argument("quiz_id", metavar="QUIZ")
@click.option("--dry-run", is_flag=True, help="Say who would be affected and how; change nothing.")
@click.option("--reason", default="", help="Why: each person whose marks change reads it.")
@click.option("--give-credit", metavar="ITEM", multiple=True, help="Give everybody the whole mark.")
@click.option("--drop", metavar="ITEM", multiple=True, help="Have the item count for nobody.")
@click.option("--accept", metavar="ITEM=ANSWER", multiple=True, help="Accept one more answer: B, or A,C, or as typed.")
@click.option("--undo", metavar="ITEM", multiple=True, help="Go back to the item as it was published.")
def regrade(
    quiz_id: str,
    dry_run: bool,
    reason: str,
    give_credit: Sequence[str],
    drop: Sequence[str],
    accept: Sequence[str],
    undo: Sequence[str],
) -> None:
    """Mark the finished attempts at QUIZ (the id of its module) again.

    Without ITEM options it takes the keys and tolerances of the bank as last published. A run that was stopped is
    continued first. Exit status: 0 done, 1 an answer cannot be read, 2 the call is wrong.
    """
    asked = [
        *((Effect.CREDIT, name) for name in give_credit),
        *((Effect.DROP, name) for name in drop),
        *((Effect.ACCEPT, name) for name in accept),
        *((Effect.UNDO, name) for name in undo),
    ]
    if asked and not dry_run and not reason.strip():
        raise click.UsageError("Say why with --reason: each person whose marks change reads it.")
    try:
        quiz = correcting.get_quiz(quiz_id)
        decisions = [decision for effect, name in asked for decision in _decide(quiz, effect, name)]
    except NotFound as fault:
        raise click.UsageError(str(fault)) from fault
    changes = BankChanges(tuple(decisions), ()) if asked else correcting.find_bank_changes(quiz.id)
    click.echo(f"{quiz.title}: {len(changes.decisions)} item versions to correct.")
    for item_id in changes.incomparable:
        click.echo(
            f"Not compared: {item_id}. Its answers were to other options than it has now; say what to do with it."
        )
    if dry_run:
        _forecast(quiz, changes.decisions)
    else:
        _regrade(quiz, changes.decisions, reason or correcting.BY_BANK)


def _decide(quiz: Quiz, effect: Effect, name: str) -> list[Decision]:
    item_id, mark, answer = name.partition("=")
    if (effect is Effect.ACCEPT) is not bool(mark and answer.strip()):
        raise click.UsageError(
            "An answer is accepted with --accept ITEM=ANSWER; the other options name the item alone."
        )
    try:
        return correcting.decide_for_item(quiz.id, item_id, effect, answer)
    except Invalid as fault:
        click.echo(f"{item_id}: {fault}", err=True)
        raise SystemExit(1) from fault


def _forecast(quiz: Quiz, decisions: Sequence[Decision]) -> None:
    for forecast in correcting.forecast(decisions, current_app.config["CLOCK"](), quiz.id):
        _tell(forecast.counts, "would be")
    click.echo("Nothing was changed.")


def _regrade(quiz: Quiz, decisions: Sequence[Decision], reason: str) -> None:
    clock = current_app.config["CLOCK"]
    while (waiting := regrading.find_open_regrade(quiz.id)) is not None:
        click.echo(f"Going on with run {waiting.id}: {waiting.n_done} of {waiting.n_total} attempts were looked at.")
        _run(waiting.id)
    try:
        begun = correcting.decide(decisions, reason, clock(), None, quiz.id, by_job=False) if decisions else []
    except Invalid as fault:
        raise click.UsageError(str(fault)) from fault
    if not begun:
        pending = correcting.begin_pending(quiz.id, clock())
        begun = [] if pending is None else [pending]
    for regrade_id in begun:
        _run(regrade_id)
    if not begun:
        click.echo("No finished attempt is marked otherwise.")
    for other in correcting.list_others(quiz.id, decisions):
        click.echo(f"{other.title} has these items as well: flask attempts regrade {other.id}")


def _run(regrade_id: int) -> None:
    def tell(run: Regrade) -> None:
        click.echo(f"\r{run.n_done} of {max(run.n_done, run.n_total)} attempts looked at", nl=False, err=True)

    run = regrading.run(regrade_id, current_app.config["CLOCK"], tell)
    click.echo(err=True)
    _tell(run, "were")


def _tell(counts: Counts | Regrade, verb: str) -> None:
    n = counts.n_up + counts.n_down + counts.n_same
    click.echo(f"{n} of {counts.n_done} finished attempts {verb} marked again:")
    click.echo(f"{counts.n_up} up, {counts.n_down} down, {counts.n_same} the same.")
    click.echo(f"{counts.n_won} more passed; {counts.n_kept} keep their pass though they would not reach it now.")
