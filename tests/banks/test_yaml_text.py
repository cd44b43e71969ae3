"""The YAML reader: a narrow YAML, line numbers, and a Problem for whatever else there may be."""

import datetime as dt

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from quizapp.banks.text_files import MAX_BYTES
from quizapp.banks.yaml_text import MAX_DEPTH, read_yaml


def codes(data: bytes | str) -> list[tuple[int, str]]:
    return [(problem.line, problem.code) for problem in read_yaml(data, "f.yaml").problems]


def test_values_come_as_an_author_means_them() -> None:
    text = """\
format: 1
no: no
yes: yes
on: "true"
truth: true
version: 1.10
quoted: "1.0"
zip: 0123
date: 2026-11-22
impossible: 2026-02-30
nothing:
folded: >-
  one
  two
tags: [a, 2]
"""
    assert read_yaml(text, "f.yaml").tree == {
        "format": 1, "no": "no", "yes": "yes", "on": "true", "truth": True, "version": "1.10", "quoted": "1.0",
        "zip": "0123", "date": dt.date(2026, 11, 22), "impossible": "2026-02-30", "nothing": None,
        "folded": "one two", "tags": ["a", 2],
    }  # fmt: skip


def test_each_path_has_the_line_it_is_written_on() -> None:
    sheet = read_yaml("# note\na: 1\nitems:\n  - id: x\n    text: |\n      one\n      two\n  - {id: y}\n", "f.yaml")
    assert sheet.lines[("a",)] == 2
    assert sheet.lines[("items",)] == 3
    assert sheet.lines[("items", 0)] == 4
    assert sheet.lines[("items", 0, "text")] == 5
    assert sheet.lines[("items", 1, "id")] == 8
    assert sheet.line_of("items", 1, "missing") == 8


def test_windows_line_ends_and_a_byte_order_mark_change_nothing() -> None:
    plain = read_yaml(b"a: |\n  one\n  two\nb: 1\n", "f.yaml")
    windows = read_yaml(b"\xef\xbb\xbfa: |\r\n  one\r\n  two\r\nb: 1\r\n", "f.yaml")
    assert windows == plain
    assert not plain.problems


@pytest.mark.parametrize(
    ("data", "line", "code"),
    [
        (b"", 1, "empty-file"),
        (b"# only a note\n", 1, "empty-file"),
        (b"- a list\n", 1, "not-a-mapping"),
        (b"just text", 1, "not-a-mapping"),
        (b"a: 1\nb: 2\na: 3\n", 3, "duplicate-key"),
        (b"a:\n\tb: 1\n", 2, "tab"),
        (b"a: 1\nb: one: two\n", 2, "bad-yaml"),
        (b"a: [1, 2\nb: 3\n", 2, "bad-yaml"),
        (b'a: "not closed\n', 2, "bad-yaml"),
        (b"a: 1\nb: !!python/object/apply:os.system [ls]\n", 2, "tag"),
        (b"a: !secret x\n", 1, "tag"),
        (b"a: &x [1]\nb: *x\n", 1, "alias"),
        (b"a: 1\n---\nb: 2\n", 2, "two-documents"),
        (b"[a]: b\n", 1, "bad-key"),
        (b"a: 1\nb: \xff\n", 2, "not-utf8"),
        ("a: 1".encode("utf-16"), 1, "not-utf8"),
        (b"a: 1\nb: \x00\n", 2, "control-character"),
        (b'a: 1\nb: "\\0"\n', 2, "control-character"),
        (b'a: "\\ud800"\n', 1, "control-character"),
        (b"a: " + b"[" * 5000, 1, "too-deep"),
        (b"a: '" + b"x" * MAX_BYTES + b"'", 1, "file-too-large"),
    ],
)
def test_what_is_not_read_is_named_with_its_line(data: bytes, line: int, code: str) -> None:
    assert codes(data) == [(line, code)]


def test_a_billion_laughs_are_refused_at_the_first() -> None:
    bomb = "a: &a [lol, lol]\n" + "".join(
        f"{chr(98 + i)}: &{chr(98 + i)} [{', '.join([f'*{chr(97 + i)}'] * 9)}]\n" for i in range(9)
    )
    assert codes(bomb) == [(1, "alias")]


def test_two_keys_alike_do_not_hide_the_rest() -> None:
    sheet = read_yaml("a: 1\na: 2\nb: 3\nb: 4\n", "f.yaml")
    assert [problem.line for problem in sheet.problems] == [2, 4]
    assert sheet.tree == {"a": 2, "b": 4}


def test_nesting_is_allowed_up_to_the_limit() -> None:
    assert not codes("a: " + "[" * (MAX_DEPTH - 1) + "]" * (MAX_DEPTH - 1))
    assert codes("a: " + "[" * MAX_DEPTH + "]" * MAX_DEPTH) == [(1, "too-deep")]


yaml_like = st.text(alphabet=st.sampled_from("ab01:-?[]{}#&*!|>'\"%@`,\\x\n\t ~.=<\ufeff\u2028é"), max_size=80)


@given(st.one_of(yaml_like, st.text(max_size=60), st.binary(max_size=60)))
@example('a: "\\UFFFFFFFF"')
@example("%YAML 9.9.9\n---\na: 1")
@example("!!binary x: y")
@example("? ")
@example("a: |9\n")
def test_no_text_and_no_bytes_bring_the_reader_down(data: str | bytes) -> None:
    sheet = read_yaml(data, "f.yaml")
    assert sheet.tree is not None or sheet.problems
    assert all(problem.line >= 1 for problem in sheet.problems)


@given(st.dictionaries(st.from_regex(r"[a-z]{1,5}", fullmatch=True), st.text(max_size=30), min_size=1, max_size=4))
def test_text_in_quotation_marks_comes_back_as_it_was(tree: dict[str, str]) -> None:
    tree = {key: "".join(c for c in value if c.isprintable()) for key, value in tree.items()}
    written = "".join(f"{key}: '{value.replace(chr(39), chr(39) * 2)}'\n" for key, value in tree.items())
    assert read_yaml(written, "f.yaml").tree == tree
