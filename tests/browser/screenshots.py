"""A picture of each page, phone and desktop, light and dark: python -m tests.browser.screenshots OUT_FOLDER

The folder is outside of the repository. Pictures are named <page>-<width>-<light|dark>.png.
"""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from playwright.sync_api import Browser, sync_playwright

from config import ROOT
from tests.browser.pages import PAGES, WIDTHS, World, prepare
from tests.browser.serving import CHROMIUM_ARGUMENTS, find_chromium, serve

THEMES = ("light", "dark")


def take(folder: Path, browser: Browser, world: World, names: list[str]) -> list[Path]:
    """Write the pictures of the named pages into `folder`; where each lies."""
    taken = []
    for name in names:
        for width, height in WIDTHS.items():
            context = browser.new_context(
                viewport={"width": width, "height": height}, locale="en-AU", reduced_motion="reduce"
            )
            world.enter(context, PAGES[name])
            tab = context.new_page()
            world.open(tab, PAGES[name])
            # As high as the page, so that bars at the edge of the window stand at the edge of the picture.
            tab.set_viewport_size({"width": width, "height": tab.evaluate("document.documentElement.scrollHeight")})
            for theme in THEMES:
                tab.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
                path = folder / f"{name}-{width}-{theme}.png"
                tab.screenshot(path=path, full_page=True)
                taken.append(path)
            context.close()
    return taken


def main(arguments: list[str]) -> int:
    """Exit status: 0 done, 1 it cannot be done here, 2 the call is wrong."""
    if not arguments or (unknown := set(arguments[1:]) - set(PAGES)):
        unknown_text = f"There is no page {', '.join(sorted(unknown))}.\n" if arguments else ""
        print(
            f"{unknown_text}Say where the pictures go, outside of the repository: make screenshots OUT=/some/folder\n"
            f"For some pages only: python -m tests.browser.screenshots /some/folder {next(iter(PAGES))} …",
            file=sys.stderr,
        )
        return 2
    folder = Path(arguments[0]).resolve()
    if folder.is_relative_to(ROOT):
        print(f"{folder} lies in the repository; pictures do not belong there. Name a folder outside.", file=sys.stderr)
        return 2
    program = find_chromium()
    if program is None:
        print("Chromium is not on this machine.", file=sys.stderr)
        return 1
    folder.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory() as place, serve(Path(place)) as site, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=list(CHROMIUM_ARGUMENTS))
        for path in take(folder, browser, prepare(site), arguments[1:] or list(PAGES)):
            print(path)
        browser.close()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
