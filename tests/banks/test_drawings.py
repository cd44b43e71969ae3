"""SVG drawings: an allow-list, and nothing of the file itself."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quizapp.banks.drawings import read_drawing

HEAD = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 400 300">'
WORDS = "<title>A leg</title><desc>Seen from the front.</desc>"


def draw(inside: str, head: str = HEAD) -> tuple[str | None, list[str]]:
    html, problems = read_drawing(f"{head}{WORDS}{inside}</svg>", "a.svg", "a")
    return html, [problem.code for problem in problems]


def test_a_drawing_is_written_anew_with_its_text_alternative_wired() -> None:
    html, codes = draw('<g><path class="c-line" d="M0 0H9"/><text class="lab" x="1">10 &lt; 12 &amp; more</text></g>')
    assert not codes
    assert html == (
        '<svg viewBox="0 0 400 300" class="chart" role="img" aria-labelledby="fig-a_title fig-a_desc">'
        '<title id="fig-a_title">A leg</title><desc id="fig-a_desc">Seen from the front.</desc>'
        '<g><path class="c-line" d="M0 0H9"></path><text class="lab" x="1">10 &lt; 12 &amp; more</text></g></svg>'
    )


def test_ids_carry_the_name_of_the_drawing_so_that_no_two_clash() -> None:
    html, _ = read_drawing(
        f'{HEAD}{WORDS}<defs><marker id="tip" refX="1"><path d="M0 0"/></marker></defs>'
        '<path d="M0 0" marker-end="url(#tip)"/></svg>', "f", "Big Toe",
    )  # fmt: skip
    assert html is not None
    assert 'id="fig-big-toe-tip"' in html
    assert 'marker-end="url(#fig-big-toe-tip)"' in html


@pytest.mark.parametrize(
    ("inside", "code"),
    [
        ("<script>alert(1)</script>", "svg-element"),
        ("<style>*{}</style>", "svg-element"),
        ('<a href="https://e.org"><text>x</text></a>', "svg-element"),
        ("<foreignObject/>", "svg-element"),
        ('<image href="https://e.org/x.png"/>', "svg-element"),
        ('<use href="#x"/>', "svg-element"),
        ('<set attributeName="onload" to="alert(1)"/>', "svg-element"),
        ('<h:script xmlns:h="http://www.w3.org/1999/xhtml"/>', "svg-element"),
        ('<path onclick="alert(1)"/>', "svg-attribute"),
        ('<path style="fill:red"/>', "svg-attribute"),
        ('<path fill="#f00"/>', "svg-attribute"),
        ('<path xmlns:x="http://www.w3.org/1999/xlink" x:href="https://e.org"/>', "svg-attribute"),
        ('<path class="panel"/>', "svg-class"),
        ('<path d="url(javascript:alert)"/>', "svg-value"),
        ('<path marker-end="url(https://e.org#x)"/>', "svg-link"),
        ('<path id="a b"/>', "svg-id"),
        ('<path id="a"/><g id="a"/>', "svg-id"),
        ("<g>loose words</g>", "svg-text"),
        ("<title>Another</title>", "svg-title"),
        ("<g><title><g/></title></g>", "svg-element"),
    ],
)
def test_what_is_not_on_the_list_is_a_fault(inside: str, code: str) -> None:
    html, codes = draw(inside)
    assert html is None
    assert codes == [code]


def test_every_fault_of_a_drawing_is_named_at_its_line() -> None:
    text = f'{HEAD}\n<title> </title>\n<path style="x"/>\n<b/>\n</svg>'
    _, problems = read_drawing(text, "a.svg", "a")
    assert [(p.line, p.code) for p in problems] == [
        (1, "svg-desc"), (1, "svg-title"), (3, "svg-attribute"), (4, "svg-element"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "bad-svg"),
        ("<html/>", "bad-svg"),
        (f"{HEAD}<g></svg>", "bad-svg"),
        (f"{HEAD}&nbsp;</svg>", "bad-svg"),
        (f'<!DOCTYPE svg SYSTEM "file:///etc/passwd">{HEAD}</svg>', "svg-doctype"),
        ('<!DOCTYPE l [<!ENTITY a "a"><!ENTITY b "&a;&a;">]><svg>&b;</svg>', "svg-doctype"),
        (f"{HEAD}{'<g>' * 100}", "svg-too-large"),
        (f"{HEAD}{'<g/>' * 5000}</svg>", "svg-too-large"),
        (f'<svg xmlns="http://www.w3.org/2000/svg" width="9">{WORDS}</svg>', "svg-view-box"),
    ],
)
def test_what_is_no_drawing_is_refused(text: str, code: str) -> None:
    html, problems = read_drawing(text, "a.svg", "a")
    assert html is None
    assert code in {problem.code for problem in problems}


@given(st.text(alphabet=st.sampled_from("<>/&;=\"' svgpathd!-[]?:x#1\n"), max_size=80))
def test_no_text_brings_the_reader_down(text: str) -> None:
    for whole in (text, f"{HEAD}{WORDS}{text}</svg>"):
        html, problems = read_drawing(whole, "a.svg", "a")
        assert (html is None) == bool(problems)
