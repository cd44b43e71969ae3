"""Markdown to safe HTML, and citations."""

from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quizapp.banks.markup import find_slips, render_cited, show_inline, show_text
from quizapp.domain.evidence import Claim, Level, Register, find_citations

EVIDENCE = Register(
    claims={
        "A1.1": Claim(text="x", level=Level.HIGH, basis="seen", confidence="a", references=("R2", "R3")),
        "B1": Claim(text="y", level=Level.NONE, basis="seen", confidence="a"),
    },
    references={},
)


class Tags(HTMLParser):
    """Every element and attribute that a browser would see."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.seen: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))


def test_a_citation_links_to_each_reference_of_its_claim() -> None:
    rendered = render_cited("It stops [A1.1].", EVIDENCE)
    assert rendered.html == (
        '<p>It stops <a href="#R2" class="small cite">[R2]</a> <a href="#R3" class="small cite">[R3]</a>.</p>'
    )
    assert rendered.cites == ("A1.1",)


def test_a_citation_that_names_its_reference_shows_that_one_only() -> None:
    assert "R2" not in show_text("It stops [A1.1 R3].", EVIDENCE)


def test_a_claim_without_references_shows_nothing_but_is_recorded() -> None:
    rendered = render_cited("Nobody knows [B1].", EVIDENCE)
    assert rendered.html == "<p>Nobody knows.</p>"
    assert rendered.cites == ("B1",)


def test_without_evidence_citations_are_left_out() -> None:
    assert show_text("Ask twice [A1.1]\nand again [A1.1, B1].") == "<p>Ask twice\nand again.</p>"
    assert show_inline("Calf [A1.1]") == "Calf"


def test_claims_are_listed_once_in_order_of_first_citation() -> None:
    assert render_cited("b [B1] a [A1.1, B1]", EVIDENCE).cites == ("B1", "A1.1")


def test_one_line_stays_one_line() -> None:
    assert show_inline("10. *Vastus* <medialis>") == "10. <em>Vastus</em> &lt;medialis&gt;"


def test_tables_are_labelled_regions_that_scroll_and_carry_no_style() -> None:
    html = show_text("|a|b|\n|-|-:|\n|1|2|")
    assert '<div class="scroll mb-4" role="region" aria-label="Table" tabindex="0">' in html
    assert '<table class="table rows-table" role="table">' in html
    assert '<td role="cell" data-th="b" class="text-end"><span>2</span></td>' in html
    assert "style" not in html


def test_links_outside_open_without_handing_over_the_window() -> None:
    assert show_inline("[see](https://example.org)") == '<a href="https://example.org" rel="noopener">see</a>'


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "[x](javascript:alert(1))",
        "[x](JaVaScRiPt:alert(1))",
        "[x](data:text/html;base64,PHNjcmlwdD4=)",
        "![x](https://example.org/pixel.png)",
        "<svg/onload=alert(1)>",
        '[x](https://e.org "\\" onclick=alert(1))',
        "```<script>\nalert(1)\n```",
        "<figure-slot id=0></figure-slot>",
        "<details open ontoggle=alert(1)>",
    ],
)
def test_no_html_and_no_script_pass(text: str) -> None:
    for html in (show_text(text, EVIDENCE), show_inline(text, EVIDENCE)):
        for tag, attributes in Tags(html).seen:
            assert tag in {"p", "a", "code", "pre"}
            assert set(attributes) <= {"href", "rel", "class"}
            assert str(attributes.get("href", "https:")).startswith(("https:", "#"))


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("a <b>bold</b> word", "html"),
        ("<div>\nblock\n</div>", "html"),
        ("![x](figures/x.svg)", "image"),
        ("[x](page.html)", "bad-link"),
        ("[x](javascript:alert)", "bad-link"),
        ("as said [A1.1; B2]", "bad-citation"),
        ("as said [a1.1]", "bad-citation"),
        ("as said [R2]", "bad-citation"),
        ("as said [A1.1 B2]", "bad-citation"),
        ("| | b |\n|---|---|\n| 1 | 2 |", "no-heading"),
    ],
)
def test_what_would_not_come_out_as_meant_is_named(text: str, code: str) -> None:
    assert {slip.code for slip in find_slips(text)} == {code}


@pytest.mark.parametrize(
    "text", ["a < b and c > d", "CK <5 [A1.1, B1]", "[A1.1 R2 R3]", "[see](https://e.org)", "[x] done"]
)
def test_ordinary_text_has_no_slips(text: str) -> None:
    assert not find_slips(text)


def test_the_same_text_is_rendered_once() -> None:
    assert render_cited("once [A1.1]", EVIDENCE) is render_cited("once [A1.1]", EVIDENCE)


def test_the_same_text_with_other_evidence_is_another() -> None:
    other = Register(claims={"A1.1": EVIDENCE.claims["A1.1"].model_copy(update={"references": ("R9",)})}, references={})
    assert "R9" in show_text("It stops [A1.1].", other)
    assert "R9" not in show_text("It stops [A1.1].", EVIDENCE)


markdown = st.text(alphabet=st.sampled_from("AB1.[](){}#*_`<>!|-:\\\n R2/&;\"'x~^\t "), max_size=120)


@given(st.one_of(markdown, st.text(max_size=60)))
def test_no_text_brings_rendering_down_and_only_known_tags_come_out(text: str) -> None:
    rendered = render_cited(text, EVIDENCE)
    find_slips(text)
    show_inline(text, EVIDENCE)
    assert set(rendered.cites) <= {cited.claim for cited in find_citations(text)}
    for tag, attributes in Tags(rendered.html).seen:
        assert tag not in {"script", "style", "img", "svg", "iframe", "figure-slot"}
        assert not any(name.startswith("on") or name == "style" for name in attributes)


@given(markdown)
def test_the_citation_parser_takes_any_text(text: str) -> None:
    for cited in find_citations(text):
        assert cited.claim[0] in "ABCDEF"


def test_the_heading_that_a_cell_carries_is_plain_words() -> None:
    html = str(show_text("| a | with **bold** and `code` [A1.1] |\n|---|---|\n| 1 | 2 |"))
    assert 'data-th="with bold and code"' in html
