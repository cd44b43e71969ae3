"""The pictures for looking at the pages."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser

from config import ROOT
from tests.browser import screenshots
from tests.browser.pages import WIDTHS, World


@pytest.mark.parametrize("arguments", [[], [str(ROOT / "shots")], ["elsewhere", "no-such-page"]])
def test_a_wrong_call_is_refused_with_a_hint_and_writes_nothing(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert screenshots.main(arguments) == 2
    assert capsys.readouterr().err
    assert not (ROOT / "shots").exists()


def test_each_page_is_pictured_at_both_widths_in_both_themes(tmp_path: Path, browser: Browser, world: World) -> None:
    taken = screenshots.take(tmp_path, browser, world, ["landing"])
    assert [path.name for path in taken] == [
        f"landing-{width}-{theme}.png" for width in WIDTHS for theme in screenshots.THEMES
    ]
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in taken)
