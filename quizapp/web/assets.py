"""Static files: served by WhiteNoise for a year under an address that changes with their content."""

from hashlib import sha256
from pathlib import Path

from flask import Flask
from markupsafe import Markup


def init_assets(app: Flask, extra: dict[str, Path]) -> None:
    """Give templates `asset(name)` and `icon(name)`. `extra` maps a folder below /static/ to where its files lie.

    Both are worked out once per name: a page asks for them a hundred times.
    """
    folders = {"": Path(app.static_folder or ""), **extra}
    addresses: dict[str, str] = {}
    icons: dict[str, Markup] = {}

    def asset(name: str) -> str:
        if name not in addresses or app.debug:
            folder, _, rest = name.partition("/")
            path = folders[folder] / rest if folder in extra else folders[""] / name
            addresses[name] = f"{app.static_url_path}/{name}?v={sha256(path.read_bytes()).hexdigest()[:10]}"
        return addresses[name]

    def icon(name: str) -> Markup:
        if name not in icons or app.debug:
            icons[name] = Markup('<svg class="ico" aria-hidden="true"><use href="{}#i-{}"/></svg>').format(
                asset("icons.svg"), name
            )
        return icons[name]

    app.jinja_env.globals |= {"asset": asset, "icon": icon}
