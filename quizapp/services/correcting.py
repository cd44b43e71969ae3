"""Deciding about published items: what is proposed, what it would do, and doing it. Never names who answered what."""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from quizapp.domain.corrections import (
    Correction,
    Effect,
    Ruling,
    can_compare,
    key_fields,
    marks_alike,
    present_as_written,
    with_tolerance,
)
from quizapp.domain.errors import Invalid, NotFound
from quizapp.domain.items import Item
from quizapp.domain.items.base import Presentation, Raw, Response
from quizapp.domain.modules import Module
from quizapp.services import regrading
from quizapp.services.rulings import get_rulings
from quizapp.services.versions import get_items, get_module_versions
from quizapp.store import content, regrades
from quizapp.store import corrections as store
from quizapp.store.audit import add_audit
from quizapp.store.corrections import NEWEST, Version
from quizapp.store.db import reading, unit_of_work
from quizapp.store.jobs import add_job
from quizapp.store.regrades import Counts, Regrade

MAX_REASON = 600
PAGE = 25
"""Items on one page."""
BY_BANK = "The key of this question was corrected."
"""The reason where a new version in the bank is taken and nobody gives one."""


@dataclass(frozen=True, slots=True)
class Decision:
    """One correction that is proposed: not written yet."""

    item_version_id: int
    effect: Effect
    fields: dict[str, Any] | None = None
    response: Response | None = None


@dataclass(frozen=True, slots=True)
class Quiz:
    """A quiz that was published."""

    id: str
    title: str


@dataclass(frozen=True, slots=True)
class Forecast:
    """What proposed corrections would do to the finished attempts at one quiz."""

    quiz: Quiz
    counts: Counts
    is_part: bool
    """Whether there are more attempts than were looked at."""


@dataclass(frozen=True, slots=True)
class BankChanges:
    """Where the bank marks otherwise than what was answered: what follows, and the items that need a decision."""

    decisions: tuple[Decision, ...]
    incomparable: tuple[str, ...]
    """Ids of items whose answers cannot be marked by their current version, since other things could be answered."""


def list_quizzes() -> list[Quiz]:
    """Every quiz on line, by number."""
    with reading() as connection:
        modules = _load_current(connection)
    return [Quiz(m.id, m.facts.heading) for m in sorted(modules, key=lambda m: m.facts.number)]


def get_quiz(module_id: str) -> Quiz:
    """One quiz on line. Raises NotFound."""
    with reading() as connection:
        return _get_quiz(connection, module_id)


def _get_quiz(connection: Connection, module_id: str) -> Quiz:
    version_id = content.find_current(connection, module_id)
    if version_id is None and not _list_versions(connection, module_id):
        raise NotFound("There is no quiz of that name.")
    if version_id is None:  # taken off line; its attempts are still there
        return Quiz(module_id, module_id)
    module = get_module_versions(connection, [version_id])[version_id]
    return Quiz(module.id, module.facts.heading)


def _load_current(connection: Connection) -> list[Module]:
    ids = [current.version_id for current in content.list_current(connection)]
    return list(get_module_versions(connection, ids).values())


def _list_versions(connection: Connection, module_id: str) -> list[Version]:
    return store.list_versions(connection, module_id, content.find_current(connection, module_id))


def find_bank_changes(module_id: str) -> BankChanges:
    """For each older version of an item of this quiz: the key of the current one, where that marks otherwise.

    What an author decided about the current version holds for it too, and a credit or a drop is left as it is.
    """
    decisions, incomparable = [], []
    with reading() as connection:
        versions = _list_versions(connection, module_id)
        items = get_items(connection, [version.id for version in versions])
        rulings = get_rulings(connection, items)
        answered = regrades.count_answered(connection, list(items))
    current = {version.item_id: version.id for version in versions if version.is_current}
    for version in versions:
        newest_id = current.get(version.item_id, version.id)
        before, now = (rulings.get(i, Ruling(items[i])) for i in (version.id, newest_id))
        if newest_id == version.id or before.is_credited or before.is_dropped or marks_alike(before.item, now.item):
            continue
        if can_compare(before.item, now.item):
            decisions.append(Decision(version.id, Effect.KEY, fields=key_fields(now.item)))
        elif answered.get(version.id):
            incomparable.append(version.item_id)
    return BankChanges(tuple(decisions), tuple(dict.fromkeys(incomparable)))


