"""Lessons: sections, boxes, figures, words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quizapp.banks.lesson import Lesson, read_lesson
from quizapp.banks.markup import Sources

SOURCES: Sources = {"A1.1": ("R2", "R3"), "B1": ()}
FIGURES = {"figures/leg.svg": "<svg>leg</svg>"}


def read(text: str) -> Lesson:
    return read_lesson(text, "lesson.md", SOURCES, FIGURES)


def html_of(body: str) -> str:
    lesson = read(f"## A title {{#a O1.1}}\n\n{body}\n")
    assert not lesson.problems, list(map(str, lesson.problems))
    return lesson.sections[0].html


def faults(text: str) -> list[tuple[int, str]]:
    return [(problem.line, problem.code) for problem in read(text).problems]


def test_headings_open_sections_with_ids_objectives_words_and_citations() -> None:
    lesson = read(
        "## What *it* is {#what-it-is O1.1 O1.2}\n\nThree words here [B1].\n\n## Next {#next}\n\nOne [A1.1].\n"
    )
    first, second = lesson.sections
    assert (first.id, first.title, first.objectives, first.words, first.cites) == (
        "what-it-is", "What it is", ("O1.1", "O1.2"), 6, ("B1",),
    )  # fmt: skip
    assert (second.objectives, second.cites) == ((), ("A1.1",))
    assert lesson.section_lines == {"what-it-is": 1, "next": 5}
    assert [(line, cited.claim) for line, cited in lesson.citations] == [(3, "B1"), (7, "A1.1")]


def test_words_in_tables_boxes_captions_and_questions_count_and_citations_do_not() -> None:
    body = "|one|two|\n|-|-|\n|three|four [A1.1]|\n\n::: check five six?\nseven\n:::\n\n![eight nine](figures/leg.svg)"
    assert read(f"## T {{#t}}\n\n{body}\n").sections[0].words == 10


@pytest.mark.parametrize(
    ("box", "opening"),
    [
        ("note", '<aside class="note is-plain mb-4">'),
        ("stop", '<aside class="note is-stop mb-4">'),
        ("monday", '<aside class="panel panel-lead my-4"><h3>On Monday</h3>'),
        ("keypoints", '<aside class="panel my-4"><h3>Key points</h3>'),
    ],
)
def test_boxes_become_asides(box: str, opening: str) -> None:
    html = html_of(f"::: {box}\n**Bold** words.\n:::")
    assert html.startswith(opening)
    assert "<p><strong>Bold</strong> words.</p>" in html
    assert html.endswith("</aside>")


def test_a_check_asks_first_and_answers_when_opened() -> None:
    html = html_of("::: check What *now*?\nStretch it [A1.1].\n:::")
    assert html.startswith("<h3>Check yourself</h3><p>What <em>now</em>?</p>")
    assert '<summary class="fw-semibold">Show a good answer</summary>' in html
    assert '<a href="#R2" class="small cite">[R2]</a>' in html
    assert html.endswith("</details>")


def test_a_figure_stands_with_its_caption_and_the_caption_may_cite() -> None:
    html = html_of("![A leg, [A1.1]](figures/leg.svg)")
    assert html.startswith('<figure class="panel my-4"><svg>leg</svg><figcaption class="small soft mt-2">A leg, <a')
    assert html.endswith("</figcaption></figure>")


def test_tables_carry_the_name_of_their_section() -> None:
    html = html_of("|a|\n|-|\n|1|\n\ntext\n\n|b|\n|-|\n|2|")
    assert 'aria-label="Table in “A title”"' in html
    assert 'aria-label="Table 2 in “A title”"' in html


def test_html_is_shown_as_text_and_named() -> None:
    lesson = read("## T {#t}\n\nword\n<script>alert(1)</script>\n\n<img src=x onerror=alert(1)>\n")
    assert [(p.line, p.code) for p in lesson.problems] == [(4, "html"), (6, "html")]
    assert "<script" not in lesson.sections[0].html
    assert "<img" not in lesson.sections[0].html


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", [(1, "no-sections")]),
        ("Only text.\n", [(1, "no-sections")]),
        ("# Title\n\n## T {#t}\n\nx\n", [(1, "heading-level"), (1, "outside-section")]),
        ("words\n\n## T {#t}\n\nx\n", [(1, "outside-section")]),
        ("## No id\n\nx\n", [(1, "section-heading")]),
        ("## T {#Bad_Id}\n\nx\n", [(1, "bad-form")]),
        ("## T {#t}\n\nx\n\n## U {#t}\n\ny\n", [(5, "duplicate-section")]),
        ("## T {#t}\n\n## U {#u}\n\ny\n", [(1, "empty-section")]),
        ("## T [A1.1] {#t}\n\nx\n", [(1, "citation-in-title")]),
        ("## T {#t}\n\n##### deep\n", [(3, "heading-level")]),
        ("## T {#t}\n\n::: warning\nx\n:::\n", [(3, "unknown-box"), (5, "stray-box-end")]),
        ("## T {#t}\n\n::: stop\nx\n", [(3, "open-box")]),
        ("## T {#t}\n\n::: stop\n:::\n", [(3, "empty-box")]),
        ("## T {#t}\n\n::: stop Now\nx\n:::\n", [(3, "box-text")]),
        ("## T {#t}\n\n::: check\nx\n:::\n", [(3, "no-question")]),
        ("## T {#t}\n\nx ![a](figures/leg.svg)\n", [(3, "figure-in-text")]),
        ("## T {#t}\n\n![](figures/leg.svg)\n", [(3, "no-caption")]),
        ("## T {#t}\n\n![a](figures/leg.svg)\n\n![b](figures/leg.svg)\n", [(5, "figure-twice")]),
        ("## T {#t}\n\n[x](other.md)\n", [(3, "bad-link")]),
        ("## T {#t}\n\none\ntwo [A1.1; B1]\n", [(4, "bad-citation")]),
    ],
)
def test_each_slip_is_named_at_its_line(text: str, found: list[tuple[int, str]]) -> None:
    assert faults(text) == found


def test_a_misspelt_box_is_recognised() -> None:
    (problem, _) = read("## T {#t}\n\n::: notes\nx\n:::\n").problems
    assert problem.hint == "did you mean 'note'?"


lesson_like = st.lists(
    st.sampled_from(
        ["## T {#t O1.1}", "## U {#u}", "# X", "::: stop", "::: check why?", ":::", "::: x", "![c](figures/leg.svg)",
         "- a",
         "> q", "|a|b|", "|-|-|", "text [A1.1]",
         "", "", "<b>", "```", "    code", "[A1.1]: x", "1. n", "***", "\\"]
    ),
    max_size=14,
)  # fmt: skip


@given(st.one_of(lesson_like.map("\n".join), st.text(max_size=80)))
def test_no_text_brings_the_reader_down(text: str) -> None:
    lesson = read(text)
    assert all(problem.line >= 1 for problem in lesson.problems)
    for section in lesson.sections:
        assert "<script" not in section.html
        assert "figure-slot" not in section.html
