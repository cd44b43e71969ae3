"""Rendered lessons back as plain text."""

from quizapp.banks.plain_text import read_plain


def test_headings_and_names_of_figures_stand_apart_from_the_blocks_of_text() -> None:
    plain = read_plain(
        "<p>One <em>two</em>.</p><h3>Three</h3><ul><li>four</li><li>five</li></ul>"
        '<figure class="panel"><svg><title>Six</title><desc>Seven &amp; eight.</desc><text>nine</text></svg>'
        "<figcaption>Ten.</figcaption></figure><table><tr><td>eleven</td><td>twelve</td></tr></table>"
    )
    assert plain.headings == ("Three", "Six")
    assert plain.blocks == ("One two.", "four", "five", "Seven & eight.", "Ten.", "eleven", "twelve")


def test_citations_are_left_out_and_leave_no_gap() -> None:
    plain = read_plain('<p>It rolls <a href="#R1" class="small cite">[R1]</a> <a href="#R2" class="cite">[R2]</a>.</p>')
    assert plain.blocks == ("It rolls.",)
    assert read_plain('<p>See <a class="term" href="/glossary#x">roll</a>.</p>').blocks == ("See roll.",)


def test_text_outside_of_any_block_counts_and_nothing_gives_nothing() -> None:
    assert read_plain("one<br>two").blocks == ("one two",)
    assert read_plain("").blocks == ()