def decide_for_item(module_id: str, item_id: str, effect: Effect, answer: str = "") -> list[Decision]:
    """A credit, a drop, an undo or an acceptance for every version of an item of this quiz.

    An acceptance names the answer: letters of options as written, or what was typed; it is for the versions that can be
    compared with the newest. Raises NotFound where the quiz never had such an item, Invalid where it cannot read the
    answer.
    """
    with reading() as connection:
        versions = [v for v in _list_versions(connection, module_id) if v.item_id == item_id]
        items = get_items(connection, [version.id for version in versions])
    if not versions:
        raise NotFound(f"The quiz {module_id} has no item {item_id}.")
    if effect is not Effect.ACCEPT:
        return [Decision(version.id, effect) for version in versions]
    newest = items[versions[0].id]
    shown = present_as_written(newest, versions[0].id)
    kind = newest.ask(shown).kind
    typed = [part.strip() for part in answer.split(",")] if kind == "some_of" else [answer.strip()]
    response = _read(newest, {"answer": typed}, shown)
    return [Decision(i, effect, response=response) for i, item in items.items() if can_compare(item, newest)]


def _read(item: Item, raw: Raw, shown: Presentation) -> Response:
    response = item.parse(raw, shown)
    if response is None:
        raise Invalid("Give an answer first, with all its parts, that this question can read.")
    return response


@dataclass(frozen=True, slots=True)
class Listed:
    """An item of a quiz as the list for authors shows it: its newest version, and the number of finished attempts."""

    version_id: int
    item_id: str
    title: str
    stem: str
    n_answered: int
    ruling: Ruling | None
    is_current: bool


@dataclass(frozen=True, slots=True)
class Bench:
    """A quiz with the items of one page of its list. `next_after` is the item to go on after, if there are more."""

    quiz: Quiz
    items: tuple[Listed, ...]
    next_after: str
    open_run: Regrade | None


def list_items(module_id: str, words: str = "", after: str = "") -> Bench:
    """The items that this quiz asks or asked, by id; those whose title, stem or id holds `words`. Raises NotFound."""
    with reading() as connection:
        quiz = _get_quiz(connection, module_id)
        versions = _list_versions(connection, module_id)
        newest: dict[str, Version] = {}
        for version in versions:  # newest first, and the one that is on line before any other
            if version.item_id not in newest or (version.is_current and not newest[version.item_id].is_current):
                newest[version.item_id] = version
        items = get_items(connection, [version.id for version in newest.values()])
        sought = words.casefold()
        found = [
            v for name, v in sorted(newest.items())
            if name > after and any(sought in text.casefold() for text in (name, items[v.id].title, items[v.id].stem))
        ]  # fmt: skip
        shown = found[:PAGE]
        siblings = [v.id for v in versions if v.item_id in {s.item_id for s in shown}]
        answered = regrades.count_answered(connection, siblings)
        rulings = get_rulings(connection, {v.id: items[v.id] for v in shown})
        open_run = regrades.find_open_regrade(connection, module_id)
    n_answered = {v.item_id: 0 for v in shown}
    for version in versions:
        if version.item_id in n_answered:
            n_answered[version.item_id] += answered.get(version.id, 0)
    listed = tuple(
        Listed(
            v.id, v.item_id, items[v.id].title, items[v.id].stem, n_answered[v.item_id], rulings.get(v.id), v.is_current
        )
        for v in shown
    )
    return Bench(quiz, listed, shown[-1].item_id if len(found) > PAGE else "", open_run)


@dataclass(frozen=True, slots=True)
class Case:
    """One item version before its author, with the versions that are answered alike."""

    quiz: Quiz
    version_id: int
    item: Item
    """As published."""
    ruling: Ruling
    shown: Presentation
    alike: tuple[int, ...]
    """Ids of the versions that the same answers fit, this one among them."""
    others: tuple[int, ...]
    """Ids of versions of the item that other answers belong to: they are decided about on their own."""
    n_answered: int


def get_case(module_id: str, item_version_id: int) -> Case:
    """One item version of this quiz. Raises NotFound."""
    with reading() as connection:
        return _get_case(connection, module_id, item_version_id)


def _get_case(connection: Connection, module_id: str, item_version_id: int) -> Case:
    quiz = _get_quiz(connection, module_id)
    versions = _list_versions(connection, module_id)
    mine = next((v for v in versions if v.id == item_version_id), None)
    if mine is None:
        raise NotFound("This quiz never had such an item.")
    items = get_items(connection, [v.id for v in versions if v.item_id == mine.item_id])
    item = items[item_version_id]
    alike = tuple(i for i, other in items.items() if can_compare(item, other))
    answered = regrades.count_answered(connection, alike)
    rulings = get_rulings(connection, {item_version_id: item})
    return Case(
        quiz=quiz,
        version_id=item_version_id,
        item=item,
        ruling=rulings.get(item_version_id, Ruling(item)),
        shown=present_as_written(item, item_version_id),
        alike=alike,
        others=tuple(i for i in items if i not in alike),
        n_answered=sum(answered.values()),
    )


