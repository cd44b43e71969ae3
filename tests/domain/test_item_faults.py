"""What an author may get wrong in each type is named, with its place."""

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest

from quizapp.banks.second_look import find_hidden_faults
from quizapp.domain.drafts import Draft
from quizapp.domain.items import ITEM_TYPES, read_draft
from tests.domain.test_items import COMMON

Change = Callable[[dict[str, Any]], Any]

FAULTS: list[tuple[str, Change, str, str]] = [
    ("numeric", lambda f: f["answers"][0].update(percent=90), "key-count", "no answer earns the whole mark"),
    ("numeric", lambda f: f["other_units"].update(cm=0), "unit", "other_units"),
    ("numeric", lambda f: f["answers"][1].update(value=3), "number-band", "answers.2"),
    ("kprim", lambda f: f["statements"][2].update(text="an  Apple"), "duplicate-statement", "statement 3"),
    ("kprim", lambda f: f["statements"][0].update(answer="perhaps"), "not-true-or-false", "statements.1.answer"),
    ("matching", lambda f: f["rows"][1].update(key="pink"), "unknown-match", "row 2 names pink"),
    ("matching", lambda f: f["rows"][0]["missed"][0].update(match="pink"), "unknown-match", "row 1 names pink"),
    ("matching", lambda f: f["matches"][3].update(text="RED"), "duplicate-match", "match 4 says the same as match 2"),
    ("matching", lambda f: f["matches"][3].update(id="red"), "duplicate-match", "match 4 has the same id as match 2"),
    ("extended_matching", lambda f: f.update(matches=f["matches"][:4]), "too-few", "matches"),
    ("ordering", lambda f: f["entries"][1].update(text="EGG"), "duplicate-entry", "entry 2"),
    ("short_answer", lambda f: f["answers"][0].update(percent=50), "key-count", "no answer earns the whole mark"),
    ("short_answer", lambda f: f["answers"][2].update(accept=["PARIS"]), "duplicate-answer", "answers 1 and 3"),
    ("short_answer", lambda f: f["answers"][0].update(accept=[" "]), "accepted-text", "accepted answer 1"),
    ("cloze", lambda f: f.update(text=f["text"] + " {{tail}}"), "blank-names", "tail"),
    ("cloze", lambda f: f.update(text=f["text"] + " {{legs}}"), "blank-names", "legs"),
    ("cloze", lambda f: f["blanks"]["class"]["options"][1].update(key=True), "key-count", "blank class has 2"),
    ("cloze", lambda f: f["blanks"]["net"]["answers"][0].update(percent=0), "key-count", "blank net has 0"),
    ("cloze", lambda f: f["blanks"]["net"].pop("otherwise"), "missing-field", "blanks.net.text.otherwise"),
    ("cloze", lambda f: f["blanks"]["net"].update(kind="essay"), "", "blanks.net"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "change", "code", "words"), FAULTS)
def test_a_fault_is_named_with_its_place(kind: str, change: Change, code: str, words: str) -> None:
    fields = deepcopy(ITEM_TYPES[kind].samples()[0].fields)
    change(fields)
    draft = Draft(kind, {**COMMON, **fields})
    item, problems = read_draft(draft)
    assert item is None
    assert len(problems) == 1, problems
    assert words in problems[0].message
    assert not code or problems[0].code == code
    del fields["stem"]
    find_hidden_faults(Draft(kind, {**COMMON, **fields}))  # whatever is broken besides: it never fails


def test_a_fault_in_a_blank_of_a_file_is_named_by_the_line_it_stands_on() -> None:
    fields = deepcopy(ITEM_TYPES["cloze"].samples()[0].fields)
    fields["blanks"]["legs"]["answers"][0]["percent"] = 101
    path = ("blanks", "legs", "answers", 0, "percent")
    lines = {path[:n]: 10 + n for n in range(len(path) + 1)}
    (problem,) = read_draft(Draft("cloze", {**COMMON, **fields}, lines=lines))[1]
    assert problem.line == 15
    assert problem.message.startswith("blanks.legs.answers.1.percent: ")