def propose(module_id: str, item_version_id: int, what: str, raw: Raw, within: str = "") -> tuple[Case, list[Decision]]:
    """What an author's form asks for: `what` is an effect, or `tolerance`. Raises NotFound, or Invalid with why not."""
    with reading() as connection:
        case = _get_case(connection, module_id, item_version_id)
        items = get_items(connection, case.alike)
        rulings = get_rulings(connection, items)
    if what not in {*Effect, "tolerance"}:
        raise Invalid("Choose what is to be done.")
    if what in {Effect.CREDIT, Effect.DROP, Effect.UNDO}:
        return case, [Decision(i, Effect(what)) for i in items]
    response = None if what == "tolerance" else _read(case.item, raw, case.shown)
    if what == Effect.ACCEPT:
        return case, [Decision(i, Effect.ACCEPT, response=response) for i in items]
    decisions = []
    for i, item in items.items():
        held = rulings[i].item if i in rulings else item
        try:
            changed = with_tolerance(held, within) if what == "tolerance" else held.with_key(response)
        except ValueError as fault:
            raise Invalid(str(fault)) from fault
        decisions.append(Decision(i, Effect.KEY, fields=key_fields(changed)))
    return case, decisions


def require_reason(reason: str) -> str:
    """The reason as learners read it, without spaces around it. Raises Invalid where there is none, or too much."""
    tidy = " ".join(reason.split())
    if not tidy or len(tidy) > MAX_REASON:
        raise Invalid(f"Say why, in 1 to {MAX_REASON} characters: each person whose marks change reads it.")
    return tidy


def forecast(
    decisions: Sequence[Decision], now: dt.datetime, module_id: str | None = None, newest: int | None = None
) -> list[Forecast]:
    """What these corrections would do to the finished attempts at each quiz that has the items, or at that one.

    `newest`: look at so many of the newest attempts at each only.
    """
    proposed = [Correction(NEWEST, d.item_version_id, d.effect, "", now, d.fields, d.response) for d in decisions]
    with reading() as connection:
        quizzes = [_get_quiz(connection, m) for m in _list_quizzes_of(connection, decisions, module_id)]
    found = [(quiz, regrading.forecast(quiz.id, proposed, newest)) for quiz in quizzes]
    return [Forecast(quiz, counts, newest is not None and counts.n_done >= newest) for quiz, counts in found]


def _list_quizzes_of(connection: Connection, decisions: Iterable[Decision], module_id: str | None) -> list[str]:
    if module_id is not None:
        return [module_id]
    return store.list_quizzes_of(connection, [d.item_version_id for d in decisions])


def decide(
    decisions: Sequence[Decision],
    reason: str,
    now: dt.datetime,
    actor_id: int | None,
    module_id: str | None = None,
    *,
    by_job: bool = True,
) -> list[int]:
    """Write these corrections and begin the runs that carry them to finished attempts; the ids of the runs.

    The runs are over each quiz that has the items, or over that one alone. From here on whoever finishes is marked by
    them. With `by_job` the job runner does the runs; otherwise the caller does.
    """
    reason = require_reason(reason)
    with unit_of_work() as connection:
        items = get_items(connection, [d.item_version_id for d in decisions])
        for d in decisions:
            given = {"fields": d.fields, "response": d.response}
            data = {name: value for name, value in given.items() if value is not None}
            correction_id = store.add_correction(
                connection, item_version_id=d.item_version_id, effect=d.effect, data=data, reason=reason, now=now,
                actor_id=actor_id,
            )  # fmt: skip
            item = items[d.item_version_id]
            add_audit(
                connection, at=now, actor_id=actor_id, action="item corrected",
                subject=f"item {item.id}, version {d.item_version_id}",
                before={"fields": key_fields(item)} if d.effect is Effect.KEY else None,
                after={"correction": correction_id, "effect": d.effect.value, **data}, reason=reason,
            )  # fmt: skip
        begun = []
        for quiz_id in _list_quizzes_of(connection, decisions, module_id):
            regrade_id = regrading.begin(connection, quiz_id, reason, now, actor_id)
            if regrade_id is None:
                continue
            begun.append(regrade_id)
            if by_job:
                add_job(connection, regrading.JOB, str(regrade_id), {"regrade_id": regrade_id}, now)
        return begun


def begin_pending(module_id: str, now: dt.datetime) -> int | None:
    """Begin a run for what was decided earlier and has not reached every attempt; its id, or None without any."""
    with unit_of_work() as connection:
        return regrading.begin(connection, module_id, "Corrections made earlier.", now, None)


def list_others(module_id: str, decisions: Sequence[Decision]) -> list[Quiz]:
    """The other quizzes that have items of these decisions."""
    with reading() as connection:
        return [_get_quiz(connection, m) for m in _list_quizzes_of(connection, decisions, None) if m != module_id]


def list_runs() -> list[Regrade]:
    """The newest runs, newest first."""
    with reading() as connection:
        return regrades.list_regrades(connection)
